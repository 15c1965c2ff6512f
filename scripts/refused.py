"""Try what a hostile configuration could ask for, and list what winnow answers: python scripts/refused.py

Every way is tried as `train.py` would: the words are checked, the configuration is composed and built into
plans. Nothing is run. `scripts/results/refused.md` is what this prints.
"""

import sys
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

from winnow.command.arguments import for_hydra
from winnow.command.checks import check_command
from winnow.command.configuration import composed
from winnow.command.messages import in_own_words
from winnow.command.multirun import combinations
from winnow.errors import explain
from winnow.report.escape import markdown

LONGEST = 120  # characters of a cell
CONF = Path(__file__).parents[1] / "conf"
RUN = "{_target_: torch.utils.collect_env.run, command: touch marker}"
LOAD = "{_target_: joblib.load, filename: evil.pkl}"
GLOBAL = "# @package _global_\n"


@dataclass(frozen=True, eq=False)
class Way:
    """A line, and the files in the folder of its `--config-dir`."""

    meant: str
    words: Sequence[str]
    files: Mapping[str, str] = field(default_factory=dict)


def _yaml(meant: str, content: str) -> Way:
    return Way(meant, ["experiment=theirs"], {"experiment/theirs.yaml": GLOBAL + content})


def _launcher(meant: str, launcher: str, setting: str) -> Way:
    return Way(meant, ["-m", f"hydra/launcher={launcher}", f"hydra.launcher.{setting}"])


WAYS = [
    Way("run a program beside the launcher", [f"+hydra.launcher.x={RUN}"]),
    Way("run a program beside the sweeper", ["-m", f"+hydra.sweeper.x={RUN}"]),
    Way("run a program as a callback", [f"+hydra.callbacks.x={RUN}"]),
    Way("load a pickle in place of the launcher", ["hydra.launcher._target_=joblib.load"]),
    Way("load a pickle as a formatter", [f"++hydra.job_logging.formatters.f={LOAD}"]),
    Way("load the pickle of an earlier run", ["--experimental-rerun", "x.pkl"]),
    Way("load it by the beginning of the option", ["--exp=x.pkl"]),
    Way("read another configuration", ["--config-path", "elsewhere"]),
    Way("read another main file", ["--config-name=theirs"]),
    Way("import a module as a search path", ["hydra.searchpath=[pkg://antigravity]"]),
    Way("search a foreign folder", ["hydra.searchpath=[file:///elsewhere]"]),
    Way("write into a shell's files", ["--shell-completion", "install=bash"]),
    Way("preload a library into the workers", ["+hydra.job.env_set.LD_PRELOAD=x.so"]),
    Way("copy variables to the workers", ["hydra.job.env_copy=[TOKEN]"]),
    Way("write somewhere else", ["hydra.run.dir=elsewhere"]),
    Way("write the files of a sweep somewhere else", ["-m", "hydra.sweep.dir=elsewhere"]),
    Way("write Hydra's files somewhere else", ["hydra.output_subdir=elsewhere"]),
    Way("choose a logging with file handlers", ["hydra/job_logging=default"]),
    Way("take logging away", ["~hydra/hydra_logging"]),
    Way("put an option of winnow into Hydra", ["+selector@hydra.callbacks.x=nearest"]),
    Way("put it into Hydra's root", ["+experiment@hydra=cats_dogs"]),
    Way("sweep over the launchers", ["-m", "hydra/launcher=basic,joblib"]),
    _launcher("shell commands before a Slurm job", "submitit_slurm", "setup=['touch x']"),
    _launcher("any option of sbatch", "submitit_slurm", "additional_parameters={wrap: touch}"),
    _launcher("another interpreter", "submitit_local", "python=./theirs"),
    _launcher("a folder that is written to", "submitit_local", "submitit_folder=elsewhere"),
    _launcher("a second line of the Slurm script", "submitit_slurm", "partition='a\n#SBATCH --wrap=x'"),
    _launcher("a command in a name", "submitit_slurm", "comment='$(touch x)'"),
    _launcher("a path in a name", "submitit_slurm", "account=/etc/passwd"),
    _launcher("memory mapped elsewhere", "joblib", "temp_folder=elsewhere"),
    _launcher("a computation as a setting", "joblib", "pre_dispatch='9**9**9'"),
    _launcher("a billion processes", "joblib", "n_jobs=1000000000"),
    _launcher("a program as a number", "joblib", f"n_jobs={RUN}"),
    _yaml(
        "a formatter that runs a program", f"hydra: {{job_logging: {{version: 1, formatters: {{f: {RUN}}}}}}}"
    ),
    _yaml("the same with ()", "hydra: {hydra_logging: {formatters: {f: {(): os.system}}}}"),
    _yaml(
        "a file handler", "hydra: {job_logging: {handlers: {h: {class: logging.FileHandler, filename: x}}}}"
    ),
    _yaml("a callback", f"hydra: {{callbacks: {{x: {RUN}}}}}"),
    _yaml("a launcher", f"hydra: {{launcher: {LOAD}}}"),
    _yaml("variables of the workers", "hydra: {job: {env_set: {PYTHONPATH: elsewhere}}}"),
    _yaml("words of every job", "hydra: {overrides: {task: ['+hydra.job.env_set.LD_PRELOAD=x.so']}}"),
    _yaml("a sweep of its own", "hydra: {mode: MULTIRUN, sweeper: {params: {k: '20,30'}}}"),
    _yaml("a search path", "hydra: {searchpath: ['file://elsewhere']}"),
    _yaml("another logging by its defaults", "defaults:\n  - override /hydra/output: theirs\n"),
    _yaml("an option in Hydra by its defaults", "defaults:\n  - /selector@hydra.callbacks.x: nearest\n"),
    _yaml("a module by its defaults", "defaults:\n  - pkg://os\n"),
    _yaml("a Python object", "k: !!python/object/apply:os.system ['touch x']\n"),
    _yaml("a class of another library", "selector: {_target_: os.system}\n"),
    _yaml("a class behind another setting", "data_dir: os.system\nselector: {_target_: '${data_dir}'}\n"),
    _yaml("a function of winnow that is no stage", "selector: {_target_: winnow.tracker._database.create}\n"),
    _yaml("half a call", "selector: {_target_: winnow.selector.nearest.Nearest, _partial_: true}\n"),
    _yaml("arguments by position", "selector: {_target_: winnow.selector.nearest.Nearest, _args_: [1]}\n"),
    _yaml("a program inside a stage", f"trainer: {{optimizer: {RUN}}}\n"),
    _yaml("a variable of the environment", "data_dir: ${oc.env:HOME}\n"),
    _yaml("the same behind another name", "data_dir: ${oc.${model}:HOME}\n"),
    _yaml("a tree without end", "k: &a [*a]\n"),
    _yaml("gigabytes in nine lines", "a: &a [x, x]\nb: [*a, *a]\n"),
    _yaml("three thousand levels", "k: " + "[" * 3000 + "]" * 3000),
    _yaml("a file of two mebibytes", "#" * 2**21),
    _yaml(
        "pickles from another host",
        "defaults:\n  - override /clusterer: dask\nclusterer: {scheduler: 'tcp://theirs:8786'}\n",
    ),
    _yaml("the same for embeddings", "embedding: {engine: dask, scheduler: 'tcp://theirs:8786'}\n"),
    Way("a package of its own", ["+theirs=x"], {"theirs/x.yaml": f"# @package hydra.callbacks\nx: {RUN}\n"}),
    Way(
        "a launcher under a shipped name",
        ["-m", "hydra/launcher=joblib"],
        {"hydra/launcher/winnow_joblib.yaml": RUN},
    ),
    Way(
        "the same, chosen by a yaml",
        ["-m", "experiment=theirs", "k=5,6"],
        {
            "experiment/theirs.yaml": f"{GLOBAL}defaults:\n  - override /hydra/launcher: joblib\n",
            "hydra/launcher/joblib.yaml": RUN,
        },
    ),
    Way("a class in an option of its own", ["selector=theirs"], {"selector/theirs.yaml": LOAD}),
    Way("one bad job among good ones", ["-m", "selector=nearest,theirs"], {"selector/theirs.yaml": LOAD}),
    Way("a yaml outside of the folder", ["experiment=../../x"]),
    Way("a variable by a word", ["state_dir=${oc.env:HOME}"]),
    Way("a class by a word", [f"selector={LOAD}"]),
    Way("a function as a strategy", ["trainer.strategy=os.system"]),
    Way("a class of torchvision that is no data set", ["dataset=torchvision", "dataset.name=DatasetFolder"]),
    Way("a hundred million jobs", ["-m", "k=range(1,100000000)"]),
]


def answer(way: Way) -> str:
    """Return what is said to a way, without place and remedy; no text if it is let through."""
    with TemporaryDirectory() as folder:
        for name, content in way.files.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        said = StringIO()
        try:
            with redirect_stderr(said):
                _try([*way.words, *(["--config-dir", folder] if way.files else [])])
        except SystemExit:
            return said.getvalue().strip().splitlines()[-1].partition("error: ")[2]
        except Exception as error:
            return explain(in_own_words(error)).partition(" | ")[0]
    return ""


def _try(words: Sequence[str]) -> None:
    typed = check_command(for_hydra(words), CONF)
    for job in combinations(typed.words):
        composed(CONF, job)


def line(way: Way, said: str) -> str:
    """Return a way and what is said to it as a line of a Markdown table."""
    yamls = [f"{name}: {text.removeprefix(GLOBAL).strip()}" for name, text in way.files.items()]
    cells = [way.meant, " ".join([*way.words, *yamls]), said or "let through"]
    shown = [markdown(text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}...") for text in cells]
    return f"| {' | '.join(shown)} |"


def main() -> None:
    """Print the list; exit code 1 if anything was let through."""
    answers = {way: answer(way) for way in WAYS}
    let_through = sum(not said for said in answers.values())
    print("# Refused configurations", end="\n\n")
    print("What was tried, and what is said to it, as `python scripts/refused.py` prints it.", end="\n\n")
    print("| what it wants | words and yaml | answer |", "| --- | --- | --- |", sep="\n")
    print(*(line(way, said) for way, said in answers.items()), sep="\n")
    print(f"\n{len(WAYS)} tried, {let_through} let through.")
    sys.exit(bool(let_through))


if __name__ == "__main__":
    main()
