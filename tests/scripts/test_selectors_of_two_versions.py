"""Two versions of the code are timed beside each other: here the same one twice."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "scripts" / "selectors_of_two_versions.py"


def compared(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    line = [sys.executable, str(SCRIPT), *arguments]
    return subprocess.run(line, cwd=folder, env=env, capture_output=True, text=True, timeout=200)


def test_the_same_code_twice_keeps_the_same_rows(tmp_path, data_dir):
    given = [
        f"before={ROOT / 'src'}",
        "selector=kcenter,auto",
        "rows=300",
        "kept=20",
        "clusters=20",
        "rounds=1",
    ]
    ended = compared(tmp_path, *given, f"data_dir={data_dir}")
    assert ended.returncode == 0, ended.stderr
    lines = [line.strip("| ").split(" | ") for line in ended.stdout.splitlines()][2:]
    assert [(cells[0], cells[-1]) for cells in lines] == [("`kcenter`", "20 of 20"), ("`auto`", "20 of 20")]


def test_a_folder_without_the_code_is_refused(tmp_path):
    ended = compared(tmp_path, "before=nowhere")
    assert ended.returncode == 2
    assert ended.stderr == "error: before must name a folder that holds winnow, got nowhere\n"
