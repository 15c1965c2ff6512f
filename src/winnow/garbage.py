"""Keep the garbage collector from looking for garbage where there is none.

It looks at everything again whenever a quarter more has been made. An import makes hundreds of thousands of
objects, all of which stay: a fifth of the time that it takes to import torch or MLflow goes into that search.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Collect nothing inside the block, and never look at what is there at its end again.

    For imports, not for work: whatever refers to itself in a circle by then is never freed.

    >>> with uncollected():
    ...     gc.isenabled()
    False
    >>> gc.isenabled()
    True
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if collects:
            gc.enable()
