"""Download MNIST: python scripts/fetch_data.py [data_dir=data]."""

import sys

from winnow.dataset.mnist import fetch, raw_folder
from winnow.errors import WinnowError


def main(arguments: list[str]) -> int:
    """Fetch and verify the files; 0 when they are in place, 1 when not, 2 for an unknown argument."""
    settings = dict(argument.partition("=")[::2] for argument in arguments)
    data_dir = settings.pop("data_dir", "data")
    if settings or not data_dir:
        print(__doc__, file=sys.stderr)
        return 2
    print(f"MNIST: looking in {raw_folder(data_dir)}")
    try:
        fetch(data_dir)
    except WinnowError as error:
        print(error, file=sys.stderr)
        return 1
    print("MNIST: all four files are in place and verified")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
