import re

import pytest

from winnow.report import notes
from winnow.report.results import Results
from winnow.report.rows import Row


def row(selector: str, k: int, accuracies, **fields) -> Row:
    own = {
        "key": f"{selector}{k}",
        "baseline": f"uniform{k}",
        "worst_class": accuracies,
        "rows_of_class": [[1]],
    }
    options = {"dataset": "digits", "model": "lenet5"}
    return Row(
        0,
        "ok",
        selector,
        k,
        k,
        network="lenet5",
        accuracies=accuracies,
        **own | {"options": options} | fields,
    )


UNIFORM, NEAREST = row("uniform", 9, [90.0, 91.0]), row("nearest", 9, [92.0, 92.0])
MORE = [row("uniform", 20, [95.0, 95.0]), row("furthest", 20, [94.0, 93.0])]


def lines(note: str) -> list[list[str]]:
    """The cells of every line of the table, as they are shown."""
    rows = [re.split(r" \| ", line.strip("| ")) for line in note.splitlines() if line.startswith("|")]
    return [[cell.replace("\\", "") for cell in row] for row in rows]


def test_a_run_says_first_how_it_compares_with_uniform():
    note = notes.of_run(Results([UNIFORM, NEAREST]))
    first = note.partition("\n")[0].replace("\\", "")
    assert first == "**nearest k=9 budget=9: 92.00 %**, +1.50 [-4.85, +7.85] against uniform with 90.50 %."
    header, rule, nearest, uniform = lines(note)
    assert len(header) == len(rule) == len(nearest) == len(uniform)
    assert header[:5] == ["selector", "k", "budget", "n", "median"]
    assert nearest[:5] == ["nearest", "9", "9", "2", "92.00"]
    assert uniform[:5] == ["uniform", "9", "9", "2", "90.50"]


def test_a_baseline_by_itself_is_compared_with_nothing():
    assert notes.of_run(Results([UNIFORM])).startswith("**uniform k=9 budget=9: 90.50 %**\n")


def test_a_sweep_names_the_greatest_median_and_how_it_was_chosen():
    failed = Row(5, "failed", "random", 0, 0, reason="no")
    note = notes.of_sweep(Results([UNIFORM, NEAREST, *MORE, failed]), "selector=nearest,furthest k=9,20")
    first = note.partition("\n")[0].replace("\\", "")
    # Furthest has the greater median, though it loses to its own baseline: both are said.
    assert first.startswith("**furthest k=20 budget=20: 93.50 %**, -1.50 [")
    assert first.endswith(
        "against uniform with 95.00 %. The best median of 2, chosen by their test accuracy."
    )
    assert "Jobs without a result: 1." in note
    assert note.endswith("Command: selector=nearest,furthest k=9,20")


def test_results_of_two_data_sets_have_two_tables_and_no_best():
    other = row(
        "nearest", 9, [50.0, 50.0], key="o", baseline="", options={"dataset": "csv", "model": "lenet5"}
    )
    note = notes.of_sweep(Results([UNIFORM, NEAREST, other]), "k=9")
    assert Results([UNIFORM, NEAREST, other]).best is None
    assert note.count("| selector |") == 2
    assert "best median" not in note


def test_a_command_without_results_is_told_all_the_same():
    assert notes.of_sweep(Results([]), "study=kmeans_2d") == "Command: study=kmeans_2d"


@pytest.mark.parametrize("jobs", [1, 30, 500])
def test_a_note_has_room_in_a_tag_and_counts_what_it_leaves_out(jobs):
    rows = [row("nearest", k, [90.0, 91.0], baseline="") for k in range(1, jobs + 1)]
    note = notes.of_sweep(Results(rows), "k=" + ",".join(map(str, range(1, jobs + 1))))
    assert len(note) <= notes.LONGEST
    shown = len(lines(note)) - 2
    left_out = re.search(r"(\d+) more are in results.csv", note)
    assert shown + (int(left_out[1]) if left_out else 0) == jobs
    assert shown >= min(jobs, 20)


def test_a_name_cannot_change_the_note():
    named = row(
        "nearest", 9, [92.0, 92.0], options={"dataset": "<img src=x>|**b**", "model": "lenet5"}, baseline=""
    )
    note = notes.of_sweep(Results([named]), "dataset.folder='a|<b>'\n# big")
    assert "<" not in note
    assert "\n#" not in note
    assert len({len(line) for line in lines(note)}) == 1
