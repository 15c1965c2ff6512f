"""Train one linear layer on the embedding: the linear probe of features that others learnt.

Rows are chosen from the embedding, and the layer is trained on the same vectors, which are computed once:
with `embedding=timm` or `pretrained` a comparison on photographs takes seconds a training. Test rows are
embedded by what was learnt from the training rows alone; their labels are read at the end, as for every
network.

It should win over training a network where the embedding is a network that was trained on similar images
[1]_, and on few rows. It should lose on images unlike those, and to fine-tuning on thousands of rows. On
many rows it wants a lower learning rate than the trainer's default: `experiment=linear_probe` sets 1e-3.

.. [1] Kornblith, Shlens and Le, "Do Better ImageNet Models Transfer Better?", CVPR 2019.
   https://arxiv.org/abs/1805.08974
"""

from dataclasses import dataclass
from typing import ClassVar

from winnow.model.linear import Linear


@dataclass(frozen=True)
class LinearProbe(Linear):
    """A linear layer on embedded rows, every value brought to mean 0 and deviation 1 of the training rows.

    Examples
    --------
    >>> sum(weights.numel() for weights in LinearProbe().build((1280,), 2).parameters())
    2562
    """

    reads_embedding: ClassVar[bool] = True
