"""The quick trials of `auto`: networks side by side learn as if alone, and every selector has its column."""

import importlib
from pathlib import Path

import numpy as np
import pytest
import torch

SCRIPTS = Path(__file__).parents[2] / "scripts"


@pytest.fixture
def auto_probe(monkeypatch):
    monkeypatch.syspath_prepend(SCRIPTS)
    return importlib.import_module("auto_probe")


@pytest.fixture
def two_classes():
    """Two subsets of 60 rows, of clouds around -1 and 1; in the second, every label is the other one."""
    y = np.arange(60) % 2
    x = np.random.default_rng(0).normal(2 * y[:, None] - 1.0, 0.3, (60, 3)).astype(np.float32)
    return np.stack([x, x]), np.stack([y, 1 - y])


def test_networks_side_by_side_learn_as_if_alone(auto_probe, two_classes):
    x, y = two_classes
    together, alone = auto_probe.learnt(x, y, 2, seed=0), auto_probe.learnt(x[1:], y[1:], 2, seed=0)
    with torch.no_grad():
        answers, answer = together(torch.from_numpy(x)), alone(torch.from_numpy(x[1:]))
    torch.testing.assert_close(answers[1:], answer, atol=1e-3, rtol=1e-3)
    assert (answers.argmax(2).numpy() == y).mean() > 0.95


@pytest.mark.parametrize(("n", "size"), [(5, 5), (48, 48), (100, 48)])
def test_every_order_is_used_once_through_without_a_part_of_a_batch(auto_probe, n, size):
    batches = auto_probe.batches(n, torch.Generator().manual_seed(0))
    assert [len(batch) for batch in batches] == [size] * auto_probe.STEPS
    whole = n // size
    assert len(set(torch.cat(batches[:whole]).tolist())) == whole * size


def test_a_line_has_every_selector_its_worst_class_and_the_evidence(auto_probe):
    y = np.arange(600) % 3
    X = np.random.default_rng(0).normal(4.0 * y[:, None], 1.0, (600, 4)).astype(np.float32)
    line = auto_probe.record((X[:500], y[:500], X[500:], y[500:]), budget=240, seeds=1)
    accuracies = [line[name] for name in auto_probe.SELECTORS]
    assert min(accuracies) > 90
    assert all(line[f"{name}_worst"] <= line[name] + 0.5 for name in auto_probe.SELECTORS)
    assert line["classes"] == pytest.approx(3, abs=0.2)
    # 30 of each of three classes, of 240.
    assert line["typical"] == pytest.approx(90 / 240, abs=0.03)
