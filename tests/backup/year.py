"""A company over a year of nights: its clock is turned, the nightly jobs run, and something changes between them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from chalicelib.domain.backups.backup import Tier
from chalicelib.domain.clock import MOROCCO
from chalicelib.jobs import backups as jobs
from chalicelib.jobs.job import Job, within
from chalicelib.jobs.report import Report
from chalicelib.jobs.runner import run
from chalicelib.services.backup.create import plans
from chalicelib.services.backup.restoring.context import RestoreInput
from tests.backup.restoring import content_of, ended, queued
from tests.client import Client
from tests.conftest import Shop
from tests.privacy.worlds import Turned, carried

PERSON = "Zineb Effacable"
FORMER, SUPPLIER, MEMBER = "Zineb Autrefois", "Driss Oubliable", "user-oubliable"
TRACES = (PERSON, FORMER, SUPPLIER, MEMBER, "612345678", "rue Effacable", "Cadeau pour Zineb")
"""Words that only the erased persons' data contain. Each is in some of the backups."""
ADDRESS = {"street": "7 rue Effacable", "city": "Fès"}
DAY, MONTHS = timedelta(days=1), 13
EVERY_NIGHT, EVERY_WEEK = 8, 6
"""The number of last days with every night, and of last weeks with their first night. Earlier months have only their
first night, because only its backup is still there at the end."""


def last_day(today: date) -> date:
    """The first Sunday from `today` on that has at least a week of its month behind it: the seven nights before its
    end are then one weekly backup and six daily ones, and no month begins in them."""
    day = today
    while day.weekday() != 6 or day.day < 9:
        day += DAY
    return day


def nights(end: date) -> list[date]:
    """The nights that are lived through, one more of each tier than is kept."""
    first = [end.replace(day=1)]
    for _ in range(MONTHS - 1):
        first.append((first[-1] - DAY).replace(day=1))
    mondays = [end - timedelta(days=6 + 7 * week) for week in range(EVERY_WEEK)]
    days = [end - DAY * number for number in range(EVERY_NIGHT)]
    # A month that begins on a Monday makes the Tuesday's backup its week's.
    return sorted({*first, *mondays, *days, *(monday + DAY for monday in mondays if monday.day == 1)})


def calendar(lived: list[date]) -> dict[date, Tier]:
    """The tier that each night's backup should have."""
    found: dict[date, Tier] = {}
    begun: set[tuple[str, int, int]] = set()
    for night in lived:
        year, week, _ = night.isocalendar()
        marks: dict[Tier, tuple[str, int, int]] = {
            "monthly": ("month", night.year, night.month),
            "weekly": ("week", year, week),
        }
        found[night] = next((tier for tier, mark in marks.items() if mark not in begun), "daily")
        if found[night] != "daily":
            begun.add(marks[found[night]])
    return found


def kept(tiers: dict[date, Tier], end: date) -> dict[date, Tier]:
    """Those of them that should be there at the end: of 7 days, of 5 weeks, of 12 months."""
    since = {
        "daily": end - 6 * DAY,
        "weekly": end - 34 * DAY,
        "monthly": end.replace(year=end.year - 1, day=min(end.day, 28)) + DAY,
    }
    return {night: tier for night, tier in tiers.items() if night >= since[tier]}


@dataclass
class Year:
    """The company, its world, and who will be erased."""

    shop: Shop
    world: Turned
    end: date
    owner_id: str
    tiers: dict[date, Tier] = field(default_factory=dict)
    """The nights that were lived through, each with the tier that the calendar gives its backup."""
    person: str = ""
    supplier: str = ""
    member: str = ""
    invoices: list[dict[str, Any]] = field(default_factory=list)

    @property
    def company(self) -> str:
        """The company's id."""
        return self.shop.company

    @property
    def owner(self) -> Client:
        """The owner of the company."""
        return self.shop.owner

    def goes_to(self, at: datetime) -> None:
        """Turn the clock."""
        self.world.offset = at - datetime.now(UTC)

    def night_of(self, day: date) -> datetime:
        """The instant at which the company's backup of this night is due."""
        return plans.next_night(self.company, datetime.combine(day, time(), MOROCCO).astimezone(UTC))

    def ran(self, job: Job) -> Report:
        """A job's run; nothing of it may fail."""
        report = run(self.world, job, now=self.world.now(), left=within(120))
        assert (report.failures, report.dead) == ([], 0)
        return report

    def settled(self) -> None:
        """Found: three persons who will be erased, one who stays, an invoice to each buyer."""
        write = _writing(self.owner)
        party = {"kind": "consumer", "address": ADDRESS, "phone": "+212612345678"}
        self.person = write("POST", "/v1/customers", party | {"name": FORMER})["id"]
        self.supplier = write("POST", "/v1/suppliers", {"name": SUPPLIER, "kind": "consumer"})["id"]
        self.member = self.shop.join(MEMBER, "clerk")["id"]
        write("POST", "/v1/items", {"name": "Conseil", "unit_price": "10", "vat_rate": "20"})
        self.invoices.append(self.shop.issued(customer=self.person, notes="Cadeau pour Zineb"))
        self.invoices.append(self.shop.issued())

    def lives(self) -> None:
        """Live through the nights, and two hours of the last morning: Ramadan may end in the last week, and with it an
        hour."""
        self.tiers = calendar(nights(self.end))
        for number, (night, tier) in enumerate(self.tiers.items()):
            at = self.night_of(night)
            self.goes_to(at - timedelta(hours=2))
            self._changes(number, tier)
            self.goes_to(at + timedelta(minutes=1))
            for job in (jobs.NIGHTLY_JOB, jobs.BACKUPS_JOB, jobs.EXPIRY_JOB):
                self.ran(job)
        self.goes_to(self.night_of(self.end) + timedelta(hours=2))
        self.ran(jobs.EXPIRY_JOB)

    def _changes(self, number: int, tier: Tier) -> None:
        write = _writing(self.owner)
        name = PERSON if number > 4 else FORMER
        write("PATCH", f"/v1/customers/{self.person}", {"name": name, "notes": f"Cadeau pour Zineb {number}"})
        write("PATCH", f"/v1/customers/{self.shop.customer}", {"notes": f"Nuit {number}"})
        if tier == "monthly" and number % 4 == 0:
            self.shop.draft(customer=self.person)
            self.invoices.append(self.shop.issued(customer=self.person))

    def backups(self) -> list[dict[str, Any]]:
        """The backups that the API shows, newest first."""
        got = self.owner.get("/v1/backups?limit=100")
        assert got.status == 200, got.text
        assert not got.json["has_more"]
        found: list[dict[str, Any]] = got.json["data"]
        return found

    def versions(self, prefix: str) -> list[str]:
        """The key of every version and delete marker under a prefix."""
        pages = self.world.files.client.get_paginator("list_object_versions").paginate(
            Bucket=self.world.files.bucket, Prefix=prefix
        )
        return [each["Key"] for page in pages for kind in ("Versions", "DeleteMarkers") for each in page.get(kind, ())]

    def erases(self, subject: str | None) -> None:
        """A deletion asked for, confirmed, and carried out: of a person, or of the account."""
        asked = self.owner.post(
            "/v1/privacy/requests", {"kind": "deletion"} | ({"subject": subject} if subject else {})
        )
        assert asked.status == 201, asked.text
        confirmed = self.owner.post(
            f"/v1/privacy/requests/{asked.json['id']}/confirm", {} if subject else {"waive_grace": True}
        )
        assert (confirmed.status, confirmed.json["status"]) == (200, "verified"), confirmed.text
        carried(self.world)

    def disaster(self) -> None:
        """The first documents, their register entries and the customer who stays are lost."""
        store, first = self.world.store, {each["id"] for each in self.invoices[:2]}
        for row in content_of(self.world, self.company).values():
            if row.id in first | {self.shop.customer} or getattr(row, "document", None) in first:
                store.connection.delete_item(store.names[row.TABLE], self.company, row.key.sort)

    def restored(self, backup: str, **asked: Any) -> Any:
        """A restore asked for over HTTP and run; its job."""
        got = self.owner.post(f"/v1/backups/{backup}/restore", asked)
        assert got.status == 202, got.text
        self.ran(jobs.RESTORES_JOB)
        return self.owner.get(got.headers["location"]).json

    def asked(self, backup: str, **asked: Any) -> dict[str, Any]:
        """The outcome of a restore that is queued with these inputs, unchecked."""
        return ended(self.world, queued(self.world, self.company, self.owner_id, RestoreInput(backup, **asked)))


def _writing(client: Client) -> Callable[[str, str, Any], Any]:
    def write(method: str, path: str, body: Any) -> Any:
        got = client.patch(path, body, "*") if method == "PATCH" else client.post(path, body)
        assert got.status < 300, got.text
        return got.json

    return write


RESTORED = (
    "/v1/company",
    "/v1/customers",
    "/v1/suppliers",
    "/v1/items",
    "/v1/invoices",
    "/v1/invoices?expand[]=customer",
    "/v1/credit-notes",
    "/v1/register",
    "/v1/changes?after=0&limit=100",
)
"""Where the API shows what a restore writes."""
BESIDE = (
    "/v1/settings",
    "/v1/members",
    "/v1/api-keys",
    "/v1/series",
    "/v1/backups",
    "/v1/privacy/requests",
    "/v1/privacy/disclosures",
    "/v1/consents",
    "/v1/support",
)


def read(client: Client, *, everything: bool = True) -> str:
    """All that the API shows of restored rows, to the last page. With `everything`, also each document by itself."""
    texts = [client.get("/v1/invoices/" + document).text for document in documents(client)] if everything else []
    for path in (*RESTORED, *BESIDE) if everything else RESTORED:
        following: str | None = path
        while following:
            got = client.get(following)
            assert got.status == 200, (following, got.text)
            texts.append(got.text)
            following = next_of(path, got.json)
    return "\n".join(texts)


def documents(client: Client) -> list[str]:
    """The ids of the invoices and drafts."""
    return [each["id"] for each in client.get("/v1/invoices?limit=100").json["data"]]


def next_of(path: str, page: Any) -> str | None:
    """The address of the page after this one."""
    if not page.get("has_more"):
        return None
    where = f"starting_after={page['data'][-1]['id']}"
    return f"{path}{'&' if '?' in path else '?'}{where}"
