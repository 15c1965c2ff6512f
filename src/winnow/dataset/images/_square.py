"""Image files of many sizes are read at one square size: how large that is where nobody said it."""

from dataclasses import dataclass, replace
from typing import Annotated

from pydantic import Field

from winnow.dataset.images._decode import LARGEST_BY_DEFAULT
from winnow.stages import Source


@dataclass(frozen=True, kw_only=True)
class SquareImages(Source):
    """A data set of image files, which are brought to one square size.

    Parameters
    ----------
    largest
        Largest side where `size` is null. Unless it is typed, it is the side to which all that looks at the
        images brings them: 224 where an embedding by a network of others is all that does.
    """

    largest: Annotated[int, Field(ge=1, le=4096)] = LARGEST_BY_DEFAULT

    def seen_at(self, side: int) -> Source:
        return replace(self, largest=side)
