r"""Write the features of a pretrained network for a whole data set, so that a comparison takes seconds.

    python scripts/features.py out=features.npz dataset=mnist embedding=timm \
        embedding.weights=efficientnet_lite0
    python train.py -m dataset=arrays dataset.file=features.npz embedding=identity model=linear selector=...

Rows are chosen, and a linear layer is trained, on the same features: the linear probe. Training rows and test
rows are embedded by the same network, which learns from neither; embeddings that learn from the rows they
embed (`pca`, anything with `embedding.whiten=true`) are refused. Anything but `out` is a setting of train.py.
"""

import sys
from pathlib import Path

import numpy as np
from settings import split_settings

from winnow.command.configuration import composed
from winnow.command.ending import guard
from winnow.errors import InvalidValue
from winnow.registry import name_of
from winnow.stages import Embedding

CONF = Path(__file__).parents[1] / "conf"
LEARNT_BEFORE = ("pretrained", "timm")


def main() -> None:
    """Embed both parts, write the file."""
    if "--help" in sys.argv:
        print(__doc__)
        return
    given, overrides = split_settings(out="features.npz")
    stages = composed(CONF, overrides).stages
    refuse_learners(stages.embedding)
    out = Path(given["out"])
    if out.suffix != ".npz" or not out.absolute().parent.is_dir():
        raise InvalidValue(f"out must name a .npz file in a folder that exists, got {out}")
    dataset = stages.dataset.load()
    parts = {"x": dataset.x, "x_test": dataset.x_test}
    features = {name: stages.embedding.fit_transform(rows) for name, rows in parts.items()}
    classes = np.array(dataset.classes)
    np.savez(out, **features, y=classes[dataset.y], y_test=classes[dataset.y_test], allow_pickle=False)
    print(f"{out}: {len(dataset.y):,} and {len(dataset.y_test):,} rows of {features['x'].shape[1]} features")


def refuse_learners(embedding: Embedding) -> None:
    """Refuse an embedding in which a test row would not mean what a training row does."""
    if name_of(embedding) not in LEARNT_BEFORE or embedding.whiten:
        raise InvalidValue(
            f"embedding must be {' or '.join(LEARNT_BEFORE)}, without whitening, got {embedding!r}",
            where="embedding",
            remedy="set embedding=timm or embedding=pretrained",
        )


if __name__ == "__main__":
    sys.exit(guard(main))
