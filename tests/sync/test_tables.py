"""The tables of devices: derived from the entities, flat, and published once and for all."""

import json
from pathlib import Path
from typing import Any

import pytest

from chalicelib.domain.errors import InvalidContent
from chalicelib.domain.sync.columns import SyncColumn
from chalicelib.domain.sync.tables import BY_NAME, SCHEMA_VERSION, TABLES

PUBLISHED = Path(__file__).parent.parent / "stored" / "sync_schemas"
LINES = SyncColumn("lines", "string", json=True)


def _schema(version: int) -> dict[str, Any]:
    return {
        table.name: {
            each.name: each.type + ("?" if each.optional else "") + ("" if each.writable else " read-only")
            for each in table.of_version(version)
        }
        for table in TABLES
        if table.since <= version
    }


@pytest.mark.parametrize("version", range(1, SCHEMA_VERSION + 1))
def test_a_published_schema_never_changes(version: int) -> None:
    """A new attribute is a new column: name it in `ADDED` under the next version, and store that schema as a file."""
    assert _schema(version) == json.loads((PUBLISHED / f"{version}.json").read_text())


def test_devices_see_the_tables_of_the_contract() -> None:
    writes = {table.name: table.writes for table in TABLES}
    assert writes == {
        "company": "nothing",
        "customers": "all",
        "suppliers": "all",
        "items": "all",
        "drafts": "all",
        "documents": "nothing",
        "payments": "create",
        "attachments": "nothing",
        "issue_requests": "create",
        "notices": "nothing",
    }


def test_tables_that_devices_only_read_have_no_writable_column() -> None:
    assert [
        (table.name, column.name)
        for table in TABLES
        for column in table.columns
        if column.writable and table.writes == "nothing"
    ] == []


def test_amounts_rates_and_days_are_texts() -> None:
    """A device's number column turns "1234.50" into null."""
    numbers = {
        (table.name, each.name)
        for table in TABLES
        for each in table.columns
        if each.type == "number" and each.name not in ("created_at", "updated_at")
    }
    assert numbers == {
        ("company", "payment_terms_days"),
        ("company", "sector_terms_days"),
        ("customers", "payment_terms_days"),
        ("suppliers", "payment_terms_days"),
        ("attachments", "bytes"),
        ("issue_requests", "seen_clock"),
    }


def test_derived_columns_never_count_as_a_change() -> None:
    stored = {"name": "A", "notices": "[]", "updated_at": "2026-11-30T10:00:00Z"}
    pushed = {"name": "A", "notices": "[1]", "updated_at": "2026-12-01T10:00:00Z"}
    assert BY_NAME["customers"].changed(stored, pushed, 1) == ()
    assert BY_NAME["customers"].changed(stored, pushed | {"name": "B"}, 1) == ("name",)


def test_json_cells_are_compared_by_content() -> None:
    assert LINES.same('[{"a":"1","b":null}]', '[ {"b": null, "a": "1"} ]')
    assert not LINES.same('[{"a":"1"}]', '[{"a":"2"}]')
    assert not LINES.same("[]", None)


@pytest.mark.parametrize(
    ("cell", "code"), [("[", "not_json_text"), (3, "wrong_type"), (True, "wrong_type"), (None, "wrong_type")]
)
def test_a_cell_of_another_form_is_refused_with_its_column(cell: object, code: str) -> None:
    with pytest.raises(InvalidContent) as refused:
        LINES.value(cell)
    assert [(fault.pointer, fault.code) for fault in refused.value.faults] == [("/lines", code)]


def test_a_row_has_every_column_and_its_body_only_what_devices_write() -> None:
    table = BY_NAME["items"]
    body = {"id": "itm_1", "name": "Vis", "unit_price": "1.50", "vat_rate": "20", "metadata": {}, "nature": "goods"}
    row = table.row(body, 1)
    assert row.keys() == {"id", *table.by_name}
    assert (row["metadata"], row["reference"]) == (None, None)
    names = ("name", "reference", "nature", "metadata", "updated_at")
    assert table.body(row | {"metadata": '{"a":"b"}', "nature": None}, names) == {
        "name": "Vis",
        "reference": None,
        "metadata": {"a": "b"},
    }


def test_times_are_numbers_as_watermelondb_requires() -> None:
    times = [column for table in TABLES for column in table.columns if column.name in ("created_at", "updated_at")]
    assert {(column.type, column.optional, column.writable) for column in times} == {("number", False, False)}
    assert times[0].cell("2026-11-30T10:00:00.250Z") == 1796032800250
