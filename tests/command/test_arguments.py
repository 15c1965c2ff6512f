"""What was typed is looked at before anything is composed."""

import pytest

from winnow.command.arguments import for_hydra
from winnow.command.multirun import combinations
from winnow.errors import InvalidValue


@pytest.mark.parametrize("word", ["experiment=../../x", "selector=nearest,../x", "+experiment=a/../../x"])
def test_an_option_is_a_name_and_no_path_out_of_its_folder(word):
    with pytest.raises(InvalidValue, match="must be the name of an option"):
        for_hydra(["-m", word])


@pytest.mark.parametrize("words", [["k=range(1,100000000)"], ["k=range(1,102)", "seed=range(0,100)"]])
def test_a_command_of_very_many_jobs_is_refused_before_they_are_listed(words):
    with pytest.raises(InvalidValue, match="a command must have at most 10,000 jobs, got 10,"):
        combinations(words)
