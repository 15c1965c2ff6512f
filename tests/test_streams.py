"""Named streams: independent of each other, and of what other stages draw."""

from zlib import crc32

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from winnow.streams import Streams, stream, stream_seed


def test_the_same_name_gives_the_same_draws():
    assert stream(1, 2, "order").random(3).tolist() == stream(1, 2, "order").random(3).tolist()


def test_a_stream_is_that_of_numpy_for_seed_repetition_and_the_checksum_of_its_name():
    rng = np.random.default_rng(np.random.SeedSequence([7, 3, crc32(b"order")]))
    assert Streams(7, 3).rng("order").random(3).tolist() == rng.random(3).tolist()


def test_seed_repetition_and_stage_each_give_another_stream():
    names = [(0, 0, "order"), (1, 0, "order"), (0, 1, "order"), (0, 0, "init")]
    assert len({stream(*name).integers(2**62) for name in names}) == len(names)


@given(st.integers(0, 2**31 - 1), st.integers(0, 999))
def test_seeds_suit_every_library(seed, repetition):
    assert 0 <= Streams(seed, repetition).seed("cluster") < 2**31
    assert Streams(seed, repetition).seed("cluster") == stream_seed(seed, repetition, "cluster")


def test_the_global_generator_is_left_alone():
    before = np.random.get_state()[1].tolist()
    stream(0, 0, "select").random(5)
    assert np.random.get_state()[1].tolist() == before
