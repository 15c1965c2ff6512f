"""Run all jobs of `python train.py -m ...`: compose each, check all, then run them."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache
from itertools import islice, product
from math import prod
from pathlib import Path
from time import monotonic

from hydra import compose
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Glob, Override, Quote, QuotedString
from hydra.core.plugins import Plugins
from hydra.errors import HydraException
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf, open_dict

from winnow.command import launchers
from winnow.command._resolvers import check_resolvers
from winnow.command._typed import Typed
from winnow.command.arguments import CHOICES
from winnow.command.checks import check_config
from winnow.command.configuration import build, recorded, words_of
from winnow.command.fields import UNKNOWN
from winnow.command.interruption import interruption
from winnow.command.launched import launching, record_lost
from winnow.command.messages import in_own_words
from winnow.command.plan import Plan
from winnow.command.submission import LostJobs
from winnow.command.sweep import Sweep
from winnow.errors import InvalidValue
from winnow.registry import name_of
from winnow.selector.from_file import FromFile

NOTICE_SECONDS = 1.0
MANY = 20  # jobs that are not checked in the blink of an eye
MOST_JOBS = 10_000


def run(context: HydraContext, function: TaskFunction, config: DictConfig, arguments: Sequence[str]) -> None:
    """Compose and check every job, then run them here or hand them to the launcher that was chosen."""
    jobs = combinations(arguments)
    if len(jobs) > MANY:
        print(f"checking {len(jobs)} jobs", file=sys.stderr, flush=True)
    plans = list(plans_of(jobs, _conf(config)))
    name = config.hydra.runtime.choices["hydra/launcher"]
    launchers.check(name)
    sweep = Sweep.begin(plans, command=recorded(words_of(config.hydra), config))
    if name == "basic":
        sweep.run()
        return
    with open_dict(config):
        config.hydra.sweep.dir = str(sweep.folder)  # where some launchers keep files of their own
    launcher = Plugins.instance().instantiate_launcher(context, function, config)
    shared = _shared_words(sweep)

    def launch() -> None:
        with launching(sweep.folder):
            reasons: Mapping[int, str] = {}
            fault: Exception | None = None
            try:
                launcher.launch([[*job, *shared] for job in jobs], initial_job_idx=0)
            except LostJobs as lost:
                reasons = lost.reasons
            except Exception as error:
                fault = error
            interruption.check()
            record_lost(sweep.folder, reasons, fault)

    sweep.run(launch)


def _shared_words(sweep: Sweep) -> list[str]:
    """Return the words that every launched job needs besides its own to take part in the command."""
    folder = QuotedString(str(sweep.folder), Quote.single).with_quotes()
    words = [f"hydra.sweep.dir={folder}"]
    # The data set was decided once, here: the jobs of a sweep must not disagree about it.
    names = {name_of(plan.stages.dataset) for plan in sweep.plans}
    return words + ([f"dataset={names.pop()}"] if len(names) == 1 else [])


def combinations(arguments: Sequence[str]) -> list[list[str]]:
    """Return the overrides of every job: all combinations of the swept values, the last varying fastest.

    >>> combinations(["selector=nearest,random", "k=50", "seeds=1,2"])[1]
    ['selector=nearest', 'k=50', 'seeds=2']

    Raises
    ------
    InvalidValue
        If a sweep has no values, or none that could be listed, such as `interval(0,1)`, or if there are more
        than `MOST_JOBS` combinations.
    """
    axes: dict[str, list[str]] = {}
    for override in OverridesParser.create().parse_overrides(list(arguments)):
        axes[override.get_key_element()] = _values(override)
    if (jobs := prod(map(len, axes.values()))) > MOST_JOBS:
        got = f"{jobs:,} or more" if any(len(values) > MOST_JOBS for values in axes.values()) else f"{jobs:,}"
        raise InvalidValue(
            f"a command must have at most {MOST_JOBS:,} jobs, got {got}",
            where=max(axes, key=lambda name: len(axes[name])),
            remedy="split it into several commands",
        )
    return [list(job) for job in product(*axes.values())]


def _values(override: Override) -> list[str]:
    key = override.get_key_element()
    if not override.is_sweep_override():
        value = override.get_value_element_as_str
        return [override.input_line if override.is_delete() else f"{key}={value()}"]
    values = list(islice(override.sweep_string_iterator(), MOST_JOBS + 1)) if _is_listed(override) else []
    if not values:
        raise InvalidValue(
            f"{key} must be given the values of a sweep, got none",
            where=override.input_line,
            remedy=f"list them, {key}=600,1200, or count, {key}=range(100,700,100)",
        )
    return [f"{key}={value}" for value in values]


def _is_listed(override: Override) -> bool:
    return override.is_discrete_sweep() and not isinstance(override.value(), Glob)


def _conf(config: DictConfig) -> Path:
    """Return the folder of the configuration that the command was started with."""
    sources = {source.provider: source.path for source in config.hydra.runtime.config_sources}
    return Path(sources["main"])


def plans_of(jobs: Sequence[Sequence[str]], conf: Path) -> Iterator[Plan]:
    """Compose and check jobs one after the other, each given by its words; Hydra must know the folder `conf`.

    Raises
    ------
    InvalidValue
        At the first job that is not allowed or contradicts itself.
    """
    composer, noticed = Composer(conf), monotonic()
    read_list = cache(FromFile.of)  # jobs that train on one list share it
    for number, words in enumerate(jobs):
        interruption.check()
        if monotonic() - noticed > NOTICE_SECONDS:
            noticed = monotonic()
            print(f"checking job {number + 1} of {len(jobs)}", file=sys.stderr, flush=True)
        try:
            yield build(composer.composed(words), words, read_list)
        except HydraException as error:
            raise in_own_words(error) from error
        except InvalidValue as error:
            raise _of_option(
                error, [word for word in words if not all(word in job for job in jobs)]
            ) from error


def _of_option(error: InvalidValue, swept: Sequence[str]) -> InvalidValue:
    """Return the refusal of a setting with the option of the sweep that does not have it, if it is that."""
    group = error.where.partition(".")[0]
    option = next((word for word in swept if word.startswith(f"{group}=")), "")
    if not option or not error.what.startswith(UNKNOWN):
        return error
    meant = error.remedy if error.remedy.startswith("did you mean") else ""
    return InvalidValue(error.what, where=option, remedy=meant or f"leave {option} out of the sweep")


@dataclass(eq=False)
class Composer:
    """Composes the jobs of a sweep; jobs that choose the same options differ in plain values only.

    To read and merge the files of the chosen options takes Hydra a tenth of a second. It is done once for
    each combination of options; plain values are then set in a copy, as Hydra does last of all.
    """

    conf: Path
    _known: dict[tuple[str, ...], DictConfig] = field(default_factory=dict)

    def composed(self, words: Sequence[str]) -> DictConfig:
        """Return the configuration of one job, without its `hydra` node, which was checked."""
        overrides = OverridesParser.create().parse_overrides(list(words))
        values = [each for each in overrides if _is_plain_value(each)]
        choices = [each.input_line for each in overrides if not _is_plain_value(each)]
        known = (*choices, *(each.get_key_element() for each in values))
        if known not in self._known:
            config = compose("config", list(words), return_hydra_config=True)
            check_config(config, Typed(tuple(words)), self.conf)
            self._known[known] = OmegaConf.masked_copy(config, [name for name in config if name != "hydra"])
        config = deepcopy(self._known[known])
        for each in values:
            OmegaConf.update(config, each.key_or_group, each.value(), merge=True, force_add=True)
        check_resolvers(OmegaConf.to_container(config, resolve=False))
        return config


def _is_plain_value(override: Override) -> bool:
    key = override.key_or_group
    is_setting = key not in CHOICES and "/" not in key and not override.is_hydra_override()
    return is_setting and not override.is_delete() and override.package is None
