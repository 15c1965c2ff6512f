"""What every study owes, for every option in `conf/study`."""

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from winnow.dataset.blobs_2d import Blobs2D
from winnow.stages import Study

OPTIONS = sorted(path.stem for path in Path(__file__).parents[2].glob("conf/study/*.yaml"))
QUICK = {
    "minibatch_mnist": {"full_k": 2, "ks": [2, 3]},
    "neural_clustering": {"rounds": 3, "steps": 5},
    "density_stages": {"k": 4, "budget": 50},
}


@pytest.fixture(params=OPTIONS)
def study(request, build_option) -> Study:
    return build_option("study", request.param, **QUICK.get(request.param, {}))


@pytest.fixture(scope="module")
def clouds():
    return Blobs2D(points=40).load()


def test_it_is_a_study_known_by_its_hyper_parameters(study):
    assert isinstance(study, Study)
    assert study == type(study)(**vars(study))


def test_it_leaves_a_picture_and_the_table_it_returns(study, clouds, tmp_path):
    text = study.run(clouds, seed=0, seeds=2, folder=tmp_path)
    (picture,) = [path for path in tmp_path.iterdir() if path.suffix in (".png", ".gif")]
    with Image.open(picture) as image:
        assert min(image.size) > 300
        assert np.asarray(image.convert("L")).std() > 5  # something is drawn
    (table,) = tmp_path.glob("*.csv")
    with table.open() as stream:
        rows = list(csv.reader(stream))
    assert len(rows) >= 3
    assert text.splitlines()[0].split() == " ".join(rows[0]).split()
    assert len(list(tmp_path.iterdir())) == 2


def test_all_but_the_seconds_is_the_same_the_second_time(study, clouds, tmp_path):
    tables = []
    for folder in (tmp_path / "first", tmp_path / "second"):
        folder.mkdir()
        study.run(clouds, seed=3, seeds=2, folder=folder)
        with next(folder.glob("*.csv")).open() as stream:
            tables.append(
                [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(stream)]
            )
    assert tables[0] == tables[1]


def test_the_global_random_state_is_left_alone(study, clouds, tmp_path):
    before = np.random.get_state()[1].copy()
    study.run(clouds, seed=0, seeds=1, folder=tmp_path)
    np.testing.assert_array_equal(np.random.get_state()[1], before)
