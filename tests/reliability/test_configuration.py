"""Rows 1 to 12: what was mistyped is refused, with its rule or what was meant, and leaves nothing."""

import time

import pytest


def refused(process, folder):
    """Wait for a command that must be refused, and return what it said."""
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 1, stderr
    assert stdout == ""
    assert list(folder.iterdir()) == []
    return stderr


def test_01_a_misspelt_option_is_answered_with_the_near_one(train, tmp_path):
    said = refused(train("selector=neares"), tmp_path)
    assert "did you mean nearest?" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("word", "said"), [("slector=nearest", "did you mean selector?"), ("selector.nam=3", "got selector.nam")]
)
def test_02_a_misspelt_key_is_refused(command, word, said):
    assert said in command.refusal(word)


@pytest.mark.parametrize("word", ["+kk=5", "++kk=5", "+selector.kk=5"])
def test_03_a_key_that_is_added_is_not_ignored(command, word):
    assert "must be known" in command.refusal(word)


@pytest.mark.parametrize("word", ["k=abc", "k=", "k=null"])
def test_04_k_that_is_no_number_is_refused(command, word):
    assert command.refusal(word).startswith("k must be a valid integer, got ")


@pytest.mark.parametrize("value", ["2.7", "2.0", "1e3", "true"])
def test_05_k_is_not_rounded_from_something_else(command, value):
    assert command.refusal(f"k={value}").startswith("k must be a valid integer, got ")


def test_06_k_below_one_is_refused_before_any_data_are_read(train, tmp_path):
    started = time.monotonic()
    said = refused(train("k=0", f"data_dir={tmp_path}/nowhere"), tmp_path)
    assert "error: k must be greater than or equal to 1, got 0" in said
    assert time.monotonic() - started < 10  # about one second where the machine has nothing else to do


def test_06_a_negative_k_is_refused(command):
    assert "k must be greater than or equal to 1, got -5" in command.refusal("k=-5")


def test_07_more_clusters_than_rows_are_refused_in_one_wording_and_cache_nothing(command):
    ended = command.run("selector=nearest", "k=3000")
    assert (ended.code, ended.statuses) == (1, ["failed"])
    assert ended.said.startswith("k must lie in [1, n=1438], got 3000")
    assert command.entries() == {}


def test_07_more_rows_to_keep_than_there_are_is_refused_in_the_same_wording(command):
    ended = command.run("selector=uniform", "budget=1439")
    assert ended.said.startswith("budget must lie in [1, n=1438], got 1439")
    assert command.entries() == {}


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        ("-1", "greater than or equal to 0"),
        ("2147483648", "less than or equal to 2147483647"),
        ("4294967296", "less than or equal to 2147483647"),
        ("1e20", "a valid integer"),
        ("1.5", "a valid integer"),
    ],
)
def test_08_a_seed_outside_the_one_range_is_refused(command, value, rule):
    assert command.refusal(f"seed={value}").startswith(f"seed must be {rule}, got ")


@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
def test_09_a_learning_rate_that_is_not_finite_is_refused(command, value):
    said = command.refusal(f"trainer.learning_rate={value}")
    assert said.startswith("trainer.learning_rate must be a finite number")


def test_10_one_wrong_option_of_a_sweep_refuses_all_of_its_jobs(train, tmp_path):
    said = refused(train("-m", "selector=nearest,randm"), tmp_path)
    assert "did you mean random?" in said


def test_11_a_state_folder_of_any_name_works(command):
    command.folder = command.folder / "a b é 日本, x=1"
    assert command.done("selector=uniform").statuses == ["ok"]
    assert command.entries("trained")


def test_11_a_path_that_needs_quotes_is_answered_with_how_to_quote_it(train, tmp_path):
    said = refused(train("state_dir=a b é, x=1 (new)"), tmp_path)
    assert 'state_dir="a b é, x=1 (new)"' in said


def test_12_several_values_without_a_sweep_are_answered_with_the_missing_flag(train, tmp_path):
    assert "add -m" in refused(train("selector=uniform", "k=600,1200"), tmp_path)
