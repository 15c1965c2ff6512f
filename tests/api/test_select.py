"""`winnow.select`: whatever the rows come as, the same are chosen as by `train.py`."""

import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from torchvision import models

import winnow
from winnow.command.configuration import composed
from winnow.command.sweep import Sweep
from winnow.errors import InvalidValue

CONF = Path(__file__).parents[2] / "conf"


def list_of_command(tmp_path, *words):
    """The kept.csv that a command writes."""
    plan = composed(CONF, ["select_only=true", f"state_dir='{tmp_path / 'state'}'", *words])
    sweep = Sweep.begin([plan], command="")
    sweep.run()
    (path,) = sweep.folder.glob("kept/*/kept.csv")
    return path


@pytest.fixture
def images():
    """Twenty grey images of 8 x 8."""
    return np.random.default_rng(0).integers(0, 256, (20, 8, 8), dtype=np.uint8)


@pytest.fixture
def photos(tmp_path, images):
    """The same images as files of two classes."""
    for number, pixels in enumerate(images):
        path = tmp_path / "photos" / "ab"[number % 2] / f"{number:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)
    return tmp_path / "photos"


@pytest.mark.parametrize("selector", ["nearest", "auto", "stratified"])
def test_a_folder_gives_byte_for_byte_the_list_of_the_command(tmp_path, photos, selector):
    words = ["dataset=image_folder", f"dataset.folder='{photos}'", f"selector={selector}", "budget=25%"]
    expected = list_of_command(tmp_path, *words)
    written = winnow.select(photos, budget=0.25, selector=selector).to_csv(tmp_path / "mine.csv")
    assert sha256(written.read_bytes()).digest() == sha256(expected.read_bytes()).digest()


def test_rows_chosen_in_rounds_say_in_which_and_so_does_their_list(tmp_path, images):
    settings = {"selector.rounds": 2, "dynamics.epochs": 1, "dynamics.min_steps": 1}
    chosen = winnow.select(images, np.arange(20) % 2, budget=5, selector="rounds", settings=settings)
    assert sorted(chosen.rounds.tolist()) == [1, 1, 1, 2, 2]
    lines = chosen.to_csv(tmp_path / "mine.csv").read_text().splitlines()
    assert [line.split(",")[-1] for line in lines] == ["round", *map(str, chosen.rounds)]
    assert winnow.select(images, budget=5, selector="nearest", k=5).rounds is None


def test_an_array_gives_byte_for_byte_the_list_of_the_command(tmp_path):
    X = np.random.default_rng(0).normal(size=(40, 6))
    np.savez(tmp_path / "x.npz", x=X)
    expected = list_of_command(tmp_path, "dataset=arrays", f"dataset.file='{tmp_path / 'x.npz'}'", "k=5")
    selection = winnow.select(X, budget=5, selector="nearest", k=5)
    assert selection.to_csv(tmp_path / "mine.csv").read_bytes() == expected.read_bytes()
    assert selection.files is None
    assert selection.labels is None


@pytest.mark.parametrize(
    ("labelled", "evidence"),
    [(True, "labels of three quarters of the rows"), (False, "none: the rows have no labels")],
)
def test_auto_says_what_it_decided_by_with_labels_and_without(labelled, evidence):
    X = np.random.default_rng(0).normal(size=(300, 4))
    y = np.arange(300) % 3 if labelled else None
    selection = winnow.select(X, y, budget=240, selector="auto", embedding="identity", k=240)
    assert selection.provenance["evidence"] == evidence
    assert len(selection.indices) == 240


class Items(torch.utils.data.Dataset):
    def __init__(self, x, y):
        self.x, self.y = x, y

    def __len__(self):
        return len(self.x)

    def __getitem__(self, row):
        return self.x[row], self.y[row]


def test_the_same_images_in_any_container_give_the_same_rows(images):
    labels = np.arange(20) % 2
    expected = winnow.select(images, labels, budget=4, selector="stratified").indices.tolist()
    fractions = torch.from_numpy(images)[:, None].float() / 255  # as torchvision's ToTensor makes them
    pictures = [Image.fromarray(pixels) for pixels in images]
    for X, y in [
        (torch.from_numpy(images), torch.from_numpy(labels)),
        (Items(fractions, labels), None),
        (Items(pictures, labels), None),
        (list(images), list(labels)),
    ]:
        assert winnow.select(X, y, budget=4, selector="stratified").indices.tolist() == expected


def test_a_list_of_paths_is_chosen_from_in_its_order(photos, images):
    paths = sorted(photos.rglob("*.png"), key=lambda path: path.name)
    selection = winnow.select(paths, budget=5, selector="nearest", k=5)
    assert (
        selection.indices.tolist()
        == winnow.select(images, budget=5, selector="nearest", k=5).indices.tolist()
    )
    assert selection.files == [paths[row] for row in selection.indices]


def test_a_table_is_scaled_and_its_words_become_columns():
    table = pd.DataFrame(
        {"size": [1e6, 1.1e6, 5e6, 5.1e6], "kind": ["a", "a", "b", "b"], "grade": list("xyxy")}
    )
    selection = winnow.select(table, "grade", budget=2, selector="nearest", embedding="identity", k=2)
    assert {row // 2 for row in selection.indices.tolist()} == {0, 1}
    assert set(selection.labels) <= {"x", "y"}


def test_kept_files_are_linked_with_their_classes_into_an_empty_folder(tmp_path, photos):
    selection = winnow.select(photos, budget=6, selector="nearest", k=3)
    folder = selection.link(tmp_path / "links")
    links = sorted(path for path in folder.rglob("*") if path.is_symlink())
    assert [link.resolve() for link in links] == [file.resolve() for file in selection.files]
    assert [link.parent.name for link in links] == selection.labels
    with pytest.raises(InvalidValue, match="must be empty or new"):
        selection.link(folder)


def test_a_selection_goes_on_in_torch_and_as_a_picture(images):
    selection = winnow.select(images, budget=3, selector="nearest", k=3)
    subset = selection.subset(Items(images, np.arange(20)))
    assert [label for _, label in subset] == selection.indices.tolist()
    with pytest.raises(InvalidValue, match="must have the 20 rows"):
        selection.subset(Items(images[:4], np.arange(4)))
    assert selection.contact_sheet(across=3).size == (24, 8)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"budget": 1.5}, "budget must be a share from 0 to 1"),
        ({"budget": 21}, r"budget must lie in \[1, n=20\], got 21"),
        ({"selector": "aum"}, "must have labels for selector=aum, got none"),
        ({"selector": "neerest"}, "neerest"),
        ({"X": 7}, "X must be an array, a table, a data set"),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_line(images, changes, complaint):
    with pytest.raises(Exception, match=complaint):
        winnow.select(**{"X": images} | changes)


def test_importing_winnow_takes_neither_hydra_nor_mlflow_nor_lightning():
    code = (
        "import sys, winnow; print(*(set(sys.modules) & {'hydra', 'mlflow', 'pytorch_lightning', 'torch'}))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == ""
    assert {"select", "compare"} <= set(dir(winnow))


def test_photographs_are_read_at_the_side_at_which_the_embedding_is_shown_them(tmp_path, capsys):
    folder, weights = tmp_path / "photos", tmp_path / "weights.pt"
    folder.mkdir()
    noise = np.random.default_rng(0).integers(256, size=(4, 100, 100), dtype=np.uint8)
    for number, pixels in enumerate(noise):
        Image.fromarray(pixels).save(folder / f"{number}.png")
    torch.save(models.mobilenet_v3_small().state_dict(), weights)
    settings = {"embedding.network": "mobilenet_v3_small", "embedding.weights": weights, "embedding.side": 80}
    chosen = {"embedding": "pretrained", "selector": "nearest", "k": 2, "settings": settings}
    winnow.select(folder, budget=2, **chosen)
    assert "read as 80 x 80, grey" in capsys.readouterr().err
    winnow.select(folder, budget=2, selector="nearest", k=2)
    assert "read as 64 x 64, grey" in capsys.readouterr().err


def test_settings_of_the_data_set_hold_for_what_was_handed_in(tmp_path, capsys):
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(4):
        Image.fromarray(np.full((40, 40), 60 * number, np.uint8)).save(folder / f"{number}.png")
    chosen = {"budget": 2, "selector": "nearest", "k": 2}
    winnow.select(folder, settings={"dataset.size": 20, "dataset.channels": 3}, **chosen)
    winnow.select([folder / f"{number}.png" for number in range(4)], settings={"dataset.size": 10}, **chosen)
    winnow.select(np.arange(60.0).reshape(4, 3, 5), settings={"dataset.layout": "nhw"}, **chosen)
    told = capsys.readouterr().err
    assert "read as 20 x 20, RGB" in told
    assert "10 x 10" in told
    with pytest.raises(InvalidValue, match=r"every key must be known, got dataset\.sise"):
        winnow.select(folder, settings={"dataset.sise": 20}, **chosen)


@pytest.mark.parametrize("name", ["dataset", "dataset.file", "dataset.folder"])
def test_the_data_set_is_what_is_handed_in(name):
    with pytest.raises(InvalidValue, match=f"settings must leave the data set to X, got {name}"):
        winnow.select(np.eye(4), budget=2, settings={name: "csv"})
