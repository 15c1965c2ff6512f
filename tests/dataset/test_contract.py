"""What every data set owes, checked for each option of conf/dataset."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from winnow.dataset.auto import VARIABLE
from winnow.stages import Source
from winnow.types import Dataset

OPTIONS = sorted(path.stem for path in Path(__file__).parents[2].glob("conf/dataset/*.yaml"))


@pytest.fixture
def source(request, build_option, data_dir, tmp_path, monkeypatch) -> Source:
    option = request.param
    overrides = {}
    if option == "mnist":
        overrides["data_dir"] = str(data_dir)
    if option == "auto":
        monkeypatch.setenv(VARIABLE, "digits")
    if option == "image_folder":
        rng = np.random.default_rng(0)
        for name in ("cat/1.png", "cat/2.png", "dog/1.png", "dog/2.jpg"):
            path = tmp_path / "photos" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(rng.integers(256, size=(40, 50, 3), dtype=np.uint8)).save(path)
        overrides |= {"folder": str(tmp_path / "photos"), "cache_dir": str(tmp_path / "cache")}
    if option == "csv":
        table = tmp_path / "table.csv"
        table.write_text("size,kind\n1,a\n2,a\n3,b\n4,b\n")
        overrides |= {"file": str(table), "label": "kind"}
    return build_option("dataset", option, **overrides)


@pytest.mark.parametrize("source", OPTIONS, indirect=True)
class TestSource:
    def test_gives_images_as_bytes_or_features_as_floats_with_labels_for_every_class(self, source):
        dataset = source.load()
        assert isinstance(source, Source)
        assert isinstance(dataset, Dataset)
        assert dataset.x.dtype == dataset.x_test.dtype == {4: np.uint8, 2: np.float32}[dataset.x.ndim]
        assert dataset.x.ndim == 2 or dataset.x.max() > 1
        for y in (dataset.y, dataset.y_test):
            np.testing.assert_array_equal(np.unique(y), np.arange(len(dataset.classes)))

    def test_loading_again_gives_the_same_bytes(self, source):
        assert source.load().checksum == source.load().checksum

    def test_leaves_the_global_random_state_alone(self, source):
        before = np.random.get_state()[1].copy()
        source.load()
        np.testing.assert_array_equal(np.random.get_state()[1], before)

    def test_is_known_by_its_hyper_parameters(self, source):
        assert repr(source).startswith(type(source).__name__ + "(")
        assert source == type(source)(**vars(source))
