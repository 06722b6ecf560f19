"""Estimate the width of a text in the bundled fonts, so that a layout knows what fits before typst lays it out.

The estimate adds the advance of each character and knows no kerning. A letter of Arabic counts with the widest of its
joined forms. Tests hold the estimate near the printed width; a caller adds `MARGIN`.
"""

import struct
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from chalicelib.render.text import FAMILIES, FONTS

MARGIN: Final = 1.03
"""The factor that a caller applies to an estimate before it decides that a text fits."""
_REGULAR: Final = tuple(f"{family.replace(' ', '')}-Regular.ttf" for family in FAMILIES)
_BOLD: Final = tuple(
    bold if (FONTS / (bold := regular.replace("Regular", "Bold"))).exists() else regular for regular in _REGULAR
)
_WHOLE: Final = 1.0
"""The width of a character that no font has, in em."""
_ARABIC_FORMS: Final = range(0xFB50, 0xFF00)


class _Advances(dict[str, float]):
    """The advance of each character in em. A character is looked up once."""

    def __init__(self, files: tuple[str, ...]) -> None:
        super().__init__()
        self._files = files

    def __missing__(self, character: str) -> float:
        found = next((face[character] for face in map(_face, self._files) if character in face), _WHOLE)
        return self.setdefault(character, found)


_ADVANCES: Final = {False: _Advances(_REGULAR), True: _Advances(_BOLD)}


def width(text: str, size: float, *, bold: bool = False) -> float:
    """Return the estimated width of one line of text at `size`, in points."""
    return size * sum(map(_ADVANCES[bold].__getitem__, text))


def fits(text: str, available: float, size: float, *, bold: bool = False) -> bool:
    """Whether the text surely fits on one line of `available` points."""
    return "\n" not in text and width(text, size, bold=bold) * MARGIN <= available


def line_count(text: str, available: float, size: float) -> int:
    """Return how many lines of `available` points the text takes, at most. Words that are wider than a line break."""
    lines, left, space = 1, available, width(" ", size)
    for word in text.split():
        wide = width(word, size) * MARGIN
        if wide > left:
            lines, left = lines + 1, available
            extra, wide = divmod(wide, available)
            lines += int(extra)
        left -= wide + space
    return lines


@lru_cache
def _face(file: str) -> dict[str, float]:
    """The advances of one font in em, by character."""
    data = (FONTS / file).read_bytes()
    tables = dict(_tables(data))
    (units,) = struct.unpack_from(">H", data, tables["head"] + 18)
    (count,) = struct.unpack_from(">H", data, tables["hhea"] + 34)
    advances = struct.unpack_from(f">{2 * count}H", data, tables["hmtx"])[::2]
    face = {chr(code): advances[min(glyph, count - 1)] / units for code, glyph in glyphs(data).items()}
    for code in _ARABIC_FORMS:  # a joined form may be wider than the letter alone
        form, _, letter = unicodedata.decomposition(chr(code)).partition(" ")
        if form in ("<initial>", "<medial>", "<final>", "<isolated>") and " " not in letter and chr(code) in face:
            base = chr(int(letter, 16))
            face[base] = max(face.get(base, 0.0), face[chr(code)])
    return face


def glyphs(data: bytes) -> dict[int, int]:
    """The glyph of each character that an OpenType font has."""
    return {code: glyph for code, glyph in _glyphs(data, dict(_tables(data))["cmap"]) if glyph}


def _tables(data: bytes) -> Iterator[tuple[str, int]]:
    """The name and the offset of each table of an OpenType file."""
    (count,) = struct.unpack_from(">H", data, 4)
    for number in range(count):
        name, _, offset, _ = struct.unpack_from(">4sLLL", data, 12 + 16 * number)
        yield name.decode("ascii"), offset


def _glyphs(data: bytes, cmap: int) -> Iterator[tuple[int, int]]:
    """Each code point of the font's Unicode table and its glyph. Reads the formats 4 and 12 of OpenType."""
    (count,) = struct.unpack_from(">H", data, cmap + 2)
    for number in range(count):
        offset = cmap + struct.unpack_from(">HHL", data, cmap + 4 + 8 * number)[2]
        (form,) = struct.unpack_from(">H", data, offset)
        if form == 4:
            yield from _segments(data, offset)
        elif form == 12:
            (groups,) = struct.unpack_from(">L", data, offset + 12)
            for group in range(groups):
                first, last, glyph = struct.unpack_from(">LLL", data, offset + 16 + 12 * group)
                yield from zip(range(first, last + 1), range(glyph, glyph + last - first + 1), strict=True)


def _segments(data: bytes, offset: int) -> Iterator[tuple[int, int]]:
    (double,) = struct.unpack_from(">H", data, offset + 6)
    count = double // 2
    ends = struct.unpack_from(f">{count}H", data, offset + 14)
    starts = struct.unpack_from(f">{count}H", data, offset + 16 + double)
    deltas = struct.unpack_from(f">{count}H", data, offset + 16 + 2 * double)
    ranges = offset + 16 + 3 * double
    for number, (first, last, delta) in enumerate(zip(starts, ends, deltas, strict=True)):
        place = ranges + 2 * number
        (skip,) = struct.unpack_from(">H", data, place)
        for code in range(first, min(last, 0xFFFE) + 1):
            if skip:
                (glyph,) = struct.unpack_from(">H", data, place + skip + 2 * (code - first))
                yield code, (glyph + delta) % 0x10000 if glyph else 0
            else:
                yield code, (code + delta) % 0x10000
