"""The answer of a comparison in one sentence, with its numbers and no more than they show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from winnow.report.comparison import ALPHA, pairs_needed, smallest_possible_p
from winnow.report.results import Results
from winnow.report.rows import Row
from winnow.report.smallest import Target
from winnow.report.tables import difference


@dataclass(frozen=True)
class Answer:
    """The sentence, the row that it is about (None where no row has a result), and what else to say."""

    text: str
    row: Row | None = None
    detail: str = ""


@dataclass(frozen=True)
class Whole:
    """What rows are chosen from: how many, if that is known, and what they are called.

    >>> Whole(60_000, "images").part(600), Whole(None, "rows").part(600)
    ('600 of 60,000 images', '600 rows')
    """

    n: int | None
    noun: str

    def part(self, budget: int) -> str:
        """Name a part of them."""
        return f"{budget:,} of {self.n:,} {self.noun}" if self.n else f"{budget:,} {self.noun}"


def answer(results: Results, whole: Whole, target: Target | None = None) -> Answer:
    """Return what the rows of one setting say: which part to keep, or that nothing was shown to help.

    Parameters
    ----------
    results : the rows of one setting.
    whole : what they were chosen from.
    target : an accuracy that was to be reached with as few rows as possible.
    """
    own = [row for row in results.finished if not row.on_other_network]
    chosen = [row for row in own if row.selector != "full"]
    if not chosen:
        return _all_data(own, whole)
    if target:
        return _smallest(results, chosen, whole, target)
    compared = [row for row in chosen if results.is_compared(row)]
    found = _compared(results, compared, whole) if compared else _alone(chosen, whole)
    full = next((row for row in own if row.selector == "full"), None)
    if full:
        every = f"All {full.budget:,} {whole.noun} reach {_accuracy(full)}."
        return Answer(found.text, found.row, f"{found.detail} {every}".strip())
    return found


def _all_data(own: Sequence[Row], whole: Whole) -> Answer:
    if not own:
        return Answer("No job has a result.")
    return Answer(f"All {own[0].budget:,} {whole.noun} reach {_accuracy(own[0])}; no part was tried.", own[0])


def _alone(rows: Sequence[Row], whole: Whole) -> Answer:
    row = max(rows, key=lambda row: row.budget)
    name = "at random" if row.selector == "uniform" else f"by {row.selector}"
    return Answer(
        f"{whole.part(row.budget)}, taken {name}, reach {_accuracy(row)}; nothing was compared with them.",
        row,
    )


def _smallest(results: Results, rows: Sequence[Row], whole: Whole, target: Target) -> Answer:
    reached = [row for row in rows if target.reached(row.accuracies)]
    if not reached:
        best = max(rows, key=lambda row: median(row.accuracies))
        tried = f"{whole.part(best.budget)} by {results.label(best)} with {_accuracy(best)}"
        return Answer(f"No budget tried reaches {target}; nearest to it come {tried}.", best)
    best = min((row for row in reached if row.selector != "uniform"), key=_budget, default=None)
    uniform = min((row for row in reached if row.selector == "uniform"), key=_budget, default=None)
    if best is None or (uniform and uniform.budget <= best.budget):
        others = f"; {results.label(best)} takes {best.budget:,}" if best else "; no selector gets there"
        return Answer(f"Keep {whole.part(uniform.budget)}, taken at random: {target}{others}.", uniform)
    random = (
        f"at random it takes {uniform.budget:,}" if uniform else "no random part that was tried gets there"
    )
    return Answer(
        f"Keep {whole.part(best.budget)} by {results.label(best)}: {target} of n={len(best.accuracies)};"
        f" {random}.",
        best,
    )


def _compared(results: Results, rows: Sequence[Row], whole: Whole) -> Answer:
    p = {id(row): value for row, value in zip(results.finished, results.adjusted_p, strict=True)}
    means = {id(row): results.comparison(row).mean for row in rows}
    better = [row for row in rows if means[id(row)] > 0 and p[id(row)] <= ALPHA]
    best = max(better or rows, key=lambda row: means[id(row)])
    pairs = results.comparison(best)
    points = f"{difference(pairs)} points over n={pairs.n} pairs"
    of, reached = f"{whole.part(best.budget)} by {results.label(best)}", _accuracy(best)
    if better:
        of_many = f"The largest of {len(better)} such differences." if len(better) > 1 else ""
        sure = f"p = {p[id(best)]:.2g} after Holm"
        text = f"Keep {of}: {reached}; against as many uniform random {whole.noun} {points}, {sure}."
        return Answer(text, best, of_many)
    largest = f"That is the largest of {len(rows)} differences." if len(rows) > 1 else ""
    told = (largest, _could_not(pairs.n), _worse(results, rows, p))
    text = f"{of} were not shown to beat as many uniform random ones: {reached}, {points}."
    return Answer(text, best, " ".join(filter(None, told)))


def _could_not(n: int) -> str:
    """Say that so few pairs could have shown nothing.

    >>> _could_not(5), _could_not(6)
    ('So few pairs can show nothing at 5 %; seeds=6 could.', '')
    """
    if smallest_possible_p(n) <= ALPHA:
        return ""
    return f"So few pairs can show nothing at 5 %; seeds={pairs_needed(ALPHA)} could."


def _worse(results: Results, rows: Sequence[Row], p: Mapping[int, float | None]) -> str:
    worse = [row for row in rows if results.comparison(row).mean < 0 and p[id(row)] <= ALPHA]
    if not worse:
        return ""
    worst = min(worse, key=lambda row: results.comparison(row).mean)
    points = f"{difference(results.comparison(worst))} points"
    more = f", and {len(worse) - 1} more" if len(worse) > 1 else ""
    return f"Shown to be worse: {results.label(worst)} at {worst.budget:,}, {points}{more}."


def _budget(row: Row) -> int:
    return row.budget


def _accuracy(row: Row) -> str:
    return f"{median(row.accuracies):.2f} %"
