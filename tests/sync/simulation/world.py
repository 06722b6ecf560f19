"""A seeded run: devices and a web writer act in an order that the seed decides, over networks that fail."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from random import Random
from typing import Any, Self
from urllib.request import urlopen

from chalicelib.domain.clock import today
from tests.client import Client
from tests.conftest import Shop
from tests.sync.simulation.facts import Facts
from tests.sync.simulation.model import ModelDevice, Wiped
from tests.sync.simulation.network import FAULTS, Lost, Network, Refused, Sent
from tests.sync.simulation.recovery import recovery

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
EDITABLE: dict[str, tuple[str, ...]] = {
    "customers": ("notes", "email"),
    "items": ("name", "unit_price"),
    "drafts": ("notes", "order_reference"),
}
PREFIXES = {"customers": "cus", "items": "itm", "drafts": "inv"}
PATHS = {"customers": "/v1/customers", "items": "/v1/items", "drafts": "/v1/invoices"}
NEWER = {"customers": ("phone",), "items": ("reference",), "drafts": ("buyer_reference", "lines")}
"""Further columns that people edit on a service with a newer schema."""
MOST_ROUNDS = 6
"""Rounds in which each device synchronises once, until nothing changes any more."""


def download(url: str) -> bytes:
    """A large answer: a gzipped file."""
    with urlopen(url, timeout=20) as answer:
        content: bytes = answer.read()
        return content


@dataclass(frozen=True)
class Company:
    """The company of a simulation. `web` is another member. `clock` counts the commits, `now` is the service's time.
    `recovery` keeps all rows, and returns the function that brings them back."""

    owner: Client
    web: Client
    customer: str
    clock: Callable[[], int]
    now: Callable[[], datetime]
    recovery: Callable[[], Callable[[], None]] | None = None

    @classmethod
    def of(cls, shop: Shop) -> Self:
        """A company of the tests."""
        back = partial(recovery, shop.world, shop.company)
        return cls(shop.owner, shop.member("owner"), shop.customer, lambda: shop.clock, shop.world.now, back)


def schema_of(published: Mapping[str, Any], version: int) -> dict[str, Any]:
    """The published schema as it was at an earlier version."""
    tables = [
        {**table, "columns": [each for each in table["columns"] if each["since"] <= version]}
        for table in published["tables"]
        if table["since"] <= version
    ]
    return {**published, "version": version, "tables": tables}


MakeDevice = Callable[[str, Network, Mapping[str, Any], Callable[[str], bytes]], ModelDevice]


class Simulation:
    """One run. `act` does one thing; `settle` lets everybody synchronise without faults."""

    def __init__(self, seed: int, company: Company, make: MakeDevice = ModelDevice, count: int | None = None) -> None:
        self.random = Random(seed)
        self.company = company
        self.owner = company.owner
        self.make = make
        self.facts = Facts()
        self.trace: list[str] = []
        self.published = self.owner.get("/v1/sync/schema").json
        self.editable = dict(EDITABLE)
        self.retire: Callable[[], None] | None = None
        """Ends the answers to the first version of the schema."""
        self.oldest = 1
        count = count or self.random.randint(2, 4)
        self.devices = [self.device(make) for _ in range(count)]
        self.web = {"customers": {company.customer}, "items": set[str](), "drafts": set[str]()}
        self.documents: set[str] = set()
        self.revoked: set[str] = set()
        self.wiped: set[str] = set()
        self.rounds = 0
        self.settling = False
        self.meanwhile_share = 0.4
        """The share of pushes before which somebody acts."""
        self.views: dict[int, ModelDevice] = {}
        self.of_device = [self.sync] * 4 + [self.create] * 2 + [self.edit] * 4
        self.of_device += [self.remove, self.issue, self.issue, self.pay, self.pay, self.misuse, self.late]

    def id(self, prefix: str) -> str:
        """A new id."""
        return f"{prefix}_01K{''.join(self.random.choices(ALPHABET, k=23))}"

    def device(self, make: MakeDevice, version: int = 1) -> ModelDevice:
        """A new device with an empty copy, and the app of a schema version."""
        network = Network(self.owner, self.facts.delivered, self.meanwhile)
        return make(self.id("dev"), network, schema_of(self.published, version), download)

    def meanwhile(self, sent: Sent) -> None:
        """Somebody on the web acts between a device's pull and its push, often on a row that is being pushed."""
        if self.settling or not sent.path.endswith("/push") or self.random.random() >= self.meanwhile_share:
            return
        pushed = [(table, id) for table, id in sent.changed if table in EDITABLE]
        if pushed and self.random.random() < 0.8:
            self.web_change(*self.random.choice(pushed))
        else:
            self.random.choice([self.web_edit, self.web_remove, self.web_issue])()

    @property
    def live(self) -> list[ModelDevice]:
        """The devices that are not revoked."""
        return [device for device in self.devices if device.id not in self.revoked]

    def begin(self) -> None:
        """Make rows that every device has."""
        for table in ("customers", "customers", "items", "drafts", "drafts", "drafts"):
            self.web_create(table)
        for device in self.devices:
            device.sync()

    def run(self, steps: int) -> None:
        """Do so many things."""
        for _ in range(steps):
            self.act()

    def act(self) -> None:
        """Do one thing: on a device four times out of five, else on the web."""
        if self.random.random() < 0.8:
            device = self.random.choice(self.devices)
            verb: Callable[..., Any] = self.random.choice(self.of_device)
            if device.id in self.revoked and verb != self.sync:
                return
            self.note(device.id[-4:], verb.__name__)
            verb(device)
        else:
            verb = self.random.choice(
                [self.web_create, self.web_edit, self.web_edit, self.web_edit, self.web_remove, self.web_issue]
            )
            self.note("web", verb.__name__)
            verb()

    def note(self, *parts: object) -> None:
        """Keep a line of what happened, for a person who reads a failure."""
        self.trace.append(" ".join(map(str, parts)))

    # On a device

    def content(self, table: str, rows: Mapping[str, Any]) -> dict[str, Any]:
        """The cells of a new row. A draft names a customer among `rows`."""
        number = self.random.randrange(10**6)
        if table == "customers":
            address = {"street": f"{number} rue X", "city": "Fès"}
            return {"name": f"Client {number}", "kind": "consumer", "address": json.dumps(address)}
        if table == "items":
            return {"name": f"Article {number}", "unit_price": f"{number % 900 + 1}.00", "vat_rate": "20"}
        customer = self.random.choice(sorted(rows)) if rows else None
        return {"customer": customer, "lines": json.dumps([self.line(number)])}

    @staticmethod
    def line(number: int) -> dict[str, Any]:
        """A line of a draft."""
        return {"description": f"Ligne {number}", "quantity": "1", "unit_price": "100.00", "vat_rate": "20"}

    def create(self, device: ModelDevice) -> None:
        """The person adds a row."""
        table = self.random.choice(["customers", "items", "drafts", "drafts"])
        id = self.id(PREFIXES[table])
        device.create(table, id, self.content(table, device.tables["customers"]))

    def chosen(self, device: ModelDevice, table: str) -> str | None:
        """A row of the device."""
        rows = sorted(device.tables[table])
        return self.random.choice(rows) if rows else None

    def edit(self, device: ModelDevice) -> None:
        """The person changes a cell."""
        table = self.random.choice(sorted(self.editable))
        if id := self.chosen(device, table):
            known = device.columns(table)
            name = self.random.choice([each for each in self.editable[table] if each in known])
            cells = {name: self.value(name)}
            if device.edit(table, id, cells):
                self.facts.type(device.id, table, id, cells)

    def value(self, name: str) -> str:
        """A new value of a column, as the server writes it."""
        number = self.random.randrange(10**6)
        texts = {"unit_price": f"{number % 900 + 1}.50", "email": f"a{number}@client.example"}
        texts |= {"phone": f"+2125{number:08}", "lines": json.dumps([self.line(number)])}
        return texts.get(name, f"{name} {number}")

    def remove(self, device: ModelDevice) -> None:
        """The person deletes a row."""
        table = self.random.choice(sorted(EDITABLE))
        if id := self.chosen(device, table):
            device.remove(table, id)
            self.facts.give_up(device.id, table, id)

    def issue(self, device: ModelDevice) -> None:
        """The person asks for a number."""
        if id := self.chosen(device, "drafts"):
            self.ask(device, id)

    def ask(self, device: ModelDevice, draft: str) -> None:
        """The person asks for the number of this draft."""
        device.ask(self.id("isr"), draft, self.company.now().isoformat().replace("+00:00", "Z"))

    def pay(self, device: ModelDevice) -> None:
        """The person notes a payment of a document, or of a draft whose number they have asked for."""
        asked = [row.cells["document_id"] for row in device.tables["issue_requests"].values()]
        known = sorted({*device.tables["documents"], *asked})
        if known:
            amount = f"{self.random.randint(1, 30)}.00"
            cells = {"document_id": self.random.choice(known), "amount": amount, "method": "transfer"}
            device.create("payments", self.id("pay"), cells | {"date": today(self.company.now()).isoformat()})

    def misuse(self, device: ModelDevice) -> None:
        """The app does what it may not: an edit or a deletion of an issued document, a customer with a wrong ICE."""
        id = self.chosen(device, "documents")
        kind = self.random.randrange(3)
        if id and kind == 0:
            device.edit("documents", id, {"notes": self.value("notes")})
        elif id and kind == 1:
            device.remove("documents", id)
        else:
            cells = self.content("customers", {}) | {"kind": "business", "ice": "123"}
            device.create("customers", self.id("cus"), cells)

    def late(self, device: ModelDevice) -> None:
        """Requests that were delayed arrive."""
        device.deliver_late()

    def sync(self, device: ModelDevice) -> None:
        """The device synchronises, over a network that fails half of the time."""
        faulty = self.random.random() < 0.5
        device.network.plan = [self.random.choice([None, None, *FAULTS]) for _ in range(4)] if faulty else []
        self.synchronise(device, crash=self.random.random() < 0.15)

    def synchronise(self, device: ModelDevice, *, crash: bool = False) -> None:
        """One synchronisation. A refusal or a lost answer ends it, and the person tries again later."""
        try:
            device.sync(crash=crash)
        except Lost:
            self.note(device.id[-4:], "lost")
        except Refused as refused:
            outdated = refused.code == "client_schema_too_old" and device.version < self.oldest
            if refused.code not in ("sync_conflict", "pull_first") and not outdated:
                raise
        except Wiped:
            self.facts.typed.pop(device.id, None)
            self.wiped.add(device.id)

    def update(self, device: ModelDevice) -> None:
        """The person installs the newest app."""
        if device.version < self.published["version"]:
            device.update(self.published)

    # What happens to all

    def stop_answering_old_apps(self) -> None:
        """The service answers the newest schema only."""
        if self.retire:
            self.retire()
            self.oldest = self.published["version"]

    def revoke(self) -> None:
        """The owner revokes a device that was lost."""
        device = self.random.choice(self.live)
        shown = self.owner.get(f"/v1/devices/{device.id}")
        assert shown.status == 200, shown.text
        revoked = self.owner.delete(f"/v1/devices/{device.id}", shown.etag)
        assert revoked.status < 300, revoked.text
        self.revoked.add(device.id)

    def keep(self) -> None:
        """A backup of the tables begins here."""
        assert self.company.recovery
        self.kept = self.company.recovery(), self.facts.copy()

    def recover(self) -> None:
        """The operator brings the rows of the backup back. What was accepted since then is lost, and nothing else."""
        back, facts = self.kept
        back()
        self.facts.recovered(facts)

    # On the web

    def web_create(self, table: str | None = None) -> None:
        """Somebody adds a row on the web."""
        table = table or self.random.choice(sorted(PATHS))
        body = {
            name: json.loads(value) if name in ("address", "lines") else value
            for name, value in self.content(table, dict.fromkeys(self.web["customers"])).items()
        }
        made = self.company.web.post(PATHS[table], body | {"id": self.id(PREFIXES[table])})
        if made.status == 201:
            self.web[table].add(made.json["id"])

    def web_chosen(self, table: str) -> str | None:
        """A row that somebody on the web knows: one of the web's, or of a device."""
        known = sorted(self.web[table].union(*(device.tables[table] for device in self.devices)))
        return self.random.choice(known) if known else None

    def web_edit(self) -> None:
        """Somebody changes a cell on the web."""
        table = self.random.choice(sorted(EDITABLE))
        if id := self.web_chosen(table):
            self.web_change(table, id)

    def web_change(self, table: str, id: str, name: str = "") -> None:
        """Somebody changes a cell of this row on the web, if it is there."""
        name = name or self.random.choice(self.editable[table])
        cells = {name: self.value(name)}
        body: dict[str, Any] = dict(cells)
        if name == "lines":
            lines = [{**line, "discount": {"percent": "10"}} for line in json.loads(cells[name])]
            cells, body = {name: json.dumps(lines)}, {name: lines}
        if self.company.web.patch(f"{PATHS[table]}/{id}", body, "*").status == 200:
            self.facts.web(table, id, cells, self.company.clock())

    def web_remove(self) -> None:
        """Somebody deletes a row on the web."""
        table = self.random.choice(sorted(EDITABLE))
        if id := self.web_chosen(table):
            self.company.web.delete(f"{PATHS[table]}/{id}", "*")

    def web_issue(self) -> None:
        """Somebody issues a draft on the web."""
        if id := self.web_chosen("drafts"):
            self.company.web.post(f"/v1/invoices/{id}/issue")

    # The end

    def settle(self) -> None:
        """Everybody synchronises without faults, until a round changes nothing. `rounds` counts them."""
        self.settling = True
        for device in self.devices:
            device.network.plan = []
            device.deliver_late()
            if device.version < self.oldest:
                self.update(device)
        for self.rounds in range(1, MOST_ROUNDS + 1):
            before = self.company.clock(), [device.received for device in self.devices]
            for device in self.devices:
                self.synchronise(device)
            if (self.company.clock(), [device.received for device in self.devices]) == before:
                return
        self.rounds = MOST_ROUNDS + 1
