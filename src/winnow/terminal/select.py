"""`winnow select`: choose what to keep of a folder, a table or a file of arrays; nothing is trained."""

import re
import sys
from argparse import Namespace
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryFile
from time import perf_counter
from typing import TYPE_CHECKING

from winnow.errors import InvalidValue
from winnow.terminal._parser import Parser

if TYPE_CHECKING:
    from winnow.api.selection import Selection

PICTURES = (".png", ".jpg", ".jpeg", ".webp")
DESCRIPTION = "Choose what to keep of a training set. Nothing is trained, and labels are optional."
EPILOG = """\
examples:
  winnow select photos --keep 20% --link photos_kept --contact-sheet kept.png
  winnow select table.csv --keep 500 --label species --selector stratified
  winnow select images.npz --keep 10% --selector nearest embedding.whiten=true

winnow compare --help selector lists the selectors, --help embedding the embeddings."""


def run(words: Sequence[str]) -> None:
    """Choose, write what was asked for, and name its path.

    Raises
    ------
    InvalidValue
        If a word or a path breaks a rule; before anything is read, unless it depends on the rows.
    DatasetUnavailable
        If the rows cannot be read.
    """
    given = _parser().parse_intermixed_args(words)
    settings, budget = _settings(given.settings), share_or_rows(given.keep)
    _check_paths(given)
    print(f"choosing from {given.data}", file=sys.stderr, flush=True)
    from winnow.api.choose import select

    started = perf_counter()
    named = {"selector": given.selector, "embedding": given.embedding, "seed": given.seed, "k": given.k}
    selection = select(given.data, given.label, budget, **named, settings=settings)
    taken = f"{len(selection):,} rows by {given.selector} in {perf_counter() - started:.1f} s"
    print(taken, file=sys.stderr)
    for name, path in _write(selection, given):
        print(f"{name:<7} {path}", flush=True)


def _parser() -> Parser:
    parser = Parser("select", DESCRIPTION, EPILOG)
    add = parser.add_argument
    add("data", help="a folder of images, a table (.csv, .parquet ...), or arrays (.npz, .npy, .safetensors)")
    add("--keep", required=True, metavar="SIZE", help="how much: 20%%, 0.2, or a number of rows such as 500")
    add("--out", default="kept.csv", metavar="FILE", help="the list of what to keep (kept.csv)")
    add("--link", metavar="FOLDER", help="a new folder of symbolic links to the kept images")
    add("--contact-sheet", metavar="FILE", help="a picture of kept images, such as kept.png")
    add("--selector", default="auto", metavar="NAME", help="how to choose (auto)")
    add("--embedding", default="auto", metavar="NAME", help="what distances are measured on (pca)")
    add("--label", metavar="COLUMN", help="the column of labels of a table")
    add("--k", metavar="SIZE", help="clusters: a number or a share (one for each kept row, at most 600)")
    add("--seed", type=int, default=0, metavar="NUMBER", help="where all randomness starts (0)")
    add("settings", nargs="*", default=[], metavar="name=value", help="any other setting of winnow compare")
    return parser


def share_or_rows(text: str) -> int | float | str:
    """Return a number of rows, or a share, as `winnow.select` takes it.

    >>> share_or_rows("500"), share_or_rows("0.2"), share_or_rows("20%")
    (500, 0.2, '20%')

    Raises
    ------
    InvalidValue
        If the text is neither.
    """
    if re.fullmatch("[0-9]+", text):
        return int(text)
    if re.fullmatch(r"[0-9]*\.[0-9]+", text):
        return float(text)
    if re.fullmatch(r"[0-9]+(\.[0-9]+)? ?%", text):
        return text
    raise InvalidValue(
        f"--keep must be a share or a number of rows, got {text!r}", remedy="--keep 20% or --keep 500"
    )


def _settings(words: Sequence[str]) -> dict[str, str]:
    for word in words:
        if not word.partition("=")[0] or "=" not in word:
            raise InvalidValue(
                f"every further argument must be name=value, got {word}",
                remedy="--keep 20% has no blank" if word == "%" else "",
            )
    pairs = [word.split("=", 1) for word in words]
    twice = [name for name, count in Counter(name for name, _ in pairs).items() if count > 1]
    if twice:
        raise InvalidValue(f"{twice[0]} must be given once, got it twice", remedy="leave out one of the two")
    return dict(pairs)


def _check_paths(given: Namespace) -> None:
    """Refuse what is not there, and paths that could not be written at the end."""
    if not Path(given.data).expanduser().exists():
        raise InvalidValue(f"what to choose from must be a folder or a file that exists, got {given.data}")
    files = {"--out": given.out, "--contact-sheet": given.contact_sheet}
    for option, path in files.items():
        if path is not None and (Path(path).is_dir() or not Path(path).absolute().parent.is_dir()):
            raise InvalidValue(f"{option} must name a file in a folder that exists, got {path}")
        if path is not None:
            _require_writable(Path(path).absolute().parent, option)
        if path is not None and _is_of_the_data(Path(path), Path(given.data).expanduser()):
            raise InvalidValue(
                f"{option} must name a file that is none of the data, got {path}",
                remedy="name another file",
            )
    if given.contact_sheet is not None and Path(given.contact_sheet).suffix.lower() not in PICTURES:
        raise InvalidValue(
            f"--contact-sheet must end in {', '.join(PICTURES)}, got {given.contact_sheet}",
            remedy="--contact-sheet kept.png",
        )
    folder = given.link and Path(given.link)
    if folder and folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise InvalidValue(f"--link must name a new or empty folder, got {folder}")
    data = Path(given.data).expanduser().resolve()
    if folder and folder.resolve().is_relative_to(data):
        raise InvalidValue(
            f"--link must name a folder outside of {data}, got {folder}",
            remedy="its links would be images of the next command",
        )


def _require_writable(folder: Path, option: str) -> None:
    try:
        TemporaryFile(dir=folder).close()
    except OSError as error:
        raise InvalidValue(
            f"{option} must name a file in a folder that can be written to, got {error.strerror}",
            where=str(folder),
            remedy="name one in another folder",
        ) from error


def _is_of_the_data(path: Path, data: Path) -> bool:
    """Say whether writing to a path would lose what is chosen from; a list beside images is none of them."""
    if not path.exists():
        return False
    if data.is_dir():
        return path.resolve().is_relative_to(data.resolve()) and path.suffix.lower() != ".csv"
    return path.samefile(data)


def _write(selection: "Selection", given: Namespace) -> Iterator[tuple[str, Path]]:
    """Write what was asked for; yield what each path is."""
    yield "kept", selection.to_csv(given.out)
    if given.link is not None:
        yield "links", selection.link(given.link)
    if given.contact_sheet is not None:
        selection.contact_sheet().save(given.contact_sheet)
        yield "picture", Path(given.contact_sheet)
