"""Write which characters the fonts of our pages can print, from the font files: `make generate`.

The domain warns about other characters before a document is frozen, and it must not read fonts. So it holds a table,
and a test compares the table with the fonts.
"""

import struct
import sys
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from textwrap import wrap
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
FONTS: Final = ROOT / "chalicelib" / "render" / "fonts"
TABLE: Final = ROOT / "chalicelib" / "domain" / "glyph_ranges.py"
_HEAD: Final = '''"""The characters that the fonts of our pages have, in hex, as ranges.

`make generate` writes this file from the fonts.
"""

RANGES = """
'''
_CONTROLS: Final = {*range(0x20), *range(0x7F, 0xA0)}


def characters(font: bytes) -> set[int]:
    """The characters of a TrueType font: its best Unicode subtable of `cmap`, of format 12 or 4.

    https://learn.microsoft.com/typography/opentype/spec/cmap
    """
    (tables,) = struct.unpack_from(">H", font, 4)
    records = (struct.unpack_from(">4sLLL", font, 12 + 16 * at) for at in range(tables))
    cmap = next(offset for tag, _, offset, _ in records if tag == b"cmap")
    (subtables,) = struct.unpack_from(">H", font, cmap + 2)
    found: dict[int, int] = {}
    for at in range(subtables):
        _, _, offset = struct.unpack_from(">HHL", font, cmap + 4 + 8 * at)
        (form,) = struct.unpack_from(">H", font, cmap + offset)
        found[form] = cmap + offset
    return set(_segments(font, found[12]) if 12 in found else _short_segments(font, found[4])) - _CONTROLS


def _segments(font: bytes, start: int) -> Iterator[int]:
    (groups,) = struct.unpack_from(">L", font, start + 12)
    for at in range(groups):
        first, last, _ = struct.unpack_from(">LLL", font, start + 16 + 12 * at)
        yield from range(first, last + 1)


def _short_segments(font: bytes, start: int) -> Iterator[int]:
    (twice,) = struct.unpack_from(">H", font, start + 6)
    last = struct.unpack_from(f">{twice // 2}H", font, start + 14)
    first = struct.unpack_from(f">{twice // 2}H", font, start + 16 + twice)
    for low, high in zip(first, last, strict=True):
        yield from range(low, min(high, 0xFFFE) + 1)


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
