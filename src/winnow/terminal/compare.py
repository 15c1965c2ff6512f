"""`winnow compare`: train on what selectors keep, and compare with random subsets of the same size."""

from collections.abc import Sequence


def run(words: Sequence[str]) -> None:
    """Do what `train.py` does with these words."""
    from winnow.command.compare import compare

    compare(words)
