"""Workers of dask.distributed: processes of this machine, or those of a scheduler at some address.

What several stages do with them is here: connect, hand out a value once, and work on blocks of rows that come
back in their order, a few at a time. The extra `cluster` brings dask.distributed.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np

from winnow.errors import InvalidValue
from winnow.network.allocation import available_cores
from winnow.network.processes import packed, signals_kept_from_children, unpacked
from winnow.rows.row_array import RowArray

_SECONDS_TO_ANSWER = 10
_SETTINGS = {"distributed.admin.large-graph-warning-threshold": "1GB"}  # what is large is sent on purpose
_BLOCKS_OF_A_WORKER = 2  # handed out at once: one in work and one waiting
_MOST_SENT = 2**27  # bytes that all rows are as they travel; of more, each block travels by itself


@contextmanager
def connected(option: str, scheduler: str | None, workers: int | None) -> Iterator[Any]:
    """Yield a client of the scheduler at an address or, without one, of workers that end with the block.

    Parameters
    ----------
    option
        What asks for them, such as `clusterer=dask`, for messages.
    scheduler
        Address such as `tcp://node1:8786`.
    workers
        Processes that are started where there is no address; None: one for each core.

    Raises
    ------
    InvalidValue
        If dask.distributed is not installed, or the scheduler does not answer within ten seconds.
    """
    group = option.partition("=")[0].partition(".")[0]
    try:
        import dask
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise InvalidValue(
            f"{option} must find dask.distributed, got {error}",
            where=option,
            remedy="pip install 'winnow-subset[cluster]'",
        ) from error
    with dask.config.set(_SETTINGS), ExitStack() as open_:
        address = scheduler
        if address is None:
            with signals_kept_from_children():
                address = open_.enter_context(
                    LocalCluster(
                        n_workers=workers or available_cores(),
                        threads_per_worker=1,
                        dashboard_address="127.0.0.1:0",
                        memory_limit=0,
                    )
                )
        try:
            client = open_.enter_context(Client(address, timeout=_SECONDS_TO_ANSWER, set_as_default=False))
        except OSError as error:
            if scheduler is None:
                raise
            raise InvalidValue(
                f"{group}.scheduler must answer, got {error}",
                where=f"{group}.scheduler={scheduler}",
                remedy="start one with `dask scheduler`, and workers with `dask worker`",
            ) from error
        yield client


def given(client: Any, value: Any) -> Any:
    """Send a value to the workers, once for all tasks, in a way that outlives any of them."""
    return client.submit(_same, value, pure=False)


def in_order(
    client: Any, step: Callable[..., Any], x: RowArray, blocks: Iterable[slice], *others: Any
) -> Iterator[Any]:
    """Yield `step(rows of the block, *others)` for every block of the rows of `x`, in their order.

    Only so many blocks are handed out that no worker waits. Of rows in a file, which the workers must be able
    to reach, only the place in the file travels. A worker that dies costs the blocks that it had.

    Parameters
    ----------
    client
        What `connected` yields.
    step
        A function of a module: it travels by its name.
    x
        Rows, of which a worker reads those of its block.
    blocks
        Slices of `x`.
    others
        Values, or what `given` returned for them.
    """
    whole = _packed_if_small(x)
    everywhere = whole and given(client, whole)
    most = max(_BLOCKS_OF_A_WORKER * sum(client.nthreads().values()), 1)
    waiting: deque[Any] = deque()
    for block in blocks:
        rows = everywhere or packed(x[block])
        part = block if whole else slice(None)
        waiting.append(client.submit(_on_block, step, rows, part, *others, pure=False))
        if len(waiting) >= most:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def blocks_of(n: int, rows: int) -> Sequence[slice]:
    """Divide n rows into blocks of so many.

    >>> blocks_of(5, 2)
    [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    return [slice(start, min(start + rows, n)) for start in range(0, n, rows)]


def _packed_if_small(x: RowArray) -> bytes | None:
    """Return all rows as they travel: of those in a file, that is little more than its name."""
    in_memory = isinstance(x, np.ndarray) and not getattr(x, "filename", None)
    if in_memory and x.nbytes > _MOST_SENT:
        return None
    content = packed(x)
    return content if len(content) <= _MOST_SENT else None


def _on_block(step: Callable[..., Any], rows: bytes, block: slice, *others: Any) -> Any:
    return step(unpacked(rows)[block], *others)


def _same(value: Any) -> Any:
    return value
