import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "fetch_data.py"


def fetch_data(*arguments: str) -> subprocess.CompletedProcess[str]:
    offline = {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
    env = os.environ | offline | {"PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run([sys.executable, SCRIPT, *arguments], capture_output=True, text=True, env=env)


def test_offline_it_fails_with_one_line_and_leaves_nothing(tmp_path):
    done = fetch_data(f"data_dir={tmp_path / 'new'}")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "MNIST cannot be fetched" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.mnist
def test_files_that_are_sound_are_not_fetched_again(data_dir):
    done = fetch_data(f"data_dir={data_dir}")
    assert done.returncode == 0
    assert "in place and verified" in done.stdout


def test_an_unknown_argument_is_answered_with_the_usage():
    done = fetch_data("datadir=x")
    assert done.returncode == 2
    assert "data_dir=data" in done.stderr


def test_a_set_that_is_not_known_is_refused_with_those_that_are(tmp_path):
    done = fetch_data("name=Cifar", f"data_dir={tmp_path}")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("name must be one of CIFAR10, CIFAR100, ")


def test_offline_another_set_fails_with_one_line_and_leaves_nothing(tmp_path):
    done = fetch_data("name=USPS", f"data_dir={tmp_path / 'new'}")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("USPS cannot be fetched: ")
    assert list(tmp_path.iterdir()) == []
