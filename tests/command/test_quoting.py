"""What is said to be typed instead of an argument is read by shell and Hydra as what was meant."""

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from winnow.command.arguments import for_hydra
from winnow.command.quoting import as_typed, quoted, value_of
from winnow.errors import InvalidValue


def through_a_shell(line):
    """The one argument that a program gets when `line` is typed behind its name."""
    ended = subprocess.run(["bash", "-c", f"printf '%s\\0' {line}"], capture_output=True, check=True)
    (word,) = ended.stdout.decode().split("\0")[:-1]
    return word


REFUSED = [
    "/data/run=3/photos (new)",
    "Target=y",
    "a&b",
    "é",
    "photos(1)",
    "it's",
    'the "best" (of 3)',
    "photos~1",
    "a;b",
    "100 % = all",
    "back\\slash=",
    "$(touch x)",
    "`touch x`",
    "{a",
    "[a",
    "a!b=",
    "日本",
    "#1",
    "<new>",
]


@pytest.mark.parametrize("value", REFUSED)
def test_the_suggested_line_means_what_was_typed(value):
    with pytest.raises(InvalidValue) as refusal:
        for_hydra([f"dataset.folder={value}"])
    assert refusal.value.what == "dataset.folder must be written so that Hydra can read it"
    word = through_a_shell(refusal.value.remedy.removeprefix("type "))
    assert value_of(word) == value
    assert for_hydra([word]) == [f"++{word}"]


@pytest.mark.parametrize(
    "rest", ["photos", "my photos", "photos (new)", "a$b", 'a"b (1)', "a'b (1)", "a`b", "é"]
)
def test_the_home_folder_is_written_so_that_the_shell_fills_it_in(rest):
    with pytest.raises(InvalidValue) as refusal:
        for_hydra([f"dataset.folder=~/{rest}"])
    line = refusal.value.remedy.removeprefix("type ")
    assert value_of(through_a_shell(line)) == f"{Path.home()}/{rest}"


def test_home_is_named_by_its_variable():
    assert as_typed("dataset.folder=~/photos") == '"dataset.folder=$HOME/photos"'
    assert "HOME" in os.environ


@given(st.text(st.characters(exclude_categories=["C", "Z"]) | st.just(" "), min_size=1))
def test_whatever_is_quoted_is_read_as_it_is(text):
    if "${" not in text:
        assert value_of(f"x={quoted(text)}") == text


@pytest.mark.parametrize("word", ["foo", "=3", "k", "/photos"])
def test_a_word_without_a_name_or_a_value_is_named(word):
    with pytest.raises(InvalidValue, match=f"every argument must be name=value, got {word}"):
        for_hydra([word])


def test_values_of_options_are_left_alone():
    words = ["--config-dir", "/my experiments", "--cfg", "job", "k=3"]
    assert for_hydra(words) == words


@pytest.mark.parametrize("group", ["selector", "model", "experiment", "study", "dataset"])
@pytest.mark.parametrize("sign", ["", "+", "++"])
def test_a_group_is_given_the_name_of_one_option(group, sign):
    with pytest.raises(InvalidValue, match=rf"{group} must be one option, got \[a,b\]") as refusal:
        for_hydra([f"{sign}{group}=[a,b]"])
    assert refusal.value.remedy == f"one job for each: python train.py -m {group}=a,b"
    with pytest.raises(InvalidValue, match=f"{group} must be the name of an option, got settings"):
        for_hydra([f"{sign}{group}={{k: 3}}"])
