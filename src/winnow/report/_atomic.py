"""Files that are either there as a whole or not at all."""

import csv
import io
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import Any

from winnow.report.escape import spreadsheet


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; it takes the name of `path` once it is on disk.

    If the writing fails, the temporary file is removed and what was at `path` before stays.
    """
    temporary = path.with_name(f".tmp-{os.getpid()}-{token_hex(4)}-{path.name}")
    try:
        yield temporary
        with temporary.open("rb+") as stream:
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_csv(records: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Write the records, one line each, under the names of the first; text is made safe for spreadsheets."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([spreadsheet(name) for name in records[0]])
    writer.writerows([spreadsheet(record[name]) for name in records[0]] for record in records)
    with written_whole(path) as temporary:
        temporary.write_text(text.getvalue(), encoding="utf-8", newline="")
