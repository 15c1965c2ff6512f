"""One measured comparison, and how comparisons are timed and printed."""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from time import process_time

HEADER = """\
| what | against | other | winnow | ratio | target | floor | n | note |
| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |"""


@dataclass(frozen=True)
class Line:
    """What the same work took two ways, run after run; `unit` is that of `other`, `own` and `floor`.

    `target` is the least ratio other / own that is wanted, `floor` a yardstick, such as the bare arithmetic.

    >>> line = Line("sum", "a loop", other=[4.0, 6.0], own=[2.0, 1.0], target=3)
    >>> line.ratio, line.reached
    (3.3333333333333335, True)
    """

    what: str
    against: str = ""
    other: Sequence[float] = ()
    own: Sequence[float] = ()
    unit: str = "s"
    target: float | None = None
    floor: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """How many times as much the other way takes, by the medians."""
        return median(self.other) / median(self.own) if self.other and self.own else None

    @property
    def reached(self) -> bool:
        """Whether the ratio is at least the target."""
        return self.target is None or (self.ratio is not None and self.ratio >= self.target)

    def markdown(self) -> str:
        """Return the line of a table: medians, the lowest in brackets, and how many floors they are."""
        cells = [self.what, self.against, self._amount(self.other), self._amount(self.own)]
        cells += [f"{number:.3g}x" if number else "" for number in (self.ratio, self.target)]
        cells += [self._floor()]
        cells += [str(max(len(self.other), len(self.own)) or ""), self.note]
        return f"| {' | '.join(cells)} |"

    def _floor(self) -> str:
        if not self.floor:
            return ""
        times = f" ({median(self.own) / self.floor:.2g}x)" if self.own else ""
        return f"{self.floor:.3g} {self.unit}{times}"

    def _amount(self, values: Sequence[float]) -> str:
        return f"{median(values):.3g} {self.unit} ({min(values):.3g})" if values else ""


def alternate(
    methods: Mapping[str, Callable[[int], object]], rounds: int, clock: Callable[[], float] = process_time
) -> dict[str, list[float]]:
    """Run every method once in each round, giving it the round's number; return the seconds of each.

    In turn, so that a busy machine slows all of them alike; seconds of processor time by default.
    """
    seconds = {name: [] for name in methods}
    for number in range(rounds):
        for name, method in methods.items():
            started = clock()
            method(number)
            seconds[name].append(clock() - started)
            tell(f"  {number + 1}/{rounds} {name}: {seconds[name][-1]:.3g} s")
    return seconds


def tell(progress: str) -> None:
    """Say how far it has come."""
    print(progress, file=sys.stderr, flush=True)


def table(lines: Iterable[Line]) -> str:
    """Return the lines as a Markdown table."""
    return "\n".join([HEADER, *(line.markdown() for line in lines)])
