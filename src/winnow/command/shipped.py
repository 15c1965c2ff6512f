"""winnow's own configuration: beside the code in an installed package, at the top of a checkout."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from winnow.command.plan import Plan

PACKAGE = Path(__file__).parents[1]


def conf() -> Path:
    """Return the folder of the configuration.

    >>> (conf() / "config.yaml").is_file()
    True
    """
    installed = PACKAGE / "conf"
    return installed if installed.is_dir() else PACKAGE.parents[1] / "conf"


def plan_of(settings: Mapping[str, Any]) -> "Plan":
    """Return the plan of some settings of `train.py`, outside a command.

    Raises
    ------
    InvalidValue
        If a setting or the name of an option is not known, or breaks a rule.
    """
    from hydra.errors import HydraException

    from winnow.command.configuration import composed
    from winnow.command.messages import in_own_words

    try:
        return composed(conf(), [f"{name}={value}" for name, value in settings.items()])
    except HydraException as error:
        raise in_own_words(error) from error
