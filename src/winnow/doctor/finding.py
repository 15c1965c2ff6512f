"""What an examination came to."""

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["ok", "warning", "fault"]


@dataclass(frozen=True)
class Finding:
    """One thing that was tried, what was seen, and what to change.

    >>> print(Finding("ok", "locks", "flock holds"))
    ok       locks         flock holds
    """

    verdict: Verdict
    about: str
    seen: str
    remedy: str = ""

    def __str__(self) -> str:
        remedy = f" | {self.remedy}" if self.remedy else ""
        return f"{self.verdict:<8} {self.about:<13} {self.seen}{remedy}"
