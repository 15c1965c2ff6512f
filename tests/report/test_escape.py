"""No name of a file, class or data set does anything where it is shown."""

import html
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from winnow.report.escape import figure, markdown, printable, spreadsheet

NAMES = st.text(max_size=30) | st.text("\x1b\x07\n\r\t=+-@|*_`[]()<>&~#!$\\:/.1a ", max_size=12)
PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("\x1b[2Jcat", r"\x1b[2Jcat"),
        ("cat\x07", r"cat\x07"),
        ("cat\ndog\r", r"cat\ndog\r"),
        ("\u202ecat", r"\u202ecat"),  # turns the direction of writing
        ("\udcff", r"\udcff"),  # a byte of a file name that is no UTF-8
        ("x[red]y", "x[red]y"),
        ("Käfer 猫 ß", "Käfer 猫 ß"),
    ],
)
def test_control_characters_are_seen_and_others_stay(name, shown):
    assert printable(name) == shown


@given(NAMES)
def test_whatever_is_printed_is_one_printable_line_of_utf_8(name):
    shown = printable(name)
    assert shown.isprintable()
    assert shown.encode("utf-8").decode("utf-8") == shown
    assert printable(shown) == shown


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", " =", "\uff1d"])
def test_no_cell_begins_like_a_formula(start):
    cell = spreadsheet(f"{start}cmd|' /C calc'!A0")
    assert cell.startswith(("'", "\\"))


@given(NAMES)
def test_a_cell_is_harmless_and_still_says_its_name(name):
    cell = spreadsheet(name)
    assert not cell.lstrip().startswith(("=", "+", "-", "@"))
    assert cell in (printable(name), f"'{printable(name)}")


@pytest.mark.parametrize("number", [-1.5, 0, None, True])
def test_numbers_are_no_text(number):
    assert spreadsheet(number) is number


@given(NAMES)
@example("1. one")
@example("- item")
@example("a_b_ _c_ **d** ~~e~~ `f` [g](h) ![i](j) <k@l.m> <b>")
@example("&lt;")
def test_markdown_shows_a_name_as_it_is_in_a_paragraph_and_in_a_table(name):
    shown = html.escape(printable(name).strip(), quote=False)
    rendered = PARSER.render(markdown(name)).replace("&quot;", '"')
    assert rendered == (f"<p>{shown}</p>\n" if shown else "")
    table = PARSER.render(f"| a |\n| --- |\n| {markdown(name)} |").replace("&quot;", '"')
    assert re.findall(r"<td>(.*)</td>", table) == [shown]


def test_ordinary_names_need_no_escape():
    assert markdown("facility_location k=20, 1.5 (toy)") == "facility_location k=20, 1.5 (toy)"


@pytest.mark.parametrize("name", [r"a$\frac$b", "$x$", "_hidden"])
def test_figures_show_dollars_as_they_are(name):
    from matplotlib.cbook import is_math_text

    assert not is_math_text(figure(name))
