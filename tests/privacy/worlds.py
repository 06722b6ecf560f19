"""A world whose clock can be turned, and companies full of recognisable content, for the tests of privacy."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from chalicelib.domain.clock import today
from chalicelib.domain.companies.company import Address, Company, Series
from chalicelib.domain.companies.item import Item
from chalicelib.domain.companies.member import ApiKey, Member
from chalicelib.domain.companies.party import Customer, Supplier
from chalicelib.domain.documents.balance import Balance, owing
from chalicelib.domain.documents.invoice import INVOICE, Draft
from chalicelib.domain.documents.issuing import SeriesSlot, issue
from chalicelib.domain.documents.model import Line
from chalicelib.domain.documents.numbering import current, opened
from chalicelib.domain.documents.payment import Payment
from chalicelib.domain.entity import Record
from chalicelib.domain.ids import new_id
from chalicelib.domain.journal import JobRow, Message
from chalicelib.domain.privacy.request import PrivacyRequest
from chalicelib.files import prefixes
from chalicelib.jobs import requests as request_jobs
from chalicelib.jobs.job import within
from chalicelib.jobs.report import Report
from chalicelib.jobs.requests import requests_job
from chalicelib.jobs.runner import run
from chalicelib.services.privacy.requester import Requester
from chalicelib.services.privacy.requests import requests
from chalicelib.settings import Settings
from chalicelib.store.decision import CUSTOMER, FOUNDING, Decision
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.transaction import transact
from chalicelib.wiring import World
from tests.answering import Answer, answering
from tests.clocks import MovableClock
from tests.unit.samples import NOTHING

CANARY = "Serin7Q"


class Turned(World):
    """A world whose clock a test moves by `offset`."""

    def __init__(self, settings: Settings) -> None:
        self.movable = MovableClock()
        super().__init__(settings, clock=self.movable)

    @property
    def offset(self) -> timedelta:
        """The lead of the clock over the system's."""
        return self.movable.offset

    @offset.setter
    def offset(self, offset: timedelta) -> None:
        self.movable.offset = offset

    def start_in_the_morning(self) -> None:
        """Count offsets from 8:00 UTC of today: a few hours later it is the same day, whenever the test runs."""
        now = datetime.now(UTC)
        self.movable.lead = now.replace(hour=8, minute=0, second=0, microsecond=0) - now


class Books:
    """A populated company: its id, its owners' and parties' ids, and verbs on it. It signed up at `at`, or now."""

    def __init__(
        self, world: World, *, owners: int = 1, mark: str = CANARY, small: bool = False, at: datetime | None = None
    ) -> None:
        self.world = world
        self.at = at or world.now()
        self.mark = mark
        self.id = self.new("cmp")
        self.owners = [self.new("mem") for _ in range(owners)]
        self.customer, self.other, self.supplier = self.new("cus"), self.new("cus"), self.new("sup")
        self.invoice, self.draft = self.new("inv"), self.new("inv")
        self._found()
        self._fill(small=small)

    def new(self, prefix: str) -> str:
        """A fresh id."""
        return new_id(prefix, self.at, self.world.random(10))

    @property
    def stamps(self) -> dict[str, Any]:
        """The attributes that every row has."""
        return {"company": self.id, "created_at": self.at, "updated_at": self.at}

    def owner(self, number: int = 0, *, proven: bool = True) -> Requester:
        """An owner as the API would name them."""
        return Requester(self.owners[number], "owner", f"sub-{self.owners[number]}", proven)

    def commit(self, *new: Record, messages: Iterable[Message] = (), founding: bool = False) -> None:
        """Put rows in transactions of the product."""
        call = answering(self.world.call(self.id, self.owners[0], "test", key=self.world.random(8).hex(), at=self.at))
        state = {"cloud_sync": True} if founding else None

        def decide(_: Snapshot) -> Decision:
            answer = Answer({"id": self.customer, "name": f"{self.mark} answered"})
            return Decision(answer, new=new, messages=tuple(messages), head=state)

        transact(self.world.store, call, [], decide, FOUNDING if founding else CUSTOMER)

    def _found(self) -> None:
        members = [
            Member(id=id, user=f"sub-{id}", email=f"{self.mark}@member.example", role="owner", **self.stamps)
            for id in self.owners
        ]
        self.profile = Company(
            id=self.id,
            name=f"{self.mark} SARL",
            address=Address(street=f"{self.mark} street", city="Fès"),
            policy_version="2026-04-02",
            ice="002136093000040",
            tax_id="12345678",
            business_tax="34567890",
            email=f"{self.mark}@company.example",
            rib=f"{self.mark}-rib",
            template=f"<p>{self.mark}</p>",
            cnss=self.mark,
            logo=None,
            **self.stamps,
        )
        self._owners = members

    def _party(self, cls: Any, id: str) -> Any:
        return cls(
            id=id,
            name=f"{self.mark} {id}",
            kind="business",
            address=Address(street=self.mark, city=self.mark),
            email=f"{self.mark}@party.example",
            phone=self.mark,
            notes=self.mark,
            ice_missing_reason=self.mark,
            **self.stamps,
        )

    def drafted(self, id: str, customer: str) -> Draft:
        """A draft that names a customer."""
        line = Line(
            description=f"{self.mark} advice", quantity=Decimal(2), unit_price=Decimal(1500), vat_rate=Decimal(20)
        )
        return Draft(id=id, customer=customer, lines=(line,), totals=NOTHING, notes=self.mark, **self.stamps)

    @property
    def day(self) -> date:
        """The day in Casablanca that it is made on."""
        return today(self.at)

    def issued(self, id: str, customer: Customer, series: Series | None = None, day: date | None = None) -> list[Any]:
        """An issued invoice, its register entry and the series after it; not written."""
        day = day or self.day
        series = series or opened(self.profile, current(self.profile, "invoice"), day, self.at)
        place = SeriesSlot(series=series, day=day, today=day, at=self.at, salt=self.world.random(16), specimen=False)
        return list(issue(INVOICE, self.drafted(id, customer.id), self.profile, customer, place))

    def _fill(self, *, small: bool) -> None:
        customer = self._party(Customer, self.customer)
        invoice, entry, series = self.issued(self.invoice, customer)
        rows: list[Record] = [customer, invoice, entry, series, self.drafted(self.draft, self.customer)]
        rows.append(
            ApiKey(
                id=self.new("key"),
                name=self.mark,
                digest=self.mark,
                hint="1234",
                scopes=("company.read",),
                created_by=self.owners[-1],
                **self.stamps,
            )
        )
        if not small:
            rows += [self._party(Customer, self.other), self._party(Supplier, self.supplier)]
            rows += [
                self.drafted(self.new("inv"), self.other),
                Item(
                    id=self.new("itm"),
                    name=self.mark,
                    description=self.mark,
                    unit_price=Decimal(1),
                    vat_rate=Decimal(20),
                    **self.stamps,
                ),
            ]
            rows.append(
                Payment(
                    id=self.new("pay"),
                    invoice=self.invoice,
                    amount=Decimal(10),
                    method="cash",
                    date=self.day,
                    reference=self.mark,
                    **self.stamps,
                )
            )
            rows.append(owing(invoice, Balance(id=self.invoice, paid=Decimal(10), **self.stamps)))
            rows.append(
                JobRow(
                    id=self.new("job"),
                    due=None,
                    due_at=self.at,
                    task="issue",
                    actor=self.owners[0],
                    inputs=f'"{self.mark}"'.encode(),
                    outcomes=b"[]",
                    expires_at=int(self.at.timestamp()) + 10**6,
                    **self.stamps,
                )
            )
        later = Message(
            id=self.new("out"),
            due_at=self.at + timedelta(days=3650),
            task="render",
            about=(self.customer, self.mark),
            **self.stamps,
        )
        self.commit(self.profile, *self._owners, *rows, messages=[later], founding=True)
        self._files(small=small)

    def _files(self, *, small: bool) -> None:
        content = f"%PDF {self.mark}".encode()
        keys = [prefixes.pdf(self.id, self.invoice)]
        if not small:
            keys += [prefixes.logo(self.id, "b", "png"), f"exports/{self.id}/c.zip", f"uploads/{self.id}/d.jpg"]
            keys += [f"backups/{every}/{self.id}/e" for every in ("daily", "weekly", "monthly")]
        for key in keys:
            for _ in range(2):
                self.world.files.put(key, content, "application/pdf", only_if_absent=False)
        if not small:
            self.world.files.delete(keys[0])
            client = self.world.files.client
            client.create_multipart_upload(Bucket=self.world.files.bucket, Key=f"uploads/{self.id}/unfinished")

    def call(self, verb: str = "test") -> Any:
        """A call of now."""
        return self.world.call(self.id, self.owners[0], verb, key=self.world.random(8).hex())

    def asked(self, subject: str | None = None, *, number: int = 0) -> str:
        """A deletion asked for; its id."""
        made = requests.ask(self.world, self.call(), self.owner(number), "deletion", subject)
        return made.outcome.id

    def confirmed(self, subject: str | None = None, *, waive: bool = False) -> str:
        """A deletion asked for and confirmed; its id."""
        id = self.asked(subject)
        requests.confirm(self.world, self.call(), self.owner(), id, waive=waive)
        return id

    def request(self, id: str) -> PrivacyRequest:
        """The request as it is stored."""
        (found,) = self.world.store.records([PrivacyRequest.ref(self.id, id)])
        assert isinstance(found, PrivacyRequest)
        return found

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Every raw row of the company in a table."""
        client, name = self.world.store.connection.client, self.world.store.names[table]
        answer = client.query(
            TableName=name,
            KeyConditionExpression="company = :c",
            ConsistentRead=True,
            ExpressionAttributeValues={":c": {"S": self.id}},
        )
        return list(answer["Items"])

    def kinds(self, table: str) -> list[str]:
        """The kinds of its rows, sorted."""
        return sorted(row["_kind"]["S"] for row in self.rows(table))

    def versions(self) -> list[str]:
        """Every key of a version, delete marker or unfinished upload that is the company's."""
        client, bucket = self.world.files.client, self.world.files.bucket
        found: list[Any] = []
        for operation in ("list_object_versions", "list_multipart_uploads"):  # in pages: other tests' lie there, too
            for page in client.get_paginator(operation).paginate(Bucket=bucket):
                found += [*page.get("Versions", ()), *page.get("DeleteMarkers", ()), *page.get("Uploads", ())]
        return sorted(each["Key"] for each in found if f"/{self.id}/" in each["Key"])


def carry(world: World, **after: float) -> Report:
    """Run what is due."""
    return run(
        world, requests_job({"deletion": request_jobs.deletion}), now=world.now() + timedelta(**after), left=within(120)
    )


def carried(world: World) -> None:
    """Run what is due, and what is looked at again afterwards."""
    carry(world)
    carry(world, minutes=11)


__all__ = ["CANARY", "Books", "Turned", "carried", "carry", "replace"]
