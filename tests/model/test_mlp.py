import pytest
import torch
from pydantic import TypeAdapter, ValidationError

from winnow.model.mlp import MLP


def test_without_hidden_layers_is_linear():
    network = MLP(hidden=()).build((2,), 3)
    one, other = torch.randn(1, 2), torch.randn(1, 2)
    torch.testing.assert_close(network(one + other), network(one) + network(other) - network(0 * one))


def test_has_one_layer_per_width():
    weights = [w for w in MLP(hidden=(5, 4)).build((1, 2, 3), 2).parameters() if w.ndim > 1]
    assert [tuple(w.shape) for w in weights] == [(5, 6), (4, 5), (2, 4)]


def test_takes_features():
    assert MLP().build((13,), 3)(torch.randn(4, 13)).shape == (4, 3)


@pytest.mark.parametrize("wrong", [{"hidden": (0,)}, {"dropout": 1}])
def test_illegal_settings_are_refused(wrong):
    with pytest.raises(ValidationError):
        TypeAdapter(MLP).validate_python(wrong)


def test_a_list_from_yaml_becomes_a_tuple():
    assert TypeAdapter(MLP).validate_python({"hidden": [3, 2]}) == MLP(hidden=(3, 2))
