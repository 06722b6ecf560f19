"""The statutory archive: each issued document of a live company once, encrypted, under Object Lock until its term.

The object of a document is named by the hash in the register, so the register is the archive's index. The journal names
new documents, so the cost of a run depends on what was issued since the last one.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING

from chalicelib.domain.attachments.attachment import DocumentAttachment
from chalicelib.domain.backups.archive import Archived
from chalicelib.domain.backups.backup import StatutoryKey
from chalicelib.domain.backups.backup_errors import BackupDamaged, BackupUnknownKey
from chalicelib.domain.clock import midnight
from chalicelib.domain.companies.company import Head, RetentionSchedule
from chalicelib.domain.documents.model import Issued
from chalicelib.domain.documents.registry import by_id, by_kind, document_types, person_of
from chalicelib.domain.entity import Record
from chalicelib.domain.errors import DocumentBlocked, Forbidden, NotFound
from chalicelib.domain.ids import is_id
from chalicelib.domain.journal import JournalEntry
from chalicelib.domain.privacy.disclosure import Disclosure
from chalicelib.domain.privacy.erased import is_erased
from chalicelib.files import prefixes
from chalicelib.policy import schedules
from chalicelib.policy.load import current
from chalicelib.policy.terms import CALENDAR_YEAR
from chalicelib.services.archive.removal import archived_name
from chalicelib.services.attachments.rows import copies
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
    if document_type.fiscal and not document_type.imported
}
"""The classes of archived documents, by table and kind. The page of an imported document is no original (ADR 0103)."""
log = logging.getLogger("facture.archive")
PAPER = (DocumentAttachment.TABLE, DocumentAttachment.KIND)


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
        terms = schedule if isinstance(schedule, RetentionSchedule) else None
        for document in _issued(world, entry):
            archive_key = archive_key or _archive_key(world, company)
            _lock(world, document, archive_key, terms)
            found = True
        for document, paper in _papers(world, entry):
            archive_key = archive_key or _archive_key(world, company)
            _lock_paper(world, document, paper, archive_key, terms)
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


def _papers(world: "World", entry: JournalEntry) -> Iterator[tuple[Issued, DocumentAttachment]]:
    """The attachments of issued documents that a commit put, each with its document. Those that are not ready yet come
    with a later commit."""
    ids = [change.id for change in entry.changes if (change.op, change.room, change.kind) == ("put", *PAPER)]
    papers = world.store.records([DocumentAttachment.ref(entry.company, id) for id in ids]) if ids else []
    for paper in papers:
        if isinstance(paper, DocumentAttachment) and paper.state == "ready" and (owner := by_id(paper.owner)):
            (document,) = world.store.records([owner.issued.ref(entry.company, paper.owner)])
            if isinstance(document, Issued) and not document.specimen:
                yield document, paper


def _lock(
    world: "World", document: Issued, archive_key: tuple[str, ObjectCipher], schedule: RetentionSchedule | None
) -> None:
    _lock_object(world, document, document.hash, archive_key, schedule, lambda: original(world, document))


def _lock_paper(
    world: "World",
    document: Issued,
    paper: DocumentAttachment,
    archive_key: tuple[str, ObjectCipher],
    schedule: RetentionSchedule | None,
) -> None:
    """Archive the kept file of an attachment for the term of its document. A lost file is reported, and does not stop
    the archive of all later documents."""
    try:
        _lock_object(world, document, archived_name(paper), archive_key, schedule, lambda: _file_of(world, paper))
    except NotFound:
        log.exception("the file of a paper is lost", extra={"company": paper.company, "ref": paper.id})


def _file_of(world: "World", paper: DocumentAttachment) -> bytes:
    """The kept file, from where it is now: the job `uploads` moves it after the issue, also between two reads. Raises
    NotFound, Busy."""
    for key in (copies(paper)[0], copies(paper, frozen=False)[0]):
        with suppress(NotFound):
            return world.files.read(key, LIMIT)
    return world.files.read(copies(paper)[0], LIMIT)


def _lock_object(
    world: "World",
    document: Issued,
    name: str,
    archive_key: tuple[str, ObjectCipher],
    schedule: RetentionSchedule | None,
    content_of: Callable[[], bytes],
) -> None:
    """Encrypt an object of a document and lock it until the end of the document's term, unless it is there."""
    key = prefixes.archived(document.company, name)
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
    content = id.encode() + b"\n" + cipher.encrypt(name, "statutory", content_of())
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
    """An archived document or attachment, and its name. `document` is its id, or its name if the ledger is lost: the
    hash of a document, the id of an attachment. That of an erased buyer requires a lawful demand (`disclosure`). Raises
    NotFound, Forbidden, DocumentBlocked, BackupUnknownKey, BackupDamaged, Busy."""
    person, digest = _archived_as(world, company, document) if "_" in document else (None, document)
    _require_handed_out(world, company, person, disclosure)
    content = world.archive.first(prefixes.archived(company, digest), LIMIT)
    id, _, encrypted = content.partition(b"\n")
    key = id.decode("ascii", "replace")
    if not is_id(StatutoryKey.PREFIX, key):
        raise BackupDamaged(reason="not_sealed", where=digest)
    return digest, ObjectCipher(world, company, PLACE, {"statutory": key}).decrypt(digest, encrypted)


def _archived_as(world: "World", company: str, id: str) -> tuple[str | None, str]:
    """The other party of an archived document or attachment, and its name in the archive. Raises NotFound."""
    classes: tuple[type[Record], ...] = (*ARCHIVED.values(), DocumentAttachment)
    for row in world.store.records([cls.ref(company, id) for cls in classes]):
        if isinstance(row, Issued):
            return person_of(row), row.hash
        if isinstance(row, DocumentAttachment):
            return row.party, archived_name(row)
    if is_id(DocumentAttachment.PREFIX, id):
        return None, id
    raise NotFound


def _require_handed_out(world: "World", company: str, person: str | None, disclosure: str | None) -> None:
    """Raise DocumentBlocked for an erased buyer without a disclosure. A hash does not identify the buyer: if any
    customer was erased, a document known by its hash alone is blocked."""
    if disclosure:
        (demand,) = world.store.records([Disclosure.ref(company, disclosure)])
        covered = isinstance(demand, Disclosure) and demand.subject in (None, person)
        if not isinstance(demand, Disclosure) or demand.kind != "lawful_demand" or not covered:
            raise Forbidden(scope="")
        return
    (head,) = world.store.records([Head.ref(company)])
    if isinstance(head, Head) and head.erased and (person is None or is_erased(head, person)):
        raise DocumentBlocked
