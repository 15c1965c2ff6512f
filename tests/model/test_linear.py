import pytest
import torch
from pydantic import TypeAdapter, ValidationError

from winnow.model.linear import Linear


def test_scores_are_linear_in_the_row():
    network = Linear().build((2,), 3)
    one, other = torch.randn(1, 2), torch.randn(1, 2)
    torch.testing.assert_close(network(one + other), network(one) + network(other) - network(0 * one))


def test_a_step_down_the_gradient_is_that_of_logistic_regression():
    # At zero weights both classes have probability 1/2: the gradient of the loss by w is (p - y) x.
    network = Linear().build((2,), 2)
    torch.nn.init.zeros_(network[-1].weight)
    torch.nn.init.zeros_(network[-1].bias)
    torch.nn.functional.cross_entropy(network(torch.tensor([[3.0, -1.0]])), torch.tensor([1])).backward()
    assert network[-1].weight.grad.tolist() == [[1.5, -0.5], [-1.5, 0.5]]


@pytest.mark.parametrize("wrong", [{"dropout": 1}, {"dropout": -0.1}])
def test_illegal_settings_are_refused(wrong):
    with pytest.raises(ValidationError):
        TypeAdapter(Linear).validate_python(wrong)
