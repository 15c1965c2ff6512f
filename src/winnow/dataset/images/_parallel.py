"""Do the same with many files at once, with a progress bar for whoever has to wait."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from typing import TypeVar

from winnow.network.allocation import available_cores

PATIENCE_SECONDS = 2.0
THREADS = 8  # more of them wait for each other: between its decoders Python runs one at a time
TURN = 256  # files handed out at a time

Item = TypeVar("Item")


def for_each(work: Callable[[Item], None], items: Sequence[Item], description: str) -> None:
    """Call `work` for every item, in threads; the first error ends it, once the calls under way have ended.

    A bar with the time left is shown on stderr once it takes longer than a moment.
    """
    for _ in in_turns(work, items, len(items), description):
        pass


def in_turns(
    work: Callable[[Item], None], items: Iterable[Item], total: int, description: str
) -> Iterator[None]:
    """Do as `for_each` with items that are made as they are wanted, and yield after every `TURN` of them."""
    threads, waiting = ThreadPoolExecutor(min(THREADS, available_cores())), iter(items)
    try:
        with _bar(description, total) as advance:
            while turn := list(islice(waiting, TURN)):
                for _ in threads.map(work, turn):
                    advance()
                yield
    finally:
        threads.shutdown(cancel_futures=True)


@contextmanager
def _bar(description: str, total: int) -> Iterator[Callable[[], None]]:
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress

    progress = Progress(*Progress.get_default_columns(), MofNCompleteColumn(), console=Console(stderr=True))
    task = progress.add_task(description, total=total)
    started = time.monotonic()

    def advance() -> None:
        if not progress.live.is_started and time.monotonic() - started > PATIENCE_SECONDS:
            progress.start()
        progress.advance(task)

    try:
        yield advance
    finally:
        if progress.live.is_started:
            progress.stop()
