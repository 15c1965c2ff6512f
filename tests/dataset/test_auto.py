import shutil
import socket
import time

import pytest

from winnow.dataset import mnist
from winnow.dataset.auto import Auto
from winnow.dataset.digits import Digits
from winnow.dataset.mnist import MNIST, raw_folder
from winnow.errors import DatasetUnavailable


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")


def test_takes_mnist_where_its_files_are(data_dir, capsys):
    source = Auto(str(data_dir))
    assert source.decide() == MNIST(str(data_dir))
    assert "takes mnist" in capsys.readouterr().err
    assert source.load().name == "mnist"


def test_falls_back_to_the_digits_and_says_why_in_one_line(tmp_path, capsys):
    assert Auto(str(tmp_path)).load().name == "digits"
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("dataset=auto takes digits: MNIST cannot be fetched")


def test_a_silent_network_is_given_up_within_five_seconds(tmp_path, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("no_proxy", "*")
        monkeypatch.setattr(mnist, "MIRRORS", [f"http://127.0.0.1:{silent.getsockname()[1]}/"])
        started = time.monotonic()
        assert Auto(str(tmp_path / "new")).decide() == Digits()
        assert time.monotonic() - started < 5
    assert not (tmp_path / "new").exists()


def test_damaged_files_are_an_error_not_a_reason_to_fall_back(tmp_path, data_dir):
    folder = raw_folder(str(tmp_path))
    shutil.copytree(raw_folder(str(data_dir)), folder)
    (folder / "t10k-labels-idx1-ubyte").chmod(0o600)
    (folder / "t10k-labels-idx1-ubyte").write_bytes(b"")
    with pytest.raises(DatasetUnavailable, match="expected 10008 bytes, got 0"):
        Auto(str(tmp_path)).load()
