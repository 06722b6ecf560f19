"""The round trip of archived invoices as a property: any of them becomes rows, and the rows become the same."""

import io
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.call import Call
from chalicelib.domain.companies.company import Address, Head
from chalicelib.domain.documents.archived_invoice import ArchivedInvoice, ArchivedInvoiceBalance
from chalicelib.domain.documents.archived_totals import EarlierLine, EarlierSums
from chalicelib.domain.documents.archiving import ArchiveSlot, EarlierInvoice, archived, series_of
from chalicelib.domain.documents.balance import fresh
from chalicelib.domain.documents.model import Buyer, Discount
from chalicelib.domain.documents.state import DocumentState
from chalicelib.domain.exports.model import ExportFormat, ExportRequest
from chalicelib.domain.exports.tables import tables_of
from chalicelib.domain.ids import new_id
from chalicelib.domain.imports.headers import propose
from chalicelib.domain.imports.model import Import, ImportColumn
from chalicelib.domain.imports.targets import ARCHIVE
from chalicelib.domain.tabular.columns import IMPORT_COLUMNS
from chalicelib.services.exports import workbook as written
from chalicelib.services.exports.sheets import encoded
from chalicelib.services.imports import analysis, text_file, workbook
from chalicelib.services.imports.archive_plan import Archive, ArchivePlanner
from chalicelib.services.imports.matching import Matches
from chalicelib.services.imports.sheet import Sheet
from chalicelib.services.representation.documents import present_document
from tests.exports.test_round_trip import METADATA, texts
from tests.unit import samples

AT = datetime(2026, 11, 23, 10, tzinfo=UTC)
CALL = Call(company="cmp_x", actor="mem_x", verb="test", key="k", request="r", id="c", at=AT, seed=bytes(32))
COMPANY = samples.company()
CUSTOMER = samples.customer()
HEAD = Head(company="cmp_x", id="cmp_x", created_at=AT, updated_at=AT, clock=1, chain="")
AMOUNT = st.decimals(0, 99_999, places=2)
DAYS = st.dates(date(2019, 1, 1), date(2026, 11, 1))


def optional(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values


LINES = st.builds(
    EarlierLine,
    description=texts(2_000, lines=True),
    quantity=st.decimals("0.001", 999, places=3),
    unit=optional(texts(30)),
    unit_price=st.decimals(0, 9_999, places=6),
    discount=optional(st.builds(Discount, percent=st.sampled_from([Decimal(5), Decimal("12.5")]))),
    vat_rate=st.sampled_from([Decimal(20), Decimal(14), Decimal(10), Decimal(7), Decimal(0)]),
)
BUYERS = st.builds(
    Buyer,
    name=texts(200),
    kind=st.sampled_from(["business", "consumer", "public_body"]),
    ice=optional(st.sampled_from(["002136093000040", "000000123000099"])),
    tax_id=optional(st.sampled_from(["01234567"])),
    address=st.builds(Address, street=optional(texts(200)), city=optional(texts(100))),
)


@st.composite
def invoices(draw: st.DrawFn, place: int) -> ArchivedInvoice:
    """An archived invoice with lines, or with sums alone; settled, or with a rest."""
    lines = draw(st.lists(LINES, max_size=3))
    net, vat = draw(AMOUNT), draw(AMOUNT)
    sums = EarlierSums() if lines else EarlierSums(net=net, vat_total=vat)
    has_customer, buyer = draw(st.booleans()), draw(BUYERS)
    earlier = EarlierInvoice(
        number=f"{place}-" + draw(texts(50)),
        series=series_of(draw(st.sampled_from([None, "zoho", "Sage 100"]))),
        issue_date=draw(DAYS),
        operation_date=draw(optional(DAYS)),
        due_date=draw(optional(DAYS)),
        language=draw(st.sampled_from(["fr", "ar", "en"])),
        buyer=buyer if has_customer else replace(buyer, ice=None),
        lines=lines,
        sums=sums,
        status="issued" if has_customer else "paid",
        payment_mode=draw(optional(st.sampled_from(["cash", "transfer", "bill_of_exchange"]))),
        notes=draw(optional(texts(2_000, lines=True))),
        order_reference=draw(optional(texts(100))),
        metadata=draw(METADATA) or None,
    )
    return archived(COMPANY, earlier, CUSTOMER if has_customer else None, ArchiveSlot(AT, bytes(16), specimen=False))


def shown(document: ArchivedInvoice) -> dict[str, Any]:
    """A document as the API shows it."""
    return present_document(DocumentState(document, fresh(document, ArchivedInvoiceBalance)), HEAD)


def exported(form: ExportFormat, language: Any, bodies: list[dict[str, Any]]) -> Sheet:
    """The documents as an import reads their file."""
    request = ExportRequest((ARCHIVE,), form, language)
    (table,) = tables_of(request, [tuple(dict.fromkeys(name for body in bodies for name in body["metadata"]))])
    if form != "xlsx":
        return text_file.read(encoded(request, table, bodies, first=True))
    into = io.BytesIO()
    list(written.write(request, [table], lambda _: iter(bodies), into))
    return workbook.read(into.getvalue())


def imported(sheet: Sheet) -> list[dict[str, Any]]:
    """The documents that the import of this table would make."""
    stamps: Any = {"company": "cmp_x", "created_at": AT, "updated_at": AT, "actor": "mem_x", "expires_at": 0}
    about = Import(**stamps, id=new_id("imp", AT, bytes(10)), kind=ARCHIVE, content_type="", bytes=1, sha256="")
    source, fields = propose(ARCHIVE, sheet.titles)
    assert all(fields), (sheet.titles, fields)
    rows = list(sheet.rows)
    columns = [ImportColumn(header=title, field=name) for title, name in zip(sheet.titles, fields, strict=True)]
    columns, _ = analysis._with_signs(about, columns, rows)
    archive = Archive(COMPANY, HEAD, Matches([CUSTOMER]), date(2015, 12, 31), lambda: (), lambda _: {})
    found = [planned for _, planned in ArchivePlanner(about, CALL, columns, archive, source).plan(rows)]
    assert all(planned.outcome == "new" for planned in found), [planned.refused for planned in found]
    return [shown(planned.record) for planned in found if isinstance(planned.record, ArchivedInvoice)]


@pytest.mark.parametrize("form", ["csv-fr", "csv", "xlsx"])
@settings(max_examples=15)
@given(data=st.data(), language=st.sampled_from(["fr", "ar", "en"]))
def test_every_archived_invoice_returns(form: ExportFormat, data: st.DataObject, language: str) -> None:
    documents = [data.draw(invoices(place)) for place in range(1, data.draw(st.integers(1, 3)) + 1)]
    before = [shown(document) for document in documents]
    assert imported(exported(form, language, before)) == before


@pytest.mark.parametrize("language", ["fr", "ar", "en"])
def test_the_import_knows_every_title(language: Any) -> None:
    columns = IMPORT_COLUMNS[ARCHIVE]
    _, fields = propose(ARCHIVE, [column.titles[language] for column in columns])
    assert fields == [column.path for column in columns]


def test_a_part_that_was_paid_here_returns_as_settled() -> None:
    """An export states what is paid by now. So the rest stays the same, and more of it was settled before."""
    line = EarlierLine(description="Thé", quantity=Decimal(1), unit_price=Decimal(100), vat_rate=Decimal(20))
    buyer = Buyer(name=CUSTOMER.name, kind="business", address=Address(), ice=CUSTOMER.ice)
    earlier = EarlierInvoice(
        number="1", series=series_of(None), issue_date=date(2024, 1, 5), buyer=buyer, lines=[line],
        sums=EarlierSums(), status="issued", language="fr",
    )  # fmt: skip
    document = archived(COMPANY, earlier, CUSTOMER, ArchiveSlot(AT, bytes(16), specimen=False))
    balance = replace(fresh(document, ArchivedInvoiceBalance), paid=Decimal("50.00"))
    before = present_document(DocumentState(document, balance), HEAD)
    (after,) = imported(exported("csv", "fr", [before]))
    assert (after["paid"], after["balance"], after["status"]) == ("50.00", "70.00", "partially_paid")
    assert (before["settled_before"], after["settled_before"]) == ("0.00", "50.00")
