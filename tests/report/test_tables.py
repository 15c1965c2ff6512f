"""Tables say what the numbers say, keep apart what must not be mixed, and fit any terminal."""

import io
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.console import Console

from winnow.report import tables as report
from winnow.report.results import Results

OPTIONS = {"dataset": "toy", "model": "mlp", "augment": "none", "trainer.learning_rate": "0.01"}
LENET5 = OPTIONS | {"model": "lenet5"}
SIX = {"accuracies": [92.0] * 6, "baseline": {"accuracies": [90.0] * 6}}
LOSES_ONCE = {"accuracies": [92.0] * 5 + [89.0], "baseline": {"accuracies": [90.0] * 6}}
ON_MLP = {"mlp": ({"accuracies": [81.0] * 3}, {"accuracies": [80.0, 83.0, 82.0]})}


def shown(*jobs, width=140, notes=(), **terminal) -> str:
    to = Console(width=width, file=io.StringIO(), **terminal)
    report.show(Results([row for rows in jobs for row in rows], notes), to)
    return to.file.getvalue()


def words(text: str) -> str:
    """Put the lines of a caption together."""
    return " ".join(text.split())


def test_the_median_is_reported_and_never_the_best(job):
    text = report.line(job())
    assert "nearest k=10 budget=10: 91.00 % (90.00 to 92.00, n=3), +1.33 [" in text  # mean of +1, +2, +1
    assert text.endswith(" in 10 s")  # 7.5 of the method and 3 of its baseline, to the even second
    assert report.line(job(status="cached")).endswith(" [cached]")


def test_the_line_of_a_baseline_compares_it_with_nothing(row):
    text = report.line([row("uniform")])
    assert text == "uniform k=10 budget=10: 91.00 % (90.00 to 92.00, n=3) in 8 s"


def test_the_line_says_what_the_rows_are_worth_on_other_networks(job):
    assert ", on mlp +0.67 [" in report.line(job(options=LENET5, networks=ON_MLP))


def test_a_baseline_of_two_jobs_is_shown_once_and_last(job):
    text = shown(job("nearest"), job("furthest", job=1))
    assert text.count("baseline") == 1, text
    assert re.findall(r"^ (\w+)", text, re.MULTILINE)[1:] == ["nearest", "furthest", "uniform"]


def test_the_seconds_to_select_are_those_of_all_steps_before_training(job):
    assert "3.5   1333" in shown(job())


def test_few_pairs_are_called_few(job):
    few = words(shown(job()))
    assert "With n=3 pairs no exact two-sided test reaches 5 % (smallest p 0.25); seeds=6 could" in few
    assert "no exact two-sided test" not in shown(job(**SIX))


@pytest.mark.parametrize(("name", "value"), [("dataset", "other"), ("trainer.learning_rate", "0.02")])
def test_other_data_or_training_gets_a_table_of_its_own(job, name, value):
    rows = [job(), job(job=1, options=OPTIONS | {name: value})]
    assert shown(*rows).count("selector") == 2
    assert f"{name}={value}" in shown(*rows)


def test_other_networks_for_the_same_rows_make_another_table(job):
    with_mlp = job(job=1, options=LENET5 | {"transfer": "mlp"}, networks=ON_MLP)
    assert shown(job(options=LENET5), with_mlp).count("selector") == 2


def test_every_failure_and_every_note_is_listed(job, row):
    failed = row(job=1, status="failed", reason="budget must fit", overrides=["k=9"], accuracies=[])
    pending = row(job=2, status="pending", overrides=["k=8"], accuracies=[])
    text = shown(job(), [failed, pending], notes=["left out: 2 results"])
    assert text.endswith("failed: k=9 budget must fit\npending: k=8 \nleft out: 2 results\n")


def test_jobs_that_fail_for_one_reason_share_a_line(row):
    of = [("bad images", "k=4"), ("budget must fit", "k=5"), ("bad images", "k=6"), ("bad images", "k=7")]
    rows = [
        row(job=job, status="failed", reason=reason, overrides=[word], accuracies=[])
        for job, (reason, word) in enumerate(of)
    ]
    assert shown(rows) == "failed: k=4 and 2 more: bad images\nfailed: k=5 budget must fit\n"


def test_the_failure_of_a_single_job_is_left_to_the_last_line(row):
    assert shown([row(status="failed", reason="budget must fit", accuracies=[])]) == ""


def test_the_table_shows_the_adjusted_p(job):
    text = shown(job(**SIX), job("furthest", job=1, **LOSES_ONCE))
    assert text.count(" 0.062 ") == 2, text


def widest(job):
    """A job whose every cell is as long as can be."""
    return job(
        "facility_location",
        10_000,
        options=LENET5,
        accuracies=[99.5, 100.0] * 6,
        baseline={"accuracies": [88.25] * 12},
        worst_class=[100.0] * 12,
        seconds={"select": 1234.5, "train": 1199.9},
        networks={"lenet5_batchnorm": ({"accuracies": [89.5] * 12}, {"accuracies": [90.0] * 12})},
    )


def test_the_table_of_a_pipe_has_room_for_the_longest_of_selectors(job):
    text = shown(widest(job), width=report.WIDTH_OF_A_PIPE)
    cells = ("facility_location", "on lenet5_batchnorm", "99.50 to 100.00", "+11.50 [+11.33, +11.67]")
    for cell in (*cells, "12/0/0", "100.0", "1234", "99992"):
        assert cell in text
    assert "Not shown" not in text


@pytest.mark.parametrize("width", range(40, 131))
def test_no_width_loses_selector_k_or_median_and_what_is_lost_is_named(job, width):
    text = shown(widest(job), width=width)
    assert all(len(line) <= width for line in text.splitlines())
    assert re.search(r"^ selector +k ", text, re.MULTILINE)
    assert re.search(r"^ facility_location +10000 .*99\.75\b", text, re.MULTILINE)
    assert re.search(r"^   on lenet5_batchnorm +10000 .*90\.00\b", text, re.MULTILINE)
    assert "…" not in text
    lost = re.search(r"Not shown, for want of width: ([^.]+)\.", words(text))
    lost = lost[1].split(", ") if lost else []
    assert lost == list(report.LEAST_IMPORTANT[: len(lost)])
    assert lost
    for name, cell in {"select s": "1234", "won": "12/0/0", "budget": "10000   10000"}.items():
        assert (cell in text) == (name not in lost)


def test_a_wider_terminal_never_shows_less(job):
    lost = [shown(widest(job), width=width).count("Not shown") for width in range(40, 160, 10)]
    assert lost == sorted(lost, reverse=True)


def test_a_long_choice_is_broken_and_loses_nothing(job):
    ends = ("a" * 50, "b" * 50)
    rows = [job(job=n, options=OPTIONS | {"selector.folder": end}) for n, end in enumerate(ends)]
    text = shown(*rows, width=80)
    assert "".join(re.findall(r"^ (?:folder=)?(a+) ", text, re.MULTILINE)) == "a" * 50
    assert all(len(line) <= 80 for line in text.splitlines())


@given(st.text("\x1b\x07\n\r[]/red:smile @=bold猫é", max_size=20))
@example("x[red]y")
@example(":smile:")
@example("[/]")
def test_no_name_reaches_the_terminal_as_anything_but_itself(name):
    from winnow.report.escape import printable
    from winnow.report.rows import Row

    def made(job, **options):
        options = {"dataset": name, "model": "mlp", "embedding": name} | options
        return Row(job, "ok", "nearest", 9, 9, key=str(job), options=options, accuracies=[90.0])

    failed = Row(2, "failed", "nearest", 9, 9, reason=name, overrides=[name])
    rows = [[made(0), made(1, embedding="pca")], [failed]]
    text = shown(*rows, width=400, notes=[name], force_terminal=True, color_system="truecolor")
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)  # rich's own colours
    assert plain.replace("\n", "").isprintable()
    styles = set(re.findall(r"\x1b\[[0-9;]*m", text))
    harmless = shown(
        [made(0, dataset="x", embedding="x"), made(1, dataset="x", embedding="pca")],
        width=400,
        force_terminal=True,
        color_system="truecolor",
    )
    assert styles <= set(re.findall(r"\x1b\[[0-9;]*m", harmless))
    assert f"dataset={printable(name)}," in plain
    assert f"nearest embedding={printable(name)}" in plain
    assert f"failed: {printable(name)} {printable(name)}" in plain


def test_the_worst_class_is_shown_for_method_and_baseline(job):
    text = shown(job(worst_class=[70.0, 80.0, 60.0], baseline={"worst_class": [50.0, 55.0, 40.0]}))
    nearest, uniform = (
        re.search(rf"^ {name} +\d.*$", text, re.MULTILINE)[0] for name in ("nearest", "uniform")
    )
    assert " 70.0 " in nearest
    assert " 50.0 " in uniform


def test_wins_ties_and_losses_are_shown(job):
    rows = job(accuracies=[92.0, 91.0, 90.0, 90.0], baseline={"accuracies": [90.0, 91.0, 91.0, 89.0]})
    assert " 2/1/1 " in shown(rows)


def test_classes_without_a_row_are_named_below_the_table(job):
    kept = job(rows_of_class=[[7, 2, 1], [9, 1, 0], [8, 1, 1]])
    assert "Classes without a kept row, at most: nearest budget=10 1 of 3." in words(shown(kept))
    assert "Classes without" not in shown(job(rows_of_class=[[7, 2, 1]] * 3))


def test_labels_beyond_those_of_the_kept_rows_are_named_below_the_table(job):
    assert "labels read" not in shown(job())
    assert "More labels read than rows kept: moderate 45." in words(shown(job("moderate", labels_read=45)))


def test_every_network_has_a_line_below_the_selector_it_shares_the_rows_with(job):
    text = shown(
        *(job(name, job=n, options=LENET5, networks=ON_MLP) for n, name in enumerate(["nearest", "furthest"]))
    )
    named = re.findall(r"^ +(?:on )?(\w+)(?= +\d+ +10 )", text, re.MULTILINE)
    assert named == ["nearest", "mlp", "furthest", "mlp", "uniform", "mlp"]
    assert text.count("82.00  80.00 to 83.00") == 2  # -1, +2, +1 against the baseline's 81
    assert text.count("+0.67 [") == 2
    assert text.count("81.00  81.00 to 81.00") == 1
    assert "on ...: another network, trained on the same kept rows" in words(text)


def test_equal_epochs_are_named_below_the_table(job):
    epochs = {"trainer.match": "epochs", "trainer.epochs": "25.0"}
    assert "every budget was trained for 25 passes over its rows" in words(
        shown(job(options=OPTIONS | epochs))
    )
    assert "passes" not in shown(job(options=OPTIONS | {"trainer.match": "steps"}))


def test_what_was_cached_is_marked(job):
    cells = [line.split()[-1] for line in shown(job(status="cached")).splitlines() if "nearest" in line]
    assert cells == ["yes"]
