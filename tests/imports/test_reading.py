"""Numbers, cells, encodings and identifiers as files have them."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.tabular import cells, numbers
from chalicelib.services.imports import text_file, workbook
from tests.conftest import Shop
from tests.imports.files import XLSX, analysed, committed, counts, every, reasons
from tests.imports.files import workbook as made_workbook


@given(st.text())
def test_a_text_returns_from_its_cell(text: str) -> None:
    assert cells.unescaped(cells.escaped(text)) == text


@pytest.mark.parametrize(
    "text", ["=1+1", "+212612345678", "-x", "@a", "\t=1", "\r", " =1", "＝1", "＋1", "－1", "＠a", "'=1"]
)
def test_a_text_that_a_spreadsheet_would_evaluate_is_escaped(text: str) -> None:
    assert cells.escaped(text) == "'" + text


@pytest.mark.parametrize(
    ("text", "sign", "number"),
    [
        ("1 234,50", "comma", "1234.50"),
        ("1\u202f234,50 DH", "comma", "1234.50"),
        ("1.234,50", "comma", "1234.50"),
        ("1,234.50", "point", "1234.50"),
        ("١٢٫٥", "comma", "12.5"),
        ("20%", "comma", "20"),
        ("(12,5)", "comma", "-12.5"),
        ("1.234.567", "comma", "1234567"),
        (",5", "comma", "0.5"),
    ],
)
def test_a_number_is_read_with_its_sign(text: str, sign: numbers.DecimalSign, number: str) -> None:
    assert numbers.parse(text, sign) == Decimal(number)


@pytest.mark.parametrize(
    ("text", "sign"), [("12.34.5", "comma"), ("1,2,3", "comma"), ("abc", "point"), ("1.23,4", "point"), ("", "point")]
)
def test_another_text_is_no_number(text: str, sign: numbers.DecimalSign) -> None:
    assert numbers.parse(text, sign) is None


@pytest.mark.parametrize(
    ("column", "style"),
    [
        (["1,234", "12,5"], "comma"),
        (["1,234", "12.5"], "point"),
        (["1,234", "7"], "ambiguous"),
        (["12,5", "12.5"], "mixed"),
        (["0,125"], "comma"),
        (["7", "abc"], None),
    ],
)
def test_the_cells_of_a_column_decide_its_decimal_sign(column: list[str], style: str | None) -> None:
    assert numbers.column_sign(found for cell in column if (found := numbers.evidence(cell))) == style


@pytest.mark.parametrize(
    ("content", "delimiter"),
    [
        (b"a;b,c\n1;2,5\n", ";"),
        (b"a,b\n1,2\n", ","),
        (b"a\tb\n1\t2\n", "\t"),
        (b"sep=,\r\na,b;c\n1,2\n", ","),
        (b"Nom\nAtlas\n", ";"),
    ],
)
def test_the_lines_decide_the_delimiter(content: bytes, delimiter: str) -> None:
    assert text_file.read(content).delimiter == delimiter


def test_a_french_file_of_windows_is_read_with_its_accents() -> None:
    read = text_file.read("Désignation;Prix\nThé à la menthe;12,50 €\n".encode("cp1252"))
    assert (read.encoding, [row.cells for row in read.rows]) == ("cp1252", [("Thé à la menthe", "12,50 €")])


ITEMS = "Référence;Désignation;Prix;TVA\nA1;Thé;{};20\nA2;Café;{};10\n"


def test_an_ambiguous_number_is_asked_once_for_its_column(shop: Shop) -> None:
    content = ITEMS.format("1,234", "2,500").encode()
    found = analysed(shop, "items", content)
    assert [column["ask"] for column in found["mapping"]["columns"]] == [None, None, "decimal", None]
    assert reasons(found) == [(2, 3, "1,234", "decimal_ambiguous"), (3, 3, "2,500", "decimal_ambiguous")]
    refused = shop.owner.post(f"/v1/imports/{found['id']}/commit")
    assert (refused.status, refused.json["code"]) == (409, "import_unanswered")
    read = analysed(shop, "items", content, columns=[{"column": 3, "field": "unit_price", "decimal": "comma"}])
    committed(shop, read["id"])
    assert [each["unit_price"] for each in every(shop, "items")] == ["1.234", "2.50"]
    # The company remembers the answer with the headers.
    again = analysed(shop, "items", ITEMS.format("3,125", "2,500").encode())
    assert (again["mapping"]["columns"][2]["decimal"], counts(again)) == ("comma", (0, 1, 1, 0))


def test_a_workbook_keeps_zeros_and_refuses_lost_digits(shop: Shop) -> None:
    rows: list[list[Any]] = [
        ["Nom", "ICE", "Téléphone", "metadata.rib"],
        ["Atlas Thé", 2136093000040, 612345678, "230 111 0123456789012345 12"],
        ["Rif", "002136093000040", None, 230111012345678901234512],
        ["Sous", None, None, "2.30111E+23"],
        ["Souss", None, "'+212522000000", None],
    ]
    found = analysed(shop, "suppliers", made_workbook(rows), XLSX)
    assert [(each["row"], each["column"], each["code"]) for each in found["refusals"]] == [
        (3, 4, "digits_lost"),
        (4, 4, "digits_lost"),
    ]
    assert [(each["row"], each["value"], each["code"]) for each in found["warnings"]] == [
        (2, "2136093000040", "zeros_added"),
        (2, "612345678", "zeros_added"),
    ]
    committed(shop, found["id"], "valid")
    atlas, souss = every(shop, "suppliers")
    assert (atlas["ice"], atlas["phone"]) == ("002136093000040", "+212612345678")
    assert atlas["metadata"] == {"rib": "230 111 0123456789012345 12"}
    assert souss["phone"] == "+212522000000"


def test_a_workbook_has_numbers_days_and_percents() -> None:
    read = workbook.read(made_workbook([["Nom", "Prix", "TVA"], [], ["Thé", 12.5, 0.2]]))
    assert read.titles == ("Nom", "Prix", "TVA")
    assert [(row.number, row.cells) for row in read.rows] == [(3, ("Thé", 12.5, 0.2))]
