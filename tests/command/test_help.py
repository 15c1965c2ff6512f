"""The help shows every group, every option and every hyper-parameter with its meaning."""

from dataclasses import fields
from pathlib import Path

import pytest

from winnow.command.help import parameters, text
from winnow.errors import InvalidValue
from winnow.registry import PROMISES, load, options

CONF = Path(__file__).parents[2] / "conf"
OPTIONS = [(group, option) for group in PROMISES for option in options(group)]


def test_the_help_of_the_command_names_every_group_option_and_setting():
    words = text("", CONF).replace(",", " ").replace(":", " ").split()
    assert set(PROMISES) <= set(words)
    assert {option for _, option in OPTIONS} <= set(words)
    assert {"k", "budget", "seeds", "state_dir", "transfer"} <= set(words)


@pytest.mark.parametrize("group", PROMISES)
def test_the_help_of_a_group_says_something_of_each_option(group):
    lines = text(group, CONF).splitlines()
    for option in options(group):
        (line,) = [line for line in lines if line.startswith(f"{option} ")]
        assert len(line.split()) > 3


@pytest.mark.parametrize(("group", "option"), OPTIONS)
def test_the_help_of_an_option_shows_each_hyper_parameter_with_its_meaning(group, option):
    kind = load(group, option)
    shown, meanings = text(f"{group}={option}", CONF), parameters(kind)
    assert set(meanings) == {field.name for field in fields(kind)}
    for field in fields(kind):
        assert f"\n{group}.{field.name}=" in shown
        assert len(meanings[field.name].split()) >= 3
        assert meanings[field.name].split()[-1] in shown


class Documented:
    """Nothing.

    Parameters
    ----------
    one : int
        The first of all.
    two, three : float
        Both of these
        in two lines.
    four
        Without a type.
    five : what follows the colon is
        the meaning itself.

    Examples
    --------
    six
    """


class Heir(Documented):
    """More.

    Parameters
    ----------
    four
        Another meaning.
    """


def test_all_forms_of_numpydoc_are_read_and_those_of_bases_too():
    assert parameters(Documented) == {
        "one": "int The first of all.",
        "two": "float Both of these in two lines.",
        "three": "float Both of these in two lines.",
        "four": "Without a type.",
        "five": "what follows the colon is the meaning itself.",
    }
    assert parameters(Heir) == parameters(Documented) | {"four": "Another meaning."}


@pytest.mark.parametrize("topic", ["selektor", "selector=nothing", "k"])
def test_an_unknown_topic_is_refused_with_those_that_there_are(topic):
    with pytest.raises(InvalidValue, match=r"must (name|be) one of"):
        text(topic, CONF)
