"""A workbook as a spreadsheet opens it: typed cells, titles in view, texts that stay texts, little memory."""

import io
import tracemalloc
import zipfile
from collections.abc import Iterator
from typing import Any

from chalicelib.domain.exports.model import ExportRequest
from chalicelib.domain.exports.tables import tables_of
from chalicelib.services.exports import workbook

REQUEST = ExportRequest(("invoices",), "xlsx", "ar")
LINE = {
    "description": "Conseil",
    "quantity": "2",
    "unit": "day",
    "unit_price": "1500.00",
    "vat_rate": "20",
    "net": "3000.00",
}


def bodies(count: int) -> Iterator[dict[str, Any]]:
    """Invoices as the API shows them, of three lines each."""
    for number in range(count):
        yield {
            "id": f"inv_{number:026d}",
            "number": f"=FA-{number:05d}",
            "status": "issued",
            "issue_date": "2026-11-23",
            "buyer": {"name": "Atlas Négoce SARL", "ice": "002136093000040"},
            "totals": {"net": "9000.00", "vat_total": "1800.00", "gross": "10800.00", "payable": "123456789012345.67"},
            "lines": [LINE] * 3,
        }


def written(count: int) -> bytes:
    """The workbook of this many invoices."""
    into = io.BytesIO()
    seen = list(workbook.write(REQUEST, tables_of(REQUEST, [()]), lambda _: bodies(count), into))
    # The second table has the lines of the same documents.
    assert seen == [*range(1, count + 1), *[count] * count]
    return into.getvalue()


def test_cells_have_types_and_titles_stay_in_view() -> None:
    with zipfile.ZipFile(io.BytesIO(written(1))) as packed:
        names, sheet = packed.namelist(), packed.read("xl/worksheets/sheet1.xml").decode()
        styles = packed.read("xl/styles.xml").decode()
    assert [name for name in names if "worksheets/sheet" in name] == [
        "xl/worksheets/sheet1.xml",
        "xl/worksheets/sheet2.xml",
    ]
    assert '<pane ySplit="1"' in sheet
    assert 'rightToLeft="1"' in sheet
    assert "<f>" not in sheet
    assert "<v>9000.00</v>" in sheet
    assert "<t>=FA-00000</t>" in sheet
    assert "<t>123456789012345.67</t>" in sheet
    assert "<t>002136093000040</t>" in sheet
    assert 'quotePrefix="1"' in styles
    assert "<v>46349</v>" in sheet  # 23 November 2026


def test_two_thousand_invoices_take_little_memory() -> None:
    written(10)
    tracemalloc.start()
    try:
        written(2_000)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 12_000_000
