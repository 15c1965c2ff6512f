"""The help: one screen for the command, one for each group, one for each option."""

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import MISSING, Field, fields
from inspect import cleandoc
from pathlib import Path
from textwrap import fill, indent

from winnow import registry
from winnow.errors import InvalidValue

PACKAGE = Path(registry.__file__).parent
WIDTH = 80
SETTINGS, EXPERIMENT = "settings", "experiment"
USAGE = """\
How small can a training set get before the model suffers, and what to keep?

  python train.py -m selector=nearest,random k=600,1200  every combination
  python train.py dataset=image_folder dataset.folder=photos k=20%  your images
  python train.py k=50 budget=600                  50 clusters, 12 rows of each
  python train.py select_only=true dataset=...     the list of rows, no training
"""
FAMILIES = {
    "by clusters": "some rows of each, no labels",
    "by the embedding": "spread over it, no labels",
    "by all labels": "those of rows not kept, too",
    "by training dynamics": "in a short training",
    "in rounds": "asking a network that learns what is kept so far",
    "to compare with": "chance, all rows, a list",
}
"""The families of selectors, by what they read, and what is common to each."""


def text(topic: str, conf: Path) -> str:
    """Return the help about the command (no topic), a group, or an option (`selector=nearest`).

    Two topics are no groups: `settings`, and `experiment`.

    Raises
    ------
    InvalidValue
        If there is no such topic or option.
    """
    group, _, option = topic.partition("=")
    if not topic:
        return "\n".join([USAGE, *_overview(conf)])
    if topic == SETTINGS:
        return _settings(conf)
    if topic == EXPERIMENT:
        return _experiments(conf)
    if group not in registry.PROMISES:
        topics = ", ".join([*registry.PROMISES, EXPERIMENT, SETTINGS])
        raise InvalidValue(f"--help must name one of {topics}, got {topic!r}")
    return _option(group, option) if option else _options(group)


def _overview(conf: Path) -> Iterator[str]:
    """Yield the lines of the help of the command that follow from the configuration."""
    yield "Choose by group=option (d: default), change by group.setting=value. There is"
    yield "more: --help <group>, --help <group>=<option>, --help settings."
    for group, (default, phrase) in _defaults(conf).items():
        if group == EXPERIMENT:
            yield _entry(group, f"{phrase}: --help {EXPERIMENT}", width=11)
        elif group == "selector":
            yield _entry(group, phrase, width=11)
            for family, options in families().items():
                words = f"{family}, {FAMILIES[family]}: {_marked(options, default)}"
                yield fill(words, WIDTH, initial_indent="  ", subsequent_indent="    ")
        else:
            yield _entry(group, f"{phrase}: {_marked(registry.options(group), default)}", width=11)
    yield _entry(
        "settings", " ".join(_short(name, value) for name, (value, _) in settings_of(conf).items()), width=11
    )
    yield "Exit codes: 0 done, 1 failed, 2 usage, 75 try later, 130/143 stopped"


def _short(name: str, default: str) -> str:
    return name if default in ("null", "false", "[]", "${k}") else f"{name}={default}"


def _entry(name: str, words: str, *, width: int) -> str:
    return fill(f"{name:<{width}}{words}", WIDTH, subsequent_indent=" " * width, break_on_hyphens=False)


def _marked(options: Sequence[str], default: str) -> str:
    return " ".join(f"{name}(d)" if name == default else name for name in options)


def _defaults(conf: Path) -> dict[str, tuple[str, str]]:
    """Return the default option of every group of `config.yaml`, and what the group is, in its order.

    >>> from winnow.command.shipped import conf
    >>> _defaults(conf())["embedding"]
    ('pca', 'images to vectors')
    """
    found = re.findall(r"^  - (\w+): (\w+) +# (.+)$", (conf / "config.yaml").read_text(), re.MULTILINE)
    return {group: (default, phrase.partition(",")[0]) for group, default, phrase in found}


def settings_of(conf: Path) -> dict[str, tuple[str, str]]:
    """Return the default of every setting of `config.yaml`, and the comment that explains it.

    >>> from winnow.command.shipped import conf
    >>> settings_of(conf())["seed"]
    ('0', 'where all randomness starts')
    """
    found = re.findall(r"^(\w+): (.*?) +# (.+)$", (conf / "config.yaml").read_text(), re.MULTILINE)
    return {name: (default, phrase) for name, default, phrase in found}


def _settings(conf: Path) -> str:
    lines = []
    for name, (default, phrase) in settings_of(conf).items():
        lines += [f"{name}={default}", fill(phrase, WIDTH, initial_indent="    ", subsequent_indent="    ")]
    return "\n".join(["Settings and their defaults, changed with name=value:", "", *lines])


def experiments(conf: Path) -> list[str]:
    """Return the names of the ready-made settings, without those that only show that everything works."""
    names = (path.stem for path in sorted((conf / EXPERIMENT).glob("*.yaml")))
    return [name for name in names if not name.endswith("_quick")]


def _experiments(conf: Path) -> str:
    lines = []
    for name in experiments(conf):
        comments = re.findall("^# ?(.*)$", (conf / EXPERIMENT / f"{name}.yaml").read_text(), re.MULTILINE)
        opening = " ".join(comments[1:]).partition("  ")[0]  # what follows is a command
        lines.append(_entry(name, opening.strip(), width=25))
    return "\n".join(["Ready-made settings, chosen with experiment=<name>:", "", *lines])


def families() -> dict[str, list[str]]:
    """Return the names of all selectors by family.

    >>> {"nearest", "auto"} <= set(families()["by clusters"]), "aum" in families()["by training dynamics"]
    (True, True)
    """
    found: dict[str, list[str]] = {family: [] for family in FAMILIES}
    for name in registry.options("selector"):
        found[_family(name)].append(name)
    return found


def _family(name: str) -> str:
    """Return the family of a selector, from what it says that it reads."""
    if name == "from_file":  # it has no defaults: there must be a file
        return "to compare with"
    selector = registry.default("selector", name)
    if "learner" in selector.needs:
        return "in rounds"
    if "dynamics" in selector.needs:
        return "by training dynamics"
    if selector.reads_all_labels:
        return "by all labels"
    if "clustering" in selector.needs:
        return "by clusters"
    return "by the embedding" if "X" in selector.needs else "to compare with"


def _options(group: str) -> str:
    """Return a phrase about each option of a group; selectors by family."""
    lines = [f"Options of {group}, chosen with {group}=<option>:", ""]
    if group != "selector":
        return "\n".join([*lines, *_phrases(group, registry.options(group))])
    for family, options in families().items():
        lines += [f"{family}: {FAMILIES[family]}", *_phrases(group, options), ""]
    return "\n".join(lines).rstrip()


def _phrases(group: str, options: Sequence[str]) -> list[str]:
    return [_entry(name, _phrase(group, name), width=21) for name in options]


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
        meaning = fill(meanings.get(field.name, ""), WIDTH - 4, break_on_hyphens=False)
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
