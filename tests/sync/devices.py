"""Devices of tests: what a helper of WatermelonDB sends, without its database."""

from dataclasses import dataclass, field
from itertools import count
from typing import Any

from chalicelib.domain.ids import derived_id
from tests.client import Client, Got
from tests.conftest import Shop

_NUMBERS = count(1)
LINE = '[{"description": "Conseil", "quantity": "2", "unit_price": "1500.00", "vat_rate": "20"}]'
AGENDA = "2026-11-30T09:00:00Z"


def new_id(prefix: str) -> str:
    """An id that a device chooses."""
    return derived_id(prefix, "device", str(next(_NUMBERS)))


def customer(id: str | None = None, **cells: Any) -> dict[str, Any]:
    """A complete row of a customer."""
    address = '{"street": "12 rue Ibn Batouta", "city": "Casablanca", "country": "MA"}'
    row = {"name": "Atlas Négoce", "kind": "consumer", "address": address, "language": "fr", "withholder": "none"}
    return {"id": id or new_id("cus"), "_status": "created", "_changed": "", **row, "billing": "each", **cells}


def item(id: str | None = None, **cells: Any) -> dict[str, Any]:
    """A row of an item."""
    row = {"name": "Vis", "unit_price": "1.50", "vat_rate": "20", "nature": "goods"}
    return {"id": id or new_id("itm"), **row, **cells}


def draft(customer: str, id: str | None = None, **cells: Any) -> dict[str, Any]:
    """A row of a draft invoice."""
    row = {"kind": "invoice", "customer": customer, "lines": LINE, "reverse_charge": False}
    return {"id": id or new_id("inv"), **row, "terms_end_of_month": False, **cells}


def payment(document: str, day: str, id: str | None = None, **cells: Any) -> dict[str, Any]:
    """A row of a payment."""
    row = {"document_id": document, "amount": "1000.00", "method": "transfer", "date": day}
    return {"id": id or new_id("pay"), **row, "withheld_vat": "0.00", "withheld_fees": "0.00", **cells}


def issue_request(document: str, seen: int, id: str | None = None, **cells: Any) -> dict[str, Any]:
    """A row of a request to issue a draft."""
    row = {"document_id": document, "seen_clock": seen, "requested_at": AGENDA}
    return {"id": id or new_id("isr"), **row, **cells}


@dataclass
class Device:
    """A device of a member, with the clock of its last pull."""

    client: Client
    clock: int
    id: str = field(default_factory=lambda: new_id("dev"))

    def push(
        self,
        changes: dict[str, dict[str, Any]] | None = None,
        /,
        *,
        since: int | None = None,
        created: dict[str, list[dict[str, Any]]] | None = None,
        updated: dict[str, list[dict[str, Any]]] | None = None,
        deleted: dict[str, list[str]] | None = None,
        **more: Any,
    ) -> Got:
        """Push rows by table."""
        sent: dict[str, dict[str, Any]] = {table: dict(parts) for table, parts in (changes or {}).items()}
        for name, rows in (("created", created), ("updated", updated), ("deleted", deleted)):
            for table, listed in (rows or {}).items():
                sent.setdefault(table, {})[name] = listed
        body = {"changes": sent, "last_pulled_at": self.clock if since is None else since, "device": self.id, **more}
        return self.client.post("/v1/sync/push", body, idempotency_key="")


def device_of(shop: Shop, client: Client | None = None) -> Device:
    """A device that has pulled everything that the company has now."""
    return Device(client or shop.owner, shop.clock)


def codes(got: Got) -> list[tuple[str, str]]:
    """The refused rows of a push: their ids and codes."""
    assert got.status == 200, got.text
    return [(each["id"], each["code"]) for each in got.json["results"]]
