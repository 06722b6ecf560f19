"""Hostile files: each is refused with a clear reason, and nothing of it is kept."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable

import pytest

from chalicelib.services.imports import text_file, workbook
from chalicelib.services.imports.sheet import Unreadable
from tests.conftest import Shop
from tests.imports import files
from tests.imports.files import CSV, XLSX, analysed, announced

MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
ENTITIES = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
ROW = ["Nom", "Ville"]


def sheet(data: str, *, before: str = "") -> bytes:
    """A workbook whose sheet has these rows."""
    part = f"{before}<worksheet {MAIN}><sheetData>{data}</sheetData></worksheet>".encode()
    return _with("xl/worksheets/sheet1.xml", part)


def _with(name: str, part: bytes) -> bytes:
    return files.workbook([ROW], **{name.replace("/", "__"): part})


def bomb() -> bytes:
    """A workbook of 150 MB in a few hundred KB."""
    return _with("xl/media/image1.xml", b" " * 150_000_000)


def lying_bomb() -> bytes:
    """The same, whose directory states a size of 10 bytes."""
    content = bytearray(bomb())
    at = content.rfind(b"xl/media/image1.xml") - 46
    assert content[at : at + 4] == b"PK\x01\x02"
    content[at + 24 : at + 28] = struct.pack("<I", 10)
    return bytes(content)


def million_rows() -> bytes:
    """A sheet whose one cell is in the last row and column."""
    return sheet('<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>')


HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "a zip bomb": (bomb, "file_too_large"),
    "a zip bomb that lies about its size": (lying_bomb, "workbook_malformed"),
    "three million cells": (lambda: sheet(f"<row>{'<c/>' * 150}</row>" * 20_000), "file_too_large"),
    "three million shared texts": (
        lambda: _with("xl/sharedStrings.xml", f"<sst {MAIN}>{'<si/>' * 3_000_000}</sst>".encode()),
        "file_too_large",
    ),
    "entities": (lambda: _with("xl/sharedStrings.xml", ENTITIES + b"<sst/>"), "xml_entities"),
    "macros": (lambda: _with("xl/vbaProject.bin", b"\0"), "workbook_macros"),
    "an old workbook": (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "workbook_old"),
    "no workbook": (lambda: b"PK\x03\x04" + bytes(60), "workbook_malformed"),
    "a million rows": (million_rows, "too_many_rows"),
    "a far column": (lambda: sheet('<row r="1"><c r="XFD1"><v>1</v></c></row>'), "too_many_columns"),
    "a hidden reference": (lambda: sheet('<row r="1"><c r="&#88;FD1"><v>1</v></c></row>'), "workbook_malformed"),
    "60,000 rows without numbers": (lambda: sheet("<row/>" * 60_000), "too_many_rows"),
}
TEXTS: dict[str, tuple[bytes, str]] = {
    "50,000 columns": (b";".join(b"a" for _ in range(50_000)) + b"\n", "too_many_columns"),
    "a million rows of text": (b"a;b\n" * 1_000_000, "too_many_rows"),
    "cp1256": ("الاسم;المدينة\nشركة الأطلس;الدار البيضاء\n".encode("cp1256"), "encoding_unknown"),
    "an open quotation mark": (b'Nom;Ville\n"Atlas;Rabat\n', "csv_malformed"),
    "an endless cell": (b"Nom\n" + b"x" * 30_000 + b"\n", "cell_too_long"),
    "a file of one cell": (b"x" * 4_000_000, "cell_too_long"),
    "a file of delimiters": (b";" * 4_000_000, "too_many_columns"),
    "a file of quotation marks": (b'"' * 4_000_001, "cell_too_long"),
    "an empty file": (b"\n\n;;\n", "file_empty"),
    "binary": (bytes(range(256)) * 4, "encoding_unknown"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_workbook_is_refused_before_it_is_opened(name: str) -> None:
    make, code = HOSTILE[name]
    with pytest.raises(Unreadable) as refused:
        workbook.read(make())
    assert refused.value.code == code


@pytest.mark.parametrize("name", TEXTS)
def test_a_hostile_text_is_refused(name: str) -> None:
    content, code = TEXTS[name]
    with pytest.raises(Unreadable) as refused:
        list(text_file.read(content).rows)
    assert refused.value.code == code


def test_the_parts_of_a_workbook_are_read_by_pieces_and_agree_with_a_library() -> None:
    """The pieces are what `zipfile` reads, for stored and for deflated members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr("a", b"a" * 200_000, zipfile.ZIP_DEFLATED)
        packed.writestr("b", b"b" * 70_000, zipfile.ZIP_STORED)
    content = out.getvalue()
    parts = {part.filename: part for part in zipfile.ZipFile(io.BytesIO(content)).infolist()}
    read = {name: b"".join(workbook.pieces(content, part)) for name, part in parts.items()}
    assert read == {"a": b"a" * 200_000, "b": b"b" * 70_000}
    assert {name: zlib.crc32(each) for name, each in read.items()} == {name: part.CRC for name, part in parts.items()}


@pytest.mark.parametrize("kind", ["workbook", "text"])
def test_nothing_of_a_refused_file_is_kept(shop: Shop, kind: str) -> None:
    content, media, code = (
        (million_rows(), XLSX, "too_many_rows")
        if kind == "workbook"
        else (*_text("50,000 columns"), "too_many_columns")
    )
    found = analysed(shop, "customers", content, media)
    assert (found["status"], found["failure"]["code"], found["counts"]) == ("refused", code, None)
    assert found["failure"]["detail"]
    assert list(shop.world.files.list(f"imports/{shop.company}/")) == []
    again = shop.owner.post(f"/v1/imports/{found['id']}/commit")
    assert (again.status, again.json["code"]) == (409, "import_over")


def _text(name: str) -> tuple[bytes, str]:
    return TEXTS[name][0], CSV


def test_the_user_says_that_a_file_is_cp1256(shop: Shop) -> None:
    content = TEXTS["cp1256"][0]
    found = analysed(shop, "customers", content)
    assert (found["status"], found["failure"]["code"]) == ("refused", "encoding_unknown")
    read = analysed(shop, "customers", content, encoding="cp1256")
    assert [column["field"] for column in read["mapping"]["columns"]] == ["name", "address.city"]
    assert read["rows"][0]["cells"] == ["شركة الأطلس", "الدار البيضاء"]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_a_text_in_two_byte_characters_without_a_mark_is_read(encoding: str) -> None:
    read = text_file.read("Nom\tVille\nÉlan\tFès\n".encode(encoding))
    assert (read.encoding, read.titles, [row.cells for row in read.rows]) == (
        encoding,
        ("Nom", "Ville"),
        [("Élan", "Fès")],
    )


def test_a_file_above_the_limit_is_not_announced(shop: Shop) -> None:
    refused = announced(shop.owner, "customers", b"x", bytes=5_000_001)
    assert (refused.status, refused.codes) == (422, [("/bytes", "out_of_range")])


def test_another_file_than_the_announced_one_is_refused(shop: Shop) -> None:
    made = announced(shop.owner, "customers", b"Nom\nAtlas\n").json
    url = f"/v1/imports/{made['id']}/complete"
    missing = shop.owner.post(url)
    assert (missing.status, missing.json["code"]) == (409, "upload_missing")
    shop.world.files.put(f"imports/{shop.company}/{made['id']}/file", b"Nom\nAutre\n", CSV)
    other = shop.owner.post(url)
    assert (other.status, other.json["code"]) == (409, "upload_mismatch")


def test_bills_are_refused_until_their_kind_exists(shop: Shop) -> None:
    refused = announced(shop.owner, "bills", b"<Invoice/>", "application/xml")
    assert (refused.status, refused.json["code"]) == (409, "import_kind_unavailable")
