"""The help shows every group, every option and every hyper-parameter with its meaning."""

from dataclasses import fields
from pathlib import Path

import pytest

from winnow.command.help import families, parameters, text
from winnow.errors import InvalidValue
from winnow.registry import PROMISES, load, options

CONF = Path(__file__).parents[2] / "conf"
OPTIONS = [(group, option) for group in PROMISES for option in options(group)]


def test_the_help_of_the_command_names_every_group_option_and_setting():
    words = text("", CONF).replace("(d)", "").replace("=", " ").split()
    assert set(PROMISES) <= set(words)
    assert {option for _, option in OPTIONS} <= set(words)
    assert {"k", "budget", "seeds", "state_dir", "transfer"} <= set(words)


def test_the_help_of_the_command_fits_on_one_screen():
    lines = text("", CONF).splitlines()
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 80


def test_the_help_names_nothing_that_is_not_for_people():
    shown = text("", CONF) + text("experiment", CONF)
    assert "_target_" not in shown
    assert "_quick" not in shown


def test_every_selector_is_in_one_family_by_what_it_reads():
    found = families()
    assert sorted(name for names in found.values() for name in names) == sorted(options("selector"))
    assert found["by all labels"] == ["moderate", "per_class", "stratified"]
    assert found["to compare with"] == ["from_file", "full", "uniform"]
    assert {"nearest", "auto", "semdedup"} <= set(found["by clusters"])
    assert {"kcenter", "herding"} <= set(found["by the embedding"])
    assert found["in rounds"] == ["rounds"]
    assert {"grand", "d2_pruning", "aum"} <= set(found["by training dynamics"])


def test_the_settings_are_explained_as_the_configuration_explains_them():
    shown = text("settings", CONF)
    assert "\nseeds=5\n    repetitions, each with its own clusters" in shown
    assert "\nk=null\n    number of clusters" in shown


def test_every_experiment_is_described():
    shown = text("experiment", CONF)
    assert "\nkmeans_2d " in shown
    assert "python train.py" not in shown


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
