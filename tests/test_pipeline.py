"""The chain: what is computed, how often, and which random streams a change leaves alone."""

from dataclasses import replace

import numpy as np
import pytest

from winnow.augment.affine_elastic import AffineElastic
from winnow.augment.none import Unchanged
from winnow.cache import Cache
from winnow.clusterer.sklearn import Sklearn
from winnow.embedding.pca import PCA
from winnow.errors import InvalidValue
from winnow.model.mlp import MLP
from winnow.pipeline import Method, Pipeline
from winnow.proxy import Proxy
from winnow.recipe import Recipe
from winnow.selector.aum import AUM
from winnow.selector.d2_pruning import D2Pruning
from winnow.selector.el2n import EL2N
from winnow.selector.full import Full
from winnow.selector.furthest import Furthest
from winnow.selector.grand import GraNd
from winnow.selector.nearest import Nearest
from winnow.selector.stratified import Stratified
from winnow.selector.uniform import Uniform
from winnow.stages import Selector
from winnow.streams import stream_seed
from winnow.types import Dataset, Subset


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    rng = np.random.default_rng(0)
    y = np.arange(60) % 3
    x = (rng.integers(0, 40, (60, 1, 28, 28)) + 70 * y[:, None, None, None]).astype(np.uint8)
    return Dataset("toy", x[:45], y[:45], x[45:], y[45:], ("a", "b", "c"))


def pipeline(dataset, folder, **changes) -> Pipeline:
    parts = {
        "embedding": PCA(components=2),
        "clusterer": Sklearn(k=5),
        "selector": Nearest(),
        "model": MLP(hidden=(8,)),
        "augment": Unchanged(),
        "trainer": Recipe(steps=5),
        "budget": 10,
        "seed": 0,
        "dynamics": Proxy(epochs=2, batch_size=16, min_steps=1),
    }
    return Pipeline(Method(**(parts | changes)), dataset, Cache(folder))


def entries(folder):
    """How many results of each kind there are."""
    kinds = ("embedding", "clustering", "subset", "trained")
    return {kind: len(list((folder / kind).glob("*/*/entry.json"))) for kind in kinds}


def test_one_repetition_computes_every_step_once(dataset, tmp_path):
    assert not pipeline(dataset, tmp_path).train(0).found
    assert entries(tmp_path) == {"embedding": 1, "clustering": 1, "subset": 1, "trained": 1}


def test_asking_again_computes_nothing(dataset, tmp_path):
    first = pipeline(dataset, tmp_path).train(0)
    again = pipeline(dataset, tmp_path).train(0)
    assert again.found
    assert again.arrays["predictions"].tolist() == first.arrays["predictions"].tolist()


def test_selectors_share_the_clustering(dataset, tmp_path):
    for selector in (Nearest(), Furthest()):
        pipeline(dataset, tmp_path, selector=selector).train(0)
    assert entries(tmp_path) == {"embedding": 1, "clustering": 1, "subset": 2, "trained": 2}


def test_repetitions_share_the_embedding_and_nothing_else(dataset, tmp_path):
    for repetition in (0, 1):
        pipeline(dataset, tmp_path).train(repetition)
    assert entries(tmp_path) == {"embedding": 1, "clustering": 2, "subset": 2, "trained": 2}


def test_the_baseline_needs_neither_embedding_nor_clusters(dataset, tmp_path):
    baseline = pipeline(dataset, tmp_path).method.baseline()
    Pipeline(baseline, dataset, Cache(tmp_path)).train(0)
    assert entries(tmp_path) == {"embedding": 0, "clustering": 0, "subset": 1, "trained": 1}


def test_every_method_of_a_budget_has_the_same_baseline(dataset, tmp_path):
    methods = [
        pipeline(dataset, tmp_path, selector=Furthest()),
        pipeline(dataset, tmp_path, clusterer=Sklearn(k=7), embedding=PCA(components=3)),
    ]
    keys = {Pipeline(one.method.baseline(), dataset, one.cache).run_key(5) for one in methods}
    assert len(keys) == 1


CHANGES = {
    "embedding": PCA(components=3),
    "clusterer": Sklearn(k=6),
    "selector": Furthest(),
    "model": MLP(hidden=(9,)),
    "trainer": Recipe(steps=6),
    "budget": 11,
    "seed": 1,
}


@pytest.mark.parametrize("part", CHANGES)
def test_whatever_changes_a_result_changes_its_key(dataset, tmp_path, part):
    changed = pipeline(dataset, tmp_path, **{part: CHANGES[part]})
    assert changed.trained_key(0) != pipeline(dataset, tmp_path).trained_key(0)


def test_other_pixels_change_every_key(dataset, tmp_path):
    x = np.array(dataset.x)
    x[0, 0, 0, 0] += 1
    one, other = pipeline(dataset, tmp_path), pipeline(replace(dataset, x=x), tmp_path)
    assert one.embedding_key != other.embedding_key
    assert one.trained_key(0) != other.trained_key(0)


def test_more_repetitions_keep_those_that_exist(dataset, tmp_path):
    one = pipeline(dataset, tmp_path)
    assert one.run_key(2) != one.run_key(3)
    one.train(1)
    assert pipeline(dataset, tmp_path).finished(1) is not None
    assert pipeline(dataset, tmp_path).finished(2) is None


def test_changing_the_selector_leaves_the_training_streams_alone(dataset, tmp_path):
    # Kept rows that are equal must train to equal weights, whichever selector found them.
    everything = [
        pipeline(dataset, tmp_path, selector=selector, budget=45).train(0)
        for selector in (Nearest(), Uniform(), Full())
    ]
    losses = {entry.arrays["losses"].tobytes() for entry in everything}
    assert len(losses) == 1


def test_other_networks_change_the_run_and_not_the_trainings(dataset, tmp_path):
    one, other = pipeline(dataset, tmp_path), pipeline(dataset, tmp_path, model=MLP(hidden=(9,)))
    assert one.run_key(2, [other]) != one.run_key(2)
    assert one.run_key(2, [other]) != one.run_key(2, [one])
    assert one.subset_key(0) == other.subset_key(0)


@pytest.mark.parametrize("selector", [Nearest(), EL2N()])
def test_another_network_learns_from_the_rows_that_were_kept_for_the_first(dataset, tmp_path, selector):
    own = pipeline(dataset, tmp_path, selector=selector)
    other = pipeline(dataset, tmp_path, selector=selector, transfer=MLP(hidden=(9,)))
    assert own.subset_key(0) == other.subset_key(0)
    assert own.trained_key(0) != other.trained_key(0)


def test_another_network_takes_one_more_training_and_nothing_else(dataset, tmp_path):
    for transfer in (None, MLP(hidden=(9,))):
        pipeline(dataset, tmp_path, transfer=transfer).train(0)
    assert entries(tmp_path) == {"embedding": 1, "clustering": 1, "subset": 1, "trained": 2}


def test_the_score_counts_the_kept_rows_of_every_class(dataset, tmp_path):
    one = pipeline(dataset, tmp_path)
    kept = dataset.y[one.select(0).arrays["indices"]]
    counted = one.score(one.train(0)).rows_of_class
    assert counted == [int((kept == label).sum()) for label in range(3)]
    assert sum(counted) == 10


def test_uniform_subsets_of_one_repetition_are_nested(dataset, tmp_path):
    small, large = (
        set(
            pipeline(dataset, tmp_path, selector=Uniform(), budget=budget)
            .select(0)
            .arrays["indices"]
            .tolist()
        )
        for budget in (5, 20)
    )
    assert small < large


def test_full_keeps_all_rows_whatever_the_budget(dataset, tmp_path):
    kept = pipeline(dataset, tmp_path, selector=Full(), budget=3).select(0)
    assert kept.arrays["indices"].tolist() == list(range(45))


class Peeping(Selector):
    """Keeps the first rows and writes down what it was shown; a selector gone wrong where told to."""

    shown: list = []  # noqa: RUF012 - shared on purpose

    def __init__(self, extra: int = 0, **declared: bool) -> None:
        self.extra = extra
        self.needs_clustering = declared.get("needs_clustering", True)
        self.reads_all_labels = declared.get("reads_all_labels", False)

    def __repr__(self) -> str:
        return f"Peeping({self.extra}, {self.needs_clustering}, {self.reads_all_labels})"

    def select(self, X, y, clustering, *, budget, rng):
        self.shown.append((X.shape, set(y.tolist()), clustering))
        return Subset.of(np.arange(budget + self.extra))


def test_labels_are_hidden_unless_declared(dataset, tmp_path):
    pipeline(dataset, tmp_path, selector=Peeping()).select(0)
    pipeline(dataset, tmp_path, selector=Peeping(reads_all_labels=True)).select(0)
    assert [labels for _, labels, _ in Peeping.shown[-2:]] == [{-1}, {0, 1, 2}]


def test_a_selector_blind_to_clusters_is_shown_none(dataset, tmp_path):
    pipeline(dataset, tmp_path, selector=Peeping(needs_clustering=False)).select(0)
    shape, _, clustering = Peeping.shown[-1]
    assert (shape, clustering) == ((45, 0), None)


def test_a_selector_that_keeps_too_many_rows_is_refused(dataset, tmp_path):
    with pytest.raises(InvalidValue, match="must keep exactly 10 of 45 rows, got 11"):
        pipeline(dataset, tmp_path, selector=Peeping(extra=1)).select(0)


def test_seconds_of_every_stage_travel_with_the_result(dataset, tmp_path):
    one = pipeline(dataset, tmp_path, selector=Stratified())
    stages = one.score(one.train(0)).seconds
    assert (stages["embed"], stages["cluster"]) == (0.0, 0.0)
    assert stages["train"] > 0
    one = pipeline(dataset, tmp_path)
    assert set(one.score(one.train(0)).seconds) == {"embed", "cluster", "select", "train"}


def test_the_score_is_the_share_of_right_answers_in_percent(dataset, tmp_path):
    one = pipeline(dataset, tmp_path)
    entry = one.train(0)
    wrong_once = np.array(dataset.y_test)
    wrong_once[0] = (wrong_once[0] + 1) % 3
    judged = one.score(replace(entry, arrays={"predictions": wrong_once}))
    assert judged.accuracy == pytest.approx(100 * 14 / 15)


def test_the_worst_class_is_judged_on_its_own_rows(dataset, tmp_path):
    one = pipeline(dataset, tmp_path)
    predictions = np.array(dataset.y_test)
    predictions[np.flatnonzero(dataset.y_test == 2)[:3]] = 0  # 3 of the 5 rows of this class
    judged = one.score(replace(one.train(0), arrays={"predictions": predictions}))
    assert judged.worst_class == pytest.approx(100 * 2 / 5)


def test_a_class_without_test_rows_is_not_the_worst(dataset, tmp_path):
    some = dataset.y_test != 1
    without = replace(dataset, x_test=dataset.x_test[some], y_test=dataset.y_test[some])
    one = pipeline(without, tmp_path)
    assert one.score(replace(one.train(0), arrays={"predictions": without.y_test})).worst_class == 100.0


def runs(folder):
    """How many dynamics runs there were."""
    return len(list((folder / "dynamics").glob("*/*/entry.json")))


def test_selectors_that_score_by_dynamics_share_one_run_for_each_repetition(dataset, tmp_path):
    for selector in (EL2N(), AUM(sampler="bottom"), D2Pruning(neighbours=2)):
        kept = pipeline(dataset, tmp_path, selector=selector).select(0)
        assert len(kept.arrays["indices"]) == 10
        assert kept.info["stages"]["dynamics"] > 0
    assert runs(tmp_path) == 1
    pipeline(dataset, tmp_path, selector=EL2N()).select(1)
    assert runs(tmp_path) == 2


def test_gradients_have_a_run_of_their_own(dataset, tmp_path):
    for selector in (EL2N(), GraNd()):
        pipeline(dataset, tmp_path, selector=selector).select(0)
    assert runs(tmp_path) == 2


def test_nobody_else_pays_for_dynamics_or_is_named_by_them(dataset, tmp_path):
    one = pipeline(dataset, tmp_path)
    assert one.subset_key(0) == pipeline(dataset, tmp_path, dynamics=Proxy(epochs=7)).subset_key(0)
    assert "dynamics" not in one.select(0).info["stages"]
    assert runs(tmp_path) == 0


def test_rows_chosen_by_dynamics_are_named_by_what_these_depend_on(dataset, tmp_path):
    def key(**changes):
        return pipeline(dataset, tmp_path, **({"selector": EL2N()} | changes)).subset_key(0)

    different = [
        {},
        {"dynamics": Proxy(epochs=3)},
        {"model": MLP(hidden=(9,))},
        {"seed": 1},
        {"selector": EL2N(sampler="middle")},
    ]
    assert len({key(**changes) for changes in different}) == len(different)
    # How the kept rows are trained on, and the embedding, have no part in it.
    same = [{"augment": AffineElastic()}, {"trainer": Recipe(steps=6)}, {"embedding": PCA(components=3)}]
    assert {key(**changes) for changes in same} == {key()}


def test_the_network_that_is_watched_starts_elsewhere_than_the_one_that_is_judged(dataset, tmp_path):
    import torch

    from winnow.batches import Normalise

    # With the settings of the dynamics run and on all rows, only the streams are left to differ.
    judged = Recipe(steps=6, batch_size=16, learning_rate=1e-3, betas=(0.9, 0.999), label_smoothing=0.0)
    rows, images = Subset.of(np.arange(45)), Normalise.of(dataset, torch.device("cpu"))(dataset.x)

    def logits(seed):
        network, _ = judged.learn(dataset, rows, MLP(hidden=(8,)), Unchanged(), seed=seed, repetition=0)
        with torch.inference_mode():
            return network.eval()(images).numpy()

    watched = pipeline(dataset, tmp_path, selector=EL2N()).observe(0).arrays["logits"][-1]
    np.testing.assert_array_equal(logits(stream_seed(0, 0, "dynamics")), watched)
    assert not np.allclose(logits(0), watched, atol=1e-3)
