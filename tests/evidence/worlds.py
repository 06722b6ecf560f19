"""Tampering through boto3, behind the API, and the passes that must name it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

from chalicelib.domain.clock import today
from chalicelib.domain.companies.company import Head, Series
from chalicelib.domain.documents.register import RegisterEntry, document_hash, genesis, link
from chalicelib.domain.entity import Ref
from chalicelib.domain.evidence import Verdict
from chalicelib.domain.journal import Change, JournalEntry
from chalicelib.services.evidence import live
from chalicelib.services.evidence.proof import entry_hash
from chalicelib.store import codec
from chalicelib.store.codec import from_row, to_row
from chalicelib.wiring import World
from tests.conftest import Shop

Item = dict[str, dict[str, Any]]


def verdict(shop: Shop, *anchors: Any) -> Verdict:
    """The verdict of a full pass over the company."""
    *_, proof = live.full(shop.world, shop.company, anchors)
    return proof.verdict


def codes(found: Verdict) -> set[str]:
    """The codes of the faults."""
    return {fault.code for fault in found.faults}


class Company(Protocol):
    """A company of a world."""

    @property
    def world(self) -> World:
        """The world that has it."""

    @property
    def company(self) -> str:
        """Its id."""


class Stranger:
    """A person with write access to the tables, who knows the source."""

    def __init__(self, shop: Company) -> None:
        self.world, self.company, self.store = shop.world, shop.company, shop.world.store
        self.client = shop.world.store.connection.client

    def items(self, table: str, prefix: str = "") -> list[Item]:
        """The company's rows of a table, as DynamoDB has them."""
        values: dict[str, Any] = {":c": {"S": self.company}}
        where = "company = :c"
        if prefix:
            where, values[":p"] = where + " AND begins_with(sort, :p)", {"S": prefix}
        found: list[Item] = []
        for page in self.client.get_paginator("query").paginate(
            TableName=self.store.names[table],
            KeyConditionExpression=where,
            ExpressionAttributeValues=values,
            ConsistentRead=True,
        ):
            found += page["Items"]
        return found

    def put(self, table: str, item: Mapping[str, Any]) -> None:
        """Put a row."""
        self.client.put_item(TableName=self.store.names[table], Item=dict(item))

    def delete(self, table: str, sort: str) -> None:
        """Delete a row."""
        key = {"company": {"S": self.company}, "sort": {"S": sort}}
        self.client.delete_item(TableName=self.store.names[table], Key=key)

    def record(self, ref: Ref) -> tuple[Any, bytes]:
        """A row as its record, and its salt."""
        key = {"company": {"S": ref.company}, "sort": {"S": ref.sort}}
        item = self.client.get_item(TableName=self.store.names[ref.table], Key=key, ConsistentRead=True)["Item"]
        return from_row(ref.table, item), item["_salt"]["B"]

    def write(self, record: Any, salt: bytes) -> None:
        """Put a record with its salt, and with the keys of its indexes."""
        self.put(record.TABLE, {"company": {"S": self.company}, **to_row(record, salt)})

    def series(self) -> Series:
        """The series of this year's invoices."""
        found, _ = self.record(Series.ref(self.company, f"FA-{today(self.world.now()).year}"))
        assert isinstance(found, Series)
        return found

    def relink(self, name: str) -> None:
        """Recompute the hashes and the chain of a series from its documents, and set its head."""
        from dataclasses import replace

        from chalicelib.domain.documents.registry import by_kind

        chain = genesis(self.company, name)
        for item in self.items("ledger", f"register#{name}#"):
            entry = from_row("ledger", item)
            assert isinstance(entry, RegisterEntry)
            document, salt = self.record(by_kind(entry.document_kind).issued.ref(self.company, entry.document))
            digest = document_hash(document)
            chain = link(chain, digest)
            self.write(replace(document, hash=digest, chain=chain), salt)
            self.write(replace(entry, hash=digest, chain=chain), item["_salt"]["B"])
        series, salt = self.record(Series.ref(self.company, name))
        self.write(replace(series, chain=chain), salt)


def rewritten(stranger: Stranger) -> None:
    """Recompute the journal so that it states the ledger's rows as they are, and its chain up to the head."""
    rows = {
        (str(item["_kind"]["S"]), str(item["id"]["S"])): codec.digest(
            from_row("ledger", item), item["_salt"]["B"]
        ).hex()
        for item in stranger.items("ledger")
    }
    latest = {
        (change.kind, change.id): entry.clock
        for entry in entries(stranger)
        for change in entry.changes
        if change.room == "ledger"
    }

    def honest(entry: JournalEntry, change: Change) -> Change | None:
        name = (change.kind, change.id)
        if change.room != "ledger" or latest[name] != entry.clock:
            return change
        return replace(change, hash=rows[name]) if name in rows else None

    previous = ""
    for entry in entries(stranger):
        changes = tuple(new for change in entry.changes if (new := honest(entry, change)))
        now = replace(entry, changes=changes, previous=previous, hash="")
        now = replace(now, hash=entry_hash(now))
        stranger.write(now, b"s" * 16)
        previous = now.hash
    head, salt = stranger.record(Head.ref(stranger.company))
    stranger.write(replace(head, chain=previous), salt)


def entries(stranger: Stranger) -> list[JournalEntry]:
    """The journal."""
    found = [from_row("journal", item) for item in stranger.items("journal", "entry#")]
    return [entry for entry in found if isinstance(entry, JournalEntry)]
