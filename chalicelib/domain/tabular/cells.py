"""Cells of a text file that no spreadsheet evaluates as a formula, and their values.

A spreadsheet evaluates a cell that begins with a sign of a formula, also after spaces, and some also the full-width
signs (CWE-1236). Such a text gets an apostrophe. `unescaped` removes exactly this apostrophe, so every text returns
unchanged.
"""

import re
from typing import Final

_FORMULA: Final = re.compile(r"[\s'\x00]*[=+\-@＝＋－＠]|'*[\t\r\n\x00]")
"""A text that needs an apostrophe. Apostrophes before the sign count, so that a text that begins with one returns."""


def escaped(text: str) -> str:
    """The cell of a text. A number needs no escape: its caller writes it as it is."""
    return f"'{text}" if _FORMULA.match(text) else text


def unescaped(cell: str) -> str:
    """The text of a cell, without the apostrophe that `escaped` adds."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell, 1) else cell


def is_risky(text: str) -> bool:
    """Whether a spreadsheet would evaluate a text that its user enters again."""
    return _FORMULA.match(text) is not None


def workbook_text(text: str) -> str:
    """The cell of a text in a workbook, which says itself that the cell is a text. It gets an apostrophe only where
    `unescaped` would remove one of its own."""
    return text if unescaped(text) == text else f"'{text}"
