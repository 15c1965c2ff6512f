"""The list of refused configurations is what the program says today."""

import os
import subprocess
import sys
from pathlib import Path

SCRIPTS = Path(__file__).parents[2] / "scripts"


def test_every_way_on_the_list_is_refused_with_the_words_that_stand_there(tmp_path):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    line = [sys.executable, SCRIPTS / "refused.py"]
    done = subprocess.run(line, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    assert done.stdout == (SCRIPTS / "results" / "refused.md").read_text()
    assert list(tmp_path.iterdir()) == []
