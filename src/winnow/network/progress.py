"""A progress bar on stderr, with the number of steps and the time left."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

PATIENCE_SECONDS = 2.0
"""Time for which nobody minds waiting without a bar."""


@contextmanager
def progress_bar(
    description: str | None, total: int, *, patience: float = 0.0
) -> Iterator[Callable[[int], None]]:
    """Show a bar inside the block; call what it yields with the number of steps done so far.

    It appears after `patience` seconds. Without a `description` nothing is shown.

    >>> with progress_bar(None, total=2) as show:
    ...     show(1)
    """
    if description is None:
        yield lambda done: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    progress, begun = Progress(*columns, console=Console(stderr=True)), monotonic()
    task = progress.add_task(description, total=total)

    def show(done: int) -> None:
        if monotonic() - begun >= patience:
            progress.start()
        progress.update(task, completed=done)

    try:
        show(0)
        yield show
    finally:
        if progress.live.is_started:
            progress.stop()
