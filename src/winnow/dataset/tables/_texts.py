"""Look at the different texts of a column: their order, their spellings, and what they look like."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Int64
from numpy import ndarray

from winnow.dataset._values import in_order, same_numbers

if TYPE_CHECKING:
    import pyarrow as pa

MEASURE = r"^[^\p{L}\d]*\d"
"""Text that begins like a number: `5 kg`, `$3`, `12%`, `18-25`."""
FILE_NAME = r"\.\p{L}\w*$"
"""Text that ends as the name of a file does: `0017.png`."""


def in_one_spelling(
    values: Sequence[str], codes: Int64[ndarray, " n"]
) -> tuple[tuple[str, ...], Int64[ndarray, " n"], tuple[str, ...]]:
    """Return the values in order, the code of every row, and which values were one number.

    >>> in_one_spelling(["2", "1", "1.0"], np.array([0, 1, 2]))
    (('1', '2'), array([1, 0, 0]), ('1', '1.0'))
    """
    plain = same_numbers(values)
    names = in_order(list({plain.get(value, value) for value in values}))
    place = {name: code for code, name in enumerate(names)}
    moved = np.array([place[plain.get(value, value)] for value in values], np.int64)
    return tuple(names), moved[codes], tuple(plain)


def encoded(text: "list[pa.Array]") -> tuple[list[str], Int64[ndarray, " n"]]:
    """Return the different texts in the order of their first cell, and the place of every cell's."""
    import pyarrow as pa

    chunks = pa.chunked_array(text, pa.string()).dictionary_encode().unify_dictionaries().chunks
    codes = np.concatenate([chunk.indices.to_numpy() for chunk in chunks]).astype(np.int64)
    return chunks[0].dictionary.to_pylist(), codes


def all_match(values: Sequence[str], pattern: str) -> bool:
    """Say whether all texts match a regular expression."""
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.all(pc.match_substring_regex(pa.array(values, pa.string()), pattern)).as_py()


def any_matches(values: Sequence[str], pattern: str) -> bool:
    """Say whether one of the texts matches a regular expression."""
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.any(pc.match_substring_regex(pa.array(values, pa.string()), pattern)).as_py()


def are_measures(values: Sequence[str]) -> bool:
    """Say whether all texts are numbers with the same sign or unit.

    >>> are_measures(["5 kg", "6.5 kg"]), are_measures(["$3", "$1,200"]), are_measures(["12%", "7 kg"])
    (True, True, False)
    >>> are_measures(["555-1234", "555-9876"]), are_measures(["1 Elm St", "2 Oak St"])
    (False, False)
    """
    if not all_match(values, MEASURE) or all_match(values, FILE_NAME):
        return False
    units = {re.sub(r"[\d.,' +-]", "", value) for value in values}
    return len(units) == 1 and units != {""}
