import numpy as np

from winnow.embedding.identity import CHUNK, Identity, flatten


def test_bytes_become_numbers_from_zero_to_one():
    x = np.array([[[[0, 51], [102, 255]]]], dtype=np.uint8)
    np.testing.assert_allclose(Identity().fit_transform(x), [[0, 0.2, 0.4, 1]], rtol=1e-7)


def test_features_are_not_copied_but_cannot_be_written_to():
    x = np.float32([[1, -2], [3e5, 0]])
    X = Identity().fit_transform(x)
    np.testing.assert_array_equal(X, x)
    assert np.shares_memory(X, x)
    assert x.flags.writeable
    assert not X.flags.writeable


def test_chunks_leave_no_seam():
    x = np.random.default_rng(0).integers(256, size=(CHUNK + 3, 1, 2, 1), dtype=np.uint8)
    np.testing.assert_array_equal(flatten(x), x.reshape(-1, 2) / np.float32(255))


def test_is_worth_caching_only_where_it_computes_something():
    assert not Identity().worth_caching
    assert Identity(whiten=True).worth_caching
