"""Say in a few words what is not read of a folder of images, and why."""

from collections import Counter
from collections.abc import Iterable

from winnow.dataset.images._walk import NAMED, Folder, listed, shown

# Pictures in formats that are not read: whoever has them wants to know how to bring them along.
OTHER_PICTURES = frozenset(
    (
        *(".heic", ".heif", ".jxl", ".svg", ".psd", ".tga", ".ico", ".exr", ".hdr", ".eps", ".pdf"),
        *(".raw", ".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".rw2", ".raf"),
        *(".dcm", ".fits", ".nii", ".npy"),
    )
)


def left_out(tree: Folder, used: list[Folder], unused: list[Folder]) -> Iterable[str]:
    """Yield in a few words each what is not read, and why."""
    for folder in unused:
        yield f"{shown(folder.name)}/ with {folder.count:,} images (there is a test part already)"
    beside = [] if tree in used else [each for each in tree.folders if each not in [*used, *unused]]
    places: dict[str, Counter[str]] = {}
    for folder in [*beside, *(each for part in used for each in part.folders)]:
        for what, count in folder.all_left_out().items():
            places.setdefault(what, Counter())[folder.path] += count
    for folder in {tree, *used}:
        for what, count in folder.left_out.items():
            places.setdefault(what, Counter())[folder.path] += count
    for what, counts in sorted(places.items(), key=lambda item: (-item[1].total(), item[0])):
        where = f"{len(counts)} folders" if len(counts) > 1 else shown(next(iter(counts)))
        yield f"{counts.total():,} {what}{f' in {where}' if where else ''}{_convert(what)}"


def unread(tree: Folder) -> Iterable[str]:
    """Yield in a few words what is no image below a folder of images without classes."""
    for what, count in tree.all_left_out().most_common():
        yield f"{count:,} {what}{_convert(what)}"


def _convert(what: str) -> str:
    return " (not read: convert them to .jpg)" if what in OTHER_PICTURES else ""


def counted(held: Counter[str]) -> str:
    """Say how many there are of each kind, the most frequent first.

    >>> counted(Counter({".txt": 1, ".heic": 36}))
    '36 .heic, 1 .txt'
    """
    return listed(f"{count:,} {what}" for what, count in held.most_common(NAMED))
