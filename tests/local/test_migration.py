"""The tables of a `make serve` folder get their local indexes: every row stays as it was, and lists find it."""

import json
import secrets
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from chalicelib.domain.companies.company import Head
from chalicelib.domain.documents.balance import Balance, left
from chalicelib.domain.documents.credit_entry import CreditEntry
from chalicelib.domain.documents.credit_note import CreditNote
from chalicelib.domain.documents.invoice import INVOICE, Invoice
from chalicelib.domain.documents.statement import statement
from chalicelib.domain.entity import Record
from chalicelib.services.documents.statement import account_of
from chalicelib.settings import Settings
from chalicelib.store.codec import STORES_OWN, Row, from_row
from chalicelib.store.read import Reader
from chalicelib.store.tables import TABLES, create_tables, table_name
from chalicelib.store.wire import Store
from local.engine import Engine
from local.migration import Migration
from tests.histories import company as companies
from tests.stored.scenes import scene

BOOKS = scene("books")
OVERPAID = scene("overpaid")
Stored = dict[tuple[str, str], Row]


@pytest.fixture
def settings(engine: Engine) -> Iterator[Settings]:
    """Tables as an earlier version made them, with the rows that it stored."""
    made = companies.settings(engine.endpoint, f"migration-{secrets.token_hex(4)}-")
    store = Store(made)
    client = store.connection.client
    create_tables(made)
    for table in TABLES:
        name = table_name(made, table.name)
        if table.local:
            described = client.describe_table(TableName=name)["Table"]
            client.delete_table(TableName=name)
            client.create_table(TableName=name, BillingMode="PAY_PER_REQUEST", **without_local_indexes(described))
        for row in BOOKS.rows[table.name].values():
            client.put_item(TableName=name, Item=dict(row) | ({"_text": {"S": "an older key"}} if table.local else {}))
    yield made
    client.close()


def without_local_indexes(described: dict[str, Any]) -> dict[str, Any]:
    """The definition of a table as it was before."""
    indexes = [
        {name: index[name] for name in ("IndexName", "KeySchema", "Projection")}
        for index in described.get("GlobalSecondaryIndexes", ())
    ]
    keys = [*described["KeySchema"], *(key for index in indexes for key in index["KeySchema"])]
    names = dict.fromkeys(key["AttributeName"] for key in keys)
    return {
        "KeySchema": described["KeySchema"],
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in names],
        **({"GlobalSecondaryIndexes": indexes} if indexes else {}),
    }


def stored(settings: Settings, table: str) -> Stored:
    """Every row of a table, by its key."""
    pages = Store(settings).connection.client.get_paginator("scan").paginate(TableName=table_name(settings, table))
    return {(row["company"]["S"], row["sort"]["S"]): row for page in pages for row in page["Items"]}


def migration(settings: Settings, folder: Path) -> Migration:
    return Migration(settings, Store(settings).connection.client, folder)


def content(row: Row) -> Row:
    """A row without the keys of its indexes."""
    return {name: part for name, part in row.items() if name in ("_kind", "_salt") or not name.startswith(STORES_OWN)}


def require_migrated(settings: Settings) -> None:
    for table in TABLES:
        now, before = stored(settings, table.name), BOOKS.rows[table.name]
        assert {key: content(now[key]) for key in before} == before, table.name
        assert not any("_text" in row for row in now.values()), "no key of an earlier version stays"
        added: list[Record] = [from_row(table.name, now[key]) for key in now.keys() - before.keys()]
        assert all(isinstance(row, Balance) and row.version == 0 for row in added), "missing balances only"
    reader = Reader(Store(settings), BOOKS.company, head(settings))
    invoices = [row for row in reader.all("ledger", "invoice#") if isinstance(row, Invoice)]
    found = reader.many(Balance, [invoice.id for invoice in invoices])
    balances = {row.id: row for row in found if row is not None}
    assert len(balances) == len(invoices) == 5
    entries, _ = reader.entries("ledger", "open", f"{INVOICE.kind}#", f"{INVOICE.kind}#~")
    assert [entry.key for entry in entries] == sorted(
        f"invoice#{invoice.due_date}#{invoice.id}" for invoice in invoices if left(invoice, balances[invoice.id]) > 0
    )
    counts = {(t, i): len(reader.entries(t, i, " ", "~")[0]) for t, i in (("ledger", "date"), ("workspace", "words"))}
    assert counts == {("ledger", "date"): 7, ("workspace", "words"): 9}


def head(settings: Settings) -> Head:
    (found,) = Store(settings).records([Head.ref(BOOKS.company)])
    assert isinstance(found, Head)
    return found


def test_rows_return_with_their_keys(settings: Settings, tmp_path: Path) -> None:
    said: list[str] = []
    migration(settings, tmp_path).run(said.append)
    assert len(said) == 5
    require_migrated(settings)
    kept = [json.loads(line) for line in (tmp_path / "ledger.jsonl").read_text().splitlines()]
    assert {(row["company"]["S"], row["sort"]["S"]) for row in kept} == BOOKS.rows["ledger"].keys()
    assert not list(tmp_path.glob("pending*"))


def test_a_balance_below_zero_becomes_unapplied_credit(settings: Settings, tmp_path: Path) -> None:
    """An invoice of 4,584.00 was paid, then credited: the money is the customer's (API.md, Excess)."""
    store = Store(settings)
    for key, row in OVERPAID.rows["ledger"].items():
        if row != BOOKS.rows["ledger"].get(key):
            store.connection.client.put_item(TableName=table_name(settings, "ledger"), Item=row)
    migration(settings, tmp_path).run(str)
    reader = Reader(store, BOOKS.company, head(settings))
    (entry,) = [row for row in reader.all("ledger", "credit_entry#") if isinstance(row, CreditEntry)]
    balance, note = reader.get(Balance, entry.document or ""), reader.get(CreditNote, entry.credit_note or "")
    assert (entry.source, entry.rest, entry.customer) == ("credit_note", Decimal("4584.00"), note.customer)
    assert (balance.money, balance.owed, balance.freed_entries) == (Decimal(0), Decimal(0), (entry.id,))
    assert note.invoice == balance.id
    account = account_of(reader, note.customer)
    (payable,) = [each for each in account.documents if each.document.id == balance.id]
    assert statement(replace(account, documents=[payable]), entry.date, entry.date).unapplied == Decimal("4584.00")


def test_a_second_start_changes_nothing(settings: Settings, tmp_path: Path) -> None:
    migration(settings, tmp_path).run(str)
    before = {table.name: stored(settings, table.name) for table in TABLES}
    said: list[str] = []
    migration(settings, tmp_path).run(said.append)
    assert (said, {table.name: stored(settings, table.name) for table in TABLES}) == ([], before)


@pytest.mark.parametrize("after", [0, 2, 4])
def test_a_killed_start_goes_on(
    settings: Settings, tmp_path: Path, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is killed after so many calls that write."""
    calls = iter(range(after))
    doing = {name: getattr(Migration, name) for name in ("_prepare", "_put", "_remake")}

    def killing(name: str) -> Callable[..., Any]:
        def call(*given: Any) -> Any:
            if next(calls, None) is None:
                raise KeyboardInterrupt
            return doing[name](*given)

        return call

    with monkeypatch.context() as patch:
        for name in doing:
            patch.setattr(Migration, name, killing(name))
        with pytest.raises(KeyboardInterrupt):
            migration(settings, tmp_path).run(str)
    migration(settings, tmp_path).run(str)
    require_migrated(settings)


def test_new_tables_need_no_migration(engine: Engine, tmp_path: Path) -> None:
    made = companies.settings(engine.endpoint, f"migration-{secrets.token_hex(4)}-")
    said: list[str] = []
    migration(made, tmp_path).run(said.append)
    create_tables(made)
    migration(made, tmp_path).run(said.append)
    assert said == []
    assert list(tmp_path.iterdir()) == []
