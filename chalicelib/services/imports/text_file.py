"""Text files of tables: their encoding, their delimiter and their cells."""

import codecs
import csv
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Final

from chalicelib.domain.imports.model import MOST_COLUMNS, Encoding
from chalicelib.domain.tabular.cells import unescaped
from chalicelib.services.imports.sheet import Row, Sheet, Unreadable, sheet_of

DELIMITERS: Final = (";", ",", "\t")
_SAMPLE: Final = 20
"""Lines that decide the delimiter."""
_SAMPLE_LENGTH: Final = 100_000
"""Characters that decide it, at most. Beyond 131,072 in one cell, `csv` raises an error."""
_LONGEST: Final = 20_000
"""Characters of a cell."""
_MARKS: Final[tuple[tuple[bytes, Encoding], ...]] = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SEPARATOR: Final = re.compile("sep=(.)\r?\n", re.IGNORECASE)
_LETTER: Final = re.compile(r"[^\W\d_]")
_MOST_ACCENTED: Final = 0.4
"""The most letters with accents in a text of a western language. Arabic text read as cp1252 has nothing else."""


def read(content: bytes, encoding: Encoding | None = None, delimiter: str | None = None) -> Sheet:
    """The table of a text file. `encoding` is what the user says. Raises Unreadable."""
    text, known = decoded(content, encoding)
    if named := _SEPARATOR.match(text):
        text, delimiter = text[named.end() :], delimiter or named[1]
    sign = delimiter or _delimiter(text)
    return sheet_of(_lines(text, sign), known, sign)


def decoded(content: bytes, encoding: Encoding | None = None) -> tuple[str, Encoding]:
    """The text and its encoding: by its mark, else UTF-8, else cp1252. Raises Unreadable."""
    for mark, known in _MARKS:
        if content.startswith(mark):
            return _strictly(content[len(mark) :], known), known
    if encoding is not None:
        return _strictly(content, encoding), encoding
    if b"\0" in content[:4_000]:
        wide: Encoding = "utf-16-le" if content[1:4_000:2].count(0) >= content[:4_000:2].count(0) else "utf-16-be"
        return _strictly(content, wide), wide
    try:
        return _strictly(content, "utf-8"), "utf-8"
    except Unreadable:
        text = _strictly(content, "cp1252")
    letters = _LETTER.findall(text)
    if sum(not letter.isascii() for letter in letters) > _MOST_ACCENTED * len(letters):
        raise Unreadable("encoding_unknown")
    return text, "cp1252"


def _strictly(content: bytes, encoding: Encoding) -> str:
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        raise Unreadable("encoding_unknown") from None
    if "\0" in text or any(unicodedata.category(character) in ("Cn", "Co") for character in set(text)):
        raise Unreadable("encoding_unknown")
    return text


def _delimiter(text: str) -> str:
    """The delimiter that gives the most lines an equal number of cells, more than one."""
    sample = "".join(islice(io.StringIO(text[:_SAMPLE_LENGTH], newline=""), _SAMPLE))

    def agreement(sign: str) -> tuple[int, int]:
        counts = Counter(len(row) for row in csv.reader(io.StringIO(sample, newline=""), delimiter=sign) if row)
        width, lines = max(counts.items(), key=lambda found: (found[0] > 1, found[1]), default=(1, 0))
        return (lines, width) if width > 1 else (0, 0)

    return max(DELIMITERS, key=agreement)


def _lines(text: str, delimiter: str) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = 0
    try:
        for number, cells in enumerate(reader, 1):
            if len(cells) > MOST_COLUMNS * 10:
                raise Unreadable("too_many_columns")
            if any(len(cell) > _LONGEST for cell in cells):
                raise Unreadable("cell_too_long")
            yield Row(number, tuple(unescaped(cell).strip(" \u00a0") for cell in cells))
    except csv.Error as error:
        raise Unreadable("cell_too_long" if "field limit" in str(error) else "csv_malformed") from None
