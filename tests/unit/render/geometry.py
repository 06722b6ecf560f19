"""The ink of a page: where each glyph is, which text it belongs to, and what a reader copies."""

import ctypes
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium

POINTS_PER_MM = 72 / 25.4


@dataclass(frozen=True)
class Glyph:
    """One printed character and its tight box in points, from the page's lower left corner. `run` numbers the text
    object that prints it."""

    text: str
    left: float
    bottom: float
    right: float
    top: float
    run: int
    base: float
    order: int

    def overlaps(self, other: "Glyph", tolerance: float) -> bool:
        """Whether the ink of both covers the same place, by more than `tolerance` points in both directions."""
        return (
            min(self.right, other.right) - max(self.left, other.left) > tolerance
            and min(self.top, other.top) - max(self.bottom, other.bottom) > tolerance
        )

    def joins(self, other: "Glyph") -> bool:
        """Whether both may touch: neighbours of one line, as Latin letters are kerned and Arabic letters joined. A mark
        stands a little above or below its line, and pdfium names some marks by their letter."""
        if unicodedata.combining(self.text[0]) or unicodedata.combining(other.text[0]):
            return abs(self.base - other.base) < 6
        latin = max(self.text, other.text) < "\u0300"
        wide = min(self.right, other.right) - max(self.left, other.left)
        return abs(self.base - other.base) < (0.1 if latin else 4) and wide <= (1.0 if latin else 2.5)


@dataclass(frozen=True)
class Page:
    """A page: its size in points, its upright glyphs in the order of the file, and its text as it is copied."""

    width: float
    height: float
    glyphs: tuple[Glyph, ...]
    text: str

    def outside(self, sides: float, ends: float) -> str:
        """The characters whose ink is nearer than `sides` millimetres to the left or right edge, or than `ends` to the
        upper or lower one."""
        inner, end = sides * POINTS_PER_MM, ends * POINTS_PER_MM
        return "".join(
            glyph.text
            for glyph in self.glyphs
            if glyph.left < inner
            or glyph.right > self.width - inner
            or glyph.bottom < end
            or glyph.top > self.height - end
        )

    def overlapping(self, tolerance: float = 0.35) -> list[tuple[str, str]]:
        """The pairs of texts whose ink overlaps, each text as it is printed. Glyphs of one text may touch: letters
        join in Arabic, and marks stand on their letters."""
        near: dict[tuple[int, int], list[Glyph]] = defaultdict(list)
        for glyph in self.glyphs:
            for x in range(int(glyph.left // 20), int(glyph.right // 20) + 1):
                for y in range(int(glyph.bottom // 20), int(glyph.top // 20) + 1):
                    near[x, y].append(glyph)
        pairs = {
            (min(a.order, b.order), max(a.order, b.order))
            for glyphs in near.values()
            for a, b in combinations(glyphs, 2)
            if a.run != b.run and a.overlaps(b, tolerance) and not a.joins(b)
        }
        return [(self._near(a), self._near(b)) for a, b in sorted(pairs)]

    def lines(self) -> list[str]:
        """The text as it is seen, line by line from the top and from left to right, without spaces."""
        rows: dict[float, list[Glyph]] = defaultdict(list)
        for glyph in self.glyphs:
            rows[round(glyph.base)].append(glyph)
        return [
            "".join(g.text for g in sorted(rows[base], key=lambda g: g.left)) for base in sorted(rows, reverse=True)
        ]

    def _near(self, order: int) -> str:
        at = next(place for place, glyph in enumerate(self.glyphs) if glyph.order == order)
        return "".join(glyph.text for glyph in self.glyphs[max(0, at - 8) : at + 8])


def pages(pdf: bytes) -> list[Page]:
    """The pages of a file."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        return [_page(document[number]) for number in range(len(document))]
    finally:
        document.close()


def copied(pdf: bytes) -> str:
    """The whole text that a reader copies, a single space between words."""
    return squeezed(" ".join(page.text for page in pages(pdf)))


def squeezed(text: str) -> str:
    """The text without line breaks, with one plain space for any run of white space."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def _page(page: Any) -> Page:
    text_page = page.get_textpage()
    width, height = page.get_size()
    text = text_page.get_text_range()
    return Page(width, height, tuple(_glyphs(text_page.raw)), text)


def _glyphs(text_page: Any) -> Iterator[Glyph]:
    runs: dict[int, int] = {}
    for index in range(pdfium.FPDFText_CountChars(text_page)):
        letter = chr(pdfium.FPDFText_GetUnicode(text_page, index))
        letter = "-" if letter in "\x02\ufffe" else letter  # pdfium's sign for a hyphen at the end of a line
        turned = abs(pdfium.FPDFText_GetCharAngle(text_page, index)) > 0.01  # the watermark lies under the text
        if letter.isspace() or pdfium.FPDFText_IsGenerated(text_page, index) == 1 or turned:
            continue
        left, right, bottom, top = (ctypes.c_double() for _ in range(4))
        x, base = ctypes.c_double(), ctypes.c_double()
        if not pdfium.FPDFText_GetCharBox(text_page, index, left, right, bottom, top):
            continue
        text_object = pdfium.FPDFText_GetTextObject(text_page, index)
        run = runs.setdefault(ctypes.addressof(text_object.contents), len(runs))
        if right.value > left.value and top.value > bottom.value:
            pdfium.FPDFText_GetCharOrigin(text_page, index, x, base)
            yield Glyph(letter, left.value, bottom.value, right.value, top.value, run, base.value, index)
