"""Choosing in rounds, as a person types it."""

import csv
import json
import sqlite3
from contextlib import closing

import pytest

pytestmark = pytest.mark.slow

LINE = (
    "selector=rounds",
    "selector.rounds=3",
    "selector.query=badge",
    "budget=60",
    "dynamics.min_steps=50",
)


def test_the_list_says_the_round_of_every_row_and_the_record_what_was_learnt(command):
    command.done(*LINE, "seeds=1")
    (path,) = command.state.glob("runs/*/kept/rounds_rounds-3_query-badge_b60/kept.csv")
    with path.open(newline="") as stream:
        rounds = [row["round"] for row in csv.DictReader(stream)]
    assert [rounds.count(number) for number in "123"] == [20, 20, 20]
    about = json.loads(path.with_suffix(".json").read_text())
    assert about["labels_read"] == 60
    assert [(point["labels"], point["random"], point["asked"]) for point in about["curve"]] == [
        (20, 4, 16),
        (40, 4, 16),
    ]
    with closing(sqlite3.connect(command.state / "mlflow.db")) as store:
        steps = store.execute(
            "select key, step, value from metrics where key like '%_rows_acc_0' order by 1, 2"
        )
        assert steps.fetchall() == [
            (f"{kind}_rows_acc_0", point["labels"], round(point[f"accuracy_of_{kind}"], 2))
            for kind in ("asked", "random")
            for point in about["curve"]
        ]
    page = (path.parents[2] / "report.md").read_text()
    assert f"| rounds | drawn by chance | 20 | 4 | {about['curve'][0]['accuracy_of_random']:.1f} |" in page
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
