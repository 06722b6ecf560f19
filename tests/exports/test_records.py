"""Records of a company as files, and back into an empty company."""

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.domain.journal import JobRow
from tests.conftest import Shop
from tests.exports.files import begun, content, exported, members, run
from tests.imports.files import CSV, XLSX, analysed, committed, counts, every

AWKWARD = {
    "name": "'=Société “Café”; Fès, 1",
    "kind": "consumer",
    "phone": "+212522123456",
    "notes": 'Première ligne\n=2+2\n\n\'fin; "dit-il"',
    "language": "ar",
    "payment_terms_days": 0,
    "terms_law": False,
    "address": {"street": "-12, rue شارع محمد الخامس", "city": "＝Fès", "postal_code": "01000", "country": "MA"},
    "metadata": {"code": "007", "+key": "@value", "a.b": "12E3"},
}
PRICES = ("1.234", "0", "1500", "12.345678", "99999999.99", "0.000001")


def filled(shop: Shop) -> None:
    """Make records whose texts and numbers a spreadsheet would change."""
    for kind in ("customers", "suppliers"):
        sent = {name: value for name, value in AWKWARD.items() if kind == "customers" or name != "terms_law"}
        assert shop.owner.post(f"/v1/{kind}", sent).status == 201
        assert shop.owner.post(f"/v1/{kind}", {"name": "عبد الله الفاسي", "kind": "consumer"}).status == 201
    for number, price in enumerate(PRICES):
        sent = {"name": f"Article {number}", "unit_price": price, "vat_rate": "20", "reference": f"{number}E{number}"}
        assert shop.owner.post("/v1/items", sent).status == 201


def plain(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Records without what each company counts for itself."""
    return [
        {name: value for name, value in each.items() if name not in ("version", "created_at", "updated_at", "notices")}
        for each in records
    ]


@pytest.mark.parametrize("form", ["csv-fr", "csv", "xlsx"])
@pytest.mark.parametrize("language", ["fr", "ar", "en"])
def test_what_is_exported_imports_into_another_company_as_the_same(
    shop: Shop, new_shop: Callable[..., Shop], form: str, language: str
) -> None:
    filled(shop)
    other = new_shop()
    assert other.owner.delete(f"/v1/customers/{other.customer}", "*").status == 200
    for kind in ("customers", "suppliers", "items"):
        file = exported(shop, [kind], form, language=language)
        found = analysed(other, kind, file, XLSX if form == "xlsx" else CSV)
        assert found["status"] == "analysed", found
        assert not found["refusals"], found["refusals"]
        assert not [column for column in found["mapping"]["columns"] if column["ask"] or not column["field"]]
        done = committed(other, found["id"])
        assert done["status"] == "committed", done
        assert plain(every(other, kind)) == plain(every(shop, kind))
        assert counts(analysed(shop, kind, file, XLSX if form == "xlsx" else CSV))[:2] == (0, 0)


def test_a_file_for_excel_in_french(shop: Shop) -> None:
    filled(shop)
    text = exported(shop, ["items"], "csv-fr", language="fr").decode()
    assert text.startswith("\ufeffid;Désignation;Description;Référence;Unité;Prix unitaire HT;Taux de TVA;")
    rows = list(csv.reader(io.StringIO(text[1:], newline=""), delimiter=";"))
    assert [row[5] for row in rows[1:]] == ["1,2340", "0,00", "1500,00", "12,345678", "99999999,99", "0,000001"]


def test_several_kinds_come_in_a_zip_with_a_file_for_each(shop: Shop) -> None:
    filled(shop)
    found = members(exported(shop, ["customers", "items"], "csv"))
    assert list(found) == ["customers.csv", "items.csv"]
    assert "'＝Fès" in found["customers.csv"].decode()
    assert "'+212522123456" in found["customers.csv"].decode()
    assert not found["customers.csv"].startswith(b"\xef\xbb\xbf")


def test_an_empty_kind_has_its_titles(shop: Shop) -> None:
    assert exported(shop, ["suppliers"], "csv").decode().startswith("id,Name,Kind,ICE,")


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_the_row_of_an_export_that_is_over_names_no_metadata_of_a_person(shop: Shop, form: str) -> None:
    customer = {"name": "Zineb", "kind": "consumer", "metadata": {"cousine de Zineb": "oui"}}
    assert shop.owner.post("/v1/customers", customer).status == 201
    id = begun(shop.owner, ["customers"], form)
    run(shop)
    file = content(shop, id)
    sheets = members(file).values() if form == "xlsx" else [file]
    assert any(b"cousine de Zineb" in each for each in sheets)
    (stored,) = shop.world.store.records([JobRow.ref(shop.company, id)])
    assert isinstance(stored, JobRow)
    assert b"cousine" not in stored.inputs
