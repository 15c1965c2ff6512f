"""Import what every worker needs, once, in the process that workers are forked from.

Hidden from the garbage collectors of the workers: by noting in each object that they have looked at it, they
would make a copy of nearly everything for every worker [1]_.

.. [1] The documentation of `gc.freeze`. https://docs.python.org/3/library/gc.html#gc.freeze
"""

from winnow.lasting import lasting

with lasting():
    import loky.process_executor
    import scipy.sparse

    from winnow import training, workers

__all__ = ["loky", "scipy", "training", "workers"]
