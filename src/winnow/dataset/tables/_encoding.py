"""Find the encoding of a text: by its mark, by its zero bytes, or as UTF-8 if it is valid UTF-8."""

import codecs
from collections.abc import Iterator
from functools import partial
from io import BufferedIOBase
from pathlib import Path

from winnow.dataset._container import AS_TEXT, opened, unreadable
from winnow.errors import InvalidValue

# UTF-32 first: its mark begins with that of UTF-16.
MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
NAMES = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8 with a mark",
    "cp1252": "not UTF-8 and read as Windows-1252",
    "latin-1": "not UTF-8 and read as Latin-1",
}
CHUNK = 2**20


def encoding_in_words(encoding: str) -> str:
    """Say an encoding as a part of a sentence.

    >>> encoding_in_words("utf-8"), encoding_in_words("utf-16")
    ('UTF-8', 'UTF-16')
    """
    return NAMES.get(encoding, encoding.upper())


def check_encoding(name: str) -> str:
    """Return the usual spelling of an encoding's name.

    Raises
    ------
    InvalidValue
        If no text encoding has this name.
    """
    try:
        "".encode(name)
        return codecs.lookup(name).name
    except (LookupError, ValueError) as error:
        raise InvalidValue(
            f"encoding must name a text encoding, got {name!r}",
            where="dataset.encoding",
            remedy="utf-8, utf-16, cp1252 and latin-1 are the usual ones",
        ) from error


def find_encoding(path: Path, kind: str) -> str:
    """Return the name of the encoding in which a text file is written.

    Bytes that are not UTF-8 are taken for Windows-1252, or for Latin-1 where they are not that either.

    Raises
    ------
    DatasetUnavailable
        If the file holds zero bytes that no text has, or text in two encodings.
    """
    with opened(path, kind) as stream:
        start = stream.peek(4096)[:4096]
        for mark, encoding in MARKS.items():
            if start.startswith(mark):
                return encoding
        if b"\0" in start:
            return _by_zeros(path, start)
        strict, replaced, beyond_ascii, undefined = codecs.getincrementaldecoder("utf-8")("replace"), 0, 0, 0
        for chunk in _chunks(stream):
            if b"\0" in chunk:
                raise unreadable(path, "zero bytes, which no text holds")
            text = strict.decode(chunk, final=not chunk)
            if not text.isascii():
                replaced += text.count("\ufffd")
                beyond_ascii += sum(letter > "\x7f" for letter in text)
            undefined += sum(chunk.count(byte) for byte in (b"\x81", b"\x8d", b"\x8f", b"\x90", b"\x9d"))
    if not replaced:
        return "utf-8"
    if beyond_ascii - replaced > replaced:
        raise unreadable(path, f"text in UTF-8 with {replaced} invalid bytes", AS_TEXT)
    return "latin-1" if undefined else "cp1252"


def _chunks(stream: BufferedIOBase) -> Iterator[bytes]:
    yield from iter(partial(stream.read, CHUNK), b"")
    yield b""


def _by_zeros(path: Path, start: bytes) -> str:
    """Tell UTF-16 without a mark by the zero half of its letters."""
    even, odd = start[::2].count(0), start[1::2].count(0)
    letters = len(start) // 2
    if odd > letters / 2 and even < letters / 10:
        return "utf-16-le"
    if even > letters / 2 and odd < letters / 10:
        return "utf-16-be"
    raise unreadable(path, "zero bytes, which no text holds")
