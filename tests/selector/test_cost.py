import pytest

from winnow import registry
from winnow.errors import WinnowWarning
from winnow.selector._cost import warn_if_large, warn_if_long


def test_what_takes_an_hour_is_said_with_the_remedy():
    # 1.5 million rows of 64 coordinates: 1.44e14 products at 4e10 a second are 3,600 seconds.
    with pytest.warns(WinnowWarning, match="1,500,000 rows takes about 60 minutes.*quicker: fewer rows"):
        warn_if_long(1_500_000, 64, "fewer rows")
    with pytest.warns(WinnowWarning, match="about 120 minutes"):
        warn_if_long(1_500_000, 64, "fewer rows", passes=2)


def test_minutes_are_not_worth_a_word():
    warn_if_long(400_000, 64, "fewer rows")  # 256 seconds; a warning would be an error here


def test_copies_that_need_gigabytes_are_said_with_what_reads_chunks():
    # 4 copies of ten million rows of 64 values of 4 bytes: 10.24e9 bytes are 9.5 GiB.
    with pytest.warns(WinnowWarning, match="4 copies of 10,000,000 embedded rows .* about 10 GiB.*semdedup"):
        warn_if_large(10_000_000, 64, copies=4)
    warn_if_large(2_000_000, 64, copies=4)  # 1.9 GiB; a warning would be an error here


IN_CHUNKS = ["random", "nearest", "furthest", "prototype", "semdedup", "density", "stratified"]


@pytest.mark.parametrize("name", IN_CHUNKS)
def test_those_that_read_chunks_have_nothing_to_say_of_any_number_of_rows(name):
    registry.default("selector", name).warn_of_cost(10**9, 4096)


@pytest.mark.parametrize("name", ["herding", "kernel_herding", "zcore", "facility_location", "d2_pruning"])
def test_the_others_say_so(name):
    with pytest.warns(WinnowWarning) as said:
        registry.default("selector", name).warn_of_cost(10**8, 64)
    assert "copies of 100,000,000 embedded rows" in str(said[0].message)
