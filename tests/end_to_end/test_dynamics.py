"""Selectors that score rows by training dynamics, as a person types them."""

import json

import numpy as np
import pytest

pytestmark = pytest.mark.slow

SHORT = ("dynamics.epochs=2", "dynamics.min_steps=1")


def test_three_selectors_share_a_run_for_each_repetition_and_typed_again_train_nothing(command):
    line = ("-m", "selector=el2n,aum,ccs", "selector.quota=class", "k=50", "n_jobs=2", *SHORT)
    command.done(*line)
    assert len(command.entries("dynamics")) == 2  # seeds=2
    assert len(command.entries("embedding")) == len(command.entries("clustering")) == 0
    before, first = command.entries(), command.rows()
    assert {row["selector"]: row["budget"] for row in first} == {"el2n": 50, "aum": 50, "ccs": 50}
    assert {row["options"]["selector.quota"] for row in first} == {"class"}
    assert all(row["seconds"]["dynamics"] > 0 for row in first)

    command.done(*line)
    assert command.entries() == before
    assert [row["status"] for row in command.rows()] == ["cached"] * 3
    assert [row["accuracies"] for row in command.rows()] == [row["accuracies"] for row in first]


def test_the_record_says_that_all_labels_were_read_and_by_which_run(command):
    command.done("selector=el2n", "selector.quota=class_equal", "k=50", "seeds=1", *SHORT)
    chosen, baseline = sorted(command.tracked(), key=lambda run: run.get("winnow.baseline", ""))[:2]
    assert (chosen["labels_read"], baseline["labels_read"]) == ("1438", "50")
    assert (chosen["dynamics.epochs"], chosen["selector.quota"]) == ("2", "class_equal")
    assert not any(name.startswith("dynamics.") for name in baseline)
    (about,) = [
        json.loads(path.read_text())
        for path in command.state.glob("runs/*/kept/*/*.json")
        if "EL2N" in path.read_text()
    ]
    assert about["labels_read"] == 1438
    assert about["class_quotas"] == [5] * 10
    assert set(about["rows_of_class"].values()) == {5}
    assert (about["absent_classes"], about["singleton_classes"]) == (0, 0)


def test_numbers_do_not_depend_on_processes(bare, tmp_path_factory):
    kept = []
    for n_jobs in ("1", "2"):
        bare.done(
            "selector=grand", "tracker=none", f"n_jobs={n_jobs}", f"state_dir='{bare.state}-{n_jobs}'", *SHORT
        )
        paths = sorted((bare.folder / f"state-{n_jobs}").glob("cache/subset/*/*/indices.npy"))
        kept.append({tuple(np.load(path, allow_pickle=False).tolist()) for path in paths})
    assert kept[0] == kept[1]
    assert len(kept[0]) == 4  # two repetitions, and the baseline's


@pytest.mark.parametrize(
    "setting", ["selector.sampler=toop", "dynamics.epochs=0", "dynamics._target_=os.system"]
)
def test_a_wrong_setting_is_refused_at_the_door(bare, setting):
    ended = bare.run("selector=el2n", "tracker=none", setting)
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"error: {setting.partition('=')[0]} must")
    assert ended.stderr.count("\n") == 1
