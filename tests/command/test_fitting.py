"""Sizes, embedding and network follow the data where nothing was typed; what was typed is never changed."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from winnow.command.configuration import composed
from winnow.command.fitting import DEFAULT_MODEL, fitted, number_of_rows
from winnow.command.plan import SHARE
from winnow.errors import InvalidValue
from winnow.registry import name_of
from winnow.types import Dataset

CONF = Path(__file__).parents[2] / "conf"


def data(n, *shape):
    """A data set of n rows of this shape and two classes."""
    kind = np.uint8 if len(shape) == 3 else np.float32
    y = np.arange(n) % 2
    return Dataset("rows", np.zeros((n, *shape), kind), y, np.zeros((1, *shape), kind), y[:1], ("a", "b"))


def fit(dataset, *overrides):
    return fitted(composed(CONF, overrides), dataset)


def sizes(plan):
    return plan.settings.k, plan.settings.budget, plan.stages.clusterer.k


def refusal(dataset, *overrides):
    with pytest.raises(InvalidValue) as refused:
        fit(dataset, *overrides)
    return str(refused.value)


IMAGES = (1, 28, 28)


@pytest.mark.parametrize(("n", "k"), [(60_000, 600), (3_000, 600), (2_999, 599), (320, 64), (48, 9), (3, 1)])
def test_k_is_600_or_a_fifth_of_few_rows_and_the_budget_follows(n, k):
    plan = fit(data(n, 2), "embedding=identity")
    assert sizes(plan) == (k, k, k)


def test_a_share_is_one_of_the_training_rows():
    assert sizes(fit(data(320, *IMAGES), "budget=20%")) == (64, 64, 64)
    assert sizes(fit(data(320, *IMAGES), "k=10", "budget=20 %")) == (10, 64, 10)
    assert sizes(fit(data(320, *IMAGES), "k=2.5%")) == (8, 8, 8)
    assert sizes(fit(data(320, *IMAGES), "k=2.5%", "budget=100%")) == (8, 320, 8)


@pytest.mark.parametrize(
    ("n", "budget", "k"),
    [(60_000, "100", 100), (60_000, "5000", 600), (60_000, "0.1%", 60), (320, "100", 64)],
)
def test_there_are_no_more_clusters_than_kept_rows_unless_they_are_typed(n, budget, k):
    assert sizes(fit(data(n, 2), "embedding=identity", f"budget={budget}"))[::2] == (k, k)
    assert sizes(fit(data(n, 2), "embedding=identity", f"budget={budget}", "k=150"))[::2] == (150, 150)


def test_that_clusters_follow_the_budget_is_said(capsys):
    fit(data(60_000, *IMAGES), "selector=nearest", "budget=90")
    assert capsys.readouterr().err == "fitted to the data: k=90 (one for each row that is kept)\n"


@given(st.integers(1, 10**6), st.decimals(0, 100, places=3))
def test_a_share_is_within_half_a_row(n, percent):
    assert SHARE.fullmatch(f"{percent}%")
    assert abs(number_of_rows(f"{percent}%", n) - Fraction(percent) * n / 100) <= Fraction(1, 2)


def test_what_is_recorded_are_the_numbers():
    plan = fit(data(320, *IMAGES), "budget=20%")
    kept = OmegaConf.create(plan.resolved)
    assert (kept.k, kept.budget, kept.clusterer.k) == (64, 64, 64)
    described = plan.described()
    assert (described["k"], described["budget"], described["clusterer.k"]) == ("64", "64", "64")


def test_a_table_of_two_columns_is_fitted_whole_and_one_line_says_it(capsys):
    plan = fit(data(47, 2))
    assert sizes(plan) == (9, 9, 9)
    assert plan.stages.embedding.components == 2
    assert name_of(plan.stages.model) == "mlp"
    assert capsys.readouterr().err == (
        "fitted to the data: k=9 (one for 5 of 47 training rows), "
        "embedding.components=2 (all that 47 rows of 2 values have), "
        "model=mlp (lenet5 takes no rows of this shape)\n"
    )


def test_mnist_is_as_it_always_was_and_nothing_is_said(capsys):
    asked = composed(CONF, ["selector=nearest"])
    plan = fitted(asked, data(60_000, *IMAGES))
    assert sizes(plan) == (600, 600, 600)
    assert plan.stages.embedding == asked.stages.embedding
    assert plan.stages.model == asked.stages.model
    assert capsys.readouterr().err == ""


def test_everything_that_is_wrong_is_told_at_once():
    line = refusal(data(48, 2), "k=600", "embedding.components=64", "model=lenet5", "transfer=[convnet]")
    assert "k must lie in [1, n=48], got 600; " in line
    assert "budget must lie" not in line  # it only follows k
    assert "embedding.components must be at most 2 for 48 rows of 2 values, got 64; " in line
    assert "LeNet-5 must be given images of 16x16 pixels or more, got (2,); " in line
    assert "a ConvNet with widths" in line
    assert "try embedding.components=2; use model=mlp" in line


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["k=49"], "k must lie in [1, n=48], got 49"),
        (["budget=49"], "budget must lie in [1, n=48], got 49"),
        (["budget=1%"], "budget must lie in [1, n=48], got 1%"),
        (["budget=0%"], "budget must lie in [1, n=48], got 0%"),
        (["model=lenet5_batchnorm"], "LeNet-5 must be given images"),
        (["model.dropout=0.1"], "LeNet-5 must be given images"),
        (["model=convnet"], "a ConvNet with widths"),
    ],
)
def test_what_was_typed_is_refused_rather_than_changed(words, said):
    assert said in refusal(data(48, 2), *words)


def test_sizes_that_a_selector_does_not_use_are_not_looked_at():
    assert fit(data(48, *IMAGES), "selector=full", "k=600", "embedding=identity").settings.k == 600
    assert fit(data(48, *IMAGES), "selector=uniform", "k=600", "budget=10").settings.budget == 10
    assert (
        fit(data(48, *IMAGES), "selector=uniform", "embedding.components=900").stages.embedding.components
        == 900
    )


def test_the_default_network_is_the_one_of_the_configuration():
    defaults = OmegaConf.load(CONF / "config.yaml").defaults
    assert {"model": DEFAULT_MODEL} in [dict(each) for each in defaults if not isinstance(each, str)]


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("embedding=spectral", "embedding must be able to embed test rows for model=linear_probe"),
        ("embedding.whiten=true", "without embedding.whiten"),
        ("augment=crop_flip", "augment must be none for model=linear_probe, which reads vectors"),
    ],
)
def test_what_a_network_of_the_embedding_cannot_read_is_refused(word, said):
    assert said in refusal(data(320, *IMAGES), "model=linear_probe", word)
    assert said in refusal(data(320, *IMAGES), "transfer=[linear_probe]", word)


def test_the_components_are_fitted_for_a_network_that_reads_the_embedding():
    plan = fit(data(47, 2), "model=linear_probe", "selector=uniform", "budget=9")
    assert plan.stages.embedding.components == 2


def test_a_list_of_rows_needs_no_embedded_test_rows():
    words = ["model=linear_probe", "embedding.whiten=true", "select_only=true"]
    assert fit(data(320, *IMAGES), *words).stages.embedding.whiten
