import re
import warnings

import pytest

from winnow import registry
from winnow.errors import WinnowWarning
from winnow.pool import Scale
from winnow.selector._cost import seconds_of_all_pairs, seconds_of_looks, warn_if_large, warn_if_long
from winnow.stages import Selector


def test_what_takes_an_hour_is_said_with_the_remedy():
    with pytest.warns(WinnowWarning, match=r"^counting takes about 60 minutes on one core \| quicker: less$"):
        warn_if_long(3600.0, "counting", "less")


def test_minutes_are_not_worth_a_word():
    warn_if_long(300.0, "counting", "less")  # a warning would be an error here


def test_seconds_by_hand():
    # 1.5 million rows of 50 coordinates: 1.125e14 products at 2.5e10 a second.
    assert seconds_of_all_pairs(Scale(1_500_000, 50, 1, 1)) == pytest.approx(4500)
    # 300 kept of 1 million rows of 50 coordinates: 1.5e10 at 1.5e9 a second.
    assert seconds_of_looks(Scale(1_000_000, 50, 300, 1)) == pytest.approx(10)


@pytest.mark.parametrize(
    ("name", "options", "instead"),
    [
        ("herding", {}, "selector=random"),
        ("kernel_herding", {}, "selector=random"),
        ("zcore", {}, "selector.draws_per_row="),
        ("inverse_density", {}, "selector.exact=false"),
        ("inverse_density", {"exact": False}, "selector=d2_sampling"),
        ("facility_location", {}, "selector.exact=false"),
        ("facility_location", {"exact": False}, "selector=nearest"),
        ("d2_pruning", {}, "selector.exact=false"),
        ("d2_pruning", {"exact": False}, "selector=el2n"),
        ("probability_cover", {}, "selector=typicality"),
    ],
)
def test_minutes_on_a_million_rows_are_said(name, options, instead):
    said = said_of_a_million(registry.load("selector", name)(**options))
    assert any(re.search(f"minutes on one core.*{instead}", each) for each in said)


@pytest.mark.parametrize("name", ["inverse_density", "facility_location"])
def test_gigabytes_of_neighbours_are_said(name):
    # Of 64 neighbours a million rows take 1e6 * (4 * 64 * 4 + 64 * 90) bytes, 6.3 GiB; of 20, 2.6 GiB.
    selector = registry.default("selector", name)
    about = {20: "3 GiB", 64: "6 GiB"}[selector.neighbours]
    said = f"and {selector.neighbours} neighbours of each are in memory at once, about {about}"
    assert any(said in each for each in said_of_a_million(selector))


def said_of_a_million(selector: Selector) -> list[str]:
    """Return all warnings of choosing 10,000 of a million rows."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        selector.warn_of_cost(Scale(1_000_000, 64, 10_000, 10_000))
    return [str(each.message) for each in caught]


def test_copies_that_need_gigabytes_are_said_with_what_reads_chunks():
    # 4 copies of ten million rows of 64 values of 4 bytes: 10.24e9 bytes are 9.5 GiB.
    with pytest.warns(WinnowWarning, match="4 copies of 10,000,000 embedded rows .* about 10 GiB.*semdedup"):
        warn_if_large(Scale(10_000_000, 64, 1, 1), copies=4)
    warn_if_large(Scale(2_000_000, 64, 1, 1), copies=4)  # 1.9 GiB; a warning would be an error here


IN_CHUNKS = ["random", "nearest", "furthest", "prototype", "stratified"]


@pytest.mark.parametrize("name", IN_CHUNKS)
def test_those_that_read_chunks_have_nothing_to_say_of_any_number_of_rows(name):
    registry.default("selector", name).warn_of_cost(Scale(10**9, 4096, 10**6, 10_000))


@pytest.mark.parametrize("name", ["herding", "kernel_herding", "zcore", "facility_location", "d2_pruning"])
def test_the_others_say_so(name):
    with pytest.warns(WinnowWarning) as said:
        registry.default("selector", name).warn_of_cost(Scale(10**8, 64, 10**4, 10_000))
    assert "copies of 100,000,000 embedded rows" in str(said[0].message)


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        (
            "rounds",
            {"first": "inverse_density"},
            r"^comparing all pairs .*\| begin with selector\.first=random",
        ),
        (
            "rounds",
            {"first": "herding", "rounds": 1},
            r"^looking .* of 10,000 .*selector\.first=",
        ),
        (
            "per_class",
            {"of": "d2_pruning"},
            r"^if nearly all rows are of one class: .*selector\.of=",
        ),
    ],
)
def test_a_selector_inside_of_another_is_told_of_with_a_remedy_that_can_be_typed_there(name, options, said):
    told = said_of_a_million(registry.load("selector", name)(**options))
    assert any(re.search(said, each) for each in told)
    assert not any("exact" in each for each in told)


def test_of_rounds_only_the_first_is_chosen_by_the_selector_inside():
    # A quarter of 10,000 rows is looked for, which takes 107 s: no warning, which would be an error here.
    registry.load("selector", "rounds")(first="herding").warn_of_cost(Scale(1_000_000, 64, 10_000, 10_000))


def test_badge_says_what_the_rows_that_it_asks_for_take():
    # Of 10,000 rows, 7,500 come in three later rounds, 6,000 of them asked for: 6e3 times 1e6 times 94
    # numbers, at 1.5e9 a second, are 376 s.
    badge = registry.load("selector", "rounds")(query="badge")
    said = r"gradients of 1,000,000 rows for each of 6,000 .* about 6 minutes .* selector\.query=margin$"
    with pytest.warns(WinnowWarning, match=said):
        badge.warn_of_cost(Scale(1_000_000, 64, 10_000, 10_000))
    badge.warn_of_cost(Scale(1_000_000, 64, 7_000, 10_000))  # 263 s; a warning would be an error here
    registry.load("selector", "rounds")(query="margin").warn_of_cost(Scale(1_000_000, 64, 10_000, 10_000))


def test_auto_says_what_the_labels_of_a_fifth_of_a_million_rows_take():
    # Labels of three quarters are read: 1.5e5 times 1e6 times 64, at 2.5e10 a second, are 384 s.
    with pytest.warns(WinnowWarning, match=r"with the 150,000 kept .* about 6 minutes.* selector=random"):
        registry.default("selector", "auto").warn_of_cost(Scale(1_000_000, 64, 200_000, 10_000))
    registry.default("selector", "auto").warn_of_cost(Scale(1_000_000, 64, 100_000, 10_000))  # 192 s


@pytest.mark.parametrize(("name", "instead"), [("kcenter", "furthest"), ("d2_sampling", "random")])
def test_looks_for_a_fifth_of_a_million_rows_are_said(name, instead):
    # 2e5 times 1e6 times 64 at 1e10 a second are 1,280 s; a twentieth of that is a minute.
    with pytest.warns(WinnowWarning, match=rf"each of 200,000 .* about 21 minutes .* selector={instead}, or"):
        registry.default("selector", name).warn_of_cost(Scale(1_000_000, 64, 200_000, 10_000))
    registry.default("selector", name).warn_of_cost(Scale(1_000_000, 64, 10_000, 10_000))


@pytest.mark.parametrize("name", ["semdedup", "density", "typicality", "kmedoids"])
def test_what_compares_the_rows_of_a_cluster_says_so_where_clusters_are_few(name):
    selector = registry.default("selector", name)
    # 10 million rows of 64 coordinates, each beside 10,000 others: 6.4e12 at 1.5e10 a second are 7 minutes.
    with pytest.warns(WinnowWarning, match=r"minutes on one core \| quicker: (more clusters|selector)"):
        selector.warn_of_cost(Scale(10_000_000, 64, 10_000, 1_000))
    selector.warn_of_cost(Scale(10_000_000, 64, 10_000, 10_000))  # a tenth; a warning would be an error here
