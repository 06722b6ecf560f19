"""A company with every kind of row, from its sign-up to the end of the last rule: the jobs run, and nothing is left."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from chalicelib.api.catalogue import ENDPOINTS
from chalicelib.domain.clock import midnight
from chalicelib.domain.companies.template import EarlierTemplate
from chalicelib.domain.entity import new_row
from chalicelib.domain.evidence import Verdict
from chalicelib.domain.journal import WriterQueue
from chalicelib.domain.privacy.request import GRACE
from chalicelib.domain.sync.outcomes import SyncNotice
from chalicelib.files.archive import Locked
from chalicelib.jobs.catalogue import JOBS
from chalicelib.jobs.job import within
from chalicelib.jobs.runner import run
from chalicelib.policy.ends import expires_at
from chalicelib.services.evidence import anchors, live
from chalicelib.services.privacy.legal import holds
from chalicelib.store.tables import TABLES
from tests.api.samples import sample, send
from tests.attaching import attach, picture
from tests.client import Client
from tests.conftest import Shop
from tests.privacy.worlds import Turned
from tests.rows import put_row

DAY = timedelta(days=1)
TIMES = 2
"""Runs of all jobs at one instant: work that one job leaves to another is done."""
LEDGER = (
    "/issue",
    "/credit",
    "/payments",
    "/refunds",
    "/statement",
    "/invoices",
    "/register",
    "/sync/push",
    "/documents",
    "/jobs",
)
"""Parts of addresses whose samples issue documents, or record money."""
Row = tuple[str, dict[str, Any]]


class ShortLocks(Locked):
    """The archive, whose locks end after a second of the engine's time: its clock cannot be turned."""

    def lock(self, key: str, content: bytes, until: datetime) -> bool:
        """Lock an object that the world's clock would lock for years."""
        assert until > datetime.now(UTC) + timedelta(days=300)
        return super().lock(key, content, datetime.now(UTC) + timedelta(seconds=1))


@dataclass
class Life:
    """The company's life. `seen` are the kinds that any of its rows had, by table."""

    shop: Shop
    world: Turned
    seen: set[tuple[str, str]] = field(default_factory=set)

    @property
    def company(self) -> str:
        """The company's id."""
        return self.shop.company

    def asks_everything(self) -> None:
        """Send one good request to every endpoint."""
        for endpoint in ENDPOINTS:
            asked = sample(endpoint, self.shop)
            got = send(self.shop.owner, endpoint, asked)
            assert got.status < 400, (endpoint.method, endpoint.path, got.text)
            self.looks()

    def drafts_everything(self) -> None:
        """Send one good request to every endpoint that needs no issued document and makes none."""
        for endpoint in ENDPOINTS:
            if not any(part in endpoint.path for part in LEDGER):
                asked = sample(endpoint, self.shop)
                got = send(self.shop.owner, endpoint, asked)
                assert got.status < 400, (endpoint.method, endpoint.path, got.text)
                self.looks()

    def adds_rare_rows(self) -> None:
        """Add a row of each kind that no good request makes by itself."""
        shop, at = self.shop, self.world.now()
        draft = shop.draft()["id"]
        attach(shop.owner, draft, picture(comment=b"rare"))
        assert shop.owner.post(f"/v1/invoices/{draft}/issue").status == 200
        known = {member["id"] for member in shop.owner.get("/v1/members").json["data"]}
        shop.member("owner")
        (second,) = (row["id"] for row in shop.owner.get("/v1/members").json["data"] if row["id"] not in known)
        assert shop.owner.delete(f"/v1/members/{second}", "*").status < 300
        hold = holds.place(self.world, self.company, "enquiry 9", "opr_1")
        holds.release(self.world, self.company, hold.id, "opr_1")
        row: Any = new_row(self.company, "row", at)
        outcome: Any = {"device": "dev_1", "table_name": "items", "row_id": "itm_1", "code": "in_use"}
        for rare in (
            EarlierTemplate(**row, digest="0" * 64, text="<p>x</p>"),
            SyncNotice(**row, **outcome, expires_at=expires_at(SyncNotice, at)),
            WriterQueue(**row, tail=1, expires_at=expires_at(WriterQueue, at)),
        ):
            put_row(self.world.store, rare)
        self.looks()

    def pays_late(self) -> None:
        """Pay an invoice of an earlier financial year, so that the payment outlives it."""
        (invoice,) = self.shop.owner.get("/v1/invoices", query={"limit": "1", "open": "true"}).json["data"]
        paid = {"amount": "1.00", "method": "transfer", "date": str(self.shop.today)}
        got = self.shop.owner.post(f"/v1/invoices/{invoice['id']}/payments", paid)
        assert got.status == 201, got.text

    def looks(self) -> list[Row]:
        """Every row of the company, and of no company that names it."""
        found = [*rows_naming(self.world, self.company)]
        self.seen |= {(table, row["_kind"]["S"]) for table, row in found}
        return found

    def goes_to(self, at: datetime) -> None:
        """Turn the clock."""
        self.world.offset += at - self.world.now()

    def works(self) -> None:
        """Run every job, and remove what AWS removes by itself."""
        for _ in range(TIMES):
            for job in JOBS:
                report = run(self.world, job, now=self.world.now(), left=within(300))
                assert (report.outcome, report.failures, report.dead) == ("done", [], 0), (job.name, report)
            self.looks()
        expire(self.world)

    def leaves(self, owner: Client) -> str:
        """The owner deletes the account, and its grace passes. Return the id of the request."""
        asked = owner.post("/v1/privacy/requests", {"kind": "deletion"})
        assert asked.status == 201, asked.text
        done = owner.post(f"/v1/privacy/requests/{asked.json['id']}/confirm", {})
        assert done.status == 200, done.text
        self.works()
        self.goes_to(self.world.now() + GRACE + DAY)
        for _ in range(3):
            self.works()
            self.goes_to(self.world.now() + timedelta(minutes=11))
        return str(asked.json["id"])

    def proven(self) -> Verdict:
        """The verdict of a full pass over the ledger and the journal, with the last anchor of the archive."""
        *_, proof = live.full(self.world, self.company, anchors.known(self.world, self.company))
        return proof.verdict

    def objects(self) -> list[str]:
        """The key of every version, delete marker and unfinished upload of the company, in both buckets."""
        found = []
        for files in (self.world.files, self.world.archive):
            for operation in ("list_object_versions", "list_multipart_uploads"):
                for page in files.client.get_paginator(operation).paginate(Bucket=files.bucket):
                    every = (*page.get("Versions", ()), *page.get("DeleteMarkers", ()), *page.get("Uploads", ()))
                    found += [each["Key"] for each in every if self.company in each["Key"]]
        return found


def rows_naming(world: Turned, company: str) -> Iterator[Row]:
    """Every row, raw, in which the company's id stands anywhere."""
    client = world.store.connection.client
    for table, name in world.store.names.items():
        for page in client.get_paginator("scan").paginate(TableName=name, ConsistentRead=True):
            yield from ((table, row) for row in page["Items"] if company in str(row))


def expire(world: Turned) -> None:
    """Delete what AWS deletes by itself: rows whose TTL has passed, and old versions of objects."""
    client, at = world.store.connection.client, world.now().timestamp()
    for table in (each for each in TABLES if each.ttl):
        name = world.store.names[table.name]
        for page in client.get_paginator("scan").paginate(TableName=name, ConsistentRead=True):
            for row in page["Items"]:
                if table.ttl in row and float(row[table.ttl]["N"]) < at:
                    client.delete_item(TableName=name, Key={"company": row["company"], "sort": row["sort"]})
    files = world.files
    for page in files.client.get_paginator("list_object_versions").paginate(Bucket=files.bucket):
        for each in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
            if not (each["IsLatest"] and "Size" in each):
                files.client.delete_object(Bucket=files.bucket, Key=each["Key"], VersionId=each["VersionId"])


def first_of(year: int) -> datetime:
    """The first minute of a year in Casablanca."""
    return midnight(date(year, 1, 1)) + timedelta(minutes=1)
