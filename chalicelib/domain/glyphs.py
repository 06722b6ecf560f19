"""Characters that no font of our pages can print. ADR 0081 lists the fonts and the scripts."""

import re
from functools import cache

from chalicelib.domain.glyph_ranges import RANGES

MOST_NAMED = 20
"""The largest number of characters that one notice names."""


@cache
def unprintable() -> re.Pattern[str]:
    """A character without a glyph. Characters that show nothing need none: breaks, joiners, direction marks, variation
    selectors."""
    pairs = (pair.split("-") for pair in RANGES.split())
    covered = "".join(f"\\U{int(first, 16):08x}-\\U{int(last, 16):08x}" for first, last in pairs)
    return re.compile(f"[^\t\n\u200b-\u200f\ufe0e\ufe0f{covered}]")


def without_glyph(text: str | None) -> str:
    """The distinct characters of `text` that pages cannot print, separated by spaces, in their order."""
    if not text or text.isascii():
        return ""
    found = list(dict.fromkeys(unprintable().findall(text)))
    return " ".join(found[:MOST_NAMED]) + (" …" if len(found) > MOST_NAMED else "")
