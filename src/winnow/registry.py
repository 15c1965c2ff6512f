"""Find an option of a group by its name, for a stage that hands part of its work to another stage."""

from collections.abc import Collection
from importlib import import_module
from pathlib import Path
from typing import TypeVar

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

Stage = TypeVar("Stage")


def option_of(group: type, *, but: Collection[str]) -> AfterValidator:
    """Return the rule that a field must name an option of `group`, which is known by its Protocol.

    >>> from winnow.stages import Model
    >>> option_of(Model, but={"mlp"}).func("lenet5")
    'lenet5'
    """
    folder = Path(__file__).parent / group.__name__.lower()

    def known(option: str) -> str:
        options = sorted({path.stem for path in folder.glob("[!_]*.py")} - set(but))
        if option not in options:
            raise PydanticCustomError("option", "Input should be one of {options}", {"options": options})
        return option

    return AfterValidator(known)


def default_stage(group: type[Stage], option: str) -> Stage:
    """Return the stage that `option` of `group` stands for, with its default settings.

    >>> from winnow.stages import Selector
    >>> default_stage(Selector, "nearest")
    Nearest()
    """
    module = import_module(f"winnow.{group.__name__.lower()}.{option}")
    kinds = [kind for kind in vars(module).values() if isinstance(kind, type) and group in kind.__mro__]
    # A name that the module merely imported is not its stage.
    return next(kind() for kind in kinds if kind.__module__ == module.__name__)
