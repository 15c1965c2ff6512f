"""`winnow doctor`: try out what a command would use, and say what to change."""

from collections.abc import Sequence

DESCRIPTION = """\
usage: winnow doctor [name=value ...]

Try out what a command with these words would use, such as state_dir=... or
tracker.uri=...: locks between processes, renaming, flushing, free disk, the
tracking store, versions, optional parts, cores and the device. Say what to
change. Nothing is computed, and the folder is left as it was. Ends with 1 if something is wrong."""


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
