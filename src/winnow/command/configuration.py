"""A composed configuration becomes plain, checked objects here; nothing further on sees a config.

The settings and the fields of every stage carry their types and bounds (`fields.py`); every refusal is one
line. A `_target_` may name only a stage of winnow's own tree, by its exact name, and is compared with
that tree before anything is imported.
"""

from collections.abc import Callable, Mapping, Sequence
from copy import copy, deepcopy
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from winnow import registry
from winnow.command.arguments import for_hydra
from winnow.command.fields import checked, fields_of, refuse_unknown
from winnow.command.plan import Plan, Settings, Stages
from winnow.command.sides import read_for_its_stages
from winnow.errors import InvalidValue
from winnow.registry import GROUPS
from winnow.selector.from_file import FromFile
from winnow.stages import Model, Source
from winnow.store.credentials import hide_credentials

STUDY = "study"  # the one group that may stay empty
SIZES = ("k", "budget")
KEYS = (*fields_of(Settings), *GROUPS, STUDY)


def composed(folder: Path, overrides: Sequence[str]) -> Plan:
    """Return the plan that the configuration in `folder` and these overrides describe, outside a command."""
    outer = copy(GlobalHydra.instance())  # of a program that is a Hydra application itself
    GlobalHydra.instance().clear()
    try:
        with initialize_config_dir(str(folder.absolute()), version_base="1.3"):
            return build(compose("config", for_hydra(overrides)), overrides)
    finally:
        GlobalHydra.set_instance(outer)


def build(
    config: DictConfig, overrides: Sequence[str] = (), read_list: Callable[[str], FromFile] = FromFile.of
) -> Plan:
    """Turn a composed config into a plan; `read_list` reads a list of kept rows, if it names one.

    Raises
    ------
    InvalidValue
        At the first unknown key, wrong type, value out of range, or target that is not allowed.
    """
    ours = OmegaConf.masked_copy(config, [name for name in config if name != "hydra"])
    values = _resolved(ours)
    refuse_unknown(values, KEYS, "")
    settings = _settings(values)
    undecided = [name for name in SIZES if not isinstance(values[name], int)]
    values = _resolved(_with(ours, dict.fromkeys(undecided, 1)))
    stages = Stages(**{group: _stage(group, values.get(group)) for group in GROUPS})
    stages.trainer.check()
    _require_typed_schedulers(stages, overrides)
    _require_apart(stages.dataset, settings.state_dir)
    if settings.subset_file is not None:
        stages = replace(stages, selector=FromFile(settings.subset_file))
    if isinstance(stages.selector, FromFile):
        selector = read_list(stages.selector.path)
        stages = replace(stages, selector=selector)
        settings = replace(settings, k=selector.rows, budget=selector.rows)
    study = _stage(STUDY, values[STUDY]) if values.get(STUDY) else None
    if settings.select_only:
        settings, stages = _selecting(settings, stages, study, overrides)
    # The model itself is no other network: in a sweep over models, one list serves them all.
    others = [name for name in settings.transfer if name != registry.name_of(stages.model)]
    transfer = {name: _network(name) for name in others}
    resolved = hide_credentials(OmegaConf.to_yaml(OmegaConf.create(values)), address_of(config))
    hidden = [hide_credentials(word, address_of(config)) for word in overrides]
    unresolved = OmegaConf.to_container(ours, resolve=False)
    plan = Plan(settings, stages, resolved, study, transfer, tuple(hidden), unresolved)
    return read_for_its_stages(plan)


def _require_typed_schedulers(stages: Stages, overrides: Sequence[str]) -> None:
    """Refuse a scheduler that only a yaml names: what it sends is unpickled, so it could run any program."""
    for group in ("clusterer", "embedding"):
        name, address = f"{group}.scheduler", getattr(getattr(stages, group), "scheduler", None)
        if address is not None and not _is_typed(name, overrides):
            raise InvalidValue(
                f"{name} must be typed, because a scheduler can run any program here, got {address!r}",
                where=f"{name}={address}",
                remedy="type it, if you know who runs it, or leave it out",
            )


def _require_apart(dataset: Source, state_dir: str) -> None:
    """Refuse to write results among the images: their folders would be read as classes."""
    if dataset.holds(Path(state_dir)):
        raise InvalidValue(
            f"state_dir must not lie in dataset.folder, got {state_dir}",
            where=f"state_dir={state_dir}",
            remedy="type state_dir=../state, or another folder outside of it",
        )


def _is_typed(name: str, overrides: Sequence[str]) -> bool:
    return any(word.lstrip("+").startswith(f"{name}=") for word in overrides)


def _selecting(
    settings: Settings, stages: Stages, study: Any, overrides: Sequence[str]
) -> tuple[Settings, Stages]:
    """Return what a job that only selects needs: one repetition unless more were typed, and no tracker."""
    if study is not None:
        raise InvalidValue(
            "select_only must be false in a study",
            where="select_only=true",
            remedy="leave out one of the two",
        )
    typed = _is_typed("seeds", overrides)
    # Runs are compared by their accuracies, and there is none: its files are the record of such a job.
    stages = replace(stages, tracker=registry.default("tracker", "none"))
    return (settings if typed else replace(settings, seeds=1)), stages


def build_with(plan: Plan, changes: Mapping[str, Any]) -> Plan:
    """Return the plan of the same configuration with some of its keys changed, such as `k`."""
    config = _with(OmegaConf.create(dict(plan.unresolved)), changes)
    return build(config, plan.overrides, read_list=lambda path: plan.stages.selector)  # which holds it


def _with(config: DictConfig, changes: Mapping[str, Any]) -> DictConfig:
    changed = deepcopy(config)
    for key, value in changes.items():
        OmegaConf.update(changed, key, value, merge=False, force_add=True)
    return changed


def _resolved(config: DictConfig) -> dict[str, Any]:
    try:
        return OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
    except OmegaConfBaseException as error:
        raise _unresolved(config, error) from error


def _unresolved(config: DictConfig, error: OmegaConfBaseException) -> InvalidValue:
    values = OmegaConf.to_container(config, resolve=False)
    sizes = [values.get(name) for name in SIZES]
    if sizes == ["${budget}", "${k}"]:
        return InvalidValue(
            "k and budget must not both be named after the other, got no number for either",
            where="k=${budget}",
            remedy="budget is k unless it is given: type k=600, or budget=600 beside it",
        )
    return InvalidValue(f"the configuration must resolve, got {_first_line(error)}")


def words_of(hydra: DictConfig) -> list[str]:
    """Return what was typed, from Hydra's own node, with `${budget}` left as such."""
    return OmegaConf.to_container(hydra.overrides.task, resolve=False)


def recorded(words: Sequence[str], config: DictConfig) -> str:
    """Return what was typed as it may be kept: without the user and the password of the tracking store."""
    return hide_credentials(" ".join(words), address_of(config))


def address_of(config: DictConfig) -> str:
    """Return the address of the tracking store in a composed configuration, or no text if it has none."""
    return str(OmegaConf.select(config, "tracker.uri") or "")


def _settings(values: dict[str, Any]) -> Settings:
    if isinstance(values.get("transfer"), str):  # a single name is a list of one
        values["transfer"] = [values["transfer"]]
    settings = checked(Settings, {name: values.get(name) for name in fields_of(Settings)})
    if settings.n_jobs == 0:
        raise InvalidValue("n_jobs must be -1 (all available cores) or at least 1, got 0", where="n_jobs=0")
    return settings


def _stage(group: str, node: Any) -> Any:
    if not isinstance(node, dict) or "_target_" not in node:
        raise InvalidValue(
            f"{group} must be one of the options in conf/{group}, got {node!r}",
            where=group,
            remedy=f"choose one with {group}=<option>; --help lists them",
        )
    target, values = node["_target_"], {name: v for name, v in node.items() if name != "_target_"}
    kind = _resolve(group, target)
    refuse_unknown(values, fields_of(kind), f"{group}.")
    return checked(kind, values, f"{group}.")


def _resolve(group: str, target: Any) -> type:
    """Return the class that a `_target_` names, if it is that of an option of the group."""
    for option in registry.options(group):
        # Compared as a string first: nothing else is imported.
        if str(target).rpartition(".")[0] == f"winnow.{group}.{option}":
            kind = registry.load(group, option)
            if target == f"{kind.__module__}.{kind.__qualname__}":
                return kind
    raise InvalidValue(
        f"{group}._target_ must name a stage of winnow, got {target!r}",
        where=f"{group}._target_",
        remedy=f"put your class into src/winnow/{group}/ and a yaml of the same name into conf/{group}/",
    )


def _network(name: str) -> Model:
    """Return the model of this name with the hyper-parameters that it has by default."""
    known = registry.options("model")
    if name not in known:
        near = get_close_matches(name, known, n=1)
        raise InvalidValue(
            f"transfer must name models, of {', '.join(known)}, got {name!r}",
            where=f"transfer={name}",
            remedy=f"did you mean {near[0]}?" if near else "several are written transfer=[mlp,convnet]",
        )
    return registry.default("model", name)


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0]
