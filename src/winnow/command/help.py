"""The help: one screen for the command, one for each group, one for each option."""

import ast
import re
from collections.abc import Sequence
from dataclasses import MISSING, Field, fields
from inspect import cleandoc
from pathlib import Path
from textwrap import fill, indent

from winnow import registry
from winnow.errors import InvalidValue

PACKAGE = Path(registry.__file__).parent
WIDTH = 100
USAGE = """\
winnow: how small can a training set get before the model suffers, and which images should be kept?

  python train.py                                        600 images, the typical one of each cluster
  python train.py selector=furthest k=1200               another selector, another size
  python train.py k=50 budget=600                        50 clusters, 12 images each
  python train.py -m selector=nearest,furthest k=600,1200    every combination, compared in one table
  python train.py dataset=image_folder dataset.folder=photos   your own images: photos/<class>/*.jpg
  python train.py subset_file=state/runs/.../kept.csv   train again on rows that were kept
  python train.py -m experiment=mnist_reference k=50,500       a ready-made setting

Every job trains on the kept rows in five paired repetitions and is compared with a uniform random subset of
the same size. The same line typed again computes nothing twice; a killed one goes on. Runs are recorded in
MLflow: make ui.

Groups, chosen with group=option; --help <group> says what each option does, --help <group>=<option> shows its
settings, which are changed with group.setting=value:
"""
ENDING = """\
Exit codes: 0 all done, 1 failed, 2 usage, 75 try later, 130 interrupted, 143 terminated.
WINNOW_TRACEBACK=1 shows the traceback of an error. --cfg job shows the composed configuration.
"""


def text(topic: str, conf: Path) -> str:
    """Return the help about the command (no topic), a group, or an option (`selector=nearest`).

    Raises
    ------
    InvalidValue
        If there is no such group or option.
    """
    group, _, option = topic.partition("=")
    if not topic:
        return "\n".join([USAGE, _groups(), "", _settings(conf), "", ENDING])
    if group not in registry.PROMISES:
        raise InvalidValue(f"--help must name one of {', '.join(registry.PROMISES)}, got {topic!r}")
    return _option(group, option) if option else _options(group)


def _groups() -> str:
    return "\n".join(
        fill(f"{group:<11} {', '.join(registry.options(group))}", WIDTH, subsequent_indent=" " * 12)
        for group in registry.PROMISES
    )


def _settings(conf: Path) -> str:
    """Return the settings of `config.yaml` with the comments that explain them."""
    lines = (conf / "config.yaml").read_text().splitlines()
    settings = [line for line in lines if re.match(r"\w+: .*#", line)]
    return "\n".join(["Settings and their defaults, changed with name=value:", "", *settings])


def _options(group: str) -> str:
    phrases = {option: _phrase(group, option) for option in registry.options(group)}
    pairs = [f"{name:<20} {phrase}" for name, phrase in phrases.items()]
    lines = [fill(pair, WIDTH, subsequent_indent=" " * 21) for pair in pairs]
    return "\n".join([f"Options of {group}, chosen with {group}=<option>:", "", *lines])


def _phrase(group: str, option: str) -> str:
    """Return the first sentence of what an option's module says about itself."""
    return " ".join(_docstring(group, option).split("\n\n")[0].split())


def _docstring(group: str, option: str) -> str:
    """Return the docstring of an option's module, read without importing it."""
    return ast.get_docstring(ast.parse((PACKAGE / group / f"{option}.py").read_text())) or ""


def _option(group: str, option: str) -> str:
    kind = registry.load(group, option)
    meanings = parameters(kind)
    lines = []
    for field in fields(kind):
        meaning = fill(meanings.get(field.name, ""), WIDTH - 4)
        lines += [f"{group}.{field.name}={_default(field)}", indent(meaning, "    ")]
    lines = lines or ["It has no settings."]
    return "\n".join([f"{group}={option}", "", _docstring(group, option), "", *lines])


def _default(field: Field) -> str:
    if field.default is not MISSING:
        return "null" if field.default is None else str(field.default)
    return "???" if field.default_factory is MISSING else str(field.default_factory())


def parameters(kind: type) -> dict[str, str]:
    """Return the meaning of every hyper-parameter, from the Parameters sections of a class and its bases.

    >>> parameters(registry.load("model", "mlp"))["dropout"]
    'Probability with which an output of a hidden layer is set to zero in training.'
    """
    meanings: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        meanings |= _of_docstring(cleandoc(base.__doc__ or "").splitlines())
    return meanings


def _of_docstring(lines: Sequence[str]) -> dict[str, str]:
    """Read entries such as `name : type`, `one, other : type` or `name`, each with indented text below."""
    meanings: dict[str, list[str]] = {}
    inside, names = False, []
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if set(following) == {"-"} and len(following) > 3:
            inside = line == "Parameters"
        elif inside and (found := re.match(r"(\w+(?:, \w+)*) *(?::(.*))?$", line)):
            names = found[1].split(", ")
            meanings |= {name: [found[2] or ""] for name in names}
        elif inside and line.startswith(" "):
            for name in names:
                meanings[name].append(line)
    return {name: " ".join(" ".join(words).split()) for name, words in meanings.items()}
