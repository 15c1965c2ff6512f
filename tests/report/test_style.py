import csv

import numpy as np
import pytest
from PIL import Image

from winnow.report.style import (
    colour_and_marker,
    mark_centroids,
    new_figure,
    save_figure,
    save_table,
    scatter_by_label,
)


def test_a_table_keeps_every_digit_on_disk_and_few_for_the_eye(tmp_path):
    records = [{"method": "a", "inertia": 1234567.891}, {"method": "long name", "inertia": 0.5}]
    text = save_table(records, tmp_path / "table.csv")
    assert text.splitlines() == [
        "   method    inertia",
        "        a  1,234,568",
        "long name        0.5",
    ]
    with (tmp_path / "table.csv").open() as stream:
        assert [row["inertia"] for row in csv.DictReader(stream)] == ["1234567.891", "0.5"]


def test_a_class_name_does_nothing_in_a_table(tmp_path):
    text = save_table([{"rows": "all", "=1+1": 3, "\x1b[31m": 2.0}], tmp_path / "table.csv")
    assert text.splitlines() == [r"rows  =1+1  \x1b[31m", " all     3         2"]
    assert (tmp_path / "table.csv").read_text().splitlines() == [r"rows,'=1+1,\x1b[31m", "all,3,2.0"]


def test_every_label_is_in_the_legend_under_its_name():
    _, (axes,) = new_figure(1)
    scatter_by_label(axes, np.zeros((4, 2)), np.array([0, 1, 1, 2]), "class")
    mark_centroids(axes, np.zeros((1, 2)), "centroids")
    assert axes.get_legend_handles_labels()[1] == ["class 0", "class 1", "class 2", "centroids"]


def test_no_two_of_the_first_sixty_four_labels_look_the_same():
    assert len({colour_and_marker(label) for label in range(64)}) == 64


def test_panels_stand_side_by_side():
    figure, axes = new_figure(3, width=4.0)
    assert len(axes) == 3
    assert figure.get_size_inches()[0] == 12


def test_a_figure_is_saved_whole_and_no_warning_of_the_library_is_heard(tmp_path, recwarn):
    figure, (axes,) = new_figure(1)
    axes.set_title("\x07\u0378 \U0001f9ff")  # no font has these
    with Image.open(save_figure(figure, tmp_path / "figure.png", dpi=50)) as picture:
        assert picture.size == (210, 210)
    assert list(tmp_path.iterdir()) == [tmp_path / "figure.png"]
    assert recwarn.list == []


def test_a_figure_that_cannot_be_drawn_leaves_nothing(tmp_path):
    figure, (axes,) = new_figure(1)
    axes.set_title(r"$\nonsense$")
    with pytest.raises(ValueError, match="nonsense"):
        save_figure(figure, tmp_path / "figure.png", dpi=50)
    assert list(tmp_path.iterdir()) == []
