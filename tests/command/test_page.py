"""The page of a command, of rows that are chosen and not trained on."""

import re
import signal
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from winnow.command import page
from winnow.command.configuration import composed
from winnow.command.interruption import interruption
from winnow.command.sweep import Sweep
from winnow.errors import JobsFailed, WinnowWarning
from winnow.report import history
from winnow.report.results import Results
from winnow.report.rows import Row

CONF = Path(__file__).parents[2] / "conf"


@pytest.fixture
def sweep(tmp_path):
    """A command that has chosen two of twelve images, six dark ones and six bright ones."""
    photos = tmp_path / "photos"
    photos.mkdir()
    for number in range(12):
        pixels = np.full((8, 8), 200 * (number % 2) + number, np.uint8)
        Image.fromarray(pixels).save(photos / f"<i>{number:02}.png")
    words = ["dataset=image_folder", f"dataset.folder='{photos}'", "embedding.components=2", "k=2"]
    shared = ["select_only=true", f"state_dir='{tmp_path / 'state'}'", *words]
    plans = [composed(CONF, [*shared, f"selector={name}"]) for name in ("nearest", "furthest")]
    made = Sweep.begin(plans, command="select_only=true")
    made.run()
    return made


def written(sweep, command="select_only=true"):
    outcome = history.of_command(sweep.folder)
    return page.write(sweep.folder, outcome, sweep.jobs, command)


def test_rows_that_are_only_chosen_have_a_page_without_any_claim(sweep):
    text = (sweep.folder / "report.html").read_text()
    assert "Keep 2 of 12 images by nearest." in text
    assert "Nothing was trained, so what they are worth is not known. Other lists of this command: 1." in text
    assert "The rows have no labels." in text
    assert "&lt;i&gt;00.png" in text
    assert "<i>00.png" not in text


def test_what_a_page_shows_is_computed_once(sweep):
    (entry,) = sweep.cache.folder.glob("gallery/*/*/entry.json")
    before, text = entry.stat().st_mtime_ns, (sweep.folder / "report.html").read_text()
    paths = written(sweep)
    assert [path.name for path in paths] == ["report.html", "report.md"]
    assert entry.stat().st_mtime_ns == before
    unlike_time = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d")
    assert unlike_time.sub("", paths[0].read_text()) == unlike_time.sub("", text)


def test_a_page_that_cannot_be_written_is_one_warning_and_no_fault(sweep):
    (sweep.folder / "report.html").unlink()
    (sweep.folder / "report.html").mkdir()
    with pytest.warns(WinnowWarning, match=r"the page could not be written \| IsADirectoryError") as caught:
        assert written(sweep) == []
    assert len(caught) == 1


def test_a_command_that_was_stopped_has_a_page_without_pictures(sweep, monkeypatch):
    monkeypatch.setattr(interruption, "signal", signal.SIGINT)
    assert "Left out: the command was interrupted." in written(sweep)[0].read_text()


def test_a_command_without_a_result_has_no_page_and_says_nothing_of_it(tmp_path):
    words = ["dataset=image_folder", f"dataset.folder='{tmp_path / 'nowhere'}'", f"state_dir='{tmp_path}'"]
    sweep = Sweep.begin([composed(CONF, [*words, "select_only=true"])], command="")
    with pytest.raises(JobsFailed):
        sweep.run()
    assert not (sweep.folder / "report.html").exists()


def test_a_job_that_failed_is_told_beside_one_that_is_done(sweep):
    failed = Row(2, "failed", "random", 0, 0, overrides=["k=99"], reason="k must be at most 12, got 99")
    outcome = history.of_command(sweep.folder)
    results = Results([*outcome.rows, failed])
    path, _ = page.write(sweep.folder, results, sweep.jobs, "")
    assert "3 jobs: 2 computed, 1 failed" in path.read_text()
    assert "failed: k=99 k must be at most 12, got 99" in path.read_text()
