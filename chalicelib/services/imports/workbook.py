"""Workbooks (XLSX): checked before a library opens them, because a small file may describe an endless sheet."""

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from chalicelib.domain.imports.model import MOST_ROWS, MOST_UNPACKED
from chalicelib.domain.tabular.cells import unescaped
from chalicelib.services.imports.sheet import Cell, Row, Sheet, Unreadable, sheet_of

_PIECE: Final = 1 << 16
_TAIL: Final = 64
_MOST_PARTS: Final = 1_000
_LOCAL_HEADER: Final = struct.Struct("<26xHH")
_OLD: Final = b"\xd0\xcf\x11\xe0"
"""The beginning of a workbook of before 2007, and of one with a password."""
_ENTITY: Final = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_ROW: Final = re.compile(rb"<(?:\w+:)?row[\s/>]")
_VALUE: Final = re.compile(rb"<(?:\w+:)?(?:c|si)[\s/>]")
MOST_VALUES: Final = 2_000_000
"""Cells of a sheet, and texts that cells share. The library keeps all of them in memory."""
_FAR_ROW: Final = re.compile(rb"\br\s*=\s*[\"'](?:[A-Z]{1,3})?(?:[6-9]\d{4}|5[1-9]\d{3}|50[1-9]\d\d|\d{6,})[\"']", re.I)
"""A row after 50,999. `sheet_of` counts exactly."""
_FAR_COLUMN: Final = re.compile(rb"\br\s*=\s*[\"'](?:[A-Z]{3,}|[H-Z][A-Z]|G[S-Z])\d", re.I)
"""A column after GR, the 200th."""
_ODD_REFERENCE: Final = re.compile(rb"\br\s*=\s*[\"'][^\"'<>]*&")


def read(content: bytes) -> Sheet:
    """The table of a workbook's first sheet. Raises Unreadable."""
    from python_calamine import CalamineError, CalamineWorkbook

    _check(content)
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        sheet = book.get_sheet_by_index(0)
        start = (sheet.start or (0, 0))[0]
        rows = sheet.iter_rows()
    except (CalamineError, IndexError, ValueError):
        raise Unreadable("workbook_malformed") from None
    return sheet_of(_lines(rows, start))


def _lines(rows: Any, start: int) -> Iterator[Row]:
    for number, cells in enumerate(rows, start + 1):
        yield Row(number, tuple(_cell(cell) for cell in cells))


def _cell(value: Any) -> Cell:
    """A cell of the library as a value. An empty cell is an empty text there."""
    if isinstance(value, str):
        return unescaped(value).strip(" \u00a0") or None
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, (time, timedelta)):
        return str(value)
    if isinstance(value, (bool, int, float, date)):
        return value
    return None


def _check(content: bytes) -> None:
    """Refuse what is dangerous or too large to open. Raises Unreadable."""
    if content.startswith(_OLD):
        raise Unreadable("workbook_old")
    try:
        parts = zipfile.ZipFile(io.BytesIO(content)).infolist()
    except (zipfile.BadZipFile, ValueError, struct.error):
        raise Unreadable("workbook_malformed") from None
    names = {part.filename.lower() for part in parts}
    if len(parts) > _MOST_PARTS or "xl/workbook.xml" not in names or len(names) != len(parts):
        raise Unreadable("workbook_malformed")
    if any(name.endswith("vbaproject.bin") or "/macrosheets/" in name for name in names):
        raise Unreadable("workbook_macros")
    if sum(part.file_size for part in parts) > MOST_UNPACKED:
        raise Unreadable("file_too_large")
    left = MOST_UNPACKED
    for part in parts:
        left -= _check_part(content, part, left)


def _check_part(content: bytes, part: zipfile.ZipInfo, left: int) -> int:
    """Read one part completely, in pieces, and return its size. Its directory entry may lie."""
    size, rows, values, tail = 0, 0, 0, b""
    is_xml = part.filename.lower().endswith((".xml", ".rels"))
    is_sheet = is_xml and "worksheets/" in part.filename.lower()
    for piece in pieces(content, part):
        size += len(piece)
        if size > part.file_size:
            raise Unreadable("workbook_malformed")
        if size > left:
            raise Unreadable("file_too_large")
        if not is_xml:
            continue
        window = tail + piece
        if _ENTITY.search(window):
            raise Unreadable("xml_entities")
        if b"\0" in piece:
            raise Unreadable("workbook_malformed")
        values += len(_VALUE.findall(window)) - len(_VALUE.findall(tail))
        if values > MOST_VALUES:
            raise Unreadable("file_too_large")
        if is_sheet:
            rows += len(_ROW.findall(window)) - len(_ROW.findall(tail))
            _check_reach(window, rows)
        tail = window[-_TAIL:]
    if size != part.file_size:
        raise Unreadable("workbook_malformed")
    return size


def _check_reach(window: bytes, rows: int) -> None:
    """Refuse a sheet with cells beyond the limits. The library would allocate every cell up to them."""
    if rows > MOST_ROWS + 1 or _FAR_ROW.search(window):
        raise Unreadable("too_many_rows")
    if _FAR_COLUMN.search(window):
        raise Unreadable("too_many_columns")
    if _ODD_REFERENCE.search(window):
        raise Unreadable("workbook_malformed")


def pieces(content: bytes, part: zipfile.ZipInfo) -> Iterator[bytes]:
    """The bytes of a part. `zipfile` would stop at the size that the directory states. Raises Unreadable."""
    at = part.header_offset
    if part.flag_bits & 1 or part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Unreadable("workbook_malformed")
    try:
        name, extra = _LOCAL_HEADER.unpack_from(content, at)
    except struct.error:
        raise Unreadable("workbook_malformed") from None
    begin = at + _LOCAL_HEADER.size + name + extra
    packed = content[begin : begin + part.compress_size]
    if part.compress_type == zipfile.ZIP_STORED:
        yield from (packed[at : at + _PIECE] for at in range(0, len(packed), _PIECE))
        return
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        while packed and not inflater.eof:
            yield inflater.decompress(packed, _PIECE)
            packed = inflater.unconsumed_tail
    except zlib.error:
        raise Unreadable("workbook_malformed") from None
