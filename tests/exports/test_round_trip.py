"""The round trip as a property: any record becomes cells, and the cells become the same record."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.call import Call
from chalicelib.domain.entity import Record
from chalicelib.domain.exports.model import ExportFormat, ExportRequest
from chalicelib.domain.exports.tables import tables_of
from chalicelib.domain.ids import new_id
from chalicelib.domain.imports.headers import propose
from chalicelib.domain.imports.model import Import, ImportColumn, ImportKind
from chalicelib.domain.tabular.columns import RECORD_COLUMNS
from chalicelib.domain.text import clean, shows_nothing
from chalicelib.services.exports import workbook as written
from chalicelib.services.exports.sheets import encoded
from chalicelib.services.imports import analysis, text_file, workbook
from chalicelib.services.imports.matching import Matches
from chalicelib.services.imports.planning import RECORD_KINDS, Planner
from chalicelib.services.imports.sheet import Sheet
from chalicelib.services.records.editing import created
from chalicelib.services.representation.records import present_party, present_record

AT = datetime(2026, 11, 23, 10, tzinfo=UTC)
CALL = Call(company="cmp_x", actor="mem_x", verb="test", key="k", request="r", id="c", at=AT, seed=bytes(32))
SIGNS = "=+-@＝＋－＠'\"; ,.\u00a0éœ€عربية٣0123456789abcE"


def texts(longest: int, lines: bool = False) -> st.SearchStrategy[str]:
    """Texts as the API stores them: with signs of formulas, quotes, Arabic, and any other letter."""
    alphabet = st.sampled_from(SIGNS + ("\n\t" if lines else "")) | st.characters(
        exclude_categories=("C", "Z"), max_codepoint=0x2FFFF
    )
    raw = st.text(alphabet, min_size=1, max_size=min(longest, 20)).map(clean)
    return raw.filter(lambda text: bool(text) and not shows_nothing(text) and len(text) <= longest)


def optional(**parts: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Members of which any may be left out."""
    return st.fixed_dictionaries({}, optional=parts)


METADATA = st.dictionaries(texts(40), texts(500), max_size=3)
ADDRESS = optional(street=texts(200), city=texts(100), postal_code=texts(20), country=st.sampled_from(["MA", "FR"]))
PARTY = {
    "ice_missing_reason": texts(200),
    "trade_register": st.sampled_from(["12345", "00321"]),
    "address": ADDRESS,
    "email": st.sampled_from(["a@b.example", "'x+y@b.example"]),
    "phone": st.sampled_from(["+212522123456", "0612345678", "+33123456789"]),
    "language": st.sampled_from(["fr", "ar", "en"]),
    "payment_terms_days": st.integers(0, 120),
    "notes": texts(2_000, lines=True),
    "metadata": METADATA,
}
NAMED = st.fixed_dictionaries({"name": texts(200), "kind": st.just("consumer")})
CUSTOMERS = st.builds(
    dict.__or__,
    NAMED,
    optional(**PARTY, billing=st.sampled_from(["each", "monthly"]), terms_law=st.booleans()),
)
SUPPLIERS = st.builds(dict.__or__, NAMED, optional(**PARTY))
PRICE = st.decimals(0, 999_999_999, places=6) | st.decimals(0, 99, places=3) | st.integers(0, 10**9)
ITEMS = st.builds(
    dict.__or__,
    st.fixed_dictionaries(
        {"name": texts(200), "unit_price": PRICE.map(str), "vat_rate": st.sampled_from(["20", "10"])}
    ),
    optional(
        description=texts(2_000, lines=True),
        reference=texts(60),
        unit=texts(30),
        nature=st.sampled_from(["goods", "services", "fees"]),
        withholding=st.just("none"),
        metadata=METADATA,
    ),
)
KINDS: Mapping[ImportKind, st.SearchStrategy[dict[str, Any]]] = {
    "customers": CUSTOMERS,
    "suppliers": SUPPLIERS,
    "items": ITEMS,
}


def made(kind: ImportKind, place: int, content: dict[str, Any]) -> Record:
    """The record that the API would store."""
    about = RECORD_KINDS[kind]
    model = about.new.model_validate(content)
    id = new_id(about.resource.cls.PREFIX, AT, bytes([place] * 10))
    record: Record = created(CALL, about.resource, id, model.content())
    return record


def exported(kind: ImportKind, form: ExportFormat, language: Any, records: Sequence[Record]) -> Sheet:
    """The records as an import reads their file."""
    present: Any = present_record if kind == "items" else present_party
    bodies = [present(record) for record in records]
    request = ExportRequest((kind,), form, language)
    pairs = tuple(dict.fromkeys(name for body in bodies for name in body["metadata"]))
    (table,) = tables_of(request, [pairs])
    if form != "xlsx":
        return text_file.read(encoded(request, table, bodies, first=True))
    into = io.BytesIO()
    assert len(list(written.write(request, [table], lambda _: iter(bodies), into))) == len(bodies)
    return workbook.read(into.getvalue())


def imported(kind: ImportKind, sheet: Sheet) -> list[Record]:
    """The records that the import of this table would make."""
    about = Import(
        company="cmp_x",
        id=new_id("imp", AT, bytes(10)),
        created_at=AT,
        updated_at=AT,
        kind=kind,
        actor="mem_x",
        content_type="text/csv",
        bytes=1,
        sha256="0" * 64,
        expires_at=0,
    )
    _, fields = propose(kind, sheet.titles)
    assert all(fields), (sheet.titles, fields)
    rows = list(sheet.rows)
    columns = [ImportColumn(header=title, field=name) for title, name in zip(sheet.titles, fields, strict=True)]
    columns, _ = analysis._with_signs(about, columns, rows)
    assert not [column for column in columns if column.ask]
    found = [planned for _, planned in Planner(about, CALL, columns, Matches([])).plan(rows)]
    assert all(planned.outcome == "new" for planned in found), [planned.refused for planned in found]
    return [planned.record for planned in found if planned.record]


def plain(record: Record) -> Record:
    """A record without the note that another one has the same name."""
    changes: dict[str, Any] = {}
    if hasattr(record, "same_as"):
        changes["same_as"] = None
    if hasattr(record, "billing"):
        changes["billing"] = record.billing or "each"
    return replace(record, **changes)


@pytest.mark.parametrize("form", ["csv-fr", "csv", "xlsx"])
@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=20)
@given(data=st.data(), language=st.sampled_from(["fr", "ar", "en"]))
def test_every_record_returns(kind: ImportKind, form: ExportFormat, data: st.DataObject, language: str) -> None:
    contents = data.draw(st.lists(KINDS[kind], min_size=1, max_size=3))
    records = [made(kind, place, content) for place, content in enumerate(contents, 1)]
    found = imported(kind, exported(kind, form, language, records))
    assert [plain(record) for record in found] == [plain(record) for record in records]


@pytest.mark.parametrize("kind", RECORD_COLUMNS)
@pytest.mark.parametrize("language", ["fr", "ar", "en"])
def test_the_import_knows_every_title(kind: ImportKind, language: Any) -> None:
    columns = RECORD_COLUMNS[kind]
    _, fields = propose(kind, [column.titles[language] for column in columns])
    assert fields == [column.path for column in columns]
