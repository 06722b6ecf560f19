"""Measure a page's data before typst lays it out: widths of columns, heights of rows, room for the foot, and places to
break long runs of characters.

typst measures an automatic column or row by laying it out twice. The estimate of `metrics` is a hundred times quicker.
All lengths are in points.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

from chalicelib.render.metrics import MARGIN, fits, line_count, width
from chalicelib.render.text import FAMILIES, has_arabic, has_vowels

Data = dict[str, Any]

MM: Final = 72 / 25.4
PAGE: Final = 178 * MM
"""The width between the margins."""
TEXT: Final = 9.0
"""The size of most texts."""
BREAK: Final = "\u200b"
"""Marks a place to break in the data for typst. The template prints nothing there."""
_INSET: Final = 6.0
"""The left and right inset of a line's cell together."""
_CAPITALS: Final = 0.714
"""The height of a line of text in em: that of the capitals of Noto Sans."""
_LEAST: Final = {"position": 9, "quantity": 22, "unit_price": 23, "discount": 15, "rate": 13, "net": 25}
"""The least width of each column in millimetres."""
_QUANTITY: Final = 30 * MM
"""Up to this width a unit stands beside its quantity. A longer unit continues below."""
_ROOM: Final = 100.0
"""A run of characters breaks when it is wider at the size `TEXT`. The values of facts have the least room."""
_PIECE: Final = 30.0
_PART: Final = 24
_PIECES: Final = re.compile(r"\n|[^\n]{1,60}(?=\s|$)|[^\n]{1,60}")
_FOOT: Final = 7.0
_FOOT_LINES: Final = 3
"""Lines of the foot for which the lower margin has room."""
_RUN: Final = re.compile(r"\S+")


def column_widths(columns: Sequence[str], lines: Sequence[Data], labels: dict[str, str]) -> dict[str, float]:
    """The width of each column of the lines, by name. A figure never breaks, and the description takes the rest."""
    widths = {}
    for name in columns:
        if name != "description":
            head = max(width(word, 8, bold=True) for word in labels[f"column_{name}"].split())
            cells = (line["number" if name == "quantity" else name] for line in lines)
            widest = max(head, _widest(cells))
            if name == "quantity":
                widest = max(widest, min(_widest(line["quantity"] for line in lines), _QUANTITY))
            widths[name] = max(_LEAST[name] * MM, widest * MARGIN + _INSET + 1)
    rest = PAGE - sum(widths.values())
    return {name: widths.get(name, rest) for name in columns}


def arranged(data: Data) -> Data:
    """The data for typst: with places to break, and with the measures that the template needs."""
    columns = column_widths(data["columns"], data["lines"], data["labels"])
    widths = {name: wide - _INSET for name, wide in columns.items()}
    foot = _foot_lines(data)
    lead = data["leading"]
    inset = max(3.6, (lead - 0.05) * TEXT / 2)
    made: Data = _broken({**data, "lines": []}, _ROOM)
    made["lines"] = [
        {**line, "parts": (), **{name: _broken(line[name], widths[name]) for name in ("description", "quantity")}}
        for line in data["lines"]
    ]
    made["layout"] = {
        "fonts": FAMILIES,
        "columns": list(columns.values()),
        "heights": [_height(line, widths, _CAPITALS * TEXT + 2 * inset) for line in data["lines"]],
        "inset": inset,
        "vat": [_amounts(data["vat"], name, data["labels"]) for name in ("base", "amount")],
        "leading": lead,
        "bottom": 25 * MM + max(0, foot - _FOOT_LINES) * (_CAPITALS + lead) * _FOOT,
        "running_name": _running_name(data),
    }
    return made


def _widest(texts: Iterable[str]) -> float:
    return max((width(text, TEXT) for text in set(texts)), default=0.0)


def _amounts(rows: Sequence[Data], name: str, labels: dict[str, str]) -> float:
    head = max(width(word, 7.5, bold=True) for word in labels[f"vat_{name}"].split())
    return max(26 * MM, max(head, _widest(row[name] for row in rows)) * MARGIN + 9)


def leading(data: Data) -> float:
    """The room between two lines in em. Letters of Arabic rise and fall further than others, and further with vowels:
    with less room the ink of two lines would touch."""
    texts = "".join(_texts(data))
    return 0.95 if has_vowels(texts) else 0.75 if has_arabic(texts) else 0.55


def _height(line: Data, widths: dict[str, float], single: float) -> float:
    """The height of a line's row when all of it surely fits on one line of text, else 0."""
    return single if all(fits(line[name], widths[name], TEXT) for name in ("description", "quantity")) else 0.0


def _foot_lines(data: Data) -> int:
    """The lines of the foot, at most."""
    available = PAGE - 8 * MM - width(f"{data['labels']['page']} 999 / 999", _FOOT)
    name = "  ·  ".join(part["text"] for part in data["footer"]["name"])
    identity = "  ·  ".join(f"{part['label']}\u00a0{part['value']}" for part in data["footer"]["identity"])
    return line_count(name, available, _FOOT) + line_count(identity, available, _FOOT) + bool(data["register_hash"])


def _running_name(data: Data) -> Data:
    """The seller's name on the following pages, cut where one line has no room for it."""
    name = data["seller"]["name"]
    available = PAGE - width(f"{data['title']} {data['number']}  ", 8) * MARGIN
    text = name["text"].replace("\n", " ")
    if not fits(text, available, 8):
        while text and not fits(f"{text}…", available, 8):
            text = text[: len(text) - 1 - len(text) // 16]
        text = f"{text.rstrip()}…" if text.strip() else ""
    return {**name, "text": text}


def in_parts(text: str, available: float) -> list[str]:
    """The text in parts of at most `_PART` lines of `available` points. wkhtmltopdf prints the head of a table over a
    row that continues on the next page, so a long description takes several rows. Its words stay as they are."""
    if len(text) * TEXT <= available:
        return [text]
    parts, lines = [""], 0
    for piece in _PIECES.findall(text):
        taken = line_count(piece, available, TEXT) if piece.strip() else piece.count("\n")
        if lines + taken > _PART:
            parts.append("")
            lines = 0
        parts[-1] += piece
        lines += taken
    return parts


def _broken(value: Any, available: float) -> Any:
    """The same data, with places to break in each run that is wider than `available`."""
    if isinstance(value, str):
        if width(value, TEXT, bold=True) * MARGIN <= available:
            return value
        return _RUN.sub(lambda run: breakable(run.group(), available), value)
    if isinstance(value, dict):
        return {name: _broken(part, available) for name, part in value.items()}
    return [_broken(part, available) for part in value] if isinstance(value, list) else value


def breakable(run: str, available: float) -> str:
    """The run with places to break if it is wider than `available`. A piece never ends before a combining mark."""
    import unicodedata

    if width(run, TEXT, bold=True) * MARGIN <= available:
        return run
    pieces, piece, wide = [], "", 0.0
    for character in run:
        if wide >= min(_PIECE, available / 2) and not unicodedata.combining(character):
            pieces.append(piece)
            piece, wide = "", 0.0
        piece += character
        wide += width(character, TEXT)
    return BREAK.join([*pieces, piece])


def _texts(value: Any) -> list[str]:
    """All texts of the data, in any order."""
    found, left = [], [value]
    while left:
        part = left.pop()
        if isinstance(part, str):
            found.append(part)
        elif isinstance(part, dict):
            left.extend(part.values())
        elif isinstance(part, list):
            left.extend(part)
    return found
