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


def without_glyph(*texts: str | None) -> str:
    """The distinct characters of `texts` that pages cannot print, separated by spaces, in their order."""
    found: dict[str, None] = {}
    for text in texts:
        if text and not text.isascii():
            found |= dict.fromkeys(unprintable().findall(text))
    named = list(found)[:MOST_NAMED]
    return " ".join(named) + (" …" if len(found) > MOST_NAMED else "")
