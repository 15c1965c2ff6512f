from typing import Annotated

import pytest
from pydantic import TypeAdapter, ValidationError

from winnow import registry
from winnow.embedding.pca import PCA
from winnow.errors import InvalidValue
from winnow.registry import default, load, name_of, option_of

EVERY = [(group, option) for group in registry.PROMISES for option in registry.options(group)]


def test_a_stage_has_the_defaults_of_its_class():
    assert default("embedding", "pca") == PCA()


@pytest.mark.parametrize(("group", "option"), EVERY)
def test_an_option_has_one_class_and_the_class_the_name_of_its_option(group, option):
    kind = load(group, option)
    assert registry.PROMISES[group] in kind.__mro__
    assert name_of(kind) == option


@pytest.mark.parametrize(
    ("group", "option", "name"),
    [
        ("embedding", "pca", "PCA"),
        ("augment", "none", "Unchanged"),
        ("selector", "d2_sampling", "D2Sampling"),
    ],
)
def test_a_class_is_found_whatever_it_is_called(group, option, name):
    assert load(group, option).__name__ == name


def test_an_unknown_option_is_refused_with_the_known_ones():
    with pytest.raises(InvalidValue, match=r"model must be one of convnet, .*, got 'mpl'"):
        load("model", "mpl")


@pytest.mark.parametrize("option", ["pca", "identity"])
def test_a_field_may_name_an_option(option):
    assert TypeAdapter(Annotated[str, option_of("embedding", but=())]).validate_python(option) == option


@pytest.mark.parametrize("option", ["pcaa", "", "../scaling", "__init__", "pretrained"])
def test_a_field_may_name_nothing_else_and_the_options_are_listed(option):
    with pytest.raises(ValidationError, match=r"Input should be one of \['autoencoder', .*'pca', "):
        TypeAdapter(Annotated[str, option_of("embedding", but={"pretrained"})]).validate_python(option)
