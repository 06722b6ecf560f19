"""The statutory archive: each issued document of a live company once, encrypted, under Object Lock until its term.

The object of a document is named by the hash in the register, so the register is the archive's index. The journal names
new documents, so the cost of a run depends on what was issued since the last one.
"""

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from chalicelib.domain.backups.archive import Archived
from chalicelib.domain.backups.backup import StatutoryKey
from chalicelib.domain.backups.backup_errors import BackupDamaged, BackupUnknownKey
from chalicelib.domain.clock import midnight
from chalicelib.domain.companies.company import Head, RetentionSchedule
from chalicelib.domain.documents.model import Issued
from chalicelib.domain.documents.registry import by_kind, document_types, person_of
from chalicelib.domain.entity import Ref
from chalicelib.domain.errors import DocumentBlocked, Forbidden, NotFound
from chalicelib.domain.ids import is_id
from chalicelib.domain.journal import JournalEntry
from chalicelib.domain.privacy.disclosure import Disclosure
from chalicelib.domain.privacy.erased import is_erased
from chalicelib.files import prefixes
from chalicelib.policy import schedules
from chalicelib.policy.load import current
from chalicelib.policy.terms import CALENDAR_YEAR
from chalicelib.services.documents.printing import original
from chalicelib.services.encryption import ObjectCipher
from chalicelib.store.decision import SYSTEM_WHILE_OPEN, Decision
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.transaction import transact
from chalicelib.store.wire import SORT, start_after
from chalicelib.workflow.deadline import Deadline

if TYPE_CHECKING:
    from chalicelib.wiring import World

PLACE = "archive"
"""The context from which the keys of the archive's objects are derived. A backup's keys use its id instead."""
ENTRIES = 500
"""Journal entries that one piece reads."""
LIMIT = 50_000_000
ARCHIVED = {
    (document_type.issued.TABLE, document_type.kind): document_type.issued
    for document_type in document_types()
    if document_type.fiscal
}
"""The classes of archived documents, by table and kind."""


def advance(world: "World", company: str, deadline: Deadline) -> bool:
    """Archive the next documents; True once there is nothing left that was issued so far. Test companies' documents are
    specimens and are never archived. Raises Busy."""
    head, archived, schedule = world.store.records(
        [Head.ref(company), Archived.ref(company), RetentionSchedule.ref(company)]
    )
    if not isinstance(head, Head) or head.state != "active" or head.mode != "live" or not head.cloud_backup:
        return True
    found = False
    reached = archived.clock if isinstance(archived, Archived) else 0
    begun = reached
    archive_key: tuple[str, ObjectCipher] | None = None
    for entry in _entries(world, company, reached):
        if found and deadline.passed:
            break
        for document in _issued(world, entry):
            archive_key = archive_key or _archive_key(world, company)
            _lock(world, document, archive_key, schedule if isinstance(schedule, RetentionSchedule) else None)
            found = True
        reached = entry.clock
    # Saving the position is a commit too. Its own journal entry must not cause another save.
    if found or reached - begun >= ENTRIES:
        _save_position(world, company, begun, reached)
    return reached >= head.clock


def _entries(world: "World", company: str, after: int) -> Iterator[JournalEntry]:
    """The next journal entries after a clock, at most one piece."""
    start = start_after(company, JournalEntry.ref(company, clock=after).sort)
    rows = world.store.all("journal", company, SORT.startswith("entry#"), after=start)
    return (row for row in islice(rows, ENTRIES) if isinstance(row, JournalEntry))


def _issued(world: "World", entry: JournalEntry) -> list[Issued]:
    """The documents that a commit issued. A missing one was purged at its term."""
    refs = [
        ARCHIVED[change.room, change.kind].ref(entry.company, change.id)
        for change in entry.changes
        if change.op == "put" and (change.room, change.kind) in ARCHIVED
    ]
    return [row for ref in refs for row in world.store.records([ref]) if isinstance(row, Issued) and not row.specimen]


def _lock(
    world: "World", document: Issued, archive_key: tuple[str, ObjectCipher], schedule: RetentionSchedule | None
) -> None:
    key = prefixes.archived(document.company, document.hash)
    rule = (
        schedules.retention_of(schedule)
        if schedule
        else schedules.CompanyRetention((schedules.statutory(current()),), (CALENDAR_YEAR,))
    )
    dated = by_kind(document.KIND).dated(document) or document.issue_date
    until = midnight(rule.kept_until(dated) + schedules.DAY)
    # Only a hold keeps a document past its term, and it keeps it in the ledger. S3 refuses a lock that has ended.
    if until <= max(world.now(), world.wall_now()) or world.archive.exists(key):
        return
    id, cipher = archive_key
    content = id.encode() + b"\n" + cipher.encrypt(document.hash, "statutory", original(world, document))
    world.archive.lock(key, content, until)


def _archive_key(world: "World", company: str) -> tuple[str, ObjectCipher]:
    """The id of the company's statutory key, and its data keys for encryption."""
    newest = next(world.store.all_of(StatutoryKey, company, descending=True), None)
    if newest is None:
        raise BackupUnknownKey(key="")
    return newest.id, ObjectCipher(world, company, PLACE, {"statutory": newest.id})


def _save_position(world: "World", company: str, seen: int, reached: int) -> None:
    def decide_mark(snapshot: Snapshot) -> Decision:
        now = snapshot.get(Archived)
        if (now.clock if now else 0) != seen:  # Another runner created it first.
            return Decision()
        later = now.edited(call.at, clock=reached) if now else None
        return Decision(puts=(later or call.make(Archived, id=company, clock=reached),))

    call = world.call(company, "backups", "archive", key=f"archive:{reached}")
    transact(world.store, call, [Archived.ref(company)], decide_mark, SYSTEM_WHILE_OPEN)


def fetch(world: "World", company: str, document: str, *, disclosure: str | None = None) -> tuple[str, bytes]:
    """An archived document and its hash. `document` is its id, or its hash if the ledger is lost. A document of an
    erased buyer requires a lawful demand (`disclosure`). Raises NotFound, Forbidden, DocumentBlocked, BackupUnknownKey,
    BackupDamaged, Busy."""
    issued = _issued_as(world, company, document) if "_" in document else None
    _require_handed_out(world, company, issued, disclosure)
    digest = issued.hash if issued else document
    content = world.archive.first(prefixes.archived(company, digest), LIMIT)
    id, _, encrypted = content.partition(b"\n")
    key = id.decode("ascii", "replace")
    if not is_id(StatutoryKey.PREFIX, key):
        raise BackupDamaged(reason="not_sealed", where=digest)
    return digest, ObjectCipher(world, company, PLACE, {"statutory": key}).decrypt(digest, encrypted)


def _issued_as(world: "World", company: str, id: str) -> Issued:
    refs: list[Ref] = [cls.ref(company, id) for cls in ARCHIVED.values()]
    for row in world.store.records(refs):
        if isinstance(row, Issued):
            return row
    raise NotFound


def _require_handed_out(world: "World", company: str, issued: Issued | None, disclosure: str | None) -> None:
    """Raise DocumentBlocked for an erased buyer without a disclosure. A hash does not identify the buyer: if any
    customer was erased, a document known by its hash alone is blocked."""
    if disclosure:
        (demand,) = world.store.records([Disclosure.ref(company, disclosure)])
        covered = isinstance(demand, Disclosure) and demand.subject in (None, person_of(issued) if issued else None)
        if not isinstance(demand, Disclosure) or demand.kind != "lawful_demand" or not covered:
            raise Forbidden(scope="")
        return
    (head,) = world.store.records([Head.ref(company)])
    if isinstance(head, Head) and head.erased and (issued is None or is_erased(head, person_of(issued))):
        raise DocumentBlocked
