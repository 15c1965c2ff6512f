"""Names that people give to files, classes and data sets, made safe for where they are shown.

A name may hold anything: characters that move the cursor or clear the screen of a terminal, line breaks, a
formula that a spreadsheet would run, markup of Markdown or HTML. Each function leaves an ordinary name as it
is and makes every other one visible instead of effective.
"""

import re
from typing import Any

# A spreadsheet takes a cell for a formula that begins with one of these (OWASP, "CSV Injection"); the last
# four are their wide forms.
FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "@": "&#64;"}
MARKUP = re.compile(r"[\\`*\[\]|#~!$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|:(?=//)|(?<=www)\.", re.IGNORECASE)
LIST_MARKER = re.compile(r"^([-+=]|\d+(?=[.)]))")


def printable(text: str) -> str:
    r"""Replace every character that is not printable by its escape sequence; the result is one line.

    Examples
    --------
    >>> print(printable("cat\n\x1b[31mdog"))
    cat\n\x1b[31mdog
    >>> printable("Käfer 猫")
    'Käfer 猫'
    """
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode("ascii") for each in text
    )


def markdown(text: str) -> str:
    r"""Return `text` so that Markdown shows it as it is, in a paragraph or in a cell of a table.

    Examples
    --------
    >>> print(markdown("a|b *c* <d>"), markdown("facility_location"))
    a\|b \*c\* &lt;d&gt; facility_location
    """
    marked = MARKUP.sub(lambda found: "\\" + found[0], printable(text).strip())
    marked = "".join(ENTITIES.get(each, each) for each in marked)
    return LIST_MARKER.sub(lambda found: found[0] + "\\" if found[0].isdecimal() else "\\" + found[0], marked)


def spreadsheet(value: Any) -> Any:
    r"""Return a cell of a csv that no spreadsheet runs as a formula; numbers are left as they are.

    Examples
    --------
    >>> spreadsheet("=cmd|' /C calc'!A0"), spreadsheet("a-b"), spreadsheet(-1.5)
    ("'=cmd|' /C calc'!A0", 'a-b', -1.5)
    """
    if not isinstance(value, str):
        return value
    text = printable(value)
    return f"'{text}" if text.lstrip().startswith(FORMULA) else text


def shortened(text: str, most: int = 60) -> str:
    r"""Return `text` on one line, printable, and with its middle left out where it is longer than `most`.

    Examples
    --------
    >>> shortened("abcdefghij", 5), shortened("a\nb")
    ('ab…ij', 'a\\nb')
    """
    plain = printable(text)
    if len(plain) <= most:
        return plain
    half = (most - 1) // 2
    return f"{plain[:half]}…{plain[-half:]}"


def figure(text: str) -> str:
    r"""Return `text` so that matplotlib draws it as it is, and reads no formula between dollar signs.

    Examples
    --------
    >>> print(figure("a$b$c"))
    a\$b\$c
    """
    return printable(text).replace("$", r"\$")
