"""Read the address of a tracking store: which kind it is, and whether it can be one at all."""

import re
from pathlib import Path
from urllib.parse import urlsplit

from winnow.errors import InvalidValue
from winnow.store.credentials import without_credentials

SQLITE = "sqlite:///"
PORTS = {"postgresql": 5432, "mysql": 3306, "mssql": 1433}
"""Databases with a server of their own, and where they listen unless the address says so."""


def check_address(uri: str) -> None:
    """Refuse what can never be the address of a tracking store.

    Raises
    ------
    InvalidValue
        Naming the rule that it breaks, without user and password.

    >>> check_address("http://")
    Traceback (most recent call last):
    winnow.errors.InvalidValue: tracker.uri must name a host, got 'http://' | try http://127.0.0.1:5000
    """
    if uri.startswith(SQLITE):
        _check_file(uri.removeprefix(SQLITE))
    else:
        _check_server(uri)


def sqlite_file(uri: str) -> Path | None:
    """Return the database file that an address names, or None if it names a server.

    >>> sqlite_file("sqlite:////data/mlflow.db"), sqlite_file("http://host:5000")
    (PosixPath('/data/mlflow.db'), None)
    """
    return Path(uri.removeprefix(SQLITE)).absolute() if uri.startswith(SQLITE) else None


def database_server(uri: str) -> tuple[str, int] | None:
    """Return host and port of the database server that an address names, or None for anything else.

    >>> database_server("postgresql+psycopg2://me:secret@host/db")
    ('host', 5432)
    """
    kind, host, port = _parts(uri)
    return (host or "127.0.0.1", port or PORTS[kind]) if kind in PORTS else None


def _check_file(path: str) -> None:
    if "?" in path:
        raise InvalidValue(
            "tracker.uri of a file must be a plain path without settings behind a ?",
            where=f"{SQLITE}{path}",
            remedy="leave out everything from the ? on",
        )
    if not path or path.endswith("/") or path.startswith((":memory:", "file:")):
        raise InvalidValue(
            f"tracker.uri must name a database file, got {SQLITE + path!r}",
            remedy="try sqlite:////folder/mlflow.db, or null for a file in state_dir",
        )


def _check_server(uri: str) -> None:
    shown = without_credentials(uri)
    if re.search(r"\s", uri):
        # What stands before the host may be a password, so none of it is shown.
        raise InvalidValue("tracker.uri must not hold blanks", remedy="write a blank as %20")
    kind, host, _ = _parts(uri)
    if kind not in {"http", "https", *PORTS}:
        raise InvalidValue(
            f"tracker.uri must begin with sqlite:///, http:// or https://, or one of {', '.join(PORTS)}",
            where=shown,
        )
    if not host and kind in ("http", "https"):
        raise InvalidValue(f"tracker.uri must name a host, got {shown!r}", remedy="try http://127.0.0.1:5000")


def _parts(uri: str) -> tuple[str, str | None, int | None]:
    """Return the kind of a server, its host and its port, as far as an address names them."""
    try:
        parts = urlsplit(uri)
        return parts.scheme.partition("+")[0], parts.hostname, parts.port
    except ValueError as fault:
        shown = without_credentials(uri)
        raise InvalidValue(f"tracker.uri must be an address, got {shown!r}: {_reason(fault)}") from fault


def _reason(fault: ValueError) -> str:
    """Return what is wrong with an address without quoting it: what looks like a port may be a password."""
    return "its port is no number from 0 to 65535" if "ort" in str(fault) else "its host cannot be read"
