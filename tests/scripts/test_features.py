"""From a data set to a file of features, and from there to a linear probe."""

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torchvision.models import resnet18

from winnow.augment.none import Unchanged
from winnow.dataset.arrays import Arrays
from winnow.dataset.digits import Digits
from winnow.embedding.identity import Identity
from winnow.embedding.pretrained import Pretrained
from winnow.embedding.spectral import Spectral
from winnow.errors import InvalidValue
from winnow.model.linear import Linear
from winnow.streams import Streams
from winnow.trainer.lightning import Lightning
from winnow.types import Subset

SCRIPTS = Path(__file__).parents[2] / "scripts"


@pytest.fixture
def features(monkeypatch):
    monkeypatch.syspath_prepend(SCRIPTS)
    return importlib.import_module("features")


@pytest.fixture
def written(features, monkeypatch, tmp_path):
    torch.manual_seed(0)
    torch.save(resnet18().state_dict(), tmp_path / "weights.pt")
    words = [f"embedding.weights={tmp_path / 'weights.pt'}", "embedding=pretrained", "embedding.side=32"]
    out = tmp_path / "features.npz"
    monkeypatch.setattr(sys, "argv", ["features.py", f"out={out}", "dataset=digits", *words])
    features.main()
    return out, Pretrained(weights=str(tmp_path / "weights.pt"), side=32)


def test_both_parts_are_embedded_and_a_linear_layer_learns_from_them(written, capsys):
    out, embedding = written
    digits, probed = Digits().load(), Arrays(str(out)).load()
    np.testing.assert_array_equal(probed.y, digits.y)
    np.testing.assert_array_equal(probed.y_test, digits.y_test)
    np.testing.assert_array_equal(probed.x, embedding.fit_transform(digits.x))
    np.testing.assert_array_equal(probed.x_test, embedding.fit_transform(digits.x_test))
    rows = Subset.of(np.arange(probed.n))
    trained = Lightning(steps=300).train(probed, rows, Linear(), Unchanged(), Streams(0, 0))
    assert np.mean(trained.predictions == probed.y_test) > 0.8  # chance is 0.1


@pytest.mark.parametrize("embedding", [Spectral(), Identity(whiten=True), Pretrained(whiten=True)])
def test_what_cannot_embed_test_rows_is_refused(features, embedding):
    with pytest.raises(InvalidValue, match="embedding must be able to embed test rows, got"):
        features.refuse_unable(embedding)
