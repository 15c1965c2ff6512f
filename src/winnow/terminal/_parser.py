"""A parser whose refusals look like all others: one line with the remedy, exit code 2."""

import argparse
import sys
from typing import NoReturn


class Parser(argparse.ArgumentParser):
    """A parser for the words after one subcommand.

    >>> parser = Parser("ui", "Browse the runs.")
    >>> parser.prog, parser.parse_args([])
    ('winnow ui', Namespace())
    """

    def __init__(self, command: str, description: str, epilog: str = "") -> None:
        super().__init__(
            f"winnow {command}",
            description=description,
            epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )

    def error(self, message: str) -> NoReturn:
        print(f"error: {message} | {self.prog} --help", file=sys.stderr)
        raise SystemExit(2)
