"""Read `name=value` arguments, spelled as for train.py."""

import sys


def settings(**defaults: str) -> dict[str, str]:
    """Return `defaults` overridden by the command line; end with exit code 2 on anything else."""
    given = dict(argument.partition("=")[::2] for argument in sys.argv[1:])
    if unknown := given.keys() - defaults.keys():
        expected = " ".join(f"{name}={value}" for name, value in defaults.items())
        print(f"error: unknown setting {', '.join(sorted(unknown))} | try {expected}", file=sys.stderr)
        raise SystemExit(2)
    return defaults | given
