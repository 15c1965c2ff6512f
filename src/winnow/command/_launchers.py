"""The launchers that a command may choose, and their settings: plain values, each with its rule."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Rule:
    """What a value must be, in words and as a test."""

    words: str
    holds: Callable[[Any], bool]


def of_type(words: str, *types: type) -> Rule:
    """Return the rule that a value is of one of these types."""
    # An exact type: True is no number, and no subclass of str is plain text.
    return Rule(words, lambda value: type(value) in types)


def one_of(*values: Any) -> Rule:
    """Return the rule that a value is one of these."""
    return Rule(f"be one of {', '.join(map(str, values))}", lambda value: value in values)


def _matching(words: str, pattern: str) -> Rule:
    form = re.compile(pattern, re.ASCII)
    # A number is written as such in a yaml, and means the same.
    fits = of_type(words, str, int).holds
    return Rule(words, lambda value: value is None or (fits(value) and bool(form.fullmatch(str(value)))))


WHOLE = of_type("be a whole number", int)
_PROCESSES = Rule(
    "be a whole number from -4096 to 4096 other than 0",
    lambda value: type(value) is int and 0 < abs(value) <= 4096,
)
WHOLE_OR_NULL = of_type("be a whole number or null", int, type(None))
_NUMBER_OR_NULL = of_type("be a number or null", int, float, type(None))
_YES_OR_NO = of_type("be true or false", bool)
# Such a value becomes one line of the script that Slurm runs: no line break, no quote, no path.
_WORD = _matching("be a word of letters, digits and .,:=@+*&|!()[]%-", r"[\w .,:=@+*&|!()\[\]%-]{0,200}")

_SUBMITIT = {
    "timeout_min": WHOLE,
    "cpus_per_task": WHOLE_OR_NULL,
    "gpus_per_node": WHOLE_OR_NULL,
    "tasks_per_node": WHOLE,
    "mem_gb": WHOLE_OR_NULL,
    "nodes": WHOLE,
    "name": _WORD,
    "stderr_to_stdout": _YES_OR_NO,
}
# Left out: folders, `setup` (shell commands), `additional_parameters` (any option of sbatch).
LAUNCHERS: Mapping[str, Mapping[str, Rule]] = {
    "basic": {},
    "joblib": {
        "n_jobs": _PROCESSES,
        "verbose": WHOLE,
        "timeout": _NUMBER_OR_NULL,
        "batch_size": _matching("be auto or a number", r"auto|\d{1,6}"),
        "pre_dispatch": _matching("be all, a number, or a number times n_jobs", r"all|\d{1,6}(\*n_jobs)?"),
        "max_nbytes": _matching("be a size such as 10M, or null", r"\d{1,9}[KMG]?"),
    },
    "submitit_local": {**_SUBMITIT, "array_parallelism": WHOLE_OR_NULL},
    "submitit_slurm": {
        **_SUBMITIT,
        **dict.fromkeys(("partition", "qos", "comment", "constraint", "exclude", "gres"), _WORD),
        **dict.fromkeys(("account", "mem_per_gpu", "mem_per_cpu"), _WORD),
        **dict.fromkeys(("cpus_per_gpu", "gpus_per_task"), WHOLE_OR_NULL),
        **dict.fromkeys(("signal_delay_s", "max_num_timeout", "array_parallelism"), WHOLE),
    },
}
