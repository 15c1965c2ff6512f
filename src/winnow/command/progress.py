"""Show how far a job is."""

from collections.abc import Callable

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from winnow.command.arm import Arm
from winnow.command.job import Job
from winnow.command.scheduler import Scheduler
from winnow.pipeline import Repetition
from winnow.types import Score


class JobProgress(Progress):
    """A bar on stderr for each arm of a job, with the time left; if asked for, a line for each repetition."""

    def __init__(self, job: Job, jobs: int) -> None:
        super().__init__(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
        )
        self._verbose = job.plan.settings.verbose
        self._prefix = f"job {job.number + 1}/{jobs}: " if jobs > 1 else ""

    def counting(self, arm: Arm, scheduler: Scheduler) -> Callable[[Repetition], Score]:
        """Return what gives the score of a repetition and advances the bar of its arm."""
        task = self.add_task(f"{self._prefix}{arm.name}", total=len(arm.all_repetitions()))

        def score_of(repetition: Repetition) -> Score:
            score = scheduler.score(repetition.key)
            self.advance(task)
            if self._verbose:
                cost = ", ".join(f"{stage} {seconds:.1f} s" for stage, seconds in score.seconds.items())
                state = "found" if score.found else "computed"
                self.print(f"{arm.name}: {score.accuracy:.2f} %, {state}: {cost}")
            return score

        return score_of
