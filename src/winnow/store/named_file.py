"""Where a file goes that a person names."""

from pathlib import Path

from winnow.errors import InvalidValue


def file_named(path: str | Path) -> Path:
    """Return the path of a file that a person names: of one in their own folder, `~/kept.csv`, in full.

    Raises
    ------
    InvalidValue
        If that is a folder.
    """
    path = Path(path).expanduser()
    if path.is_dir():
        raise InvalidValue(f"path must name a file, got the folder {path}", remedy="name a file in it")
    return path
