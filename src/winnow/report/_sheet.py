"""Small pictures of many images side by side in one, encoded to be inlined in a page."""

import io
from collections.abc import Sequence
from math import ceil

import numpy as np
from jaxtyping import UInt8
from numpy import ndarray

ACROSS = 32
SIDES = (64, 48, 32, 20)  # pixels of a small picture, tried until the sheet is small enough
LARGEST = 1_200_000  # bytes
QUALITY = 80  # of WebP, of which a hundred is the best


def sheet(images: Sequence[UInt8[ndarray, "c h w"]]) -> tuple[UInt8[ndarray, " bytes"], int, int]:
    """Return the images as bytes of one WebP picture, the side of each in it, and how many are in a line.

    Images are never enlarged; the sides of larger ones are 64 pixels, or fewer if that is too many bytes.
    """
    native = max(max(image.shape[1:]) for image in images)
    for side in [min(native, side) for side in SIDES]:
        content = _encoded(_tiled(images, side))
        if len(content) <= LARGEST:
            break
    return np.frombuffer(content, np.uint8), side, ACROSS


def _tiled(images: Sequence[UInt8[ndarray, "c h w"]], side: int) -> UInt8[ndarray, "height width 3"]:
    """Place every image in the middle of a square; what is left of the square is black."""
    tiles = np.zeros((ceil(len(images) / ACROSS) * side, ACROSS * side, 3), np.uint8)
    for number, image in enumerate(images):
        picture = small(image, side)
        height, width = picture.shape[:2]
        top = number // ACROSS * side + (side - height) // 2
        left = number % ACROSS * side + (side - width) // 2
        tiles[top : top + height, left : left + width] = picture
    return tiles


def small(image: UInt8[ndarray, "c h w"], side: int) -> UInt8[ndarray, "height width 3"]:
    """Return an image in three colours, no side longer than `side`; of more than three channels, the first.

    >>> small(np.full((1, 4, 8), 7, np.uint8), 4).shape
    (2, 4, 3)
    """
    from PIL import Image

    channels = image if len(image) >= 3 else np.repeat(image[:1], 3, axis=0)
    picture = np.ascontiguousarray(channels[:3].transpose(1, 2, 0))
    share = side / max(picture.shape[:2])
    if share >= 1:
        return picture
    height, width = (max(1, round(share * length)) for length in picture.shape[:2])
    return np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.BOX))


def _encoded(pixels: UInt8[ndarray, "height width 3"]) -> bytes:
    from PIL import Image

    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "WEBP", quality=QUALITY, method=3)
    return content.getvalue()
