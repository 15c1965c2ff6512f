"""What the tables of single studies say, where it can be known beforehand."""

import csv

import numpy as np
import pytest
from PIL import Image

from winnow.dataset.blobs_2d import Blobs2D
from winnow.dataset.classification import Classification
from winnow.errors import InvalidValue
from winnow.study.density_stages import DensityStages
from winnow.study.kmeans_2d import KMeans2D
from winnow.study.minibatch_mnist import MiniBatchMNIST
from winnow.study.neural_clustering import NeuralClustering


def rows_of(study, dataset, folder, seeds=1):
    study.run(dataset, seed=0, seeds=seeds, folder=folder)
    with next(folder.glob("*.csv")).open() as stream:
        return list(csv.DictReader(stream))


def test_k_means_in_the_plane_falls_to_the_inertia_of_scikit_learn(tmp_path):
    *rounds, theirs = rows_of(KMeans2D(), Blobs2D().load(), tmp_path)
    inertias = [float(row["inertia"]) for row in rounds]
    assert inertias == sorted(inertias, reverse=True)
    assert inertias[-1] == pytest.approx(float(theirs["inertia"]))


def test_what_has_more_than_two_features_is_not_drawn_in_the_plane(tmp_path):
    with pytest.raises(InvalidValue, match="dataset must have two features to be drawn, got rows of shape"):
        KMeans2D().run(Classification().load(), seed=0, seeds=1, folder=tmp_path)


def test_more_clusters_have_less_inertia_and_the_best_k_is_said(tmp_path):
    study, dataset = MiniBatchMNIST(full_k=2, ks=(2, 8)), Blobs2D().load()
    text = study.run(dataset, seed=0, seeds=3, folder=tmp_path)
    with (tmp_path / "minibatch_mnist.csv").open() as stream:
        full, two, eight = csv.DictReader(stream)
    assert float(eight["inertia/row"]) < float(two["inertia/row"])
    assert float(full["test %"]) > 95
    assert full["n"] == "3"
    assert "best k by held-out inertia/row: 8" in text


def test_the_animation_has_one_picture_a_round(tmp_path):
    rows_of(NeuralClustering(rounds=2, steps=3), Blobs2D(points=20).load(), tmp_path)
    with Image.open(tmp_path / "neural_clustering.gif") as animation:
        assert animation.n_frames <= 2


def test_both_stages_keep_the_budget_and_the_single_one_is_the_harsher(tmp_path):
    rows = rows_of(DensityStages(), Classification().load(), tmp_path)
    assert [row["kept"] for row in rows] == ["800", "400", "400"]
    spread = [np.std([int(row[str(label)]) for label in range(6)]) for row in rows]
    assert spread[0] < spread[2] < spread[1]
