"""Read `name=value` arguments, spelled as for train.py."""

import sys


def split_settings(**defaults: str) -> tuple[dict[str, str], list[str]]:
    """Return `defaults` overridden by the command line, and the words that are about something else."""
    own = [word for word in sys.argv[1:] if word.partition("=")[0] in defaults]
    given = dict(word.partition("=")[::2] for word in own)
    return defaults | given, [word for word in sys.argv[1:] if word not in own]


def settings(**defaults: str) -> dict[str, str]:
    """Return `defaults` overridden by the command line; end with exit code 2 on anything else."""
    given = dict(argument.partition("=")[::2] for argument in sys.argv[1:])
    if unknown := given.keys() - defaults.keys():
        expected = " ".join(f"{name}={value}" for name, value in defaults.items())
        print(f"error: unknown setting {', '.join(sorted(unknown))} | try {expected}", file=sys.stderr)
        raise SystemExit(2)
    return defaults | given
