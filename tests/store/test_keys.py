import importlib.util
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from winnow.errors import InvalidValue
from winnow.store.keys import checksum, content_key, identity, library_versions

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
RECIPE = {
    "data": checksum(np.arange(6, dtype=np.uint8)),
    "clusterer": "KMeans(k=600, iterations=25)",
    "seed": 0,
    "tolerance": 1e-4,
    "whiten": True,
    "versions": {"numpy": "2.4.6"},
}


@given(PLAIN)
def test_equal_parts_have_equal_keys_in_any_order(part):
    assert content_key(a=part, b=1) == content_key(b=1, a=part)


@given(PLAIN, PLAIN)
def test_two_parts_are_told_apart_wherever_their_repr_differs(one, other):
    assert (content_key(part=one) == content_key(part=other)) == (_ordered(one) == _ordered(other))


def _ordered(part):
    if isinstance(part, dict):
        return "dict" + repr(sorted((key, _ordered(each)) for key, each in part.items()))
    return repr([_ordered(each) for each in part]) if isinstance(part, list) else repr(part)


@pytest.mark.parametrize(
    "change",
    [
        {"data": checksum(np.array([0, 1, 2, 3, 4, 6], dtype=np.uint8))},
        {"data": checksum(np.arange(6, dtype=np.int8))},
        {"data": checksum(np.arange(6, dtype=np.uint8).reshape(2, 3))},
        {"data": checksum(np.arange(6, dtype=np.uint8)[::-1])},
        {"clusterer": "KMeans(k=601, iterations=25)"},
        {"seed": 1},
        {"seed": 0.0},
        {"seed": False},
        {"tolerance": 1.0000000000000002e-4},
        {"whiten": 1},
        {"versions": {"numpy": "2.4.7"}},
        {"device": "cpu"},
    ],
    ids=str,
)
def test_the_key_moves_with_any_field_pixel_dtype_order_seed_and_version(change):
    assert content_key(**{**RECIPE, **change}) != content_key(**RECIPE)


@pytest.mark.parametrize(
    "part",
    [{1: "a"}, {"a": {1: 2}}, {1, 2}, np.int64(1), np.zeros(2), object(), b"a"],
    ids=lambda part: type(part).__name__,
)
def test_a_part_that_json_would_bend_is_refused(part):
    with pytest.raises(TypeError, match="must be plain values"):
        content_key(part=part)


@pytest.mark.parametrize("part", [float("nan"), [float("inf")]], ids=repr)
def test_a_number_that_is_not_finite_is_refused(part):
    with pytest.raises(ValueError, match="not JSON compliant"):
        content_key(part=part)


def test_a_key_is_the_same_in_every_process_and_version():
    # printf '{"k":600}' | sha256sum
    assert content_key(k=600) == "a31b50af4388fa76e2fa510ff88da1befc6805042a144d319557d8f37dc711b8"


def test_a_checksum_sees_rows_and_not_memory_layout():
    rows = np.arange(6.0).reshape(2, 3)
    assert checksum(np.asfortranarray(rows)) == checksum(rows)
    assert checksum(rows[:, ::2]) == checksum(rows[:, ::2].copy())
    assert checksum(rows, rows) != checksum(rows)


@pytest.mark.parametrize("shape", [(0,), (0, 3), ()])
def test_a_checksum_of_no_rows_still_knows_the_shape(shape):
    assert checksum(np.zeros(shape)) != checksum(np.zeros((0, 4)))


def test_objects_have_no_checksum():
    with pytest.raises(TypeError):
        checksum(np.array([object()]))


@dataclass(frozen=True)
class Whole:
    k: int = 600


class Vague:
    pass


def test_an_identity_spells_out_the_hyper_parameters():
    assert identity(Whole()).startswith("Whole(k=600) ")
    assert identity(Whole()) == identity(Whole())
    assert identity(Whole(k=1)) != identity(Whole(k=2))


def test_a_memory_address_is_no_identity():
    with pytest.raises(InvalidValue, match="must spell out its hyper-parameters"):
        identity(Vague())


def test_an_edited_source_file_is_another_identity(tmp_path, monkeypatch):
    source = "from dataclasses import dataclass\n\n@dataclass(frozen=True)\nclass Halve:\n    k: int = 2\n"
    before = identity(_load(tmp_path / "halve.py", source, monkeypatch).Halve())
    after = identity(
        _load(tmp_path / "edited" / "halve.py", source + "    offset = 1\n", monkeypatch).Halve()
    )
    assert before.rpartition(" ")[0] == after.rpartition(" ")[0] == "Halve(k=2)"
    assert before != after


def _load(path, source, monkeypatch):
    path.parent.mkdir(exist_ok=True)
    path.write_text(source)
    spec = importlib.util.spec_from_file_location("halve", path)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "halve", module)
    spec.loader.exec_module(module)
    return module


def test_versions_are_those_installed():
    assert library_versions("numpy", "filelock") == {
        "numpy": version("numpy"),
        "filelock": version("filelock"),
    }


def test_the_version_of_a_missing_library_is_not_made_up():
    with pytest.raises(PackageNotFoundError):
        library_versions("no-such-distribution")
