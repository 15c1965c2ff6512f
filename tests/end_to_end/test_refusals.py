"""What a person mistypes costs a second and leaves nothing behind."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

HEAVY = ("torch", "torchvision", "pytorch_lightning", "mlflow", "sklearn", "faiss", "matplotlib", "scipy")
TRAIN = Path(__file__).parents[2] / "train.py"


def refusal(command, *overrides):
    """Run a line that must be refused, and return the one line said about it."""
    ended = command.run(*overrides, timeout=60)
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert list(command.folder.iterdir()) == []
    # On a busy machine jobs may take a second to check, and then it is said which one is.
    lines = [line for line in ended.stderr.splitlines() if not line.startswith("checking job ")]
    assert len(lines) == 1
    assert lines[0].startswith("error: ")
    return lines[0]


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("k=abc", "k must be a valid integer, or a share such as 20%, got 'abc'"),
        ("k=2.7", "k must be a valid integer, or a share such as 20%, got 2.7"),
        ("k=1e3", "k must be a valid integer, or a share such as 20%, got 1000.0"),
        ("k=true", "k must be a valid integer, or a share such as 20%, got True"),
        ("k=[1,2]", "k must be a valid integer, or a share such as 20%, got [1, 2]"),
        ("k=0", "k must be greater than or equal to 1, got 0"),
        ("k=-5", "k must be greater than or equal to 1, got -5"),
        ("budget=0", "budget must be greater than or equal to 1, got 0"),
        ("seed=-1", "seed must be greater than or equal to 0, got -1"),
        ("seed=2147483648", "seed must be less than or equal to 2147483647, got 2147483648"),
        ("seed=1e20", "seed must be a valid integer, got 1e+20"),
        ("seed=1.5", "seed must be a valid integer, got 1.5"),
        ("n_jobs=0", "n_jobs must be -1 (all available cores) or at least 1, got 0"),
        ("trainer.learning_rate=nan", "trainer.learning_rate must be a finite number, got nan"),
        ("trainer.learning_rate=inf", "trainer.learning_rate must be a finite number, got inf"),
        ("k=${nowhere}", "Interpolation key 'nowhere' not found"),
        ("tracker.uri=nonsense", "tracker.uri must begin with"),
    ],
)
def test_an_illegal_value_is_named_with_its_rule(bare, override, said):
    assert said in refusal(bare, override)


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("selector=neares", "did you mean nearest?"),
        ("+kk=3", "did you mean k?"),
        ("kk=3", "did you mean k?"),
        ("sede=3", "did you mean seed?"),
        ("+trainer.learning_rat=3", "did you mean trainer.learning_rate?"),
        ("trainer.learning_rat=3", "trainer.learning_rat"),
        ("k=600,1200", "add -m"),
        ("selector=nearest,random", "add -m"),
    ],
)
def test_a_misspelling_is_answered_with_what_was_probably_meant(bare, override, said):
    assert said in refusal(bare, override)


@pytest.mark.parametrize("axes", [("selector=nearest,randm",), ("selector=nearest", "k=20,abc")])
def test_one_bad_job_refuses_the_whole_sweep_before_it_starts(bare, axes):
    assert refusal(bare, "-m", *axes).startswith("error: ")


@pytest.mark.parametrize(
    ("axes", "said"),
    [
        (
            ("selector=el2n,nearest", "selector.quota=class"),
            "every key must be known, got selector.quota | selector=nearest | leave selector=nearest out",
        ),
        (("selector=el2n,aum", "selector.quotta=class"), "got selector.quotta | selector=el2n"),
        (("selector=el2n,aum", "selector.quota=clas"), "selector.quota must be 'none', 'class'"),
        (
            ("k=20,30", "selector.quota=class"),
            "got selector.quota | selector.quota | quota is a setting of selector=",
        ),
        (
            ("k=20,30", "selector=nearest", "selector.quota=class"),
            "| selector.quota | quota is a setting of selector=",
        ),
        (("kk=20,30", "selector.quota=class"), "got kk"),
    ],
)
def test_a_setting_that_an_option_of_a_sweep_lacks_is_refused_by_its_name(bare, axes, said):
    assert said in refusal(bare, "-m", *axes)


@pytest.mark.parametrize(
    "override",
    [
        "selector._target_=joblib.load ++selector.filename={evil}",
        "selector._target_=os.system ++selector.command='touch {marker}'",
        "model._target_=torch.load ++model.f={evil}",
        "dataset._target_=numpy.load ++dataset.file={evil} ++dataset.allow_pickle=true",
        "tracker._target_=winnow.tracker.os.system ++tracker.command='touch {marker}'",
        "clusterer._target_=winnow.clusterer.faiss.np.load",
        "++trainer.steps._target_=joblib.load ++trainer.steps.filename={evil}",
        "++stowaway._target_=joblib.load ++stowaway.filename={evil}",
        "++hydra.callbacks.evil._target_=joblib.load ++hydra.callbacks.evil.filename={evil}",
        "++hydra.callbacks.door._target_=joblib.load ++hydra.callbacks.door.filename={evil}",
        "-m hydra.launcher._target_=joblib.load ++hydra.launcher.filename={evil}",
        "-m hydra.sweeper._target_=joblib.load ++hydra.sweeper.filename={evil}",
    ],
)
def test_no_target_but_a_stage_is_ever_called(bare, tmp_path_factory, override):
    elsewhere = tmp_path_factory.mktemp("evil")
    evil, marker = elsewhere / "evil.pkl", elsewhere / "it-ran"
    # A pickle that creates a file when it is loaded.
    evil.write_bytes(f"cos\nsystem\n(S'touch {marker}'\ntR.".encode())
    line = override.replace("'touch {marker}'", "TOUCH").split()
    words = [word.format(evil=evil).replace("TOUCH", f"'touch {marker}'") for word in line]
    ended = bare.run(*words, timeout=60)
    assert ended.returncode == 1, ended.stderr
    assert not marker.exists()
    assert "Traceback" not in ended.stderr


def test_a_state_folder_that_cannot_be_written_is_refused_before_any_work(bare):
    ended = bare.run("state_dir=/proc/nope", timeout=60)
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert "state_dir must be a folder that can be written to" in ended.stderr


@pytest.mark.parametrize("uri", ["http://127.0.0.1:9", "sqlite:////proc/nope/mlflow.db"])
def test_an_unreachable_store_means_try_later_and_nothing_is_computed(bare, uri):
    started = time.monotonic()
    ended = bare.run(f"tracker.uri={uri}", timeout=60)
    assert ended.returncode == 75, ended.stderr
    assert time.monotonic() - started < 15
    assert "tracking store" in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert bare.entries() == {}
    assert list(bare.state.glob("runs/*")) == []


def test_usage_errors_are_argparse_s_own(bare):
    ended = bare.run("--nonsense", timeout=60)
    assert ended.returncode == 2
    assert ended.stderr.splitlines()[-1] == "train.py: error: unrecognized arguments: --nonsense"


@pytest.mark.parametrize(
    ("line", "begins"),
    [("--help", "How small can"), ("--help selector", "Options of selector"), ("--version", "winnow ")],
)
def test_a_reader_that_takes_the_first_line_and_goes_is_no_error(bare, line, begins):
    environment = os.environ | {"PYTHONPATH": str(TRAIN.parent / "src")}
    script = f"'{sys.executable}' '{TRAIN}' {line} | head -1; exit ${{PIPESTATUS[0]}}"
    ended = subprocess.run(
        ["bash", "-c", script], cwd=bare.folder, env=environment, capture_output=True, text=True
    )
    assert (ended.returncode, ended.stderr, ended.stdout.count("\n")) == (0, "", 1)
    assert ended.stdout.startswith(begins)


@pytest.mark.parametrize("line", [["--help"], ["k=0"], ["selector=neares"], ["-m", "k=20,0"]])
def test_help_and_refusals_import_no_heavy_library(bare, line):
    environment = os.environ | {"PYTHONPATH": str(TRAIN.parent / "src")}
    started = time.monotonic()
    words = [sys.executable, "-X", "importtime", str(TRAIN), *line]
    ended = subprocess.run(words, cwd=bare.folder, env=environment, capture_output=True, text=True)
    times = [each for each in ended.stderr.splitlines() if each.startswith("import time:")]
    imported = {each.rpartition("|")[2].strip() for each in times}
    assert "winnow.command.arguments" in imported
    assert imported.isdisjoint(HEAVY)
    assert time.monotonic() - started < 10  # about one second on an idle machine


@pytest.mark.parametrize("line", [["dataset=mnist"], ["-m", "dataset=mnist", "k=20,30"]])
def test_missing_images_are_named_with_the_way_to_get_them(bare, line):
    started = time.monotonic()
    ended = bare.run(*line, f"data_dir={bare.folder}/nowhere", "tracker=none", timeout=60)
    assert ended.returncode == 1
    assert time.monotonic() - started < 10  # nothing is asked of the network
    assert "make data" in ended.stderr
    assert not (bare.folder / "nowhere").exists()


def test_damaged_images_are_never_trained_on(bare, data_dir):
    raw = bare.folder / "data" / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for path in (data_dir / "MNIST" / "raw").iterdir():
        (raw / path.name).symlink_to(path)
    labels = raw / "t10k-labels-idx1-ubyte"
    content = bytearray(labels.read_bytes())
    labels.unlink()

    labels.write_bytes(content[:5000])
    ended = bare.run("dataset=mnist", f"data_dir={bare.folder}/data", "tracker=none", timeout=60)
    assert ended.returncode == 1
    assert "t10k-labels-idx1-ubyte: expected 10008 bytes, got 5000" in ended.stderr

    content[5000] ^= 1
    labels.write_bytes(content)
    ended = bare.run("dataset=mnist", f"data_dir={bare.folder}/data", "tracker=none", timeout=60)
    assert ended.returncode == 1
    assert "t10k-labels-idx1-ubyte: wrong checksum" in ended.stderr
