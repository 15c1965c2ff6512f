import warnings

import numpy as np
import pytest

from winnow.errors import WinnowWarning
from winnow.pool import Pool
from winnow.registry import load
from winnow.selector._time_needed import seconds_of_all_pairs, seconds_of_looks, warn_if_long


def test_what_takes_an_hour_is_said_with_the_remedy():
    with pytest.warns(WinnowWarning, match=r"^counting takes about 60 minutes on one core \| quicker: less$"):
        warn_if_long(3600.0, "counting", "less")


def test_minutes_are_not_worth_a_word():
    warn_if_long(300.0, "counting", "less")  # a warning would be an error here


def test_seconds_by_hand():
    # 1.5 million rows of 50 coordinates: 1.125e14 products at 2.5e10 a second.
    assert seconds_of_all_pairs(1_500_000, 50) == pytest.approx(4500)
    assert seconds_of_all_pairs(1_500_000, 50, passes=2) == pytest.approx(9000)
    # 300 kept of 1 million rows of 50 coordinates: 1.5e10 at 1.5e9 a second.
    assert seconds_of_looks(1_000_000, 50, 300) == pytest.approx(10)


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
        ("probability_cover", {}, "selector=typicality"),
    ],
)
def test_a_million_rows_are_spoken_of_before_the_work_begins(name, options, instead):
    pool = Pool(1_000_000, X=np.broadcast_to(np.float32(0), (1_000_000, 64)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # what is said ends the work, which would take minutes
        with pytest.raises(WinnowWarning, match=f"minutes on one core.*{instead}"):
            load("selector", name)(**options).select(pool, budget=10_000, rng=np.random.default_rng(0))
