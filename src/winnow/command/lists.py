"""The lists of kept rows of a command: one folder for each way of choosing, named after it."""

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from winnow.pipeline import Choice, Method
from winnow.registry import changed, name_of
from winnow.store import kept_rows
from winnow.types import Clustering, Dataset

KEPT, SPLIT = "kept", "split.csv"
_UNUSUAL = re.compile("[^A-Za-z0-9_.-]+")  # of a path that can be typed without quotes


def settings_of(method: Method) -> dict[str, Any]:
    """Return what a method's name has to say besides its selector: the settings that are no defaults."""
    labels = {"labels": "clusters"} if method.learns_clusters else {}
    return changed(method.selector) | labels


def folder_name(method: Method) -> str:
    """Return what the folder of a method's lists is called.

    `nearest_k64_b64` keeps 64 rows of 64 clusters; a selector that is blind to clusters has no k. Settings
    that are not the defaults stand between, as in `rounds_query-badge_b64`.
    """
    settings = "".join(f"_{name}-{value}" for name, value in settings_of(method).items())
    clusters = f"_k{method.clusterer.k}" if "clustering" in method.selector.needs else ""
    return f"{name_of(method.selector)}{_UNUSUAL.sub('-', settings)}{clusters}_b{method.budget}"


def folder_of(command: Path, first: Choice) -> Path:
    """Return the folder for the lists of a method, below the folder of its command.

    `first` is its repetition 0. Where another method has taken the name, a part of its key is added.
    """
    name, key = folder_name(first.method), first.subset.key
    for folder in (command / KEPT / name, command / KEPT / f"{name}_{key[:6]}"):
        with suppress(FileExistsError):
            folder.mkdir(parents=True)
            break
        if _key_in(folder) == key:
            break
    return folder


def _key_in(folder: Path) -> str | None:
    """Return the key of the rows that are listed in a folder, if they are."""
    try:
        return json.loads((folder / "kept.json").read_text()).get("key")
    except (OSError, ValueError):
        return None


def write_list(folder: Path, choice: Choice, provenance: Mapping[str, Any]) -> Path:
    """Write what one repetition keeps, choosing it if that was not done, and return the path of the csv."""
    method, kept = choice.method, choice.subset.value
    clustered = "clustering" in method.selector.needs
    return kept_rows.write(
        folder,
        choice.number,
        choice.dataset,
        kept.arrays["indices"],
        Clustering(**choice.clustering.value.arrays) if clustered else None,
        {
            "selector": repr(method.selector),
            "seed": method.seed,
            "key": choice.subset.key,
            **provenance,
            **kept.info["provenance"],
        },
        kept.arrays.get("rounds"),
    )


def complete(command: Path, choices: Sequence[Choice], provenance: Mapping[str, Any]) -> Path:
    """Write the lists of all repetitions of a method that are not there yet, and return their folder."""
    folder = folder_of(command, choices[0])
    for choice in choices:
        if not (folder / kept_rows.name_of(choice.number)).exists():
            write_list(folder, choice, provenance)
            if choice.number == 0:
                draw(folder, choice)
    return folder


def draw(folder: Path, choice: Choice) -> Path | None:
    """Draw what a repetition keeps beside its list, if it keeps images, and return the path."""
    path = (folder / kept_rows.name_of(choice.number)).with_suffix(".png")
    if choice.dataset.x.ndim != 4:
        return None
    return kept_rows.picture(path, choice.dataset, choice.subset.value.arrays["indices"])


def write_split(command: Path, dataset: Dataset, *, only: bool) -> Path:
    """Write which rows are set aside for testing, unless that was done; `only`: no job has other data."""
    name = SPLIT if only else f"split-{dataset.checksum[:8]}.csv"
    path = command / name
    return path if path.exists() else kept_rows.write_split(path, dataset)
