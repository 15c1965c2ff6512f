"""Spare the garbage collector what will stay.

It looks at everything again whenever a quarter more has been made. An import makes objects by the hundred
thousand, and hardly any garbage: a fifth of the time that it takes to import torch or MLflow is that search.
"""

import atexit
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

# Triton, which torch may load, complains at the end of every object that was kept from the collector.
atexit.register(gc.unfreeze)


@contextmanager
def lasting() -> Iterator[None]:
    """Collect no garbage inside the block, and do not look at what is there at its end again.

    For imports, once: what work has left behind in circles would not be freed.

    >>> with lasting():
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


def end_at_once() -> None:
    """Spare Python its last search through all there is, the better part of a second; call it last."""
    if "triton" not in sys.modules:
        atexit.unregister(gc.unfreeze)
        gc.freeze()
