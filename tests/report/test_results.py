"""Rows are joined with their baselines, kept apart by setting, and counted once."""

import csv

import pytest

from winnow.errors import InvalidValue
from winnow.report.results import Results, write_csv
from winnow.report.rows import STAGES

SIX = {"accuracies": [92.0] * 6, "baseline": {"accuracies": [90.0] * 6}}
LOSES_ONCE = {"accuracies": [92.0] * 5 + [89.0], "baseline": {"accuracies": [90.0] * 6}}
ON_MLP = (
    {"accuracies": [81.0] * 3, "worst_class": [60.0] * 3, "seconds": {"train": 1.5}},
    {"accuracies": [80.0, 83.0, 82.0], "worst_class": [70.0] * 3, "seconds": {"select": 0.5, "train": 2.0}},
)
LENET5 = {"dataset": "toy", "model": "lenet5", "augment": "none"}


def test_a_row_is_compared_with_the_row_that_its_baseline_names(job):
    uniform, nearest = job("nearest", accuracies=[91.0, 93.0], baseline={"accuracies": [90.0, 91.0]})
    results = Results([nearest, uniform])
    assert results.baseline_of(nearest) == uniform
    assert results.comparison(nearest).mean == 1.5
    assert (results.is_compared(nearest), results.is_compared(uniform)) == (True, False)


def test_on_each_network_a_row_is_compared_with_the_baseline_on_that_network(job):
    rows = job(options=LENET5, networks={"mlp": ON_MLP})
    results = Results(rows)
    assert [results.comparison(row).mean for row in rows if row.selector == "nearest"] == pytest.approx(
        [4 / 3, 2 / 3]
    )


@pytest.mark.parametrize("lost", ["missing", "of other length"])
def test_without_its_baseline_a_row_is_shown_and_not_compared(job, lost):
    rows = job(baseline={"accuracies": [90.0]})
    results = Results(rows if lost == "of other length" else rows[1:])
    assert results.comparison(rows[1]) is None
    record = next(each for each in results.as_dicts() if each["selector"] == "nearest")
    assert (record["median"], record["delta_uniform"], record["p"], record["wins"]) == (
        91.0,
        None,
        None,
        None,
    )
    assert results.adjusted_p == [None] * len(results.finished)


def test_a_baseline_of_several_jobs_counts_once(job):
    results = Results([*job("nearest"), *job("furthest", job=1)])
    assert [row.selector for row in results.finished] == ["nearest", "furthest", "uniform"]


def test_all_rows_have_no_baseline_beside_them_but_others_of_that_budget_do(row, job):
    everything = [row("full", options=LENET5), row("full", options=LENET5, network="mlp")]
    assert [record["selector"] for record in Results(everything).as_dicts()] == ["full", "full"]
    beside = Results([*everything, *job(job=1, options=LENET5)]).finished
    assert [row.selector for row in beside] == ["full", "full", "nearest", "uniform"]


def test_rows_without_accuracies_are_not_finished(row):
    states = ["failed", "interrupted", "pending"]
    assert Results([row(status=state, accuracies=[]) for state in [*states, "ok"]]).finished == []


def test_p_is_adjusted_for_all_comparisons_of_a_setting_and_baselines_are_none(row, job):
    # Of 64 sign patterns, 2 are as extreme as six wins by 2; with a loss by 1 among them, 4.
    full = row("full", accuracies=[92.0] * 6, job=2)
    results = Results([*job("nearest", **SIX), *job("furthest", job=1, **LOSES_ONCE), full])
    assert [row.selector for row in results.finished] == ["nearest", "furthest", "full", "uniform"]
    assert results.adjusted_p == [4 / 64, 4 / 64, None, None]
    assert Results([full]).adjusted_p == [None]


def test_rows_of_other_settings_do_not_belong_to_the_family(job):
    rows = [*job(**SIX), *job(job=1, options={"dataset": "other", "model": "mlp"}, **SIX)]
    adjusted = [each["p_holm"] for each in Results(rows).as_dicts() if each["selector"] == "nearest"]
    assert adjusted == [2 / 64, 2 / 64]


def test_comparisons_on_other_networks_belong_to_the_family(job):
    on_mlp = ({"accuracies": [90.0] * 6}, {"accuracies": [92.0] * 6})
    # Two comparisons, each with 2 of 64 sign patterns as extreme.
    rows = job(options=LENET5, networks={"mlp": on_mlp}, **SIX)
    assert [record["p_holm"] for record in Results(rows).as_dicts()] == [4 / 64, 4 / 64, None, None]


def test_the_csv_has_the_numbers_of_the_table(tmp_path, job):
    with write_csv(Results(job()), tmp_path / "results.csv").open() as stream:
        records = list(csv.DictReader(stream))
    assert [record["selector"] for record in records] == ["nearest", "uniform"]
    assert float(records[0]["median"]) == 91.0
    assert float(records[0]["delta_uniform"]) == pytest.approx(4 / 3)


def test_no_cell_of_the_csv_is_a_formula_or_breaks_its_line(tmp_path, job):
    options = {"dataset": "=cmd|' /C calc'!A0", "model": "mlp", "embedding": "+1\n2", "clusterer": "-x"}
    path = write_csv(Results(job(options=options)), tmp_path / "results.csv")
    with path.open(newline="") as stream:
        record = next(csv.DictReader(stream))
    assert record["embedding"] == r"'+1\n2"
    assert record["clusterer"] == "'-x"
    assert float(record["delta_low"]) == pytest.approx(4 / 3 - 4.3027 / 3, abs=1e-4)
    assert path.read_bytes().count(b"\r\n") == 3


def test_a_csv_is_replaced_as_a_whole_or_not_at_all(tmp_path, job):
    path = write_csv(Results(job()), tmp_path / "results.csv")
    before = path.read_bytes()
    with pytest.raises(InvalidValue, match="must have a finished row"):
        write_csv(Results([]), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_the_csv_names_the_network_of_every_line(job):
    records = Results(job(options=LENET5, networks={"convnet": ON_MLP})).as_dicts()
    assert [(record["selector"], record["network"]) for record in records] == [
        ("nearest", "lenet5"),
        ("nearest", "convnet"),
        ("uniform", "lenet5"),
        ("uniform", "convnet"),
    ]
    assert [record["median"] for record in records] == [91.0, 82.0, 90.0, 81.0]
    assert [record["train_seconds"] for record in records] == [4.0, 2.0, 3.0, 1.5]


def test_wins_ties_and_losses_are_counted(job):
    rows = job(accuracies=[92.0, 91.0, 90.0, 90.0], baseline={"accuracies": [90.0, 91.0, 91.0, 89.0]})
    first, uniform = Results(rows).as_dicts()
    assert [first[name] for name in ("wins", "ties", "losses")] == [2, 1, 1]
    assert [uniform[name] for name in ("wins", "ties", "losses")] == [0, 4, 0]


def test_the_kept_rows_of_every_class_are_counted(job):
    kept = {"rows_of_class": [[7, 2, 1], [9, 1, 0], [8, 1, 1]]}
    nearest, uniform = Results(job(**kept, baseline={"rows_of_class": [[4, 3, 3]] * 3})).as_dicts()
    assert (nearest["rows_of_class"], uniform["rows_of_class"]) == ("7 2 1", "4 3 3")
    # One class is absent in the second repetition; two have a single row in the third.
    assert (nearest["absent_classes"], nearest["singleton_classes"]) == (1, 2)
    assert (uniform["absent_classes"], uniform["singleton_classes"]) == (0, 0)


def test_labels_worst_class_and_seconds_are_in_the_csv(job):
    nearest, uniform = Results(
        job(labels_read=45, worst_class=[70.0, 80.0, 60.0], baseline={"worst_class": [50.0, 55.0, 40.0]})
    ).as_dicts()
    assert (nearest["labels_read"], uniform["labels_read"]) == (45, 10)
    assert (nearest["worst_class_median"], uniform["worst_class_median"]) == (70.0, 50.0)
    assert [nearest[f"{stage}_seconds"] for stage in STAGES] == [1.0, 2.0, 0.0, 0.5, 4.0]


def labels(*options, selectors=("nearest", "nearest", "furthest"), row):
    rows = [
        row(selector, options=each, job=job)
        for job, (selector, each) in enumerate(zip(selectors, options, strict=False))
    ]
    results = Results(rows)
    return [results.label(each) for each in rows]


def test_rows_of_one_selector_are_named_by_how_they_chose(row):
    easy, hard = ({"dataset": "toy", "selector.end": end} for end in ("easy", "hard"))
    assert labels(easy, hard, {"dataset": "toy"}, row=row) == [
        "nearest end=easy",
        "nearest end=hard",
        "furthest",
    ]


def test_the_settings_of_another_embedding_are_said_by_its_name(row):
    pca = {"embedding": "pca", "embedding.components": "64"}
    patches = {"embedding": "patches", "embedding.components": "64", "embedding.grid": "4"}
    assert labels(pca, patches, row=row) == ["nearest embedding=pca", "nearest embedding=patches"]
    three = labels(pca, pca | {"embedding.components": "8"}, patches, selectors=["nearest"] * 3, row=row)
    assert three[1] == "nearest embedding=pca embedding.components=8"


def test_that_a_choice_reads_no_embedding_is_said_by_what_makes_it_so(row):
    margin, entropy = (
        {"embedding": "none", "clusterer": "none", "selector.query": query} for query in ("margin", "entropy")
    )
    typical = {"embedding": "pca", "clusterer": "kmeans", "selector.query": "typiclust"}
    three = ["rounds"] * 3
    assert labels(margin, entropy, typical, selectors=three, row=row) == [
        "rounds query=margin",
        "rounds query=entropy",
        "rounds query=typiclust",
    ]
    patches = typical | {"embedding": "patches"}
    assert labels(margin, typical, patches, selectors=three, row=row) == [
        "rounds query=margin",
        "rounds embedding=pca query=typiclust",
        "rounds embedding=patches query=typiclust",
    ]


def test_a_title_names_what_differs_between_the_settings(job):
    options = {"dataset": "toy", "model": "mlp", "augment": "none", "trainer.steps": "9"}
    rows = [*job(options=options), *job(job=1, options=options | {"trainer.steps": "8"})]
    assert [title for title, _ in Results(rows).by_setting()] == [
        "dataset=toy, model=mlp, augment=none, trainer.steps=8",
        "dataset=toy, model=mlp, augment=none, trainer.steps=9",
    ]
    assert [title for title, _ in Results(job(options=options)).by_setting()] == [
        "dataset=toy, model=mlp, augment=none"
    ]
