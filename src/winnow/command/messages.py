"""Say what Hydra and OmegaConf complain of in one line that names the setting and the remedy."""

import re
from collections.abc import Sequence
from difflib import get_close_matches

from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf.errors import OmegaConfBaseException
from yaml import MarkedYAMLError

from winnow.command._launchers import LAUNCHERS
from winnow.command.arguments import unreadable
from winnow.command.configuration import KEYS
from winnow.command.fields import unknown_key
from winnow.errors import InvalidValue

# Lines of Hydra's messages that say where in its own schema the fault lies.
_DETAILS = ("full_key", "object_type", "reference_type", "^", "See https", "Set the environment")


def in_own_words(error: BaseException) -> BaseException:
    """Return an error of Hydra's or OmegaConf's as one line; any other error is returned as it is."""
    if isinstance(error, MissingConfigException) and error.missing_cfg_file and error.options:
        return _unknown_option(error.missing_cfg_file, error.options)
    if isinstance(error, MarkedYAMLError) and (at := error.problem_mark):
        where = f"{at.name}, line {at.line + 1}"
        return InvalidValue(f"a yaml must be readable, got {error.problem}", where=where)
    if not isinstance(error, HydraException | OmegaConfBaseException):
        return error
    if isinstance(error, OverrideParseException):
        return unreadable(error.override)
    text = str(error) if error.__cause__ is None else f"{error}\n{error.__cause__}"
    lines = [line.strip() for line in text.split("\n")]
    lines = [line for line in lines if line and not line.startswith(_DETAILS)]
    if unknown := re.match(r"Could not override '([^']+)'", lines[0]):
        return unknown_key(unknown[1], KEYS)
    if lines[0].startswith(("Ambiguous value", "Sweep parameters")):
        several = "to run one job for each value add -m: python train.py -m ...; a list is written [a,b]"
        return InvalidValue(lines[0], remedy=several)
    if repeated := re.match(r"(\w+) appears more than once in the final defaults list", lines[0]):
        group = repeated[1]
        return InvalidValue(
            f"{group} must be chosen once", where=f"+{group}=...", remedy=f"leave out the +: {group}=<option>"
        )
    return InvalidValue(" | ".join(dict.fromkeys(lines[:3])))


def _unknown_option(file: str, options: Sequence[str]) -> InvalidValue:
    group, _, option = file.rpartition("/")
    near = get_close_matches(option, options, n=1)
    if group == "hydra/launcher" and option in LAUNCHERS:
        return InvalidValue(
            f"{group} must be one that is installed, got {option}",
            where=f"{group}={option}",
            remedy="pip install winnow-subset[cluster]",
        )
    return InvalidValue(
        f"{group} must be one of {', '.join(options)}, got '{option}'",
        where=f"{group}={option}",
        remedy=f"did you mean {near[0]}?" if near else "",
    )
