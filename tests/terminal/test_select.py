"""`winnow select`: the same list as by the other two ways to choose, and refusals before anything is read."""

import csv
import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import winnow
from winnow.errors import DatasetUnavailable, InvalidValue
from winnow.terminal.select import run, share_or_rows

ROOT = Path(__file__).parents[2]


def checksum(path):
    return sha256(path.read_bytes()).hexdigest()


def command(folder, *words):
    """Run a command in a process of its own, in `folder`, and return it; it must succeed."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "WINNOW_"))}
    env = own | {"PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(
        [sys.executable, *words], cwd=folder, env=env, capture_output=True, text=True, timeout=200
    )
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture
def photos(tmp_path, data_dir):
    """Forty real photographs, as links, in folders of two classes; and none for testing."""
    real = data_dir / "photos_200" / "train"
    if not real.is_dir():
        pytest.skip(f"needs the photographs in {real} (set WINNOW_TEST_DATA)")
    for name in ("cat", "dog"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for file in sorted((real / name).iterdir())[:20]:
            (tmp_path / "photos" / name / file.name).symlink_to(file)
    return tmp_path / "photos"


@pytest.fixture
def table(tmp_path):
    """Ten rows: five at 0.0 and five at 10.0, of the kinds x and y by turns."""
    path = tmp_path / "table.csv"
    rows = [f"{10 * (row // 5)}.{row % 5},{'xy'[row % 2]}" for row in range(10)]
    path.write_text("\n".join(["size,kind", *rows, ""]))
    return path


@pytest.mark.slow
def test_the_command_train_and_python_write_the_same_list(tmp_path, photos):
    chosen = ["selector=nearest", "k=5", "budget=25%"]
    command(
        tmp_path,
        ROOT / "train.py",
        *("select_only=true", "dataset=image_folder", "dataset.folder=photos", *chosen),
    )
    (by_train,) = tmp_path.glob("state/runs/*/kept/nearest_k5_b10/kept.csv")
    terminal = ["-m", "winnow.terminal.main", "select", "photos", "--keep", "25%", "--selector", "nearest"]
    done = command(tmp_path, *terminal, "--k", "5", "--link", "links", "--contact-sheet", "kept.png")
    by_python = winnow.select(photos, budget=0.25, selector="nearest", k=5).to_csv(tmp_path / "python.csv")
    assert checksum(tmp_path / "kept.csv") == checksum(by_train) == checksum(by_python)
    assert done.stdout.splitlines() == ["kept    kept.csv", "links   links", "picture kept.png"]
    assert done.stderr.splitlines()[0] == "choosing from photos"
    kept = {row["file"] for row in csv.DictReader((tmp_path / "kept.csv").read_text().splitlines())}
    links = {path.relative_to(tmp_path / "links").as_posix() for path in (tmp_path / "links").glob("*/*")}
    assert links == kept
    assert len(kept) == 10
    with Image.open(tmp_path / "kept.png") as sheet:
        assert min(sheet.size) >= 64


def test_a_table_needs_no_labels_and_nothing_but_the_list_is_written(tmp_path, table, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    run(["table.csv", "--keep", "2", "--selector", "nearest", "--embedding", "identity", "--k", "2"])
    kept = list(csv.DictReader(Path("kept.csv").read_text().splitlines()))
    assert [int(row["index"]) for row in kept] == [2, 7]  # the middle of each five
    assert capsys.readouterr().out == "kept    kept.csv\n"
    assert {path.name for path in tmp_path.iterdir()} == {"table.csv", "kept.csv"}


def test_the_column_of_labels_serves_selectors_that_need_them(tmp_path, table):
    words = [str(table), "--keep", "40%", "--label", "kind", "--selector", "stratified"]
    run([*words, "--out", str(tmp_path / "list.csv")])
    kept = list(csv.DictReader((tmp_path / "list.csv").read_text().splitlines()))
    assert sorted(row["class"] for row in kept) == ["x", "x", "y", "y"]


def test_any_other_setting_can_be_typed(tmp_path):
    np.save(tmp_path / "x.npy", np.arange(20.0)[:, None])
    words = [str(tmp_path / "x.npy"), "--keep", "2", "--k", "2", "--selector", "nearest"]
    run([*words, "--out", str(tmp_path / "a.csv"), "embedding.normalize=true"])
    assert len((tmp_path / "a.csv").read_text().splitlines()) == 3
    with pytest.raises(InvalidValue, match=r"every key must be known, got embedding\.normalise"):
        run([*words, "--out", str(tmp_path / "b.csv"), "embedding.normalise=true"])


SHARES = r"--keep must be a share or a number of rows, got {} \| --keep 20% or --keep 500"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--keep", "half"], SHARES.format("'half'")),
        (["--keep=-5%"], SHARES.format("'-5%'")),
        (["--keep", "1.5"], r"budget must be a share from 0 to 1, or a whole number of rows, got 1\.5"),
        (["--keep", "0"], "budget must be greater than or equal to 1, got 0"),
        (["--keep", "5", "more"], "every further argument must be name=value, got more"),
        (
            ["--keep", "20", "%"],
            "every further argument must be name=value, got % .* --keep 20% has no blank",
        ),
        (["--keep", "5", "k=3", "k=4"], "k must be given once, got it twice"),
        (["--keep", "5", "--k", "3", "k=4"], "k must be given once, got it in settings, too"),
        (["--keep", "5", "budget=6"], "budget must be given once, got it in settings, too"),
        (["--keep", "5", "--label", "y", "dataset.label=z"], "dataset.label must be given once"),
        (["--keep", "5", "dataset.ignored=y"], r"a list is written dataset\.ignored=\[y\]"),
        (["--keep", "5", "--selector", "nearst"], r"selector must be one of .* did you mean nearest\?"),
        (["--keep", "5", "--out", "no/kept.csv"], r"--out must name a file in a folder.*got no/kept\.csv"),
        (["--keep", "5", "--out", "full"], "--out must name a file in a folder that exists, got full"),
        (["--keep", "5", "--contact-sheet", "a.doc"], r"--contact-sheet must end in \.png, .* got a\.doc"),
        (["--keep", "5", "--link", "full"], "--link must name a new or empty folder, got full"),
        (["--keep", "5", "--link", "full/file"], "--link must name a new or empty folder, got full/file"),
    ],
)
def test_what_cannot_succeed_is_refused_before_the_data_are_looked_at(tmp_path, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    Path("full").mkdir()
    Path("full/file").touch()
    Path("table.csv").write_bytes(b"\xff\x00")  # reading it would be an error of its own
    with pytest.raises(InvalidValue, match=said):
        run(["table.csv", *words])


def test_links_are_not_made_among_the_images_they_lead_to(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("photos/a").mkdir(parents=True)
    with pytest.raises(InvalidValue, match=r"--link must name a folder outside of .*photos, got photos/kept"):
        run(["photos", "--keep", "5", "--link", "photos/kept"])


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("table.csv", ["--out", "./table.csv"]),
        ("photos", ["--out", "photos/a/1.png"]),
        ("photos", ["--contact-sheet", "photos/a/1.png"]),
    ],
)
def test_nothing_is_written_over_what_is_chosen_from(tmp_path, monkeypatch, data, words):
    monkeypatch.chdir(tmp_path)
    Path("photos/a").mkdir(parents=True)
    for path in ("photos/a/1.png", "photos/kept.csv", "table.csv"):
        Path(path).write_bytes(b"precious")
    with pytest.raises(InvalidValue, match="must name a file that is none of the data, got "):
        run([data, "--keep", "5", *words])
    assert Path(words[1]).read_bytes() == b"precious"
    with pytest.raises(
        DatasetUnavailable, match=r"web page|cannot|readable|no image"
    ):  # an old list may be there
        run(["photos", "--keep", "5", "--out", "photos/kept.csv"])


@pytest.mark.parametrize(
    ("redirected", "coding", "said"),
    [("", "ascii", "kept    k\\xf6pt.csv\n"), ("", "utf-8", "kept    köpt.csv\n"), (">&- 2>&-", "utf-8", "")],
)
def test_a_terminal_that_shows_nothing_of_it_stops_no_command(tmp_path, table, redirected, coding, said):
    script = (
        f"'{sys.executable}' -m winnow.terminal.main select '{table}' --keep 2 --out köpt.csv {redirected}"
    )
    env = os.environ | {"PYTHONPATH": str(ROOT / "src"), "PYTHONIOENCODING": coding}
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, env=env, capture_output=True, timeout=200)
    assert (done.returncode, done.stdout.decode()) == (0, said), done.stderr
    assert len((tmp_path / "köpt.csv").read_text().splitlines()) == 3


def test_a_folder_that_cannot_be_written_to_is_refused_before_the_data_are_looked_at(table):
    with pytest.raises(InvalidValue, match="--out must name a file in a folder that can be written to"):
        run([str(table), "--keep", "2", "--out", "/proc/kept.csv"])


def test_a_name_that_is_empty_is_not_the_current_folder():
    with pytest.raises(InvalidValue, match=r"must be named, got nothing \| \. is the current folder"):
        run(["", "--keep", "5"])


def test_what_is_not_there_is_refused(tmp_path):
    with pytest.raises(InvalidValue, match=r"must be a folder or a file that exists, got .*photos"):
        run([str(tmp_path / "photos"), "--keep", "5"])


@pytest.mark.parametrize(
    ("text", "size"), [("500", 500), ("0.2", 0.2), (".2", 0.2), ("20%", "20%"), ("0.5 %", "0.5 %")]
)
def test_sizes_are_read_as_python_takes_them(text, size):
    assert share_or_rows(text) == size


@pytest.mark.parametrize("text", ["", "all", "20 percent", "1e3", "1,000", "%", "٣", "nan"])
def test_other_sizes_are_refused_with_two_that_are_not(text):
    with pytest.raises(InvalidValue, match="--keep must be a share or a number of rows"):
        share_or_rows(text)
