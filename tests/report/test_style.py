import csv

import numpy as np

from winnow.report.style import COLOURS, MARKERS, crosses, panels, save_table, scatter


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


def test_every_label_is_in_the_legend_under_its_name():
    _, (axes,) = panels(1)
    scatter(axes, np.zeros((4, 2)), np.array([0, 1, 1, 2]), "class")
    crosses(axes, np.zeros((1, 2)), "centroids")
    assert axes.get_legend_handles_labels()[1] == ["class 0", "class 1", "class 2", "centroids"]


def test_no_two_of_the_first_sixty_four_labels_look_the_same():
    looks = {(label % len(COLOURS), (label + label // len(COLOURS)) % len(MARKERS)) for label in range(64)}
    assert len(looks) == 64


def test_panels_stand_side_by_side():
    figure, axes = panels(3, width=4.0)
    assert len(axes) == 3
    assert figure.get_size_inches()[0] == 12
