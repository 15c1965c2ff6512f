"""The door: what a person typed becomes plain, checked objects here, and nothing past here sees a config.

Legality is data. The settings and the fields of every stage carry their types and bounds; pydantic checks
them; every refusal is one line. A `_target_` may name only a stage of winnow's own tree, by its exact name,
and is compared with that tree before anything is imported.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from difflib import get_close_matches
from functools import cache, partial
from importlib import import_module
from itertools import product
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from hydra._internal import hydra as hydra_itself
from hydra._internal.callbacks import Callbacks
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException, MissingConfigException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from pydantic import TypeAdapter, ValidationError

from winnow.command.plan import Plan, Settings
from winnow.command.remembering import Remembering
from winnow.errors import InvalidValue
from winnow.registry import default_stage
from winnow.selector.from_file import FromFile
from winnow.stages import Model

MIRRORED = ("dataset", "embedding", "clusterer", "selector", "model", "augment")
FIXED_TARGETS = {
    "trainer": {"winnow.trainer.lightning.Lightning", "winnow.trainer.reference.Reference"},
    "dynamics": {"winnow.dynamics.short_training.ShortTraining"},
    "tracker": {"winnow.tracker.mlflow.MLflow", "winnow.tracker.mlflow.NoTracker"},
}
GROUPS = (*MIRRORED, *FIXED_TARGETS)
STUDY = "study"  # the one group that may stay empty
_OF_STAGES = tuple(f"{group}." for group in (*GROUPS, STUDY))
_adapter = cache(TypeAdapter)  # one takes longer to make than to use, and every job uses the same


class Door(Callbacks):
    """Checks every job of a command before Hydra makes a folder or starts the first of them.

    It takes the place of Hydra's own callbacks, which would build whatever object a config names under
    `hydra.callbacks` before anybody could object, and turn a refusal into a warning.
    """

    def __init__(self, config: DictConfig | None = None) -> None:
        super().__init__()
        if config is not None and config.hydra.callbacks:
            raise InvalidValue(
                f"hydra.callbacks must be empty, got {', '.join(config.hydra.callbacks)}",
                where="hydra.callbacks",
                remedy="winnow builds nothing but its own stages",
            )

    def on_run_start(self, config: DictConfig, **_: Any) -> None:
        self._admit(config, [[]], lambda _: config)

    def on_multirun_start(self, config: DictConfig, **_: Any) -> None:
        loader = GlobalHydra.instance().config_loader()
        # Hydra composes every job once to see whether it can, and once to start it.
        loader.load_sweep_config = Remembering(loader.load_sweep_config)
        composed = partial(loader.load_sweep_config, config)
        self._admit(config, sweep_overrides(config), composed)

    def _admit(self, config: DictConfig, jobs: list[list[str]], composed: Any) -> None:
        from winnow.command import sweep

        plans = []
        for overrides in jobs:
            try:
                plans.append(build(composed(overrides)))
            except HydraException as error:
                swept = [word for word in overrides if not all(word in other for other in jobs)]
                raise in_own_words(error, swept) from error
        sweep.begin(plans, jobs, command=" ".join(config.hydra.overrides.task))


class Loader(ConfigLoaderImpl):
    """Composes what the jobs of a sweep share without the settings of stages.

    Only a job knows whether the option that it has chosen knows a setting, and judges that when it is
    composed itself: `-m selector=el2n,aum selector.quota=class`.
    """

    def load_configuration(self, *, overrides: list[str], run_mode: RunMode, **others: Any) -> DictConfig:
        compose_with = partial(super().load_configuration, run_mode=run_mode, **others)
        if run_mode != RunMode.MULTIRUN:
            return compose_with(overrides=overrides)
        typed = OverridesParser.create().parse_overrides(overrides)
        shared = [each for each in typed if not each.key_or_group.startswith(_OF_STAGES)]
        config = compose_with(overrides=[each.input_line for each in shared])
        config.hydra.overrides.task = [each.input_line for each in typed if not each.is_hydra_override()]
        return config


def guard_the_door() -> None:
    """Put the door and the loader where Hydra keeps its own; it has no public place for them."""
    hydra_itself.Callbacks, hydra_itself.ConfigLoaderImpl = Door, Loader


def sweep_overrides(config: DictConfig) -> list[list[str]]:
    """The overrides of every job of a multirun, in the order in which Hydra will start them."""
    parser = OverridesParser.create(GlobalHydra.instance().config_loader())
    axes = []
    for override in parser.parse_overrides(list(config.hydra.overrides.task)):
        key = override.get_key_element()
        if override.is_sweep_override():
            axes.append([f"{key}={value}" for value in override.sweep_string_iterator()])
        else:
            axes.append([f"{key}={override.get_value_element_as_str()}"])
    return [list(job) for job in product(*axes)]


def composed(folder: Path, overrides: Sequence[str]) -> Plan:
    """Return the plan that the configuration in `folder` and these overrides describe, outside a command."""
    with initialize_config_dir(str(folder), version_base="1.3"):
        return build(compose("config", list(overrides)))


def build(config: DictConfig) -> Plan:
    """Turn a composed config into a plan.

    Raises
    ------
    InvalidValue
        At the first unknown key, wrong type, value out of range, or target that is not allowed.
    """
    ours = OmegaConf.masked_copy(config, [name for name in config if name != "hydra"])
    try:
        values = OmegaConf.to_container(ours, resolve=True, throw_on_missing=True)
    except OmegaConfBaseException as error:
        raise InvalidValue(f"the configuration must resolve, got {_first_line(error)}") from error
    names = [field.name for field in fields(Settings)]
    _refuse_unknown(values, [*names, *GROUPS, STUDY], "")
    if isinstance(values.get("transfer"), str):  # a single name is a list of one
        values["transfer"] = [values["transfer"]]
    settings = checked(Settings, {name: values.get(name) for name in names})
    if settings.n_jobs == 0:
        raise InvalidValue("n_jobs must be -1 (all available cores) or at least 1, got 0", where="n_jobs=0")
    stages = {group: _stage(group, values.get(group)) for group in GROUPS}
    _check_steps(stages["trainer"])
    if settings.subset_file is not None:
        stages["selector"] = FromFile(settings.subset_file)
    if isinstance(stages["selector"], FromFile):
        stages["selector"] = FromFile.of(stages["selector"].path)
        settings = replace(settings, budget=stages["selector"].rows)
    options = {group: _option(stage) for group, stage in stages.items() if group in MIRRORED}
    study = _stage(STUDY, values[STUDY]) if values.get(STUDY) else None
    # The model itself is no other network: in a sweep over models, one list serves them all.
    transfer = {name: _network(name) for name in settings.transfer if name != options["model"]}
    return Plan(settings, stages, options, OmegaConf.to_yaml(OmegaConf.create(values)), study, transfer)


def _check_steps(trainer: Any) -> None:
    if trainer.match == "epochs" and trainer.steps is not None:
        raise InvalidValue(
            f"trainer.steps must be null where trainer.match=epochs, got {trainer.steps}",
            where=f"trainer.steps={trainer.steps}",
            remedy="set trainer.epochs, the passes over the kept rows",
        )


def allowed_targets(group: str) -> Iterator[str]:
    """Module names (mirrored groups) or exact class names that a `_target_` of this group may use."""
    if group in FIXED_TARGETS:
        yield from sorted(FIXED_TARGETS[group])
    else:
        folder = Path(__file__).parents[1] / group
        yield from (f"winnow.{group}.{path.stem}" for path in sorted(folder.glob("[!_]*.py")))


def _stage(group: str, node: Any) -> Any:
    if not isinstance(node, dict) or "_target_" not in node:
        raise InvalidValue(
            f"{group} must be one of the options in conf/{group}, got {node!r}",
            where=group,
            remedy=f"choose one with {group}=<option>; --help lists them",
        )
    target, values = node["_target_"], {name: v for name, v in node.items() if name != "_target_"}
    kind = _resolve(group, target)
    _refuse_unknown(values, [field.name for field in fields(kind)], f"{group}.")
    return checked(kind, values, f"{group}.")


def _network(name: str) -> Model:
    """Return the model of this name with the hyper-parameters that it has by default."""
    known = [target.rpartition(".")[2] for target in allowed_targets("model")]
    if name not in known:
        near = get_close_matches(name, known, n=1)
        raise InvalidValue(
            f"transfer must name models, of {', '.join(known)}, got {name!r}",
            where=f"transfer={name}",
            remedy=f"did you mean {near[0]}?" if near else "several are written transfer=[mlp,convnet]",
        )
    return default_stage(Model, name)


def _resolve(group: str, target: Any) -> type:
    allowed = set(allowed_targets(group))
    module, _, name = str(target).rpartition(".")
    if (target if group in FIXED_TARGETS else module) in allowed:
        kind = getattr(import_module(module), name, None)
        # A name that a module merely imported is not one of its stages.
        if isinstance(kind, type) and kind.__module__ == module:
            return kind
    raise InvalidValue(
        f"{group}._target_ must name a stage of winnow, got {target!r}",
        where=f"{group}._target_",
        remedy=f"put your class into src/winnow/{group}/ and a yaml of the same name into conf/{group}/",
    )


def checked(kind: type, values: dict[str, Any], prefix: str = "") -> Any:
    """Make a `kind` of plain values, or refuse the first that breaks a rule of its fields."""
    try:
        # As JSON, because a list may then stand for a tuple while strings still never pass for numbers.
        return _adapter(kind).validate_json(json.dumps(values), strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = prefix + ".".join(str(part) for part in first["loc"] if isinstance(part, int | str))
        rule = first["msg"].removeprefix("Input should ").removeprefix("String should ")
        raise InvalidValue(
            f"{name} must {rule}, got {first['input']!r}",
            where=f"{name}={first['input']}",
            remedy="--help shows the settings and their defaults",
        ) from error


def _refuse_unknown(values: Mapping[str, Any], known: list[str], prefix: str) -> None:
    for name in values:
        if name not in known:
            raise _unknown(prefix + name, [prefix + each for each in known])


def _unknown(name: str, known: list[str]) -> InvalidValue:
    near = get_close_matches(name, known, n=1)
    return InvalidValue(
        f"every key must be known, got {name}",
        where=name,
        remedy=f"did you mean {near[0]}?" if near else "--help shows all settings",
    )


def _option(stage: Any) -> str:
    return type(stage).__module__.rpartition(".")[2]


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0]


# Lines of Hydra's messages that say where in its own schema the fault lies.
_ASIDE = ("full_key", "object_type", "reference_type", "^", "See https", "Set the environment")


def in_own_words(error: BaseException, swept: Sequence[str] = ()) -> BaseException:
    """Say a complaint of Hydra's or OmegaConf's in one line; pass on everything else as it is.

    `swept` are the overrides that tell the job it is about from the others of its sweep.
    """
    if isinstance(error, MissingConfigException) and error.missing_cfg_file and error.options:
        group, _, option = error.missing_cfg_file.rpartition("/")
        near = get_close_matches(option, error.options, n=1)
        return InvalidValue(
            f"{group} must be one of {', '.join(error.options)}, got '{option}'",
            where=f"{group}={option}",
            remedy=f"did you mean {near[0]}?" if near else "",
        )
    if not isinstance(error, HydraException | OmegaConfBaseException):
        return error
    text = str(error) if error.__cause__ is None else f"{error}\n{error.__cause__}"
    lines = [line.strip() for line in text.split("\n")]
    lines = [line for line in lines if line and not line.startswith(_ASIDE)]
    if unknown := re.match(r"Could not override '([^']+)'", lines[0]):
        group, _, key = unknown[1].partition(".")
        if not key:
            return _unknown(group, [*(field.name for field in fields(Settings)), *GROUPS])
        option = next((word for word in swept if word.startswith(f"{group}=")), "")
        known = f"leave {option} out of the sweep" if option else "--help shows all settings"
        hidden = f"; what its yaml does not show is written ++{unknown[1]}=..." if group in GROUPS else ""
        return InvalidValue(
            f"every key must be known, got {unknown[1]}", where=option or unknown[1], remedy=known + hidden
        )
    if lines[0].startswith("Ambiguous value"):
        several = "to run one job for each value add -m: python train.py -m ...; a list is written [a,b]"
        return InvalidValue(lines[0], remedy=several)
    return InvalidValue(" | ".join(dict.fromkeys(lines[:3])))
