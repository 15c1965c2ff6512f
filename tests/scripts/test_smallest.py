"""The search as a person starts it: real trainings, found again by the next search."""

import csv
from functools import partial
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "smallest.py"
TINY = ("dataset=digits", "trainer.steps=60", "seeds=2", "n_jobs=1", "tracker=none")


@pytest.fixture
def smallest(fork_server, tmp_path):
    return partial(fork_server.run, SCRIPT, cwd=tmp_path)


def records(folder: Path, name: str) -> list[dict[str, str]]:
    latest = max(folder.glob(f"state/smallest/*/{name}"))
    with latest.open() as stream:
        return list(csv.DictReader(stream))


@pytest.mark.slow
def test_it_finds_the_smallest_budget_and_a_second_search_trains_nothing(smallest, tmp_path):
    line = ("target=0.6", "selector=nearest", "start=8", "most=12", *TINY)
    ended = smallest(*line)
    assert ended.returncode == 0, ended.stderr
    found = {record["selector"]: record for record in records(tmp_path, "smallest.csv")}
    assert list(found) == ["nearest", "uniform"]
    tried = [record for record in records(tmp_path, "tried.csv") if record["selector"] == "nearest"]
    reached = [int(record["budget"]) for record in tried if float(record["median"]) >= 60]
    assert int(found["nearest"]["smallest"]) == min(reached)
    assert float(found["nearest"]["crossing"]) <= max(reached)
    assert ended.stdout.startswith("trying nearest 8\n")
    assert len(list(tmp_path.glob("state/smallest/*/smallest.png"))) == 1
    (page,) = tmp_path.glob("state/smallest/*/report.html")
    answers = {name: each["smallest"] for name, each in found.items() if each["smallest"].isdigit()}
    fewest = min(map(int, answers.values()))
    assert f"Keep {fewest} of 1,198 images" in page.read_text()  # the other 240 judged the search
    tested = {record["selector"]: record for record in records(tmp_path, "test.csv")}
    assert {name: each["budget"] for name, each in tested.items()} == answers
    assert f"test set, {fewest} rows by" in page.read_text()

    trained = sorted(tmp_path.glob("state/cache/trained/*/*"))
    before = records(tmp_path, "smallest.csv")
    again = smallest(*line)
    assert again.returncode == 0, again.stderr
    assert sorted(tmp_path.glob("state/cache/trained/*/*")) == trained
    assert records(tmp_path, "smallest.csv") == before


@pytest.mark.parametrize(
    ("argument", "complaint"),
    [
        ("target=95", "target must be less than or equal to 1, got 95"),
        ("target=much", "target must be a valid number, got 'much'"),
        ("worst=maybe", "worst must be a valid boolean, got 'maybe'"),
        ("start=0", "start must be greater than or equal to 1, got 0"),
        ("most=99999", "most must lie in [0, n=1198], got 99999"),
        ("budget=7", "budget must be left to the search"),
        ("selector=full", "selector must keep as many rows as the budget says, got full"),
        ("selector=neerest", "did you mean nearest?"),
        ("trainer.step=3", "trainer.step"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(smallest, tmp_path, argument, complaint):
    ended = smallest("dataset=digits", argument)
    assert ended.returncode == 1
    assert len(ended.stderr.splitlines()) == 1
    assert complaint in ended.stderr
    assert list(tmp_path.iterdir()) == []


def test_help_tells_how(smallest):
    assert "target=0.95" in smallest("--help").stdout
