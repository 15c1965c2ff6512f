"""The study of `auto`: no test row in it, and every selector at every budget."""

import csv
import importlib
from pathlib import Path

import numpy as np
import pytest

from winnow.dataset.digits import Digits
from winnow.types import Score

SCRIPTS = Path(__file__).parents[2] / "scripts"
TINY = ("seeds=1", "trainer.steps=5", "n_jobs=1")


@pytest.fixture
def auto_study(monkeypatch):
    monkeypatch.syspath_prepend(SCRIPTS)
    return importlib.import_module("auto_study")


@pytest.fixture
def digits(monkeypatch, auto_study):
    """Cut the digits as a case that changes them would."""

    def cut(change):
        cases = {"some": auto_study.Case([], [], change)}
        monkeypatch.setattr(auto_study, "CASES", cases)
        return auto_study.CaseData(Digits(), "some").load()

    return cut


def as_set(images):
    return {image.tobytes() for image in images}


def test_rows_are_held_out_of_the_training_set_and_none_comes_from_the_test_set(auto_study, digits):
    whole, cut = Digits().load(), digits(auto_study.unchanged)
    assert cut.n + len(cut.y_test) == whole.n
    assert len(cut.y_test) == pytest.approx(whole.n / 6, abs=5)
    assert as_set(cut.x) | as_set(cut.x_test) == as_set(whole.x)
    assert not as_set(cut.x) & as_set(cut.x_test)


def test_turned_images_are_turned_by_quarters(auto_study, digits):
    before, after = digits(auto_study.unchanged), digits(auto_study.turned)
    for old, new in zip(before.x_test, after.x_test, strict=True):
        assert any((np.rot90(old, quarter, axes=(1, 2)) == new).all() for quarter in range(4))
    upright = [(old == new).all() for old, new in zip(before.x, after.x, strict=True)]
    assert np.mean(upright) == pytest.approx(0.25, abs=0.06)


def test_grain_leaves_labels_and_what_an_image_shows(auto_study, digits):
    before, after = digits(auto_study.unchanged), digits(auto_study.grained)
    assert after.y.tolist() == before.y.tolist()
    assert np.corrcoef(before.x.ravel(), after.x.ravel())[0, 1] == pytest.approx(0.8, abs=0.15)


def test_a_tenth_of_the_labels_to_learn_from_is_turned_and_none_to_judge_by(auto_study, digits):
    before, after = digits(auto_study.unchanged), digits(auto_study.mislabelled)
    # 1,498 rows: a tenth to within three standard errors.
    assert np.mean(before.y != after.y) == pytest.approx(0.1, abs=0.024)
    assert before.y_test.tolist() == after.y_test.tolist()
    assert as_set(before.x) == as_set(after.x)


def test_a_long_tail_keeps_the_first_class_whole_and_a_hundredth_of_the_last(auto_study, digits):
    before, after = (
        np.bincount(digits(change).y) for change in (auto_study.unchanged, auto_study.long_tailed)
    )
    assert after[0] == before[0]
    assert after[9] <= 7  # of 150, one and a half are expected
    # Half way down, 0.01^(5/9) of 150 rows: 12, give or take three times 3.3.
    assert after[5] == pytest.approx(before[5] * 0.01 ** (5 / 9), abs=10)


def test_small_images_are_means_of_four_pixels(auto_study, digits):
    before, after = digits(auto_study.unchanged), digits(auto_study.small)
    assert after.x.shape[2:] == (before.x.shape[2] // 2, before.x.shape[3] // 2)
    assert after.x[0, 0, 1, 2] == round(before.x[0, 0, 2:4, 4:6].mean())


def test_what_a_record_holds_by_hand(auto_study):
    scores = [Score(accuracy, accuracy / 2, [1], {}, found=False) for accuracy in (90.0, 96.0, 93.0)]
    record = auto_study.summary("auto", scores) | auto_study.summary("uniform", scores[:1] * 3)
    assert (record["auto"], record["auto_worst_class"], record["uniform"]) == (93.0, 46.5, 90.0)
    compared = auto_study.against_uniform(record)
    assert compared["difference"] == pytest.approx(3.0)
    assert compared["low"] <= 3.0 <= compared["high"]
    assert auto_study.against_uniform(auto_study.summary("auto", scores)) == {}


def test_a_line_of_the_table_by_hand(auto_study):
    record = {"case": "digits", "budget": 2400, "agreement": 0.914, "agreement_error": 0.02, "hard": 0.5}
    for name, accuracy in (("nearest", 90.0), ("uniform", 92.0), ("auto", 91.5)):
        record |= {name: accuracy, f"{name}_worst_class": accuracy / 2}
    record |= {"typical": 0.25, "difference": -0.4, "low": -1.0, "high": 0.2}
    told = "-0.50 | -0.4 [-1.0, +0.2] | 0.91 ± 0.02 | 0.25, 0.50"
    line = f"| digits | 2,400 | 90.0 (45) | 92.0 (46) | 91.5 (46) | {told} |"
    assert auto_study.markdown([record], ["nearest", "uniform", "auto"]).splitlines()[2] == line
    not_asked = auto_study.markdown([record | {"agreement": float("nan")}], ["nearest", "auto"])
    assert "not asked" in not_asked


def test_a_changed_data_set_keeps_its_own_test_rows(auto_study, monkeypatch):
    monkeypatch.setattr(auto_study, "CASES", {"some": auto_study.Case([], [], auto_study.long_tailed)})
    whole, changed = Digits().load(), auto_study.Changed(Digits(), "some").load()
    assert changed.n < whole.n
    np.testing.assert_array_equal(changed.x_test, whole.x_test)
    np.testing.assert_array_equal(changed.y_test, whole.y_test)


@pytest.mark.slow
def test_every_selector_is_tried_at_every_budget_and_found_again(fork_server, tmp_path):
    line = [SCRIPTS / "auto_study.py", "cases=digits", "selector=nearest,auto", *TINY]
    tables = []
    for _ in range(2):
        ended = fork_server.run(*line, cwd=tmp_path)
        assert ended.returncode == 0, ended.stderr
        tables.append((tmp_path / "state" / "auto_study.csv").read_text())
    assert tables[0] == tables[1]
    records = list(csv.DictReader(tables[0].splitlines()))
    assert [int(record["budget"]) for record in records] == [20, 50, 100, 200, 400]
    assert [float(record["typical"]) for record in records[:4]] == [1, 1, 1, 1]
    # Up to 200 rows no class is rare, and `auto` keeps those of `nearest`: nothing is trained twice.
    assert len(list(tmp_path.glob("state/cache/trained/*/*/entry.json"))) == 6
