"""k-means on dask.distributed is the default k-means, whoever does which part of it."""

import os
import signal
import sys
import time
from dataclasses import replace
from threading import Thread

import numpy as np
import pytest

from winnow.clusterer.dask import Dask
from winnow.errors import InvalidValue


@pytest.fixture
def fitted(dask_scheduler):
    def fit(X, k, seed=0, **settings):
        return Dask(k, scheduler=dask_scheduler, **settings).fit(X, seed=seed)

    return fit


def mixture(n, k, d=16):
    rng = np.random.default_rng(0)
    centres = 2 * rng.normal(size=(k, d))
    return (centres[rng.integers(0, k, n)] + rng.normal(size=(n, d))).astype(np.float32)


def test_a_memory_map_and_an_array_give_the_same_bits_on_one_worker_and_on_two(fitted, tmp_path):
    pytest.importorskip("distributed")
    X = mixture(3000, 20)
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    two = fitted(X, 20, rows_at_once=700)
    one = Dask(20, rows_at_once=700, workers=1).fit(mapped, seed=0)
    for name in ("centroids", "labels", "distances"):
        assert getattr(two, name).tobytes() == getattr(one, name).tobytes()


def test_a_worker_that_is_killed_in_the_middle_costs_its_chunks_and_changes_no_bit(fitted, dask_scheduler):
    distributed = pytest.importorskip("distributed")
    X = mixture(20_000, 30)
    killed = []

    def kill_one():
        time.sleep(0.5)
        with distributed.Client(dask_scheduler, set_as_default=False) as client:
            killed.append(min(client.run(os.getpid).values()))
            os.kill(killed[0], signal.SIGKILL)

    settings = {"rows_at_once": 2500, "passes": 60}
    undisturbed = fitted(X, 30, **settings)
    killer = Thread(target=kill_one)
    killer.start()
    disturbed = fitted(X, 30, **settings)
    still_running = killer.is_alive()
    killer.join()
    assert killed
    assert not still_running, "the fit was over before a worker was killed"
    assert disturbed.centroids.tobytes() == undisturbed.centroids.tobytes()
    assert disturbed.labels.tobytes() == undisturbed.labels.tobytes()


def test_where_the_work_is_done_is_not_part_of_the_key():
    stage = Dask(5)
    assert repr(stage) == repr(replace(stage, scheduler="tcp://127.0.0.1:8786", workers=3))
    assert repr(stage) != repr(replace(stage, rows_at_once=100))


def test_a_scheduler_that_does_not_answer_is_named_with_what_to_start(blobs_of_two):
    pytest.importorskip("distributed")
    with pytest.raises(InvalidValue, match=r"clusterer\.scheduler must answer.*dask scheduler"):
        Dask(2, scheduler="tcp://127.0.0.1:9").fit(blobs_of_two, seed=0)


def test_without_dask_the_remedy_is_how_to_install_it(blobs_of_two, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InvalidValue, match=r"pip install 'winnow-subset\[cluster\]'"):
        Dask(2).fit(blobs_of_two, seed=0)


@pytest.fixture
def blobs_of_two():
    return np.float32([[0, 0], [0, 1], [9, 9], [9, 8]])
