"""Choosing in rounds, as a person types it."""

import csv
import json

import pytest

pytestmark = pytest.mark.slow

LINE = (
    "selector=rounds",
    "selector.rounds=3",
    "selector.query=badge",
    "budget=60",
    "dynamics.min_steps=50",
    "tracker=none",
)


def test_the_list_says_the_round_of_every_row_and_the_record_what_was_learnt(command):
    command.done(*LINE, "seeds=1")
    (path,) = command.state.glob("runs/*/kept/rounds_b60/kept.csv")
    with path.open(newline="") as stream:
        rounds = [row["round"] for row in csv.DictReader(stream)]
    assert [rounds.count(number) for number in "123"] == [20, 20, 20]
    about = json.loads(path.with_suffix(".json").read_text())
    assert about["labels_read"] == 60
    assert [(point["labels"], point["random"], point["asked"]) for point in about["curve"]] == [
        (20, 4, 16),
        (40, 4, 16),
    ]
    (row,) = command.rows()
    assert row["labels_read"] == 60
    assert row["options"]["selector.query"] == "badge"
    assert row["options"]["dynamics.min_steps"] == "50"
    assert row["options"]["embedding"] == row["options"]["clusterer"] == "none"


def test_rows_without_labels_are_refused_with_what_helps(command, tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n" + "".join(f"{i}.5,{i % 3}\n" for i in range(30)))
    refused = command.run(
        "selector=rounds", "select_only=true", "dataset=csv", f"dataset.file='{tmp_path}/t.csv'"
    )
    assert refused.returncode == 1
    assert "the data must have labels for selector=rounds, got none" in refused.stderr
    assert "these need none: auto," in refused.stderr
