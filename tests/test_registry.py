from typing import Annotated

import pytest
from pydantic import TypeAdapter, ValidationError

from winnow.embedding.pca import PCA
from winnow.registry import default_stage, option_of
from winnow.stages import Augment, Embedding, Selector


def test_a_stage_has_the_defaults_of_its_class():
    assert default_stage(Embedding, "pca") == PCA()


@pytest.mark.parametrize(
    ("group", "option", "name"),
    [(Embedding, "pca", "PCA"), (Augment, "none", "Unchanged"), (Selector, "d2_sampling", "D2Sampling")],
)
def test_a_stage_is_found_whatever_its_class_is_called(group, option, name):
    assert type(default_stage(group, option)).__name__ == name


@pytest.mark.parametrize("option", ["pca", "identity"])
def test_an_option_is_let_in(option):
    assert TypeAdapter(Annotated[str, option_of(Embedding, but=())]).validate_python(option) == option


@pytest.mark.parametrize("option", ["pcaa", "", "../scaling", "__init__", "pretrained"])
def test_anything_else_is_refused_and_the_options_told(option):
    with pytest.raises(ValidationError, match=r"Input should be one of \['autoencoder', .*'pca', "):
        TypeAdapter(Annotated[str, option_of(Embedding, but={"pretrained"})]).validate_python(option)
