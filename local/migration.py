"""Make the tables of a `make serve` folder anew when they lack the local indexes of the definitions (ADR 0070).

DynamoDB makes a local index only together with its table. So all rows are first copied into files, which stay. Then
each table is made anew, and its rows return as they were (salt, version and clock too), with the keys of their indexes.
A killed run goes on from the files at the next start. Nothing is served before the end.
"""

import json
import os
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chalicelib.domain.documents.balance import Balance, fresh, owing
from chalicelib.domain.documents.model import Issued
from chalicelib.domain.documents.overpaid import excess_of, freed
from chalicelib.domain.documents.registry import corrected_by, find
from chalicelib.domain.entity import Record
from chalicelib.policy.rules import all_entities
from chalicelib.settings import Settings
from chalicelib.store.codec import STORES_OWN, Row, from_row, to_row
from chalicelib.store.tables import TABLES, TableDefinition, table_name, tables

FOLDER = "before-local-indexes"
BATCH = 25
SALT_BYTES = 16
Key = tuple[str, str]


@dataclass(frozen=True)
class Migration:
    """The migration of the tables of one prefix: the client, and the folder of the copies."""

    settings: Settings
    client: Any
    folder: Path

    def run(self, say: Callable[[str], object]) -> None:
        """Make anew the tables that lack an index; nothing if none does."""
        all_entities()  # Imports each entity, so that its rows can be read.
        if not self._pending.exists() and not self._prepare(say):
            return
        for name in json.loads(self._pending.read_text()):
            say(f"making {name} anew with its local indexes …")
            self._remake(next(table for table in TABLES if table.name == name))
        self._pending.unlink()
        say(f"the rows as they were are in {self.folder}")

    def _prepare(self, say: Callable[[str], object]) -> bool:
        """Copy the rows of outdated tables into files, then note that these tables are to be made anew."""
        outdated = [table for table in TABLES if table.local and self._lacks(table)]
        if not outdated:
            return False
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for table in outdated:
            say(f"copying the rows of {table.name} …")
            lines = (json.dumps(_plain(row), separators=(",", ":")) for row in self._rows(table))
            _write(self._copy(table), lines)
        _write(self._pending, [json.dumps([table.name for table in outdated])])
        return True

    def _lacks(self, table: TableDefinition) -> bool:
        """Whether a table exists without all its local indexes."""
        try:
            described = self.client.describe_table(TableName=table_name(self.settings, table.name))["Table"]
        except self.client.exceptions.ResourceNotFoundException:
            return False
        made = {index["IndexName"] for index in described.get("LocalSecondaryIndexes", ())}
        return made != {index.name for index in table.local}

    def _rows(self, table: TableDefinition) -> Iterator[Row]:
        scan = self.client.get_paginator("scan")
        for page in scan.paginate(TableName=table_name(self.settings, table.name), ConsistentRead=True):
            yield from page["Items"]

    def _copied(self, table: TableDefinition) -> Iterator[Row]:
        with self._copy(table).open() as lines:
            yield from (_typed(json.loads(line)) for line in lines)

    def _remake(self, table: TableDefinition) -> None:
        """Make a table anew and put its rows. A repetition puts the same rows again."""
        name, model = table_name(self.settings, table.name), tables(self.settings)[table.name]
        if self._lacks(table):
            self.client.delete_table(TableName=name)
            self.client.get_waiter("table_not_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
        if not model.exists():
            model.create_table(wait=True, billing_mode="PAY_PER_REQUEST")
        batch: list[dict[str, Any]] = []
        for row in self._completed(table):
            batch.append({"PutRequest": {"Item": row}})
            if len(batch) == BATCH:
                self._put(name, batch)
                batch = []
        if batch:
            self._put(name, batch)

    def _put(self, name: str, batch: list[dict[str, Any]]) -> None:
        while batch:
            batch = self.client.batch_write_item(RequestItems={name: batch}).get("UnprocessedItems", {}).get(name, [])

    def _completed(self, table: TableDefinition) -> Iterator[Row]:
        """The rows with the keys of their indexes, then the balances of documents that have none. A balance below zero
        becomes zero, and its money an entry of unapplied credit."""
        documents, known, notes = self._owing(table)
        for row in self._copied(table):
            record = from_row(table.name, row)
            keys = record.index_keys()
            if isinstance(record, Balance) and (document := documents.get(_key(record))):
                if excess_of(document, record) > 0:
                    balance, entry = freed(document, record, notes.get(_key(record), ()))
                    yield to_row(balance, row["_salt"]["B"])
                    yield to_row(entry, os.urandom(SALT_BYTES))
                    continue
                if record.owed is None:
                    keys = owing(document, record).index_keys()
            yield _content(row) | {name: {"S": key} for name, key in keys.items()}
        for key, document in documents.items():
            document_type = find(document.KIND)
            if key not in known and document_type and document_type.balance:
                yield to_row(fresh(document, document_type.balance), os.urandom(SALT_BYTES))

    def _owing(self, table: TableDefinition) -> tuple[dict[Key, Issued], set[Key], dict[Key, list[Issued]]]:
        """The payable documents, which of them have a balance, and the documents that correct them."""
        documents: dict[Key, Issued] = {}
        known: set[Key] = set()
        notes: dict[Key, list[Issued]] = {}
        for row in self._copied(table) if table.name == "ledger" else ():
            record = from_row(table.name, row)
            if isinstance(record, Balance):
                known.add(_key(record))
            elif isinstance(record, Issued):
                if (document_type := find(record.KIND)) and document_type.balance:
                    documents[_key(record)] = record
                if corrected := corrected_by(record):
                    notes.setdefault((record.company, corrected.id), []).append(record)
        return documents, known, notes

    @property
    def _pending(self) -> Path:
        return self.folder / "pending.json"

    def _copy(self, table: TableDefinition) -> Path:
        return self.folder / f"{table.name}.jsonl"


def _content(row: Row) -> Row:
    """A row without the keys of the indexes that it had."""
    return {name: part for name, part in row.items() if not name.startswith(STORES_OWN) or name in ("_kind", "_salt")}


def _key(record: Record) -> Key:
    return record.company, record.id


def _write(path: Path, lines: Iterator[str] | list[str]) -> None:
    """Write a file completely or not at all."""
    whole = path.with_suffix(".part")
    with whole.open("w") as file:
        file.writelines(f"{line}\n" for line in lines)
        file.flush()
        os.fsync(file.fileno())
    whole.replace(path)


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """Typed attribute values as JSON can state them: bytes are in base64."""
    return {name: _value(value, lambda content: b64encode(content).decode()) for name, value in row.items()}


def _typed(row: Mapping[str, Any]) -> Row:
    return {name: _value(value, b64decode) for name, value in row.items()}


def _value(value: Mapping[str, Any], of_bytes: Callable[[Any], Any]) -> dict[str, Any]:
    ((kind, content),) = value.items()
    if kind == "B":
        return {kind: of_bytes(content)}
    if kind == "M":
        return {kind: {name: _value(part, of_bytes) for name, part in content.items()}}
    if kind == "L":
        return {kind: [_value(part, of_bytes) for part in content]}
    return {kind: content}
