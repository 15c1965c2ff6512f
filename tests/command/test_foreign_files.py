"""A folder of yamls from elsewhere is looked at before Hydra reads it: small plain files, and few of them."""

import os

import pytest

from winnow.command._foreign_files import check_folder
from winnow.errors import InvalidValue


def anchors(levels):
    """A yaml of a few lines that stands for nine to the power of `levels` words."""
    lines = ["a0: &a0 [x]"]
    for level in range(levels):
        lines.append(f"a{level + 1}: &a{level + 1} [{','.join([f'*a{level}'] * 9)}]")
    return "\n".join(lines) + "\n"


FOREIGN = {
    "anchors": (anchors(12), "must name no anchor"),
    "one alias": ("k: &size 30\nbudget: *size\n", r"must name no anchor, got \*size"),
    "a node that holds itself": ("k: &a [*a]\n", "must name no anchor"),
    "deep": ("k: " + "[" * 3000 + "]" * 3000 + "\n", "must be nested at most 50 deep"),
    "large": ("#" * (2**20 + 1), "small regular file, got a file of 1 MiB"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_a_yaml_from_elsewhere_that_stands_for_more_than_it_says_is_refused_at_once(tmp_path, name):
    content, rule = FOREIGN[name]
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "theirs.yaml").write_text(content)
    with pytest.raises(InvalidValue, match=rule) as refusal:
        check_folder(tmp_path)
    assert str(refusal.value).isprintable()
    assert len(str(refusal.value)) < 600


@pytest.mark.parametrize(
    "make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero")], ids=["pipe", "device"]
)
def test_a_yaml_from_elsewhere_that_is_no_file_is_not_opened(tmp_path, make):
    make(tmp_path / "theirs.yaml")
    with pytest.raises(InvalidValue, match="small regular file, got a pipe, a socket or a device"):
        check_folder(tmp_path)


def test_a_folder_that_holds_itself_is_not_walked_for_ever(tmp_path):
    for number in range(3):
        (tmp_path / f"again{number}").symlink_to(tmp_path, target_is_directory=True)
    with pytest.raises(InvalidValue, match="must hold at most 10,000 files"):
        check_folder(tmp_path)


def test_ordinary_yamls_and_one_that_nobody_chooses_pass(tmp_path):
    (tmp_path / "mine.yaml").write_text("k: 30\ndataset: {folder: ../photos}\n# *no alias*\nx: '*'\n")
    (tmp_path / "broken.yaml").write_text("k: [\n")
    check_folder(tmp_path)
