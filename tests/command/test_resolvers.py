"""A setting is a value or the name of another setting: nothing is looked up, decoded or run for it."""

from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from winnow.command._resolvers import check_resolvers
from winnow.errors import InvalidValue

CONF = Path(__file__).parents[2] / "conf"
RESOLVERS = [
    "${oc.env:HOME}",
    "${oc.env:HOME,x}",
    "${oc.decode:'1'}",
    "${now:%Y}",
    "${hydra:runtime.cwd}",
    "${python_version:}",
    "${anything:}",
    "${ oc.env : HOME }",
    "a${oc.env:HOME}b",
    "${k}${oc.env:HOME}",
    "${oc.${name}:HOME}",
    "${${which}}",
    "\\${oc.env:HOME}",
    "\\\\${oc.env:HOME}",
    "${oc.env:${k}}",
    "${unclosed",
]


@pytest.mark.parametrize("text", RESOLVERS)
def test_a_resolver_is_refused_wherever_it_stands(text):
    for settings in ({"k": text}, {"tracker": {"uri": text}}, {"transfer": ["mlp", text]}, {text: 1}):
        with pytest.raises(InvalidValue, match="must be a value or the name of a setting") as refusal:
            check_resolvers(settings)
        assert str(refusal.value).isprintable()
        assert len(str(refusal.value)) < 600


@pytest.mark.parametrize(
    "text", ["${k}", "${trainer.steps}", "${.k}", "${..k}", "${transfer[0]}", "a ${k} b", "$k"]
)
def test_the_name_of_another_setting_is_no_resolver(text):
    check_resolvers({"budget": text, "deeper": [{"budget": text}], "k": 3, "none": None})


def test_the_shipped_settings_name_no_resolver():
    with initialize_config_dir(str(CONF), version_base="1.3"):
        check_resolvers(OmegaConf.to_container(compose("config"), resolve=False))
