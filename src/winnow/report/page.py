"""One page that answers: a self-contained HTML file, and the same facts as Markdown.

Every setting of data and training has a part of its own, and no number of one stands in another. The page
asks for nothing from any network, and what does not fit below 3 MB is left out, which it then says.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Any

from winnow.report._accuracy_chart import AccuracyChart, accuracy_chart
from winnow.report._difference_chart import DifferenceChart, difference_chart
from winnow.report._page_table import Line, stage_seconds, table_of
from winnow.report.answer import Answer, Whole, answer
from winnow.report.escape import markdown, printable
from winnow.report.gallery import Gallery
from winnow.report.results import Results
from winnow.report.rounds import RoundsChart
from winnow.report.rows import Row
from winnow.report.smallest import Target
from winnow.store.whole_file import write_whole

LARGEST = 3_000_000  # bytes of a page
MOST_PARTS = 12
QUESTION = "How small can the training set be, and which rows are worth keeping?"
UNKNOWN = Whole(None, "rows")
HTML, MARKDOWN = "report.html", "report.md"


@dataclass(frozen=True)
class ShownList:
    """A list of kept rows: where it is, its rows and checksum, and its content unless it is too long."""

    path: str
    rows: int
    sha256: str
    content: str = ""


@dataclass(frozen=True)
class Part:
    """What a page says of one setting; `no_...` says why something is not there."""

    title: str
    answer: str
    detail: str = ""
    figures: Sequence[tuple[str, str]] = ()
    accuracy: AccuracyChart | None = None
    differences: DifferenceChart | None = None
    rounds: RoundsChart | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    lines: Sequence[Line] = ()
    lines_left_out: int = 0
    seconds: Mapping[str, float] = field(default_factory=dict)
    gallery: Gallery | None = None
    no_gallery: str = ""
    kept: ShownList | None = None


@dataclass(frozen=True)
class Page:
    """All that a page says.

    Parameters
    ----------
    parts : one for every setting.
    jobs : what became of the jobs, in words.
    problems : jobs without a result and why, and what was left out, one line each.
    facts : where the numbers come from: command, versions, machine, checksums.
    """

    parts: Sequence[Part]
    jobs: str = ""
    problems: Sequence[str] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    question: str = QUESTION

    def html(self) -> str:
        """Return the page; where it would be too large, without pictures."""
        text = _rendered("_page.html", self)
        if len(text.encode(errors="replace")) <= LARGEST:
            return text
        reason = f"Left out: with pictures the page would be larger than {LARGEST // 10**6} MB."
        bare = [replace(part, gallery=None, no_gallery=reason) for part in self.parts]
        return _rendered("_page.html", replace(self, parts=bare))

    def markdown(self) -> str:
        """Return the same facts as Markdown, without pictures."""
        return _rendered("_page.md", self)

    def write(self, folder: Path) -> list[Path]:
        """Write both files into a folder and return their paths."""
        paths = [folder / HTML, folder / MARKDOWN]
        for path, text in zip(paths, (self.html(), self.markdown()), strict=True):
            write_whole(path, text.encode(errors="replace"))  # names of files may be no text
        return paths


def part_of(
    title: str, results: Results, whole: Whole, target: Target | None = None
) -> tuple[Part, Row | None]:
    """Return the part of one setting without pictures, and the row that its answer is about.

    Parameters
    ----------
    title, results : as `Results.by_setting` returns them.
    whole : what the rows were chosen from.
    target : an accuracy that was to be reached.
    """
    found = answer(results, whole, target)
    columns, lines, left_out = table_of(results)
    part = Part(
        title=title,
        answer=found.text,
        detail=found.detail,
        figures=_figures(results, found, whole),
        accuracy=accuracy_chart(results, target.percent if target else None),
        differences=difference_chart(results),
        columns=columns,
        lines=lines,
        lines_left_out=left_out,
        seconds=stage_seconds(results.finished),
    )
    return part, found.row


def page_of(
    results: Results,
    facts: Mapping[str, str],
    no_gallery: str,
    whole: Whole = UNKNOWN,
    target: Target | None = None,
) -> Page:
    """Return a page of any results without pictures.

    Parameters
    ----------
    results : rows of any number of settings.
    facts : where they come from.
    no_gallery : why there are no pictures, or where they are.
    whole : what the rows were chosen from, where all have that in common.
    target : an accuracy that was to be reached.
    """
    settings = results.by_setting()
    parts = [part_of(title, group, whole, target)[0] for title, group in settings[:MOST_PARTS]]
    shown = [replace(part, no_gallery=no_gallery) for part in parts]
    problems = problems_of(results, len(settings) - len(shown))
    return Page(shown, jobs_in_words(results.rows), problems, facts)


def jobs_in_words(rows: Sequence[Row]) -> str:
    """Say what became of jobs.

    >>> jobs_in_words([Row(0, "ok", "nearest", 9, 9), Row(1, "failed", "random", 9, 9)])
    '2 jobs: 1 computed, 1 failed'
    """
    status = {row.job: row.status for row in rows}
    names = {"ok": "computed", "cached": "from the cache"}
    counts = {name: list(status.values()).count(name) for name in dict.fromkeys(status.values())}
    told = ", ".join(f"{count} {names.get(name, name)}" for name, count in counts.items())
    return f"{len(status)} job{'s' * (len(status) != 1)}: {told}" if status else "no job"


def problems_of(results: Results, parts_left_out: int = 0) -> list[str]:
    """Return a line for every job without a result, the notes, and what a page has no room for."""
    unfinished = [row for row in results.rows if not row.done]
    lines = [f"{row.status}: {' '.join(row.overrides)} {row.reason}".strip() for row in unfinished]
    more = [f"left out: {parts_left_out} more settings, in results.csv"] if parts_left_out else []
    return [printable(line) for line in (*lines, *results.notes, *more)]


def _figures(results: Results, found: Answer, whole: Whole) -> list[tuple[str, str]]:
    """Return the numbers that stand out, each with its name."""
    if (row := found.row) is None:
        return []
    figures = [(f"{row.budget:,}", f"of {whole.n:,} {whole.noun} kept" if whole.n else f"{whole.noun} kept")]
    if whole.n:
        figures[0] = (figures[0][0], f"{figures[0][1]}: {100 * row.budget / whole.n:.3g} %")
    figures.append((f"{median(row.accuracies):.2f} %", f"median accuracy of n={len(row.accuracies)}"))
    if results.is_compared(row):
        pairs = results.comparison(row)
        interval = "" if pairs.n == 1 else f", 95 % interval {pairs.low:+.2f} to {pairs.high:+.2f}"
        figures.append((f"{pairs.mean:+.2f}", f"points against as many uniform random ones{interval}"))
    return figures


def _rendered(template: str, page: Page) -> str:
    from jinja2 import Environment, StrictUndefined

    is_html = template.endswith(".html")
    environment = Environment(
        autoescape=is_html,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_on_one_line,
        keep_trailing_newline=True,
    )
    environment.filters["markdown"] = markdown
    source = Path(__file__).with_name(template).read_text(encoding="utf-8")
    return environment.from_string(source).render(page=page)


def _on_one_line(value: Any) -> Any:
    """Make visible what is not printable in any text that is filled in; markup of the template stays."""
    if not isinstance(value, str) or hasattr(value, "__html__") or value.isprintable():
        return value
    return printable(value)
