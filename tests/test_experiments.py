"""Every experiment composes; those without training, and one with, are run from the command line."""

import re
import shutil
import sqlite3
import tarfile
from collections import defaultdict
from pathlib import Path

import pytest

from winnow.command.configuration import composed

ROOT = Path(__file__).parents[1]
EXPERIMENTS = sorted(path.stem for path in (ROOT / "conf" / "experiment").glob("*.yaml"))
README = ROOT / "conf" / "experiment" / "README.md"
OF_A_FOLDER = ("cats_dogs", "cats_dogs_quick", "linear_probe", "linear_probe_quick", "cifar10_quick")
NEEDED = {name: ["dataset.folder=photos"] for name in OF_A_FOLDER}


@pytest.fixture
def run(fork_server, empty_database, tmp_path):
    """Run the command with a state folder of its own, in which there is a tracking store."""
    shutil.copy(empty_database, tmp_path)

    def done(*arguments):
        words = (f"state_dir={tmp_path}", "n_jobs=1", *arguments)
        return fork_server.run(ROOT / "train.py", *words, cwd=ROOT, timeout=300)

    return done


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_it_composes_and_says_how_it_is_run(experiment):
    plan = composed(ROOT / "conf", [f"experiment={experiment}", *NEEDED.get(experiment, [])])
    assert plan.settings.seeds >= 1
    header = (ROOT / "conf" / "experiment" / f"{experiment}.yaml").read_text()
    assert header.startswith("# @package _global_\n")
    assert f"experiment={experiment}" in header


def test_the_study_of_density_sampling_draws_what_the_selector_keeps():
    overrides = ["experiment=density_sampling", "selector.drop=sparsest", "selector.neighbours=7"]
    plan = composed(ROOT / "conf", overrides)
    assert (plan.study.drop, plan.study.neighbours) == ("sparsest", 7)


def test_the_table_has_every_experiment_but_the_quick_ones():
    table = re.findall(r"^\| \[`(\w+)`\]", README.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(table) == [name for name in EXPERIMENTS if not name.endswith("_quick")]


@pytest.mark.slow
def test_a_study_prints_its_table_and_leaves_its_figure_with_the_tracker(run, tmp_path):
    done = run("experiment=kmeans_2d")
    assert done.returncode == 0, done.stderr
    assert "scikit-learn" in done.stdout
    kept = sorted(path.name for path in (tmp_path / "artifacts").rglob("kmeans_2d.*"))
    assert kept == ["kmeans_2d.csv", "kmeans_2d.png"]
    with sqlite3.connect(tmp_path / "mlflow.db") as database:
        ((status,),) = database.execute("select status from runs").fetchall()
    database.close()
    assert status == "FINISHED"


@pytest.mark.slow
def test_a_study_that_fails_is_one_line_and_a_failed_run(run, tmp_path):
    done = run("experiment=kmeans_2d", "dataset=classification")
    assert done.returncode == 1
    assert "error: dataset must have two features to be drawn" in done.stderr
    assert "Traceback" not in done.stderr
    with sqlite3.connect(tmp_path / "mlflow.db") as database:
        assert database.execute("select status from runs").fetchall() == [("FAILED",)]
    database.close()


@pytest.mark.slow
def test_the_figures_of_density_sampling_stand_beside_its_trainings(run, tmp_path):
    done = run("experiment=density_sampling_quick", "seeds=1", "selector.drop=sparsest")
    assert done.returncode == 0, done.stderr
    assert "double stage" in done.stdout
    assert "against uniform" in done.stdout
    kept = sorted(path.name for path in (tmp_path / "artifacts").rglob("density_stages*"))
    assert kept == ["density_stages_sparsest.csv", "density_stages_sparsest.png"]
    with sqlite3.connect(tmp_path / "mlflow.db") as database:
        parents = database.execute("select value from tags where key = 'mlflow.parentRunId'").fetchall()
        milliseconds = database.execute("select value from metrics where key = 'train_milliseconds'")
        assert all(value > 1 for (value,) in milliseconds)
    database.close()
    assert len(parents) == 2  # the method and its baseline
    assert len(set(parents)) == 1


# What is run of every long experiment, and what it must say; the photographs and MNIST must be there.
QUICK = {
    "cifar10_quick": (["selector=furthest"], "against uniform"),
    "linear_probe_quick": (["selector=random"], "against uniform"),
    "cats_dogs_quick": (["augment=flip_rotate_scale"], "against uniform"),
    "density_sampling_quick": (["selector.stage_one=0.5"], "against uniform"),
    "mnist_reference_quick": (["selector=hybrid"], "against uniform"),
    "mnist_journal_quick": (["selector=furthest"], "against uniform"),
    "minibatch_mnist_quick": ([], "best k by held-out inertia/row"),
    "neural_clustering_mnist_quick": ([], "majority label %"),
    "neural_clustering": (["seeds=2"], "majority label %"),
    "kmeans_2d": ([], "scikit-learn"),
}


def test_every_experiment_is_short_or_has_a_quick_variant_and_that_is_run():
    long = {name for name in EXPERIMENTS if f"{name}_quick" in EXPERIMENTS}
    assert {*QUICK} == {*EXPERIMENTS} - long


@pytest.mark.slow
@pytest.mark.parametrize("experiment", QUICK)
def test_it_runs_on_its_own_data(run, experiment, data_dir, tmp_path):
    arguments, said = QUICK[experiment]
    data = data_of(experiment, data_dir, tmp_path)
    done = run(f"experiment={experiment}", "tracker=none", *arguments, *data)
    assert done.returncode == 0, done.stderr
    assert said in done.stdout


def data_of(experiment, folder, unpacked):
    """Say where the data of an experiment are; skip where they are not."""
    if experiment.startswith("cifar10"):
        needed, arguments = folder / "cifar10", [f"dataset.folder={unpacked / 'cifar10'}"]
        unpack(needed, unpacked / "cifar10")
    elif experiment.startswith("linear_probe"):
        needed, arguments = folder / "photos_200", [f"dataset.folder={folder / 'photos_200'}"]
    elif experiment.startswith("cats_dogs"):
        needed, arguments = folder / "cats_dogs", [f"dataset.folder={folder / 'cats_dogs'}"]
    elif "mnist" in experiment:
        needed, arguments = folder / "MNIST", [f"data_dir={folder}"]
    else:
        return []
    if not needed.is_dir():
        pytest.skip(f"no real data in {needed}: set WINNOW_TEST_DATA")
    return arguments


def unpack(folder, target):
    """Write 30 images of each class for training, and 5 for testing, from the archives in `folder`."""
    for part, images in (("train", 30), ("test", 5)):
        if not (folder / f"{part}.tar").is_file():
            return
        with tarfile.open(folder / f"{part}.tar") as archive:
            of_class = defaultdict(int)
            for member in archive:
                name = Path(member.name).parent.name
                if member.isfile() and of_class[name] < images:
                    of_class[name] += 1
                    archive.extract(member, target, filter="data")
