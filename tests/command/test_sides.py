"""At which size images of files are read where nobody said it."""

from pathlib import Path

import pytest

from winnow.command.configuration import build_with, composed

CONF = Path(__file__).parents[2] / "conf"
SELECT, PROBE = "select_only=true", "model=linear_probe"


@pytest.mark.parametrize(
    ("words", "largest"),
    [
        (["embedding=pca", SELECT], 64),
        (["embedding=timm", SELECT], 224),
        (["embedding=timm", "embedding.side=128", SELECT], 128),
        (["embedding=pretrained", PROBE], 224),
        (["embedding=spectral", "embedding.of=timm", SELECT], 224),
        # Networks that take images as they are would take many times as long.
        (["embedding=timm", "model=convnet"], 64),
        (["embedding=timm", PROBE, "transfer=[convnet]"], 64),
        (["embedding=timm", SELECT, "selector=el2n"], 64),
        (["embedding=timm", "model=timm", "model.side=256"], 256),
        (["embedding=timm", "dataset.largest=100", SELECT], 100),
    ],
)
def test_images_are_read_for_all_that_looks_at_them(words, largest):
    plan = composed(CONF, ["dataset=image_folder", "dataset.folder=photos", *words])
    assert plan.stages.dataset.largest == largest
    assert build_with(plan, {"k": 3}).stages.dataset.largest == largest
