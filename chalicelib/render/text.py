"""Prepare free text for layout: printable characters, places to break, and a reading direction."""

import re
import unicodedata
from pathlib import Path

from chalicelib.domain.documents.view import Direction
from chalicelib.domain.glyphs import unprintable

FONTS = Path(__file__).parent / "fonts"

_REPLACEMENT = "\ufffd"
_LONG_RUN = re.compile(r"[^\s\u200b]{25,}")
_PIECE = 10
# Controls, overrides and isolates that could reverse the following text, variation selectors, and soft breaks.
_DROPPED = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u00ad\u200b\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]")
_STRONG = re.compile(r"[^\W\d_]")
_RTL_LETTER = re.compile(r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]")


def printable(text: str) -> str:
    """Replace every character that the bundled fonts lack by U+FFFD.

    PDF/A forbids a missing glyph, and an issued document must print any text that a user typed.
    """
    if text.isascii() and text.isprintable():
        return text
    text = unicodedata.normalize("NFC", text.replace("\t", " ").replace("\r\n", "\n"))
    return unprintable().sub(_REPLACEMENT, _DROPPED.sub("", text))


def without_marks(text: str) -> str:
    """Remove combining marks from `text`. It is the last resort for a mark whose base is in another font."""
    return "".join(character for character in text if not unicodedata.combining(character))


def breakable(text: str) -> str:
    """Insert zero-width spaces into runs of 25 characters or more, so that no text leaves its column."""
    return _LONG_RUN.sub(lambda run: "\u200b".join(_pieces(run.group())), text)


def _pieces(run: str) -> list[str]:
    """Yield pieces of about `_PIECE` characters. A piece never ends before a combining mark."""
    pieces, start = [], 0
    for at in range(1, len(run)):
        if at - start >= _PIECE and not unicodedata.combining(run[at]):
            pieces.append(run[start:at])
            start = at
    return [*pieces, run[start:]]


def direction(text: str, otherwise: Direction) -> Direction:
    """Return the direction of the first letter (UAX #9, rule P2), or `otherwise` without a letter."""
    letter = _STRONG.search(text)
    if letter is None:
        return otherwise
    return "rtl" if _RTL_LETTER.match(letter.group()) else "ltr"
