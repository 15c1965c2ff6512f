r"""Write the features of a pretrained network for a whole data set, so that a comparison takes seconds.

    python scripts/features.py out=features.npz dataset=mnist embedding=timm \
        embedding.weights=efficientnet_lite0
    python train.py -m dataset=arrays dataset.file=features.npz embedding=identity model=linear selector=...

Rows are chosen, and a linear layer is trained, on the same features: the linear probe. Training rows and test
rows are embedded by what was learnt from the training rows alone; an embedding that cannot do so (`spectral`,
anything with `embedding.whiten=true`) is refused. Anything but `out` is a setting of train.py. Where the
vectors are needed for one comparison only, `train.py model=linear_probe` does all of this in one command.
"""

import sys
from pathlib import Path

import numpy as np
from settings import split_settings

from winnow.command.configuration import composed
from winnow.command.ending import guard
from winnow.errors import InvalidValue
from winnow.stages import EMBEDS_TEST_ROWS, Embedding

CONF = Path(__file__).parents[1] / "conf"


def main() -> None:
    """Embed both parts, write the file."""
    if "--help" in sys.argv:
        print(__doc__)
        return
    given, overrides = split_settings(out="features.npz")
    stages = composed(CONF, overrides).stages
    embedding = stages.embedding
    refuse_unable(embedding)
    out = Path(given["out"])
    if out.suffix != ".npz" or not out.absolute().parent.is_dir():
        raise InvalidValue(f"out must name a .npz file in a folder that exists, got {out}")
    dataset = stages.dataset.load()
    features = {
        "x": embedding.fit_transform(dataset.x),
        "x_test": embedding.embed_test(dataset.x, dataset.x_test),
    }
    classes = np.array(dataset.classes)
    np.savez(out, **features, y=classes[dataset.y], y_test=classes[dataset.y_test], allow_pickle=False)
    print(f"{out}: {len(dataset.y):,} and {len(dataset.y_test):,} rows of {features['x'].shape[1]} features")


def refuse_unable(embedding: Embedding) -> None:
    """Refuse an embedding that cannot embed test rows, before anything is read."""
    if not embedding.embeds_test_rows:
        rule = f"embedding must be able to embed test rows, got {embedding!r}"
        raise InvalidValue(rule, where="embedding", remedy=EMBEDS_TEST_ROWS)


if __name__ == "__main__":
    sys.exit(guard(main))
