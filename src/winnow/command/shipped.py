"""Where winnow's configuration is: beside the code in an installed package, at the top of a checkout."""

from pathlib import Path

PACKAGE = Path(__file__).parents[1]


def conf() -> Path:
    """Return the folder of the configuration.

    >>> (conf() / "config.yaml").is_file()
    True
    """
    installed = PACKAGE / "conf"
    return installed if installed.is_dir() else PACKAGE.parents[1] / "conf"
