"""Import what every worker needs, once, in the process that workers are forked from.

Nothing here is looked at again by their garbage collectors, which would write to each object they look at, and
so make every worker a copy of its own [1]_.

.. [1] The documentation of `gc.freeze`. https://docs.python.org/3/library/gc.html#gc.freeze
"""

from winnow.garbage import uncollected

with uncollected():
    import loky.process_executor

    from winnow import training, workers

__all__ = ["loky", "training", "workers"]
