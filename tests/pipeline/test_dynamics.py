"""Rows scored by how a network learns them: who shares that training, and who is named by it."""

from winnow.augment.affine_elastic import AffineElastic
from winnow.dynamics.short_training import ShortTraining
from winnow.embedding.pca import PCA
from winnow.model.mlp import MLP
from winnow.selector.aum import AUM
from winnow.selector.d2_pruning import D2Pruning
from winnow.selector.el2n import EL2N
from winnow.selector.grand import GraNd
from winnow.trainer.lightning import Lightning


def runs(folder):
    """How many dynamics runs there were."""
    return len(list((folder / "dynamics").glob("*/*/entry.json")))


def test_selectors_that_score_by_dynamics_share_one_run_for_each_repetition(repetition, tmp_path):
    for selector in (EL2N(), AUM(sampler="bottom"), D2Pruning(neighbours=2)):
        kept = repetition(selector=selector).subset.value
        assert len(kept.arrays["indices"]) == 10
        assert kept.info["stages"]["dynamics"] > 0
    assert runs(tmp_path) == 1
    _ = repetition(1, selector=EL2N()).subset.value
    assert runs(tmp_path) == 2


def test_gradients_have_a_run_of_their_own(repetition, tmp_path):
    for selector in (EL2N(), GraNd()):
        _ = repetition(selector=selector).subset.value
    assert runs(tmp_path) == 2


def test_nobody_else_pays_for_dynamics_or_is_named_by_them(repetition, tmp_path):
    one = repetition()
    assert one.subset.key == repetition(dynamics=ShortTraining(epochs=7)).subset.key
    assert "dynamics" not in one.subset.value.info["stages"]
    assert runs(tmp_path) == 0


def test_rows_chosen_by_dynamics_are_named_by_what_these_depend_on(repetition):
    def key(**changes):
        return repetition(**({"selector": EL2N()} | changes)).subset.key

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
