"""Embeddings computed block by block, by this process or by workers of dask.distributed, to the same bits."""

import os
import signal
from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import pytest

from winnow.dataset._mapped_rows import MappedRows, as_float32
from winnow.embedding import _network_features, pca
from winnow.embedding.pca import PCA
from winnow.embedding.timm import Timm
from winnow.errors import InvalidValue
from winnow.network import dask_workers
from winnow.network.dask_workers import blocks_of, in_order, packed
from winnow.store.keys import identity


class HereAndNow:
    """What the functions for workers ask of a client, done at once by this process."""

    class Done:
        def __init__(self, value):
            self.value = value

        def result(self):
            return self.value

    def submit(self, function, *arguments, pure):
        values = [each.value if isinstance(each, self.Done) else each for each in arguments]
        return self.Done(function(*values))

    def nthreads(self):
        return {"one": 1, "other": 1}


def doubled(rows, by):
    return by * rows


@pytest.fixture
def rows():
    return np.random.default_rng(0).normal(5, 1, size=(1000, 6)).astype(np.float32)


@pytest.fixture
def mapped(rows, tmp_path):
    np.save(tmp_path / "rows.npy", rows.astype(np.float64))
    return MappedRows(np.load(tmp_path / "rows.npy", mmap_mode="r"), "nd", as_float32, np.arange(1000)[::-1])


@pytest.mark.parametrize("most_sent", [0, 2**27])
def test_blocks_come_back_in_order_whether_all_rows_are_sent_or_each_block(rows, monkeypatch, most_sent):
    monkeypatch.setattr(dask_workers, "_MOST_SENT", most_sent)
    found = list(in_order(HereAndNow(), doubled, rows, blocks_of(1000, 300), 2))
    assert [len(block) for block in found] == [300, 300, 300, 100]
    assert np.concatenate(found).tobytes() == (2 * rows).tobytes()


def test_of_rows_in_a_file_only_their_place_travels(mapped):
    assert len(packed(mapped)) < 9000  # 8 bytes for the number of each row; 48,000 bytes are in the file


def test_where_the_work_is_done_is_not_part_of_the_key():
    for stage in (PCA(), Timm()):
        assert identity(replace(stage, engine="dask", scheduler="tcp://node:8786")) == identity(stage)


def test_wide_rows_are_refused_before_they_are_read(monkeypatch):
    monkeypatch.setattr(pca, "MOST_VALUES_COPIED", 10)
    monkeypatch.setattr(pca, "WIDEST_COVARIANCE", 5)
    with pytest.raises(InvalidValue, match=r"engine must be process for rows of more than 5 values"):
        PCA(2, engine="dask").fit_transform(np.zeros((9, 6), np.float32))


def test_a_network_is_given_whole_batches_whoever_computes(monkeypatch):
    monkeypatch.setattr(_network_features, "IMAGES_OF_A_BLOCK", 7)
    asked = []

    def by_workers(step, x, blocks, stage):
        asked.extend(blocks)
        return (x[block, 0, 0, :2].astype(np.float32) for block in blocks)

    stage = replace(Timm(), batch_size=3, engine="dask")
    monkeypatch.setattr(Timm, "on_blocks", lambda _: nullcontext(by_workers))
    images = np.zeros((20, 1, 32, 32), np.uint8)
    assert len(stage.fit_transform(images)) == 20
    assert [block.start for block in asked] == [0, 6, 12, 18]


@pytest.fixture
def few_values(monkeypatch):
    """As if there were very many rows."""
    monkeypatch.setattr(pca, "MOST_VALUES_COPIED", 10)
    monkeypatch.setattr(pca, "ROWS_OF_A_BLOCK", 100)


def test_principal_components_by_two_workers_are_those_of_one_process(mapped, few_values, dask_scheduler):
    alone = PCA(3).fit_transform(mapped)
    shared = PCA(3, engine="dask", scheduler=dask_scheduler).fit_transform(mapped)
    assert shared.tobytes() == alone.tobytes()


def test_a_worker_that_is_killed_costs_the_blocks_that_it_had(mapped, dask_scheduler):
    with dask_workers.connected("embedding.engine=dask", dask_scheduler, None) as client:
        victim = min(client.run(os.getpid).values())
        found = in_order(client, np.copy, mapped, blocks_of(1000, 50))
        first = next(found)
        os.kill(victim, signal.SIGKILL)  # with what it holds of the three next blocks
        rows = np.concatenate([first, *found])
        assert victim not in client.run(os.getpid).values()
    assert rows.tobytes() == mapped[:].tobytes()


def test_as_many_workers_are_started_as_were_asked_for():
    with dask_workers.connected("embedding.engine=dask", None, 1) as client:
        assert len(client.nthreads()) == 1
