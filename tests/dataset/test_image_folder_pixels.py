"""Images of every kind are read as a viewer shows them; every value is worked by hand."""

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from winnow.dataset.images import _pixels
from winnow.dataset.images._pixels import (
    Scale,
    library_warnings_ignored,
    read_header,
    read_pixels,
    reason,
    scales,
)

LIMIT = 1_000_000
RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def read(path, channels, size=2):
    """Return the values of a small image, row by row, as a data set of this file alone has them."""
    with library_warnings_ignored():
        header = read_header(path, LIMIT)
        scale = scales(np.uint8([header.values]), np.array([header.low]), np.array([header.high]))
        pixels = read_pixels(path, size, channels, scale, LIMIT)
    return pixels.reshape(channels, -1).T.tolist()


def grey(path):
    return [value for (value,) in read(path, 1)]


def colours(path):
    return [tuple(colour) for colour in read(path, 3)]


def save(path, values, mode=None, **options):
    image = Image.fromarray(np.array(values), mode) if mode is None else None
    if image is None:
        image = Image.frombytes(mode, (2, 2), np.array(values, np.uint8).tobytes())
    image.save(path, **options)
    return path


def tiff(path, values, dtype, sample_format=None, photometric=1):
    """Write an uncompressed TIFF of one band, entry by entry, as no option of Pillow can."""
    pixels = np.array(values, dtype)
    height, width = pixels.shape
    entries = {
        256: width,
        257: height,
        258: 8 * pixels.itemsize,
        259: 1,
        262: photometric,
        277: 1,
        278: height,
    }
    entries |= {273: 0, 279: pixels.nbytes} | ({339: sample_format} if sample_format else {})
    entries[273] = 8 + 2 + 12 * len(entries) + 4  # where the pixels begin
    body = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(entries.items()))
    head = b"II*\0" + struct.pack("<IH", 8, len(entries))
    path.write_bytes(head + body + b"\0\0\0\0" + pixels.tobytes())
    return path


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.jp2"])
def test_sixteen_bits_are_scaled_to_eight(tmp_path, name):
    assert grey(save(tmp_path / name, np.uint16([[0, 32768], [65535, 257]]))) == [0, 128, 255, 1]


def test_a_whole_scale_is_that_of_as_many_bits_as_the_values_take(tmp_path):
    assert grey(save(tmp_path / "a.png", np.uint16([[0, 16], [2048, 4095]]))) == [0, 1, 128, 255]


def test_sixteen_bits_that_hold_eight_are_taken_as_they_are(tmp_path):
    assert grey(save(tmp_path / "a.png", np.uint16([[0, 1], [7, 200]]))) == [0, 1, 7, 200]


def test_the_most_of_a_pgm_is_white(tmp_path):
    path = tmp_path / "a.pgm"
    path.write_bytes(b"P5 2 2 4095\n" + np.array([0, 2048, 4095, 16], ">u2").tobytes())
    assert grey(path) == [0, 128, 255, 1]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([[0, 0.5], [1, 0.25]], [0, 128, 255, 64]),
        ([[0, 100], [255, 1]], [0, 100, 255, 1]),
        ([[-1, 0], [1, 0.5]], [0, 128, 255, 191]),
        ([[0, 500], [1000, 1]], [0, 128, 255, 0]),
    ],
)
def test_real_numbers_are_scaled_by_their_range(tmp_path, values, expected):
    assert grey(save(tmp_path / "a.tif", np.float32(values))) == expected


@pytest.mark.parametrize(
    ("values", "dtype", "sample_format", "photometric", "expected"),
    [
        ([[0, 2**31], [2**32 - 1, 2**30]], "<u4", 1, 1, [0, 128, 255, 64]),
        ([[0, 2**31], [2**32 - 1, 2**30]], "<u4", None, 1, [0, 128, 255, 64]),
        ([[-1000, 0], [3000, 1000]], "<i4", 2, 1, [0, 64, 255, 128]),
        ([[-1000, 0], [3000, 1000]], "<i2", 2, 1, [0, 64, 255, 128]),
        ([[0, 257], [65535, 32768]], "<u2", 1, 0, [255, 254, 0, 127]),  # zero is white
        ([[0, 1], [255, 128]], "u1", 1, 0, [255, 254, 0, 127]),
    ],
)
def test_a_tiff_is_read_as_its_entries_say(tmp_path, values, dtype, sample_format, photometric, expected):
    assert grey(tiff(tmp_path / "a.tif", values, dtype, sample_format, photometric)) == expected


@pytest.mark.parametrize(
    ("values", "dtype", "sample_format", "complaint"),
    [
        ([[-128, 0], [1, 2]], "i1", 2, "eight bits with a sign"),
        ([[0, 1], [0.5, np.nan]], "<f4", 3, "NaN or infinity"),
        ([[0, 1], [0.5, np.inf]], "<f4", 3, "NaN or infinity"),
        ([[0, 1], [0.5, 0.1]], "<f8", 3, "of a kind that is not read"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(tmp_path, values, dtype, sample_format, complaint):
    path = tiff(tmp_path / "a.tif", values, dtype, sample_format)
    with pytest.raises((OSError, ValueError), match=r"sign|NaN|identify") as caught:
        read_header(path, LIMIT)
    assert complaint in reason(caught.value, path)


def palette(path, **options):
    image = Image.new("P", (2, 2))
    image.putpalette([*RED, *GREEN, *BLUE])
    image.putdata([0, 1, 2, 0])
    image.save(path, **options)
    return path


@pytest.mark.parametrize("name", ["a.png", "a.gif", "a.bmp", "a.tif"])
def test_a_palette_gives_its_colours(tmp_path, name):
    assert colours(palette(tmp_path / name)) == [RED, GREEN, BLUE, RED]


@pytest.mark.parametrize("name", ["a.png", "a.gif"])
def test_a_transparent_entry_of_a_palette_is_white(tmp_path, name):
    assert colours(palette(tmp_path / name, transparency=1)) == [RED, WHITE, BLUE, RED]


def test_entries_of_a_palette_may_be_half_transparent(tmp_path):
    path = palette(tmp_path / "a.png", transparency=bytes([255, 128, 0]))
    assert colours(path) == [RED, (127, 255, 127), WHITE, RED]


@pytest.mark.parametrize(("name", "options"), [("a.png", {}), ("a.tif", {}), ("a.webp", {"lossless": True})])
def test_transparency_lies_on_white(tmp_path, name, options):
    pixels = [[[9, 8, 7, 255], [9, 8, 7, 0]], [[0, 0, 0, 128], [200, 1, 2, 255]]]
    assert colours(save(tmp_path / name, pixels, "RGBA", **options)) == [
        (9, 8, 7),
        WHITE,
        (127, 127, 127),
        (200, 1, 2),
    ]


def test_transparent_grey_lies_on_white(tmp_path):
    pixels = [[[0, 255], [0, 0]], [[0, 128], [200, 255]]]
    assert grey(save(tmp_path / "a.png", pixels, "LA")) == [0, 255, 127, 200]


@pytest.mark.parametrize(
    ("values", "transparent", "expected"),
    [
        (np.uint8([[9, 1], [0, 200]]), 1, [9, 255, 0, 200]),
        (np.uint16([[0, 32768], [65535, 257]]), 32768, [0, 255, 255, 1]),
    ],
)
def test_one_value_may_be_transparent(tmp_path, values, transparent, expected):
    assert grey(save(tmp_path / "a.png", values, transparency=transparent)) == expected


@pytest.mark.parametrize("name", ["a.png", "a.pbm", "a.tif", "a.gif", "a.bmp"])
def test_one_bit_is_black_or_white(tmp_path, name):
    Image.fromarray(np.array([[True, False], [False, True]])).save(tmp_path / name)
    assert grey(tmp_path / name) == [255, 0, 0, 255]


def test_inks_are_taken_off_white(tmp_path):
    pixels = [[[0, 0, 0, 0], [255, 0, 0, 0]], [[0, 255, 0, 0], [0, 0, 0, 255]]]
    cyan, magenta = (0, 255, 255), (255, 0, 255)
    assert colours(save(tmp_path / "a.tif", pixels, "CMYK")) == [WHITE, cyan, magenta, (0, 0, 0)]


def test_inks_in_a_jpeg_are_the_same_inks(tmp_path):
    Image.new("CMYK", (8, 8), (255, 0, 0, 0)).save(tmp_path / "a.jpg", quality=100)
    assert colours(tmp_path / "a.jpg") == [(0, 255, 255)] * 4


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.tif", "a.png"])
def test_of_several_frames_the_first_is_read(tmp_path, name):
    first, second = (Image.new("RGB", (4, 4), colour) for colour in ("white", "black"))
    first.save(tmp_path / name, save_all=True, append_images=[second])
    assert read_header(tmp_path / name, LIMIT).animated
    assert colours(tmp_path / name) == [WHITE] * 4


TURNED = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.T,
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].T,
    8: lambda a: np.rot90(a),
}


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "a.tif", "packed.tif", "deep.png"])
@pytest.mark.parametrize("orientation", sorted(TURNED))
def test_an_image_is_turned_as_its_exif_entry_says(tmp_path, name, orientation):
    """The middle of an image of 16 x 48 pixels, in blocks of 8 x 8 so that JPEG keeps them."""
    blocks = np.arange(2 * 6, dtype=np.uint8).reshape(2, 6) * 20
    pixels = np.kron(blocks, np.ones((8, 8), np.uint8))
    exif = Image.Exif()
    exif[274] = orientation
    options = {"a.webp": {"lossless": True}, "packed.tif": {"compression": "tiff_lzw"}}.get(name, {})
    deep = pixels.astype(np.uint16) * 257
    Image.fromarray(deep if name == "deep.png" else pixels).save(tmp_path / name, exif=exif, **options)
    scale = {_pixels.WHOLE: Scale(0, 65535)}
    found = read_pixels(tmp_path / name, 16, 1, scale, LIMIT)[0, 4::8, 4::8]
    middle = TURNED[orientation](blocks[:, 2:4])
    np.testing.assert_allclose(found.astype(int), middle, atol=3)


def test_broken_exif_entries_turn_nothing(tmp_path):
    path = save(tmp_path / "a.jpg", np.full((8, 8), 200, np.uint8), exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    assert grey(path) == [200] * 4


def test_a_large_jpeg_is_decoded_small_to_the_same_picture(tmp_path, monkeypatch):
    blocks = np.random.default_rng(0).integers(0, 256, (24, 32, 3))
    large = np.kron(blocks, np.ones((50, 50, 1))).astype(np.uint8)
    Image.fromarray(large).save(tmp_path / "a.jpg", quality=95)
    quick = read_pixels(tmp_path / "a.jpg", 32, 3, {}, 10 * LIMIT).astype(int)
    monkeypatch.setattr(_pixels, "SPARE", 1_000_000)
    whole = read_pixels(tmp_path / "a.jpg", 32, 3, {}, 10 * LIMIT)
    assert 0 < np.abs(quick - whole).max() <= 3


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid", "git lfs pull"),
        (b"\0\0\0\x18ftypheic", "HEIC"),
        (b"  <!DOCTYPE html>", "a web page"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", "not read"),  # never given to PostScript
    ],
)
def test_what_only_looks_like_an_image_is_told(tmp_path, content, expected):
    path = tmp_path / "a.jpg"
    path.write_bytes(content)
    with pytest.raises(OSError, match="identify") as caught:
        read_header(path, LIMIT)
    assert expected in reason(caught.value, path)


@pytest.mark.parametrize(
    ("mode", "is_grey"),
    [("1", True), ("L", True), ("LA", True), ("I;16", True), ("RGB", False), ("RGBA", False)],
)
def test_grey_is_told_from_colour(tmp_path, mode, is_grey):
    Image.new(mode, (2, 2)).save(tmp_path / "a.png")
    assert read_header(tmp_path / "a.png", LIMIT).grey == is_grey


@pytest.mark.parametrize(("entries", "is_grey"), [([0, 0, 0, 9, 9, 9], True), ([0, 0, 0, 9, 9, 8], False)])
def test_a_palette_of_greys_is_grey(tmp_path, entries, is_grey):
    image = Image.new("P", (2, 1))
    image.putpalette(entries)
    image.putdata([0, 1])
    image.save(tmp_path / "a.png")
    assert read_header(tmp_path / "a.png", LIMIT).grey == is_grey


@given(st.lists(st.integers(0, 65535), min_size=2, max_size=20))
def test_a_scale_keeps_the_order_and_stays_within_bytes(values):
    ordered = np.array([sorted(values)])
    scaled = Scale.of(_pixels.WHOLE, int(ordered.min()), int(ordered.max())).apply(ordered).astype(int)
    assert (np.diff(scaled) >= 0).all()
    assert scaled.min() >= 0
    assert scaled.max() <= 255
