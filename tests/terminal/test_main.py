"""The command `winnow`: one word, then what belongs to it."""

import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from time import perf_counter

import pytest

import winnow
from winnow.errors import InvalidValue
from winnow.terminal.main import COMMANDS, HELP, run
from winnow.terminal.ui import show

HEAVY = ("hydra", "mlflow", "pytorch_lightning", "torch", "numpy", "sklearn", "pandas")


def test_the_help_fits_on_one_screen_and_names_every_command():
    lines = HELP.splitlines()
    assert len(lines) <= 23  # and the line that was typed
    assert max(map(len, lines)) <= 80
    assert all(f"\n  winnow {command}" in HELP for command in COMMANDS)


def test_there_is_a_module_for_each_command_and_no_other():
    modules = (Path(winnow.__file__).parent / "terminal").glob("[!_]*.py")
    assert {path.stem for path in modules} == {*COMMANDS, "main"}


@pytest.mark.parametrize("words", [[], ["--help"], ["-h"]])
def test_help_is_shown_where_it_is_asked_for_or_nothing_is(words, capsys):
    run(words)
    assert capsys.readouterr().out == HELP


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["selekt"], "got 'selekt' | did you mean winnow select?"),
        (["--verison"], "got '--verison' | winnow --help"),
        (["select"], "the following arguments are required: --keep | winnow select --help"),
        (["report", "state_dir=here"], "unrecognized arguments: state_dir=here | winnow report --help"),
        (["ui", "--port", "web"], "argument --port: invalid int value: 'web' | winnow ui --help"),
    ],
)
def test_a_usage_error_is_one_line_with_the_remedy_and_code_2(words, said, capsys):
    with pytest.raises(SystemExit) as ended:
        run(words)
    error = capsys.readouterr().err
    assert ended.value.code == 2
    assert error.startswith("error: ")
    assert error.endswith(said + "\n")
    assert error.count("\n") == 1


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command, capsys):
    with suppress(SystemExit):
        run([command, "--help"])
    assert len(capsys.readouterr().out.splitlines()) > 5


def test_what_is_answered_at_once_imports_nothing_heavy():
    code = (
        "import sys; from winnow.terminal.main import run; run(['--help']); run(['--version'])\n"
        "try: run(['select', '--help'])\n"
        "except SystemExit: pass\n"
        f"print('heavy:', *[name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "heavy:"


def test_the_version_is_its_own(capsys):
    started = perf_counter()
    run(["--version"])
    assert perf_counter() - started < 1
    assert capsys.readouterr().out == f"winnow {winnow.__version__}\n"


def test_runs_are_not_looked_for_in_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(InvalidValue, match=r"must be a folder with results, got .*stat, which is none"):
        show(tmp_path / "stat", 5000, "winnow")
    assert list(tmp_path.iterdir()) == []
