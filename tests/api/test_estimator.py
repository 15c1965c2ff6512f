"""The sampler for scikit-learn, held to scikit-learn's own conventions."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.neighbors import KNeighborsClassifier
from sklearn.utils.estimator_checks import check_estimator

import winnow
from winnow.sklearn import Winnow


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    return rng.normal(size=(30, 4)), rng.integers(0, 2, 30)


def test_it_keeps_the_rows_that_select_keeps(data):
    X, y = data
    sampler = Winnow(budget=0.2, k=6)
    kept, labels = sampler.fit_resample(X, y)
    rows = sampler.sample_indices_
    assert rows.tolist() == winnow.select(X, y, budget=0.2, selector="nearest", k=6).indices.tolist()
    np.testing.assert_array_equal(kept, X[rows])
    np.testing.assert_array_equal(labels, y[rows])
    assert (len(rows), sampler.n_features_in_) == (6, 4)


def test_a_copy_has_the_parameters_and_nothing_learnt(data):
    sampler = Winnow(budget=5, selector="random", seed=3)
    sampler.fit_resample(*data)
    copied = clone(sampler)
    assert copied.get_params() == sampler.get_params()
    assert not hasattr(copied, "sample_indices_")
    assert copied.set_params(budget=7).budget == 7


def test_tables_stay_tables(data):
    X, y = data
    table, labels = pd.DataFrame(X, columns=list("abcd")), pd.Series(y, name="label")
    kept, of_kept = Winnow(budget=5, k=5).fit_resample(table, labels)
    assert kept.index.tolist() == of_kept.index.tolist()
    assert kept.columns.tolist() == list("abcd")


def test_it_keeps_the_conventions_of_scikit_learn():
    sampler = Winnow(budget=0.5, selector="random", embedding="identity")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of scikit-learn about checks that this machine cannot run
        outcome = check_estimator(sampler, on_fail=None)
    failed = [check["check_name"] for check in outcome if check["status"] == "failed"]
    # The types of arguments are checked in these tests alone.
    assert set(failed) <= {"check_do_not_raise_errors_in_init_or_set_params"}


# Left out are those for what it is not: it balances no classes, and takes no sparse rows, words or gaps.
OF_SAMPLERS = (
    "check_samplers_fit_resample",
    "check_samplers_list",
    "check_samplers_pandas",
    "check_samplers_preserve_dtype",
    "check_samplers_2d_target",
)


@pytest.mark.parametrize("name", OF_SAMPLERS)
def test_it_keeps_the_conventions_of_imbalanced_learn_that_apply(name):
    checks = pytest.importorskip("imblearn.utils.estimator_checks", reason="needs imbalanced-learn")
    getattr(checks, name)("Winnow", Winnow(budget=0.5, selector="random", embedding="identity"))


def test_in_a_pipeline_it_takes_part_in_fit_and_not_in_predict():
    pipeline = pytest.importorskip("imblearn.pipeline", reason="needs imbalanced-learn")
    X, y = load_digits(return_X_y=True)
    sampler = Winnow(budget=0.2, embedding="identity")
    model = pipeline.make_pipeline(sampler, KNeighborsClassifier(1)).fit(X[:1200], y[:1200])
    assert len(model[0].sample_indices_) == 240
    assert model.predict(X[1200:]).shape == (597,)
    alone = KNeighborsClassifier(1).fit(X[model[0].sample_indices_], y[model[0].sample_indices_])
    np.testing.assert_array_equal(model.predict(X[1200:]), alone.predict(X[1200:]))
