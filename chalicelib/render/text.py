"""Prepare free text for layout: printable characters and a reading direction."""

import re
import unicodedata
from pathlib import Path

from chalicelib.domain.documents.view import Direction
from chalicelib.domain.glyphs import unprintable
from chalicelib.domain.text import without_unseen

FONTS = Path(__file__).parent / "fonts"
FAMILIES = (
    "Noto Sans",
    "Noto Sans Arabic",
    "Noto Sans Tifinagh",
    "Noto Sans Hebrew",
    "Noto Sans Armenian",
    "Noto Sans Georgian",
    "Noto Sans Math",
    "Noto Sans Symbols2",
    "Noto Sans Symbols",
)
"""The bundled fonts, in the order in which a character is looked for."""

_REPLACEMENT = "\ufffd"
# Controls, and the styles of emoji: the fonts have one style.
_DROPPED = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\ufe0e\ufe0f]")
_ARABIC = re.compile(r"[\u0600-\u06ff\u0750-\u077f\u0870-\u08ff\ufb50-\ufdff\ufe70-\ufefc]")
_VOWELS = re.compile(r"[\u064b-\u065f\u0670]")
_EMBEDDED = re.compile(r"\u200e([^\u200e]*)\u200e")
_NEGATIVE = re.compile(r"-[\d.,]+")
_STRONG = re.compile(r"[^\W\d_]")
_RTL_LETTER = re.compile(r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]")


def printable(text: str) -> str:
    """Replace every character that the bundled fonts lack by U+FFFD.

    PDF/A forbids a missing glyph, and an issued document must print any text that a user typed.
    """
    if text.isascii() and text.isprintable():
        return text
    return unprintable().sub(_REPLACEMENT, _DROPPED.sub("", without_unseen(text.replace("\t", " "))))


def without_marks(text: str) -> str:
    """Remove combining marks from `text`. It is the last resort for a mark whose base is in another font."""
    return "".join(character for character in text if not unicodedata.combining(character))


def direction(text: str, otherwise: Direction) -> Direction:
    """Return the direction of the first letter (UAX #9, rule P2), or `otherwise` without a letter."""
    letter = _STRONG.search(text)
    if letter is None:
        return otherwise
    return "rtl" if _RTL_LETTER.match(letter.group()) else "ltr"


def has_arabic(text: str) -> bool:
    """Whether the text has letters of the Arabic script, which rise and fall further than others."""
    return not text.isascii() and _ARABIC.search(text) is not None


def has_vowels(text: str) -> bool:
    """Whether the text is written with Arabic vowel signs, which stand above and below the letters. A single sign on an
    ambiguous word does not count."""
    return not text.isascii() and len(_VOWELS.findall(text)) >= 5


def unmarked(text: str) -> str:
    """Remove the marks of direction that Babel puts around an amount in Arabic. The page gives the amount its
    direction, and a reader would copy the marks with it. A negative amount is isolated with its sign, which would stand
    after the digits."""
    if "\u200f" in text:
        text = _NEGATIVE.sub("\u2066\\g<0>\u2069", text)
    return text.replace("\u200e", "").replace("\u200f", "")


def isolated(text: str) -> str:
    """Replace each pair of left-to-right marks of our own sentences by an isolate. Renderers obey an isolate and print
    nothing for it, but a mark would be copied with the text."""
    return _EMBEDDED.sub("\u2066\\1\u2069", text)
