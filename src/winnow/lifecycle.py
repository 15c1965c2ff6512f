"""How a command ends: signals, exit codes, and one line for the person who typed it.

Hydra, Lightning and MLflow each have their own idea of what Ctrl-C or an exception means. Here it is
decided once, outside all of them.
"""

import os
import re
import signal
import sys
import traceback
import warnings
from collections.abc import Callable, Sequence
from dataclasses import fields
from difflib import get_close_matches
from types import FrameType
from typing import NoReturn

from hydra._internal import hydra as hydra_itself
from hydra.errors import HydraException, MissingConfigException
from omegaconf.errors import OmegaConfBaseException

from winnow import sweep
from winnow.config import GROUPS, Door, Settings
from winnow.errors import TRACEBACK, Terminated, TryLater, exit_code, explain
from winnow.report import Row

FULL_ERROR = "HYDRA_FULL_ERROR"
_UNKNOWN_KEY = re.compile(r"Could not override '(\w+)'")
# Lines of Hydra's messages that say where in its own schema the fault lies.
_ASIDE = ("full_key", "object_type", "reference_type", "^", "See https", "Set the environment")


def guard(main: Callable[[], None]) -> int:
    """Run a command to its end, say what there is to say, and return its exit code."""
    if os.environ.get(FULL_ERROR) == "1":
        os.environ[TRACEBACK] = "1"
    # Without it Hydra prints its own report of an error and leaves with its own code.
    os.environ[FULL_ERROR] = "1"
    hydra_itself.Callbacks = Door
    sweep.name_command()
    signal.signal(signal.SIGTERM, _terminate)
    # Shells start background jobs with SIGINT ignored; an explicit kill -INT should still work.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    warnings.showwarning = _one_line_warning
    error: BaseException | None = None
    try:
        main()
    except BaseException as caught:
        error = caught
    try:
        outcome = sweep.finish(error)
    except Exception as fault:
        error, outcome = error or fault, []
    return _verdict(error, outcome)


def _verdict(error: BaseException | None, outcome: Sequence[Row]) -> int:
    """Print the last line, if something went wrong, and return the exit code."""
    failed = [row for row in outcome if row.status == "failed"]
    if isinstance(error, SystemExit) and not outcome:  # usage, help: what there was to say is said
        return exit_code(error)
    if error is not None:
        if os.environ.get(TRACEBACK):
            traceback.print_exception(error)
        print(f"error: {_in_one_line(error)}", file=sys.stderr)
        return exit_code(error) or 1
    if not failed:
        return 0
    if len(outcome) == 1:
        print(f"error: {failed[0].reason}", file=sys.stderr)
    else:
        print(f"error: {len(failed)} of {len(outcome)} jobs failed | listed above", file=sys.stderr)
    codes = {row.exit_code for row in failed}
    return TryLater.exit_code if codes == {TryLater.exit_code} else 1


def _in_one_line(error: BaseException) -> str:
    """What `explain` says, and Hydra's own messages condensed to what was wrong and how to mend it."""
    if isinstance(error, MissingConfigException) and error.missing_cfg_file and error.options:
        group, _, option = error.missing_cfg_file.rpartition("/")
        near = get_close_matches(option, error.options, n=1)
        meant = f" | did you mean {near[0]}?" if near else ""
        return f"{group} must be one of {', '.join(error.options)}, got '{option}'{meant}"
    if not isinstance(error, HydraException | OmegaConfBaseException):
        return explain(error)
    text = str(error) if error.__cause__ is None else f"{error}\n{error.__cause__}"
    lines = [line.strip() for line in text.split("\n")]
    lines = [line for line in lines if line and not line.startswith(_ASIDE)]
    if unknown := _UNKNOWN_KEY.match(lines[0]):
        near = get_close_matches(unknown[1], [*GROUPS, *(field.name for field in fields(Settings))], n=1)
        remedy = f"did you mean {near[0]}?" if near else "--help shows the settings"
        return f"every key must be known, got {unknown[1]} | {remedy}"
    if lines[0].startswith("Ambiguous value"):
        return f"{lines[0]} | to run one job for each value add -m: python train.py -m ..."
    return " | ".join(dict.fromkeys(lines[:3]))


def _terminate(number: int, frame: FrameType | None) -> NoReturn:
    raise Terminated


def _one_line_warning(message: Warning | str, category: type[Warning], *_: object, **__: object) -> None:
    print(f"warning: {message}", file=sys.stderr)
