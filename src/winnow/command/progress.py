"""Show how far a command is: one line at the foot of a terminal, plain lines now and then anywhere else."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Event, Thread
from time import monotonic

from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn
from rich.table import Column
from rich.text import Text

from winnow.command.arm import Arm, Scores
from winnow.command.job import Job
from winnow.command.plan import Plan
from winnow.command.scheduler import Scheduler
from winnow.pipeline import Method, Repetition
from winnow.types import Score

SECONDS_BETWEEN_LINES = 30.0  # where every line stays, as in a file
BAR = 8  # characters: with the longest numbers, half of 80 columns are left to say what is being done


class SweepProgress:
    """What is done of all jobs of a command, what was found instead of computed, and the time left.

    Parameters
    ----------
    plans : the jobs.
    first : number of the first of them in the command.
    console : where to show it; by default the standard error.
    """

    def __init__(self, plans: Sequence[Plan], first: int = 0, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True)
        self._jobs, self._first, self._total = len(plans), first, repetitions_of(plans)
        self._known: set[str] = set()
        self._found, self._computed, self._seconds = 0, 0, 0.0
        self._work, self._started, self._said = "", 0.0, 0.0
        self._scheduler: Scheduler | None = None
        self._display = self._new_display()

    def _new_display(self) -> Progress:
        doing = Column(ratio=1, no_wrap=True, overflow="ellipsis")
        display = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=BAR),
            MofNCompleteColumn(),
            _Told(self._numbers),
            _Told(self._doing, doing),
            console=self._console,
            transient=True,
            expand=True,
            redirect_stdout=False,  # the results may go to a file
        )
        self._task = display.add_task("", total=self._total)
        return display

    def __rich__(self) -> RenderableType:
        """Return the line as it stands."""
        return self._display.get_renderable()

    @contextmanager
    def of(self, job: Job, scheduler: Scheduler) -> Iterator[None]:
        """Show the progress while a job is computed."""
        self._scheduler, self._started = scheduler, monotonic()
        self._display.update(self._task, description=self._place_of(job))
        try:
            if self._console.is_terminal:
                with self._display:
                    yield
            else:
                with self._plain_lines(job):
                    yield
        finally:
            self._seconds += monotonic() - self._started
            self._scheduler = None

    @contextmanager
    def _plain_lines(self, job: Job) -> Iterator[None]:
        """Print a line now and then: all rows may be chosen, which takes long, before any are trained on."""
        ended = Event()

        def tell() -> None:
            while not ended.wait(SECONDS_BETWEEN_LINES / 10):
                if monotonic() - max(self._said, self._started) >= SECONDS_BETWEEN_LINES:
                    self._tell(job)

        thread = Thread(target=tell, daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def counting(self, arm: Arm, job: Job, scheduler: Scheduler) -> Callable[[Repetition], Score]:
        """Return what gives the score of a repetition of an arm, and counts it."""

        def score_of(repetition: Repetition) -> Score:
            self._work = arm.name
            self._tell(job)
            score = scheduler.score(repetition.key)
            self._count(repetition.key, score)
            if job.plan.settings.verbose:
                cost = ", ".join(f"{stage} {seconds:.1f} s" for stage, seconds in score.seconds.items())
                state = "found" if score.found else "computed"
                self._print(f"{arm.name}: {score.accuracy:.2f} %, {state}: {cost}")
            return score

        return score_of

    def skip(self, job: Job, scores: dict[str, Scores]) -> None:
        """Count the repetitions of a job all of which were found."""
        for arm in job.arms:
            for network, found in scores[arm.key].items():
                for repetition, score in zip(arm.repetitions(network), found, strict=True):
                    self._count(repetition.key, score)

    def _count(self, key: str, score: Score) -> None:
        if key in self._known:  # a baseline that jobs share
            return
        self._known.add(key)
        self._found += score.found
        self._computed += not score.found
        done = len(self._known)
        self._total = max(self._total, done)
        self._display.update(self._task, completed=done, total=self._total)

    def _tell(self, job: Job) -> None:
        """Print a plain line where there is no terminal, unless that was done a moment ago."""
        if self._console.is_terminal or (self._said and monotonic() - self._said < SECONDS_BETWEEN_LINES):
            return
        self._said = monotonic()
        done = f"{len(self._known)}/{self._total} done"
        self._print(f"{self._place_of(job)}: {done}, {self._numbers()}, {self._doing()}")

    def _place_of(self, job: Job) -> str:
        return f"job {job.number - self._first + 1}/{self._jobs}"

    def _print(self, line: str) -> None:
        self._console.print(Text(line), soft_wrap=True)

    def _numbers(self) -> str:
        left = self.seconds_left()
        return f"{self._found} found, {'-:--' if left is None else clock(left)} left"

    def _doing(self) -> str:
        return (self._scheduler.stage if self._scheduler else "") or self._work

    def seconds_left(self) -> float | None:
        """Return what the repetitions to come take, if they take as long as those computed so far."""
        if not self._computed:
            return None
        spent = self._seconds + (monotonic() - self._started if self._scheduler else 0.0)
        return spent / self._computed * (self._total - len(self._known))


class _Told(ProgressColumn):
    """A column whose text is asked for whenever it is drawn."""

    max_refresh = 0.5

    def __init__(self, text: Callable[[], str], column: Column | None = None) -> None:
        super().__init__(column or Column(no_wrap=True))
        self._text = text

    def render(self, task: Task) -> Text:
        return Text(self._text())


def repetitions_of(plans: Sequence[Plan]) -> int:
    """Return how many repetitions some jobs have; those of a baseline count once for all that share it.

    It is less where the data decide two sizes to be the same, or two selectors keep the same rows.
    """
    arms = {
        (plan.stages.dataset, *_apart(method), plan.settings.seeds, *plan.transfer): plan
        for plan in plans
        if plan.trains
        for method in (plan.method, plan.method.baseline())
    }
    return sum(plan.settings.seeds * (1 + len(plan.transfer)) for plan in arms.values())


def _apart(method: Method) -> tuple:
    """Return what tells the results of a method from those of others; a blind one needs no clusters."""
    trained = method.selector, method.budget, method.seed, method.model, method.augment, method.trainer
    return (*trained, method.embedding, method.clusterer) if method.selector.needs else trained


def clock(seconds: float) -> str:
    """Return a time as a clock shows it.

    >>> clock(59.6), clock(3_725.0)
    ('1:00', '1:02:05')
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
