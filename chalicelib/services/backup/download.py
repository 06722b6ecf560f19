"""A backup as a plain ZIP that opens in a spreadsheet: JSON and CSV of each kind, as the API shows it.

What happened to persons since is done again here too: who was erased is not in it. It lies with the other exports, goes
at their term, and is handed out by a link of a few minutes.
"""

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import IO, TYPE_CHECKING, Any, Final

import msgspec

from chalicelib.domain.company import Company, Head, Series
from chalicelib.domain.document import Balance, CreditNote, Draft, Invoice, RegisterEntry
from chalicelib.domain.entity import Record
from chalicelib.domain.errors import NotFound, Refusal
from chalicelib.domain.item import Item
from chalicelib.domain.journal import JobRow
from chalicelib.domain.party import Customer, Supplier
from chalicelib.domain.payment import Payment
from chalicelib.domain.support import Upload
from chalicelib.files import prefixes
from chalicelib.policy.model import Language
from chalicelib.services import documents, present
from chalicelib.services.backup import replay
from chalicelib.services.backup.archive import Archive, open_archive
from chalicelib.services.backup.contents import group_of
from chalicelib.services.backup.kinds import KINDS, LEDGER, NAMES, places
from chalicelib.services.backup.restore import NAME, Asked, asked_of, require_disclosed
from chalicelib.services.backup.walk import Progress, Walk
from chalicelib.services.documents import instant
from chalicelib.services.privacy.access_archive import Archive as Zip
from chalicelib.services.privacy.access_archive import index
from chalicelib.services.privacy.access_export import MARK_KEPT, term
from chalicelib.store import due
from chalicelib.store.conflicts import patiently

if TYPE_CHECKING:
    from chalicelib.wiring import World

CHUNK: Final = 200
"""Rows of a kind that are held at once."""
TABLES: Final = tuple(name for name in NAMES.values() if name != "payment_ids")
"""One table each; which invoice a payment belongs to stands in the payment."""


@dataclass(frozen=True)
class Shown:
    """How the rows of a backup are told: to whom what is shown, and which rows."""

    walk: Walk
    head: Head
    lawful: bool
    """On a lawful demand, documents of erased buyers are handed out as they were issued."""

    def rows(self, name: str) -> Iterator[Record]:
        """The rows of one table, in order."""
        place = next(place for place in NAMES if NAMES[place] == name)
        group = group_of(*place)
        for batch in replace(self.walk, group=group.name if group else name).batches(None):
            yield from (row for row in batch.records if place == (row.ROOM, row.KIND))

    def lines(self, name: str, counts: Counter[str]) -> Iterator[list[str]]:
        """The same as lines of JSON, a chunk at a time."""
        counts[name] = 0
        chunk: list[str] = []
        for record in self.rows(name):
            chunk.append(msgspec.json.encode(self._told(record)).decode())
            counts[name] += 1
            if len(chunk) == CHUNK:
                yield chunk
                chunk = []
        if chunk:
            yield chunk

    def _told(self, record: Record) -> dict[str, Any]:
        head = replace(self.head, erased=None) if self.lawful else self.head
        if isinstance(record, Company):
            return present.present_company(record, head)
        if isinstance(record, Invoice):
            return documents.present_invoice(record, None, head)
        if isinstance(record, CreditNote):
            return documents.present_credit_note(record, head)
        return PLAIN[type(record)](record)


def _balance(record: Balance) -> dict[str, Any]:
    return {"invoice": record.id, "paid": format(record.paid, "f"), "credited": format(record.credited, "f")}


def _series(record: Series) -> dict[str, Any]:
    return {
        "id": record.id, "document": record.document, "first": record.first, "next": record.next,
        "last_date": record.last_date.isoformat() if record.last_date else None, "chain": record.chain,
    }  # fmt: skip


def _entry(record: RegisterEntry) -> dict[str, Any]:
    return {
        "series": record.series, "position": record.position, "number": record.number, "document": record.document,
        "kind": record.document_kind, "issue_date": record.issue_date.isoformat(), "gross": format(record.gross, "f"),
        "hash": record.hash, "chain": record.chain,
    }  # fmt: skip


PLAIN: Final[Mapping[type[Record], Callable[[Any], dict[str, Any]]]] = {
    Customer: present.present_customer, Supplier: present.present_supplier, Item: present.present_item,
    Draft: documents.present_draft, Payment: documents.present_payment, Balance: _balance, Series: _series,
    RegisterEntry: _entry,
}  # fmt: skip


def advance(world: "World", job: JobRow) -> JobRow:
    """Verify a backup, then make its ZIP: two parts, each repeated whole after a crash. Raises Busy."""
    asked = asked_of(job)
    source = asked.source or job.company
    try:
        archive = open_archive(world, source, asked.backup)
        if asked.progress.step == "verify":
            return _kept(world, job, asked, asked.progress.verified(archive, "zip"), [])
        made = _made(world, job, asked, archive)
    except Refusal as refusal:
        if refusal.status == 503:
            raise
        failed = replace(asked.progress, step="done", failure=refusal.code)
        return _kept(world, job, asked, failed, [{"outcome": "failed", "code": refusal.code}])
    return _kept(world, job, asked, replace(asked.progress, step="done"), [made])


def _made(world: "World", job: JobRow, asked: Asked, archive: Archive) -> dict[str, Any]:
    """Make the ZIP in a temporary file, mark it to go, and store it beside the company's other exports."""
    source = asked.source or job.company
    (head,) = patiently(lambda: world.store.records([Head.ref(source)]))
    if not isinstance(head, Head):
        raise NotFound
    if head.state in ("blocked", "closed") or asked.disclosure:
        require_disclosed(world, asked, source)
    names = LEDGER if asked.disclosure else tuple(KINDS)
    since = replay.since(world, source, archive.manifest.clock)
    shown = Shown(Walk(archive, source, places(names), since), head, lawful=asked.disclosure is not None)
    key = prefixes.export(job.company, job.id)
    ends = _mark(world, job, key)
    with tempfile.TemporaryFile() as out:
        _write(out, shown, archive)
        out.seek(0)
        world.files.put(key, out, "application/zip", only_if_absent=False)
    filename = f"facture-{archive.manifest.backup}.zip"
    return {"backup": asked.backup, "key": key, "filename": filename, "expires_at": instant(ends)}


def _write(out: IO[bytes], shown: Shown, archive: Archive) -> None:
    manifest = archive.manifest
    counts: Counter[str] = Counter()
    with closing(Zip(out, manifest.cut_at)) as bundle:
        own = {NAMES[place] for place in shown.walk.chosen}
        tables = [name for name in TABLES if name in own]
        for name in tables:
            bundle.table(name, partial(shown.lines, name, counts))
        facts = {
            "backup": manifest.backup, "company": manifest.company, "cut_at": instant(manifest.cut_at),
            "clock": manifest.clock, "schema": manifest.schema, "policy_version": manifest.policy_version,
            "counts": {name: counts[name] for name in tables},
        }  # fmt: skip
        bundle.add("manifest.json", msgspec.json.format(msgspec.json.encode(facts), indent=2))
        name, language = _of(shown)
        listed = [(table, counts[table]) for table in tables]
        bundle.add("index.html", index(name, listed, ("manifest.json",), (), manifest.cut_at, language))


def _of(shown: Shown) -> tuple[str, Language]:
    """What the page that opens the archive is called, and its language."""
    for row in shown.rows("company") if ("workspace", "company") in shown.walk.chosen else ():
        if isinstance(row, Company):
            return row.name, row.language
    return shown.walk.source, "fr"


def _mark(world: "World", job: JobRow, key: str) -> datetime:
    """The row by which the archive goes at its term: one a job, however often it is written."""
    now = world.now()
    at: datetime = now + term()
    kept: timedelta = MARK_KEPT
    mark = Upload(
        company=job.company, id=f"{Upload.PREFIX}_{job.id.partition('_')[2]}", created_at=now, updated_at=now,
        keys=(key,), due_at=at, expires_at=int((at + kept).timestamp()),
    )  # fmt: skip
    due.remember(world.store, mark, world.random(16))
    return at


def _kept(world: "World", job: JobRow, asked: Asked, after: Progress, outcomes: list[dict[str, Any]]) -> JobRow:
    over = after.step == "done"
    status = ("failed" if after.failure else "completed") if over else "running"
    return job.edited(
        world.now(), inputs=replace(asked, progress=after).encoded(), outcomes=msgspec.json.encode(outcomes),
        status=status, done=job.total if over else 0, due=None if over else NAME,
    )  # fmt: skip
