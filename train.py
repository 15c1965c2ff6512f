"""Find the part of a training set worth keeping, train on it, and compare with a random subset.

python train.py -m selector=nearest,furthest,random k=600,1200
"""

import sys


def main() -> None:
    """Do what `winnow compare` does with the same words."""
    from winnow.command.compare import compare

    compare(sys.argv[1:])


if __name__ == "__main__":
    import signal

    signal.signal(signal.SIGINT, signal.SIG_DFL)  # while there is nothing to end, no traceback of an import
    from winnow.command.ending import guard

    sys.exit(guard(main))
