"""What may be typed: no option that reads a foreign file, and no word that reaches into Hydra's own node."""

import pytest

from winnow.command._typed import check_words
from winnow.errors import InvalidValue

OPTIONS = [
    ["--experimental-rerun", "x.pkl"],
    ["--experimental-rerun=x.pkl"],
    ["--config-path", "elsewhere"],
    ["--config-path=elsewhere"],
    ["-cp", "elsewhere"],
    ["-cp=elsewhere"],
    ["--config-name", "other"],
    ["-cn", "other"],
    ["-cn=other"],
    ["--shell-completion", "query=bash"],
    ["-sc", "install=bash"],
]


@pytest.mark.parametrize("arguments", OPTIONS, ids=" ".join)
def test_an_option_that_reads_a_foreign_file_is_refused(arguments):
    for line in (arguments, ["k=3", *arguments], [*arguments, "-m"], ["--cfg", "job", *arguments]):
        with pytest.raises(InvalidValue, match=f"{arguments[0].partition('=')[0]} must not be used"):
            check_words(line)


@pytest.mark.parametrize("word", ["--exp=x.pkl", "--experimental=x", "--config-p=x", "--nonsense", "-mcp"])
def test_the_beginning_of_an_option_and_an_unknown_one_are_usage_errors(word, capsys):
    with pytest.raises(SystemExit) as ended:
        check_words([word])
    assert ended.value.code == 2
    assert "error: " in capsys.readouterr().err.splitlines()[-1]


def test_version_is_that_of_winnow(capsys):
    with pytest.raises(SystemExit) as ended:
        check_words(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("winnow ")


RUN = "{_target_: torch.utils.collect_env.run, command: touch}"
FACTORY = (
    "{version: 1, formatters: {f: {(): torch.utils.collect_env.run, command: touch}}, root: {handlers: []}}"
)
WORDS = [
    f"+hydra.launcher.x={RUN}",
    f"+hydra.sweeper.x={RUN}",
    f"+hydra.callbacks.x={RUN}",
    f"++hydra.callbacks.x={RUN}",
    "hydra.launcher._target_=joblib.load",
    "++hydra.launcher._target_=joblib.load",
    "hydra.sweeper._target_=pandas.read_pickle",
    "+hydra.sweeper.x={_target_: pandas.read_pickle, filepath_or_buffer: x.pkl}",
    "+hydra.sweeper.params={hydra.run.dir: x}",
    "hydra.sweeper.params={k: '3'}",
    f"hydra.job_logging={FACTORY}",
    f"hydra.hydra_logging={FACTORY}",
    "+hydra.job_logging.handlers.h={class: logging.FileHandler, filename: x}",
    "hydra/job_logging=default",
    "hydra/hydra_logging=default",
    "hydra/job_logging=stdout",
    "hydra/output=default",
    "hydra/env=default",
    "hydra/callbacks=x",
    "+hydra/callbacks=x",
    "hydra/sweeper=basic",
    "hydra=default",
    "~hydra/job_logging",
    "~hydra.job_logging",
    "~hydra.callbacks",
    "hydra.searchpath=[file:///elsewhere]",
    "hydra.searchpath=[pkg://antigravity]",
    "hydra.searchpath = [pkg://antigravity]",
    "+hydra.searchpath=[pkg://antigravity]",
    "+hydra.job.env_set.PYTHONPATH=elsewhere",
    "+hydra.job.env_set.LD_PRELOAD=elsewhere.so",
    "hydra.job.env_set={LD_PRELOAD: elsewhere.so}",
    "hydra.job.env_copy=[TOKEN]",
    "hydra.job.chdir=true",
    "hydra.job.name=other",
    "hydra.run.dir=elsewhere",
    "hydra.sweep.dir=elsewhere",
    "hydra.sweep.subdir=elsewhere",
    "+hydra.sweep.mode='777'",
    "hydra.output_subdir=elsewhere",
    "hydra.help.template=x",
    "hydra.verbose=true",
    "hydra.mode=OTHER",
    "+hydra.overrides.task=[hydra.run.dir=x]",
    "hydra.runtime.choices={}",
    "hydra/launcher=mine",
    "hydra/launcher=basic,joblib",
    "hydra/launcher=",
    "+selector@hydra.callbacks.x=nearest",
    "selector@hydra.launcher:x=nearest",
    "+model@hydra.launcher=mlp",
    "hydra.launcher.submitit_folder=elsewhere",
    "hydra.launcher.setup=['touch x']",
    "+hydra.launcher.setup=['touch x']",
    "+hydra.launcher.additional_parameters.wrap=touch",
    "hydra.launcher.temp_folder=elsewhere",
    "hydra.launcher.backend=other",
]


@pytest.mark.parametrize("word", WORDS)
def test_a_word_that_reaches_into_hydra_is_refused_before_anything_is_composed(word):
    with pytest.raises(InvalidValue) as refusal:
        check_words(["k=3", word])
    line = str(refusal.value)
    assert "hydra" in line
    assert line.isprintable()
    assert len(line) < 600
