"""The options of every group by name: from a name to its class, and from a class or stage to its name.

An option of a group is a module of the group's folder, and the class in it that keeps the group's promise:
`selector`, `nearest` <-> `winnow.selector.nearest.Nearest`. Modules whose names begin with an underscore are
helpers.
"""

from collections.abc import Collection, Mapping
from dataclasses import fields
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from winnow import stages, tracking
from winnow.errors import InvalidValue

PROMISES: dict[str, type] = {
    "dataset": stages.Source,
    "embedding": stages.Embedding,
    "clusterer": stages.Clusterer,
    "selector": stages.Selector,
    "model": stages.Model,
    "augment": stages.Augment,
    "trainer": stages.Trainer,
    "dynamics": stages.Observer,
    "tracker": tracking.Tracker,
    "study": stages.Study,
}
"""The Protocol that the options of each group keep."""

GROUPS = tuple(group for group in PROMISES if group != "study")
"""The groups of which every job has one stage; a study is added to few."""


@cache
def options(group: str) -> tuple[str, ...]:
    """Return the names of all options of a group, in alphabetical order.

    >>> options("tracker")
    ('mlflow', 'none')
    """
    folder = Path(__file__).parent / group
    return tuple(sorted(path.stem for path in folder.glob("[!_]*.py")))


@cache
def load(group: str, option: str) -> type:
    """Return the class of an option, importing its module only now.

    >>> load("selector", "nearest").__name__
    'Nearest'

    Raises
    ------
    InvalidValue
        If the group has no option of this name.
    """
    if option not in options(group):
        raise InvalidValue(f"{group} must be one of {', '.join(options(group))}, got {option!r}")
    module = import_module(f"winnow.{group}.{option}")
    kinds = [kind for kind in vars(module).values() if isinstance(kind, type)]
    # A class that the module merely imports is not its stage.
    own = [kind for kind in kinds if kind.__module__ == module.__name__ and PROMISES[group] in kind.__mro__]
    return own[-1]


def default(group: str, option: str) -> Any:
    """Return the stage of an option with its default hyper-parameters.

    >>> default("selector", "nearest")
    Nearest()
    """
    return load(group, option)()


def name_of(stage: Any) -> str:
    """Return the option name of a stage or of its class.

    >>> name_of(default("selector", "nearest"))
    'nearest'
    """
    kind = stage if isinstance(stage, type) else type(stage)
    return kind.__module__.rpartition(".")[2]


COMPUTED: Mapping[str, bool] = {"computed": True}
"""The metadata of a field that follows from others, and is no setting."""


def changed(stage: Any) -> dict[str, Any]:
    """Return the settings of a stage that are not its defaults.

    >>> changed(load("selector", "rounds")(query="badge"))
    {'query': 'badge'}
    """
    settings = [each for each in fields(stage) if each.repr and each.metadata != COMPUTED]
    values = {each.name: getattr(stage, each.name) for each in settings}
    return {each.name: values[each.name] for each in settings if values[each.name] != each.default}


def option_of(group: str, *, but: Collection[str]) -> AfterValidator:
    """Return the rule that a field must name an option of `group`, other than those of `but`.

    >>> option_of("model", but={"mlp"}).func("lenet5")
    'lenet5'
    """

    def known(option: str) -> str:
        names = [name for name in options(group) if name not in but]
        if option not in names:
            raise PydanticCustomError("option", "Input should be one of {options}", {"options": names})
        return option

    return AfterValidator(known)
