"""Let an embedding be computed block by block: by this process, or by workers of dask.distributed.

Who computes a block changes no bit of it. So the engine is no part of the key, and a result is found again
whoever computed it.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import Field

from winnow.embedding._whiten_normalize import ScaledEmbedding
from winnow.network.dask_workers import connected, given, in_order
from winnow.rows.row_array import RowArray

OnBlocks = Callable[..., Iterator[Any]]
"""Called with (step, x, blocks, *others), yields `step(rows of the block, *others)` for every block of x."""


@dataclass(frozen=True, kw_only=True)
class BlockwiseEmbedding(ScaledEmbedding):
    """An embedding whose rows can be computed by several processes or hosts.

    Parameters
    ----------
    engine
        Who computes: this process, or workers of dask.distributed (extra `cluster`), to the same bits.
    scheduler
        With `engine=dask`: address of a running scheduler, such as `tcp://node1:8786`, whose workers can read
        the files of the data set. Null: workers of this machine.
    workers
        With `engine=dask`: workers that are started where no scheduler is given. Null: one for each core.
    """

    # Where the work is done changes no result: none of these is part of the key.
    engine: Literal["process", "dask"] = field(default="process", repr=False)
    scheduler: str | None = field(default=None, repr=False)
    workers: Annotated[int, Field(ge=1)] | None = field(default=None, repr=False)

    @contextmanager
    def on_blocks(self) -> Iterator[OnBlocks]:
        """Yield what applies a function to every block, and yields what that comes to in their order."""
        if self.engine == "process":
            yield _one_by_one
            return
        with connected("embedding.engine=dask", self.scheduler, self.workers) as client:

            def by_workers(
                step: Callable[..., Any], x: RowArray, blocks: Sequence[slice], *others: Any
            ) -> Iterator[Any]:
                sent = [given(client, other) for other in others]
                return in_order(client, step, x, blocks, *sent)

            yield by_workers


def _one_by_one(
    step: Callable[..., Any], x: RowArray, blocks: Sequence[slice], *others: Any
) -> Iterator[Any]:
    return (step(x[block], *others) for block in blocks)
