"""Mix the rows of a batch in pairs, and their labels in the same proportion.

`mixup` [1]_ averages two images; `cutmix` [2]_ pastes a rectangle of one into the other. Both should win in
long trainings of deep networks on photographs, and lose on few rows, in short trainings, and where the
average of two images looks like a third class.

.. [1] Zhang et al., "mixup: beyond empirical risk minimization", ICLR 2018. https://arxiv.org/abs/1710.09412
.. [2] Yun et al., "CutMix: regularization strategy to train strong classifiers with localizable features",
   ICCV 2019. https://arxiv.org/abs/1905.04899
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from winnow.errors import InvalidValue
from winnow.network.global_generator import seeded_from


@dataclass(frozen=True)
class Mixing:
    """torchvision's MixUp and CutMix, one of them for each batch, drawn from a stream of its own.

    Parameters
    ----------
    mixup, cutmix
        Parameter of the beta distribution from which the proportion is drawn; 0: not this way.
    classes
        Number of classes.

    Examples
    --------
    >>> images, labels = torch.zeros(2, 1, 4, 4), torch.tensor([0, 1])
    >>> mixed, shares = Mixing(1.0, 0.0, 2)(images, labels, torch.Generator().manual_seed(0))
    >>> shares.shape, torch.allclose(shares.sum(dim=1), torch.ones(2))
    (torch.Size([2, 2]), True)
    """

    mixup: float
    cutmix: float
    classes: int

    def __call__(self, images: Tensor, labels: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Return mixed images (b, ...) and the shares of the classes in each, float32 (b, classes).

        Raises
        ------
        InvalidValue
            If rows that are no images are to be cut.
        """
        from torchvision.transforms import v2

        if self.cutmix and images.ndim != 4:
            raise InvalidValue(
                f"rows must be images to be cut, got shape {tuple(images.shape[1:])}",
                where=f"trainer.cutmix={self.cutmix}",
                remedy="use trainer.mixup",
            )
        kinds = ((v2.MixUp, self.mixup), (v2.CutMix, self.cutmix))
        ways = [kind(alpha=alpha, num_classes=self.classes) for kind, alpha in kinds if alpha]
        as_images = images if images.ndim == 4 else images[:, :, None, None]
        with seeded_from(generator):
            mixed, shares = ways[int(torch.randint(len(ways), ()))](as_images, labels)
        return mixed.reshape(images.shape), shares
