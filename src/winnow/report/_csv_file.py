"""Tables as files that people open in a spreadsheet."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from winnow.report.escape import spreadsheet
from winnow.store.whole_file import write_whole


def write_csv(records: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Write the records, one line each, under the names of the first; text is made safe for spreadsheets."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([spreadsheet(name) for name in records[0]])
    writer.writerows([spreadsheet(record[name]) for name in records[0]] for record in records)
    write_whole(path, text.getvalue())
