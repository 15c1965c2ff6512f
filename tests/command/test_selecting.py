"""Choosing without training: lists for folders, tables and arrays, with labels and without."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from winnow.command import rows
from winnow.command.configuration import composed
from winnow.command.sweep import Sweep
from winnow.errors import InvalidValue, JobsFailed
from winnow.registry import default
from winnow.stages import Source
from winnow.types import Rows

CONF = Path(__file__).parents[2] / "conf"


@pytest.fixture
def selected(tmp_path, capsys):
    """Run the jobs of a command that selects; return its folder and what it printed."""

    def run(*jobs, words=()):
        shared = ["select_only=true", f"state_dir='{tmp_path / 'state'}'", *words]
        plans = [composed(CONF, [*shared, *job]) for job in jobs]
        sweep = Sweep.begin(plans, command="select_only=true")
        sweep.run()
        return sweep.folder, capsys.readouterr()

    return run


@pytest.fixture
def photos(tmp_path):
    """Twelve grey images of two classes, a dark one and a bright one, in one folder without classes."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(12):
        pixels = np.full((8, 8), 200 * (number % 2) + number, np.uint8)
        Image.fromarray(pixels).save(folder / f"{number:02}.png")
    return ["dataset=image_folder", f"dataset.folder='{folder}'", "embedding.components=2", "k=2"]


def listed(path):
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_a_folder_without_classes_gives_the_files_to_keep(selected, photos):
    folder, printed = selected(photos)
    kept = listed(folder / "kept" / "nearest_k2_b2" / "kept.csv")
    # The middle image of the dark six and of the bright six: 0, 2, ... 10 and 1, 3, ... 11.
    assert {int(row["file"][:2]) % 2 for row in kept} == {0, 1}
    assert [int(row["index"]) for row in kept] == [int(row["file"][:2]) for row in kept]
    assert list(kept[0]) == ["file", "index", "cluster", "distance", "repetition"]
    assert "12 images, without classes" in printed.err
    assert f"kept    {folder / 'kept' / 'nearest_k2_b2' / 'kept.csv'}" in printed.out


def test_every_selector_and_size_of_a_command_has_a_folder(selected, photos):
    jobs = [[f"selector={name}", f"budget={budget}"] for name in ("nearest", "random") for budget in (2, 4)]
    folder, _ = selected(*jobs, words=[*photos, "seeds=2"])
    names = {"nearest_k2_b2", "nearest_k2_b4", "random_k2_b2", "random_k2_b4"}
    assert {path.name for path in (folder / "kept").iterdir()} == names
    first, second = (listed(folder / "kept" / "random_k2_b4" / name) for name in ("kept.csv", "kept-1.csv"))
    assert {row["repetition"] for row in first} == {"0"}
    assert {row["repetition"] for row in second} == {"1"}
    assert len(first) == len(second) == 4


def test_two_ways_to_choose_with_one_name_have_two_folders(selected, photos):
    folder, _ = selected(["seed=0"], ["seed=1"], words=photos)
    first, second = sorted(path.name for path in (folder / "kept").iterdir())
    assert first == "nearest_k2_b2"
    assert second.startswith("nearest_k2_b2_")
    keys = [
        json.loads((folder / "kept" / name / "kept.json").read_text())["seed"] for name in (first, second)
    ]
    assert sorted(keys) == [0, 1]


def test_all_rows_of_a_table_can_be_chosen_and_are_named_by_line(selected, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,b,kind\n" + "".join(f"{i % 3}.5,{i}.25,{'xy'[i % 2]}\n" for i in range(10)))
    words = ["dataset=csv", f"dataset.file='{path}'", "embedding=identity", "k=10", "selector=random"]
    unlabelled, _ = selected(words)
    kept = listed(unlabelled / "kept" / "random_k10_b10" / "kept.csv")
    assert [int(row["row"]) for row in kept] == list(range(2, 12))
    labelled, _ = selected([*words, "dataset.label=kind"])
    kept = listed(labelled / "kept" / "random_k10_b10" / "kept.csv")
    assert [row["class"] for row in kept] == list("xyxyxyxyxy")


def test_an_array_without_labels_is_named_by_its_own_rows(selected, tmp_path):
    x = np.random.default_rng(0).normal(size=(9, 3))
    np.save(tmp_path / "x.npy", x)
    folder, printed = selected(["dataset=arrays", f"dataset.file='{tmp_path / 'x.npy'}'", "k=3"])
    kept = listed(folder / "kept" / "nearest_k3_b3" / "kept.csv")
    assert all(row["row"] == row["index"] for row in kept)
    assert "all to choose from; no labels" in printed.err


def test_a_selector_that_needs_labels_is_refused_before_an_image_is_read(selected, photos, capsys):
    broken = Path(photos[1].split("'")[1]) / "zz.png"
    broken.write_bytes(b"no image")  # reading it would be an error of its own
    with pytest.raises(JobsFailed, match=r"must have labels for selector=stratified.*these need none: auto,"):
        selected([*photos, "selector=stratified"])


def test_a_selector_that_needs_labels_gets_them_where_they_are(selected, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,kind\n" + "".join(f"{i}.5,{'xy'[i % 2]}\n" for i in range(10)))
    words = ["dataset=csv", f"dataset.file='{path}'", "dataset.label=kind", "k=4", "selector=stratified"]
    folder, _ = selected(words)
    assert [row["class"] for row in listed(folder / "kept" / "stratified_b4" / "kept.csv")].count("x") == 2


def test_a_training_without_a_label_column_is_refused(tmp_path):
    plan = composed(CONF, ["dataset=csv", f"dataset.file='{tmp_path / 't.csv'}'"])
    with pytest.raises(InvalidValue, match=r"label must name the column.*select_only=true"):
        plan.stages.dataset.load()


def test_one_repetition_is_chosen_unless_seeds_is_typed():
    assert composed(CONF, ["select_only=true"]).settings.seeds == 1
    assert composed(CONF, ["select_only=true", "seeds=3"]).settings.seeds == 3


def test_a_study_does_not_select(tmp_path):
    with pytest.raises(InvalidValue, match="select_only must be false in a study"):
        composed(CONF, ["select_only=true", "study=kmeans_2d", "dataset=blobs_2d"])


def test_a_folder_with_parts_is_chosen_from_its_training_part(selected, tmp_path):
    for part, count in (("train", 4), ("test", 2)):
        for name in ("cat", "dog"):
            (tmp_path / "set" / part / name).mkdir(parents=True)
            for number in range(count):
                Image.new("L", (8, 8), 20 * number + 100 * (name == "dog")).save(
                    tmp_path / "set" / part / name / f"{number}.png"
                )
    words = ["dataset=image_folder", f"dataset.folder='{tmp_path / 'set'}'", "embedding.components=2", "k=8"]
    folder, printed = selected([*words, "selector=random"])
    kept = listed(folder / "kept" / "random_k8_b8" / "kept.csv")
    assert {row["file"].split("/")[0] for row in kept} == {"train"}
    assert "left out: test/ with 4 images (for testing)" in printed.err


class Counting(Source):
    """A data set that counts how often it is read."""

    def __init__(self, y):
        self.y, self.read = y, 0

    def rows(self, if_unlabelled=None):
        self.read += 1
        if if_unlabelled and self.y is None:
            raise if_unlabelled
        return Rows("toy", np.zeros((2, 2), np.float32), self.y, ("a",) if self.y is not None else ())


def test_rows_are_read_once_for_all_selectors_of_a_command():
    source = Counting(np.array([0, 0]))
    for name in ("nearest", "stratified", "random"):
        rows.rows_of(source, default("selector", name))
    assert source.read == 1


def test_scores_of_a_network_need_no_labels_where_it_learns_clusters(selected, photos):
    words = ["selector=aum", "budget=4", "model=linear", "dynamics.epochs=1", "dynamics.min_steps=1"]
    with pytest.raises(JobsFailed) as refused:
        selected([*photos, *words])
    assert "dynamics.labels=clusters scores rows without them" in str(refused.value)
    folder, _ = selected([*photos, *words, "dynamics.labels=clusters"])
    assert len(listed(folder / "kept" / "aum_labels-clusters_b4" / "kept.csv")) == 4
