"""A progress bar on stderr, with the number of steps and the time left."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress_bar(description: str | None, total: int) -> Iterator[Callable[[int], None]]:
    """Show a bar inside the block; call what it yields with the number of steps done so far.

    Without a `description` nothing is shown.

    >>> with progress_bar(None, total=2) as show:
    ...     show(1)
    """
    if description is None:
        yield lambda done: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(description, total=total)
        yield lambda done: progress.update(task, completed=done)
