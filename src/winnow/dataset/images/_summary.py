"""Say in one line what was found in a folder of images, how it is read, and what is left out."""

import numpy as np
from jaxtyping import Shaped
from numpy import ndarray

from winnow.dataset.images._decode import Format
from winnow.dataset.images._layout import Layout
from winnow.dataset.images._walk import listed, shown


def summary(name: str, layout: Layout, headers: Shaped[ndarray, " n"], form: Format) -> str:
    """Return the line for a data set that is read as `form`."""
    of_classes = f" of {_classes(layout)}" if layout.classes else ", without classes"
    parts = [f"{_amount(layout)}{of_classes}", format_in_words(headers, form)]
    if animated := int(headers["animated"].sum()):
        parts.append(f"only the first image of {animated:,} files with several")
    parts += [
        f"values {low:g} to {high:g} scaled to 0 to 255"
        for low, high in form.scale.values()
        if (low, high) != (0, 255)
    ]
    if layout.left_out:
        parts.append(f"left out: {', '.join(layout.left_out)}")
    return f"{shown(name)}: {'; '.join(parts)}"


def _amount(layout: Layout) -> str:
    training, test = layout.training, layout.test
    if test is None:
        return f"{len(training.images):,} images"
    return (
        f"{len(training.y):,} images for training in {shown(training.folder.name)}/ "
        f"and {len(test.y):,} for testing in {shown(test.folder.name)}/"
    )


def _classes(layout: Layout) -> str:
    sizes = [np.bincount(part.y).tolist() for part in (layout.training, layout.test) if part]
    counted = (
        f"{name} {' + '.join(f'{size:,}' for size in of_class)}"
        for name, *of_class in zip(layout.classes, *sizes, strict=True)
    )
    number = len(layout.classes)
    return f"{number:,} {'class' if number == 1 else 'classes'} ({listed(counted)})"


def format_in_words(headers: Shaped[ndarray, " n"], form: Format) -> str:
    """Say how files are read, and of what sizes they are if the side was left to them."""
    read_as = f"read as {form.size} x {form.size}, {'grey' if form.channels == 1 else 'RGB'}"
    known = headers[headers["width"] > 0]
    widths, heights = known["width"], known["height"]
    if form.largest is None or (widths.min() == widths.max() == heights.min() == heights.max() == form.size):
        return read_as
    files = f"{widths[0]} x {heights[0]}"
    if len(np.unique(np.stack([widths, heights], 1), axis=0)) > 1:
        shorter = np.minimum(widths, heights)
        files = f"{shorter.min()} to {shorter.max()} on the shorter side"
    limit = f", and by default at most {form.largest}" if form.size == form.largest else ""
    return f"{read_as} (files are {files}{limit}; dataset.size=... sets it)"
