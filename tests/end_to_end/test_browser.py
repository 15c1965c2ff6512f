"""What a person sees who types `make ui` and opens the address: MLflow's own pages, in headless Chromium."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote

import pytest
from PIL import Image

from winnow.tracker.mlflow import MLflow

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1600,950",
    "--virtual-time-budget=30000",  # milliseconds on the page's own clock, which stands still while it loads
)
# Becomes green only if its script runs.
REPORT = "<body style='background: red'><script>document.body.style.background = '#00ff00'</script></body>"


class Cells(HTMLParser):
    """The texts of a table of runs, column by column from left to right."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.columns: dict[str, list[str]] = {}
        self._depth, self._column = 0, ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list) -> None:
        given = dict(attrs)
        if given.get("role") == "gridcell":
            self._depth, self._column = 0, given["col-id"]
            self.columns.setdefault(self._column, []).append("")
        self._depth += tag == "div"

    def handle_endtag(self, tag: str) -> None:
        self._depth -= tag == "div"
        if self._depth == 0:
            self._column = ""

    def handle_data(self, data: str) -> None:
        if self._column:
            self.columns[self._column][-1] += data.strip()


def text_of(page: str) -> str:
    """What stands on a page, without markup."""
    shown = re.sub(r"(?s)<(script|style).*?</\1>", " ", page)
    return " ".join(re.sub(r"<[^>]+>", " ", shown).split())


@pytest.fixture
def browse(tmp_path) -> Callable[..., str]:
    """Open an address in a browser without a window, and return the page, or save what it looks like."""
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        pytest.skip(f"needs a browser, found none of {', '.join(BROWSERS)}: apt-get install chromium")

    def page(address: str, picture: Path | None = None) -> str:
        wanted = f"--screenshot={picture}" if picture else "--dump-dom"
        line = [browser, *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", wanted, address]
        return subprocess.run(line, capture_output=True, text=True, timeout=180, check=True).stdout

    return page


@pytest.fixture
def opened(finished) -> Iterator[str]:
    """The address that `make ui` prints for the finished sweep, whose parent has one more artifact."""
    (finished.folder / "page.html").write_text(REPORT)
    store = MLflow().open(finished.state)
    (sweep,) = [path.name for path in (finished.state / "runs").iterdir()]
    store.close_parent(f"sweep-{sweep}", "FINISHED", artifacts=[finished.folder / "page.html"])
    strange = ("PYTEST_", "MLFLOW_", "WINNOW_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(strange)}
    line = [sys.executable, ROOT / "scripts" / "ui.py", f"state_dir={finished.state}", "port=5800"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    server = subprocess.Popen(line, env=environment | {"PYTHONPATH": str(ROOT / "src")}, **pipes)
    try:
        yield server.stdout.readline().split()[0]
    finally:
        server.terminate()
        _, errors = server.communicate(timeout=60)
        assert errors.startswith("MLflow is starting, which takes from 5 seconds to a minute\n")


def test_a_browser_shows_the_runs_with_their_numbers_a_run_its_report_and_two_side_by_side(
    browse, opened, finished
):
    columns = Cells(browse(opened)).columns
    names = list(columns)
    assert names[names.index("params.`selector`") :][:7] == [
        "params.`selector`",
        "params.`k`",
        "params.`budget`",
        "metrics.`test_acc_median`",
        "metrics.`delta_uniform`",
        "metrics.`uniform_median`",
        "params.`dataset`",
    ]
    # The latest first, the parent, which was begun before its runs, last.
    runs = [name.partition("#")[2][6:] for name in columns["attributes.`Run Name`"]]  # behind its colour
    assert runs[:3] == ["random_k20_b20", "nearest_k20_b20", "uniform_b20"]
    assert runs[3].startswith("sweep ")
    assert columns["params.`selector`"] == ["random", "nearest", "uniform", "-"]
    nearest, uniform = (sum(finished.accuracies()[name, 20]) / 2 for name in ("nearest", "uniform"))
    assert float(columns["metrics.`test_acc_median`"][1]) == pytest.approx(nearest, abs=0.006)
    assert float(columns["metrics.`delta_uniform`"][1]) == pytest.approx(nearest - uniform, abs=0.006)
    assert float(columns["metrics.`uniform_median`"][1]) == pytest.approx(uniform, abs=0.006)

    experiment = opened.partition("/runs?")[0]
    ids = {run["mlflow.runName"]: run["id"] for run in runs_of(finished)}
    run = text_of(browse(f"{experiment}/runs/{ids['nearest_k20_b20']}"))
    assert f"nearest k=20 budget=20: {nearest:.2f} %" in run
    assert run.index("worst class") < run.index("test_acc_median") < run.index("train_loss_0")
    assert re.search(r"digits \([0-9a-f]{8}\)", run)
    assert "train.py" in run

    sweep = ids[next(name for name in ids if name.startswith("sweep "))]
    picture = finished.folder / "report.png"
    browse(f"{experiment}/runs/{sweep}/artifacts/page.html", picture)
    with Image.open(picture) as seen:
        colours = {colour for count, colour in seen.convert("RGB").getcolors(2**24) if count > 10_000}
    assert (0, 255, 0) in colours

    pair = [ids["nearest_k20_b20"], ids["random_k20_b20"]]
    root = experiment.partition("#")[0]
    number = experiment.rpartition("/")[2]
    query = f"runs={quote(json.dumps(pair))}&experiments={quote(json.dumps([number]))}"
    compared = text_of(browse(f"{root}#/compare-runs?{query}"))
    assert "Comparing 2 Runs" in compared
    for shown in ("nearest_k20_b20", "random_k20_b20", "test_acc_median", "delta_uniform"):
        assert shown in compared


def runs_of(command) -> list[dict[str, str]]:
    """Every run with its id."""
    client = MLflow().open(command.state).destination.client
    number = client.get_experiment_by_name("winnow").experiment_id
    return [run.data.tags | {"id": run.info.run_id} for run in client.search_runs([number])]
