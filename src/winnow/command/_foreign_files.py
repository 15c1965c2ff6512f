"""Look at the yamls of a folder from elsewhere before Hydra reads them: they must be small and flat.

A few lines of yaml can stand for a tree of any size, because an alias (`*name`) repeats what an anchor
(`&name`) marks, and that may hold aliases itself. Settings need neither.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from winnow.command._shown import printable_key
from winnow.errors import InvalidValue
from winnow.store.regular_file import read_regular, reason

LARGEST_FILE = 2**20  # bytes
MOST_FILES = 10_000
DEEPEST = 50


def check_folder(folder: Path) -> None:
    """Refuse a folder of configurations that Hydra could not read in a moment.

    Raises
    ------
    InvalidValue
        If it holds very many files, a yaml for a group of Hydra, or one that is no small regular file, uses
        an alias, or is nested more than `DEEPEST` deep.
    """
    for path in _yamls(folder):
        if path.relative_to(folder).parts[0] == "hydra":
            raise InvalidValue(
                "a yaml must not configure Hydra",
                where=printable_key(path),
                remedy="the launchers that come with winnow, and their settings, can be typed",
            )
        try:
            content = read_regular(path, LARGEST_FILE)
        except OSError as fault:
            raise _refused(path, f"be a small regular file, got {reason(fault)}") from fault
        _check_content(path, content)


def _yamls(folder: Path) -> Iterator[Path]:
    seen = 0
    for parent, folders, files in os.walk(folder, followlinks=True):
        seen += len(files) + len(folders)
        if seen > MOST_FILES:
            rule = f"--config-dir must hold at most {MOST_FILES:,} files"
            raise InvalidValue(rule, where=printable_key(folder), remedy="put the yamls into a folder alone")
        yield from (Path(parent, name) for name in files if name.endswith((".yaml", ".yml")))


def _check_content(path: Path, content: bytes) -> None:
    import yaml

    depth = 0
    try:
        for event in yaml.parse(content, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if isinstance(event, yaml.AliasEvent):
                raise _refused(path, f"name no anchor, got *{event.anchor}")
            if depth > DEEPEST:
                raise _refused(path, f"be nested at most {DEEPEST} deep")
    except yaml.YAMLError:
        return  # if it is chosen, Hydra says where it cannot be read


def _refused(path: Path, rule: str) -> InvalidValue:
    return InvalidValue(
        f"a yaml must {rule}", where=printable_key(path), remedy="write the values themselves, or remove it"
    )
