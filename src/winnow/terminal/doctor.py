"""`winnow doctor`: try out what a command would use, and say what to change."""

from collections.abc import Sequence

DESCRIPTION = """\
winnow doctor [name=value ...], with the words of a command, such as state_dir=... or tracker.uri=...
Tries locks, renaming, free disk, the tracking store, versions, cores and the device; changes nothing."""


def run(words: Sequence[str]) -> None:
    """Print all findings.

    Raises
    ------
    SystemExit
        With 1 if one of them is a fault.
    """
    if "--help" in words or "-h" in words:
        print(DESCRIPTION)
        return
    from winnow.command.doctor import main

    raise SystemExit(main(words))
