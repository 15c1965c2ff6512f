import os
import subprocess
import sys
from pathlib import Path

import pytest

from winnow.registry import options

FLOORS = "kcenter d2_sampling herding kernel_herding inverse_density facility_location d2_pruning"
FLOORS = [
    *FLOORS.split(),
    "probability_cover",
    "density",
    "typicality",
    "kmedoids",
    "semdedup",
    "auto",
    "zcore",
]
LEFT_OUT = {"full", "from_file", "per_class", "rounds", "truncated"}
SELECTORS = [*FLOORS, *(name for name in options("selector") if name not in {*FLOORS, *LEFT_OUT})]
SCRIPT = Path(__file__).parents[2] / "scripts" / "benchmark.py"


@pytest.fixture
def benchmark(tmp_path):
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        of_the_tests = ("WINNOW_", "PYTEST_")
        env = {name: value for name, value in os.environ.items() if not name.startswith(of_the_tests)}
        env |= {"PYTHONPATH": os.pathsep.join(sys.path)}
        line = [sys.executable, SCRIPT, *arguments]
        return subprocess.run(line, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=400)

    return run


def lines(table: str) -> list[list[str]]:
    """The cells of every line below the header of a Markdown table."""
    rows = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("|")]
    return rows[2:]


@pytest.mark.parametrize(
    ("row", "measured"),
    [
        ("selection", ["one row per cluster, n = 1,000, k = 10"]),
        (
            "selectors",
            [f"selector={name}, 20 of 400 rows" for name in SELECTORS]
            + ["20 neighbours of 400 rows", *["20 neighbours of 400 rows, approximate"] * 2]
            + [f"selector={name}, 20 of 400 rows" for name in (*["kcenter"] * 2, *["facility_location"] * 2)],
        ),
        ("assignment", ["exact labels, k = 8"]),
        ("kmeans", ["k-means, k = 8"] * 4),
        ("scale", ["fit from disk, n = 2,000, k = 8"]),
        pytest.param("side_by_side", ["2 k-means fits on 2 cores, each, k = 8"] * 4, marks=pytest.mark.slow),
        pytest.param("training", ["training step, 64 rows"], marks=pytest.mark.slow),
        pytest.param(
            "job",
            [f"whole job, 1 epochs{part}" for part in ("", ", same line again", ", largest process")],
            marks=pytest.mark.slow,
        ),
        pytest.param(
            "imports",
            [f"train.py, {kind}" for kind in ("--help", "a mistyped option", "a finished job again")],
            marks=pytest.mark.slow,
        ),
    ],
)
def test_every_row_is_measured_in_its_smallest_form(benchmark, tmp_path, row, measured):
    ended = benchmark(f"row={row}", "mode=smallest", "folder=out")
    assert ended.returncode == 0, ended.stderr
    written = (tmp_path / "out" / "benchmark.md").read_text()
    assert ended.stdout.endswith(written)
    assert [cells[0] for cells in lines(written)] == measured
    timed = [cells for cells in lines(written) if cells[-1] != "not installed"]
    assert all(float(cells[3].split()[0]) > 0 for cells in timed)


def test_a_figure_is_drawn_beside_the_table(benchmark, tmp_path):
    assert benchmark("row=selection", "mode=smallest").returncode == 0
    drawn = tmp_path / "state" / "benchmarks" / "benchmark.png"
    assert drawn.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("argument", "complaint"),
    [
        ("row=kmean", "row must be one of imports, selection"),
        ("mode=quick", "mode must be one of short, full, smallest, got quick"),
        ("rounds=3", "unknown setting rounds"),
    ],
)
def test_what_it_does_not_know_is_refused_in_one_line(benchmark, tmp_path, argument, complaint):
    ended = benchmark(argument)
    assert ended.returncode == 2
    assert complaint in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_help_tells_the_rows(benchmark):
    assert "side_by_side" in benchmark("--help").stdout
