"""Opening what people name: regular files of a stated size, and nothing that never answers or never ends."""

import os
from pathlib import Path

import pytest

from winnow.store.regular_file import NotReadable, open_regular, read_regular


def test_a_regular_file_of_at_most_the_limit_is_read(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    assert read_regular(path, 3) == b"abc"
    with pytest.raises(NotReadable, match="a file of 3 bytes, at most 2 bytes are read"):
        read_regular(path, 2)


def test_a_link_to_a_regular_file_is_followed(tmp_path):
    (tmp_path / "file").write_bytes(b"abc")
    (tmp_path / "link").symlink_to("file")
    assert read_regular(tmp_path / "link", 3) == b"abc"


def test_what_is_no_regular_file_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(NotReadable):
            open_regular(path, 10)


def test_no_file_stays_open_after_a_refusal(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        with pytest.raises(NotReadable):
            open_regular(tmp_path / "pipe", 10)
    assert len(os.listdir("/proc/self/fd")) == before
