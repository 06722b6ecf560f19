"""Write which characters the fonts of our pages can print, from the font files: `make generate`.

The domain warns about other characters before a document is frozen, and it must not read fonts. So it holds a table,
and a test compares the table with the fonts.
"""

import sys
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from textwrap import wrap
from typing import Final

from chalicelib.render.metrics import glyphs
from chalicelib.render.text import FONTS

ROOT: Final = Path(__file__).resolve().parent.parent
TABLE: Final = ROOT / "chalicelib" / "domain" / "glyph_ranges.py"
_HEAD: Final = '''"""The characters that the fonts of our pages have, in hex, as ranges.

`make generate` writes this file from the fonts.
"""

RANGES = """
'''
_CONTROLS: Final = {*range(0x20), *range(0x7F, 0xA0)}


def characters(font: bytes) -> set[int]:
    """The characters of a font, without controls."""
    return glyphs(font).keys() - _CONTROLS


def ranges(codes: Iterable[int]) -> str:
    """Codes as ranges in hex, in their order: "0020-007E 00A0-0377"."""
    ordered = sorted(codes)
    firsts = [ordered[0], *(b for a, b in pairwise(ordered) if b != a + 1)]
    lasts = [*(a for a, b in pairwise(ordered) if b != a + 1), ordered[-1]]
    return " ".join(f"{first:04X}-{last:04X}" for first, last in zip(firsts, lasts, strict=True))


def module() -> str:
    """The text of the generated module. A character is printable if the regular style of a font has it."""
    covered: set[int] = set()
    for font in sorted(FONTS.glob("*-Regular.ttf")):
        covered |= characters(font.read_bytes())
    return _HEAD + "\n".join(wrap(ranges(covered), 118)) + '\n"""\n'


def main(arguments: list[str]) -> int:
    """Print the module, or write it."""
    if arguments == ["--write"]:
        TABLE.write_text(module(), encoding="utf-8")
    else:
        sys.stdout.write(module())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
