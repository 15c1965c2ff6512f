"""Download a data set: python scripts/fetch_data.py [name=MNIST] [data_dir=data] [variant=...].

`name` is that of dataset=torchvision: MNIST, FashionMNIST, CIFAR10, SVHN, Flowers102, ...; `variant` chooses
one of those that come in several, such as EMNIST.
"""

import sys

from winnow.dataset import mnist, torchvision
from winnow.errors import WinnowError


def main(arguments: list[str]) -> int:
    """Fetch and verify the files; 0 when they are in place, 1 when not, 2 for an unknown argument."""
    settings = dict(argument.partition("=")[::2] for argument in arguments)
    name, data_dir = settings.pop("name", "MNIST"), settings.pop("data_dir", "data")
    variant = settings.pop("variant", None) or None
    if settings or not data_dir or not name:
        print(__doc__, file=sys.stderr)
        return 2
    print(f"{name}: looking in {data_dir}")
    try:
        # MNIST's own module knows the checksums of its unpacked files, and its mirrors.
        if name == "MNIST" and variant is None:
            mnist.fetch(data_dir)
        else:
            torchvision.fetch(name, data_dir, variant)
    except WinnowError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{name}: all files are in place and verified")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
