"""Decode one image file as a viewer shows it, as bytes of one square size.

Turned as its EXIF entry says; of an animation or of several pages the first; palettes and CMYK as RGB; what
is transparent lies on white. More than eight bits are scaled to 0..255 by a `Scale` that all files of a data
set share, so that equal values stay equal. Colour profiles are not applied.
"""

import errno
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Num, UInt8
from numpy import ndarray

if TYPE_CHECKING:
    from PIL.Image import Image

# Pillow's name of each format that is opened, and the file endings that announce it. Others stay shut:
# PostScript, for one, would be handed to another program.
FORMATS = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "PNG": (".png", ".apng"),
    "GIF": (".gif",),
    "BMP": (".bmp",),
    "DIB": (".dib",),
    "PPM": (".pbm", ".pgm", ".ppm", ".pnm", ".pfm"),
    "TIFF": (".tif", ".tiff"),
    "WEBP": (".webp",),
    "AVIF": (".avif",),
    "JPEG2000": (".jp2", ".j2k", ".jpf", ".jpx"),
}
SUFFIXES = frozenset(suffix for suffixes in FORMATS.values() for suffix in suffixes)
# Beyond twice its own limit, Pillow refuses to open an image.
MOST_PIXELS = 178_956_970
EIGHT_BITS, WHOLE, REAL = range(3)  # what the values of an image are
# A JPEG is decoded at a fraction of its size where that leaves at least this many times the size wanted:
# 15 times quicker for photographs of 12 megapixels, and the same picture up to rounding.
SPARE = 4
PHOTOMETRIC_TAG, SAMPLE_FORMAT_TAG = 262, 339  # of TIFF 6.0
WHITE_IS_ZERO, UNSIGNED, SIGNED = 0, 1, 2


@runtime_checkable
class Openable(Protocol):
    """A path, or whatever else can be opened like one."""

    def open(self, mode: str) -> BinaryIO: ...

    def is_symlink(self) -> bool: ...


class Header(NamedTuple):
    """What is known of an image in its own size; its lowest and highest value only beyond eight bits."""

    width: int
    height: int
    grey: bool
    animated: bool
    values: int
    low: float
    high: float


class Scale(NamedTuple):
    """The values that become 0 and 255."""

    low: int | float
    high: int | float

    @classmethod
    def of(cls, values: int, low: int | float, high: int | float) -> "Scale":
        """Return the scale for values between `low` and `high`.

        Whole numbers: 0 to the largest number of as many bits, eight at least. Real ones: 0 to 1, or to
        255, where they lie in between. All others: lowest to highest.

        >>> Scale.of(WHOLE, 3, 4000), Scale.of(WHOLE, 0, 200), Scale.of(WHOLE, -1000, 3000)
        (Scale(low=0, high=4095), Scale(low=0, high=255), Scale(low=-1000, high=3000))
        >>> Scale.of(REAL, 0.1, 0.9), Scale.of(REAL, 0.0, 200.0), Scale.of(REAL, -2.0, 2.0)
        (Scale(low=0, high=1), Scale(low=0, high=255), Scale(low=-2.0, high=2.0))
        """
        if low < 0 or (values == REAL and high > 255):
            return cls(low, high)
        if values == REAL:
            return cls(0, 1 if high <= 1 else 255)
        return cls(0, 2 ** max(8, int(high).bit_length()) - 1)

    def apply(self, values: Num[ndarray, "h w"]) -> UInt8[ndarray, "h w"]:
        """Return the values as bytes, rounded.

        >>> Scale(0, 65535).apply(np.array([[0, 32768, 65535]])).tolist()
        [[0, 128, 255]]
        """
        span = max(self.high - self.low, np.finfo(np.float32).tiny)
        scaled = (values.astype(np.float64) - self.low) * (255.0 / span)
        return np.rint(scaled).clip(0, 255).astype(np.uint8)


def scales(values: UInt8[ndarray, " n"], low: ndarray, high: ndarray) -> dict[int, Scale]:
    """Return the scale of whole and of real numbers for images with these values between `low` and `high`."""
    found = {}
    for kind in (WHOLE, REAL):
        if (of_kind := values == kind).any():
            found[kind] = Scale.of(kind, low[of_kind].min().item(), high[of_kind].max().item())
    return found


@contextmanager
def library_warnings_ignored() -> Iterator[None]:
    """Keep Pillow's remarks on odd files to itself: a file is read, or refused with a reason."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def read_header(path: Openable, max_pixels: int) -> Header:
    """Read what is known without decoding; only an image of more than eight bits is decoded for its range.

    Raises
    ------
    Exception
        Whatever a broken file makes the decoder raise: see `reason`.
    """
    with _opened(path, max_pixels) as image:
        values = values_of(image.mode)
        # A photograph of several views (MPO) is shown as one.
        animated = image.format != "MPO" and bool(getattr(image, "is_animated", False))
        if values == EIGHT_BITS and _tag(image, SAMPLE_FORMAT_TAG) == SIGNED:
            raise ValueError("eight bits with a sign, which are not read")
        low = high = 0.0
        if values != EIGHT_BITS:
            numbers = _numbers(image)
            low, high = numbers.min().item(), numbers.max().item()
            if not np.isfinite((low, high)).all():
                raise ValueError("holds NaN or infinity")
        return Header(*image.size, _is_grey(image), animated, values, low, high)


def read_pixels(
    path: Openable, size: int, channels: int, scale: dict[int, Scale], max_pixels: int
) -> UInt8[ndarray, "channels size size"]:
    """Decode, scale so that the shorter side fits, and cut to the centre.

    Raises
    ------
    Exception
        Whatever a broken file makes the decoder raise: see `reason`.
    """
    from PIL import Image, ImageOps

    with _opened(path, max_pixels) as image:
        image.draft(None, (SPARE * size, SPARE * size))
        plain = _plain(image, scale).convert("RGB" if channels == 3 else "L")
        square = ImageOps.fit(plain, (size, size), method=Image.Resampling.BILINEAR)
    return np.asarray(square).reshape(size, size, channels).transpose(2, 0, 1)


def reason(error: Exception, path: Openable) -> str:
    """Say in a few words why a file could not be read."""
    from PIL import UnidentifiedImageError

    if isinstance(error, UnidentifiedImageError):
        return _mistaken(path)
    if isinstance(error, FileNotFoundError) or getattr(error, "errno", None) == errno.ELOOP:
        return "a link that leads nowhere" if path.is_symlink() else "no longer there"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return " ".join(str(error).split()) or type(error).__name__


def values_of(mode: str) -> int:
    """Tell what the values of an image of Pillow's `mode` are.

    >>> values_of("RGB"), values_of("I;16B"), values_of("F")
    (0, 1, 2)
    """
    return {"I": WHOLE, "F": REAL}.get(mode[0], EIGHT_BITS)


@contextmanager
def _opened(path: Openable, max_pixels: int) -> Iterator["Image"]:
    from PIL import Image

    # As a stream: Pillow maps a file it is named, and then misreads a TIFF that is to be turned to its side.
    with path.open("rb") as stream, Image.open(stream, formats=tuple(FORMATS)) as image:
        width, height = image.size
        if width * height > max_pixels:
            raise ValueError(f"{width} x {height} pixels, more than dataset.max_pixels={max_pixels}")
        yield image


def _plain(image: "Image", scale: dict[int, Scale]) -> "Image":
    """Return the image upright, with eight bits a value and nothing transparent."""
    from PIL import Image, ImageOps

    image.load()
    upright = image
    # Viewers show an image whose EXIF entries are broken as it lies in the file.
    with suppress(Exception):
        upright = ImageOps.exif_transpose(image)
    if values_of(image.mode) != EIGHT_BITS:
        return _eight_bits(upright, image, scale)
    if upright.has_transparency_data:
        colours = upright.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", colours.size, "white"), colours)
    return upright


def _eight_bits(upright: "Image", opened: "Image", scale: dict[int, Scale]) -> "Image":
    from PIL import Image

    numbers = _numbers(upright, opened)
    scaled = scale[values_of(opened.mode)].apply(numbers)
    if _tag(opened, PHOTOMETRIC_TAG) == WHITE_IS_ZERO:
        scaled = 255 - scaled
    if (transparent := opened.info.get("transparency")) is not None:
        scaled[numbers == transparent] = 255
    return Image.fromarray(scaled)


def _numbers(image: "Image", opened: "Image | None" = None) -> Num[ndarray, "h w"]:
    numbers = np.asarray(image)
    # Pillow holds 32 bits with a sign, whether the file has one or not.
    if numbers.dtype == np.int32 and _tag(opened or image, SAMPLE_FORMAT_TAG, UNSIGNED) == UNSIGNED:
        return numbers.view(np.uint32)
    return numbers


def _tag(image: "Image", tag: int, default: int | None = None) -> int | None:
    """Return an entry of a TIFF file, or what it is by default; None for files of other formats."""
    if image.format != "TIFF":
        return None
    entry = image.tag_v2.get(tag, default)
    return entry[0] if isinstance(entry, tuple) else entry


def _is_grey(image: "Image") -> bool:
    if image.mode in ("P", "PA"):
        colours = np.array(image.getpalette()).reshape(-1, 3)
        return bool((colours == colours[:, :1]).all())
    return image.mode in ("1", "L", "LA", "La") or values_of(image.mode) != EIGHT_BITS


def _mistaken(path: Openable) -> str:
    """Say what a file without an image inside may be."""
    with path.open("rb") as stream:
        head = stream.read(64)
    kinds: Iterable[tuple[bool, str]] = (
        (head.startswith(b"version https://git-lfs"), "a Git LFS pointer: `git lfs pull` fetches the image"),
        (head[4:8] == b"ftyp", "HEIC or a film, which is not read: convert it to JPEG"),
        (head.lstrip().lower().startswith((b"<!doctype", b"<html")), "a web page"),
    )
    return next((words for fits, words in kinds if fits), "damaged, no image, or of a kind that is not read")
