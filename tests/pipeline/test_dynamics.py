"""Rows scored by how a network learns them: who shares that training, and who is named by it."""

import numpy as np

from winnow.augment.affine_elastic import AffineElastic
from winnow.augment.none import Unchanged
from winnow.dynamics.short_training import ShortTraining
from winnow.embedding.pca import PCA
from winnow.model.mlp import MLP
from winnow.selector.aum import AUM
from winnow.selector.d2_pruning import D2Pruning
from winnow.selector.el2n import EL2N
from winnow.selector.grand import GraNd
from winnow.streams import Streams
from winnow.trainer.lightning import Lightning
from winnow.types import Subset


def runs(folder):
    """How many dynamics runs there were."""
    return len(list((folder / "dynamics").glob("*/*/entry.json")))


def test_selectors_that_score_by_dynamics_share_one_run_for_each_repetition(pipeline, tmp_path):
    for selector in (EL2N(), AUM(sampler="bottom"), D2Pruning(neighbours=2)):
        kept = pipeline(selector=selector).select(0)
        assert len(kept.arrays["indices"]) == 10
        assert kept.info["stages"]["dynamics"] > 0
    assert runs(tmp_path) == 1
    pipeline(selector=EL2N()).select(1)
    assert runs(tmp_path) == 2


def test_gradients_have_a_run_of_their_own(pipeline, tmp_path):
    for selector in (EL2N(), GraNd()):
        pipeline(selector=selector).select(0)
    assert runs(tmp_path) == 2


def test_nobody_else_pays_for_dynamics_or_is_named_by_them(pipeline, tmp_path):
    one = pipeline()
    assert one.subset_key(0) == pipeline(dynamics=ShortTraining(epochs=7)).subset_key(0)
    assert "dynamics" not in one.select(0).info["stages"]
    assert runs(tmp_path) == 0


def test_rows_chosen_by_dynamics_are_named_by_what_these_depend_on(pipeline):
    def key(**changes):
        return pipeline(**({"selector": EL2N()} | changes)).subset_key(0)

    different = [
        {},
        {"dynamics": ShortTraining(epochs=3)},
        {"model": MLP(hidden=(9,))},
        {"seed": 1},
        {"selector": EL2N(sampler="middle")},
    ]
    assert len({key(**changes) for changes in different}) == len(different)
    # How the kept rows are trained on, and the embedding, have no part in it.
    same = [{"augment": AffineElastic()}, {"trainer": Lightning(steps=6)}, {"embedding": PCA(components=3)}]
    assert {key(**changes) for changes in same} == {key()}


def test_the_network_that_is_watched_starts_elsewhere_than_the_one_that_is_judged(pipeline, dataset):
    import torch

    from winnow.network.normalisation import Normalisation

    # With the settings of the dynamics run and on all rows, only the streams are left to differ.
    judged = Lightning(steps=6, batch_size=16, learning_rate=1e-3, betas=(0.9, 0.999), label_smoothing=0.0)
    rows, images = Subset.of(np.arange(45)), Normalisation.of(dataset, torch.device("cpu"))(dataset.x)

    def logits(seed):
        network, _ = judged.learn(dataset, rows, MLP(hidden=(8,)), Unchanged(), Streams(seed, 0))
        with torch.inference_mode():
            return network.eval()(images).numpy()

    watched = pipeline(selector=EL2N()).observe(0).arrays["logits"][-1]
    np.testing.assert_array_equal(logits(Streams(0, 0).seed("dynamics")), watched)
    assert not np.allclose(logits(0), watched, atol=1e-3)
