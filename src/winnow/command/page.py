"""The page of a command: what came of its jobs, with pictures of the rows that its answer is about."""

import json
import warnings
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from winnow.command import lists
from winnow.command.arm import method_of
from winnow.command.gallery import gallery_of
from winnow.command.interruption import interruption
from winnow.command.job import Job
from winnow.command.record import environment, versions_in_words
from winnow.errors import Interrupted, WinnowWarning
from winnow.network.allocation import allocation
from winnow.pipeline import Choice
from winnow.registry import name_of
from winnow.report.answer import Whole
from winnow.report.page import MOST_PARTS, Page, Part, ShownList, jobs_in_words, part_of, problems_of
from winnow.report.results import Results
from winnow.report.rounds import Curve, curve_of, rounds_chart
from winnow.report.rows import Row
from winnow.store.kept_rows import name_of as list_name

MOST_GALLERIES = 2  # what a page has room for
MOST_INLINED = 150_000  # bytes of a list
MOST_LISTED = 20  # lists that are named

UNKNOWN = "Nothing was trained, so what they are worth is not known."


def write(folder: Path, results: Results, jobs: Sequence[Job], command: str) -> list[Path]:
    """Write the page of a command into its folder, and return the paths: none if it cannot be written.

    Parameters
    ----------
    folder : the folder of the command.
    results : what came of its jobs.
    jobs : the jobs, whose data are at hand.
    command : what was typed.
    """
    try:
        page = _Pages(folder, results, jobs, command).page()
        return page.write(folder) if page else []
    except Exception as fault:  # a page is no reason for a command to fail
        message = f"the page could not be written | {' '.join(f'{type(fault).__name__}: {fault}'.split())}"
        warnings.warn(message, WinnowWarning, stacklevel=2)
        return []


@dataclass(frozen=True, eq=False)
class _Pages:
    """Makes the page of one command."""

    folder: Path
    results: Results
    jobs: Sequence[Job]
    command: str

    def page(self) -> Page | None:
        """Return the page: a part for every setting, and for what was chosen without training, if any."""
        settings = self.results.by_setting()
        parts = [self._compared(*each, number) for number, each in enumerate(settings[:MOST_PARTS])]
        parts += self._only_chosen(MOST_PARTS - len(parts))
        if not parts:
            return None
        problems = problems_of(self.results, max(len(settings) - MOST_PARTS, 0))
        return Page(parts, jobs_in_words(self.results.rows), problems, self._facts())

    @cached_property
    def _numbered(self) -> Mapping[int, Job]:
        return {job.number: job for job in self.jobs}

    def _compared(self, title: str, results: Results, number: int) -> Part:
        """Return the part of one setting, with pictures of the rows that its answer is about."""
        job = self._numbered[results.finished[0].job]
        part, row = part_of(title, results, _whole(job))
        part = replace(part, rounds=rounds_chart(results, self._curves(results)))
        choice = row and self._choice(row)
        return self._pictured(part, choice, number) if choice else part

    def _only_chosen(self, most: int) -> Iterator[Part]:
        """Yield a part for each data set of which rows were chosen without training."""
        done = {row.job for row in self.results.rows if row.done}
        chosen = [job for job in self.jobs if job.number in done and job.asked.settings.select_only]
        sources = list(dict.fromkeys(job.asked.stages.dataset for job in chosen))
        for number, source in enumerate(sources[:most]):
            job, *others = [job for job in chosen if job.asked.stages.dataset == source]
            choice = Choice(method_of(job.plan, job.dataset.n), job.dataset, job.cache, 0)
            more = f" Other lists of this command: {len(others)}." if others else ""
            text = f"Keep {_whole(job).part(choice.budget)} by {name_of(choice.method.selector)}."
            part = Part(f"dataset={job.dataset.name}", text, UNKNOWN + more)
            yield self._pictured(part, choice, number)

    def _curves(self, results: Results) -> dict[str, list[Curve]]:
        """Return what the rounds of every repetition noted, by the key of the row; nothing is computed."""
        arms = {
            key: arm
            for number in dict.fromkeys(row.job for row in results.finished)
            for arm in self._numbered[number].arms
            if "learner" in arm.method.selector.needs
            for key in arm.keys.values()
        }
        found = {key: [each.subset.found() for each in arm.repetitions()] for key, arm in arms.items()}
        return {
            key: [curve_of(kept.info["provenance"]) for kept in of_arm if kept]
            for key, of_arm in found.items()
        }

    def _choice(self, row: Row) -> Choice | None:
        """Return repetition 0 of what a row is about."""
        arms = self._numbered[row.job].arms
        return next((arm.repetitions()[0] for arm in arms if row.key in arm.keys.values()), None)

    def _pictured(self, part: Part, choice: Choice, number: int) -> Part:
        """Add the list of kept rows and the pictures, as far as there is room for them."""
        folder = lists.folder_of(self.folder, choice)
        part = replace(part, kept=_list(folder / list_name(0), self.folder))
        if interruption.signal is not None:
            return replace(part, no_gallery="Left out: the command was interrupted.")
        if number >= MOST_GALLERIES:
            return replace(part, no_gallery=f"Left out: a page has room for {MOST_GALLERIES} galleries.")
        about = f"The rows of {folder.name}, repetition 0, beside rows that were left out."
        try:
            with interruption.interruptible():
                return replace(part, gallery=gallery_of(choice, about))
        except Interrupted:
            return replace(part, no_gallery="Left out: the command was interrupted.")

    def _facts(self) -> dict[str, str]:
        """Return where the numbers come from."""
        made = environment(allocation())
        kept = sorted(self.folder.glob(f"{lists.KEPT}/*/{list_name(0)}"))
        named = [str(path.relative_to(self.folder)) for path in kept[:MOST_LISTED]]
        more = f" and {len(kept) - MOST_LISTED} more" if len(kept) > MOST_LISTED else ""
        data = {about["dataset"]: about["dataset_sha256"] for about in map(_about, kept)}
        facts = {
            "command": f"python train.py {'-m ' * (len(self.jobs) > 1)}{self.command}",
            "folder": str(self.folder),
            "written": f"{datetime.now():%Y-%m-%d %H:%M}",
            "machine": f"{made['platform']}, {made['processor']}, {made['cores']} cores",
            "versions": versions_in_words(),
            "code and libraries": ", ".join(sorted({row.code for row in self.results.finished})),
            **{f"sha256 of {name}": checksum for name, checksum in data.items()},
            "lists": ", ".join(named) + more,
        }
        return {name: text for name, text in facts.items() if text}


def _whole(job: Job) -> Whole:
    return Whole(job.dataset.n, "images" if job.dataset.x.ndim == 4 else "rows")


def _list(path: Path, folder: Path) -> ShownList | None:
    """Return a list of kept rows as a page shows it, if it was written."""
    if not path.is_file():
        return None
    content = path.read_bytes()
    about = _about(path)
    inlined = b64encode(content).decode() if len(content) <= MOST_INLINED else ""
    return ShownList(str(path.relative_to(folder)), about["rows"], about["sha256"], inlined)


def _about(path: Path) -> dict[str, Any]:
    """Return what is known about a list of kept rows."""
    return json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
