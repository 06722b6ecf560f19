"""The statutory archive: each issued document of a live company once, sealed, under Object Lock until its term.

A document is found by the hash that the register commits to, so that who has the register has the archive's index. The
journal says what is new: a run costs what was issued since the last one.
"""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from chalicelib.domain.backups.archive import Archived
from chalicelib.domain.backups.backup import StatutoryKey
from chalicelib.domain.backups.backup_errors import BackupDamaged, BackupUnknownKey
from chalicelib.domain.companies.company import Head, Term
from chalicelib.domain.documents.model import Issued
from chalicelib.domain.documents.registry import by_kind, document_types, person_of
from chalicelib.domain.entity import Ref
from chalicelib.domain.errors import DocumentBlocked, Forbidden, NotFound
from chalicelib.domain.ids import is_id
from chalicelib.domain.journal import JournalEntry
from chalicelib.domain.privacy.disclosure import Disclosure
from chalicelib.domain.privacy.erased import is_erased
from chalicelib.files import prefixes
from chalicelib.policy.load import current
from chalicelib.policy.terms import CALENDAR_YEAR
from chalicelib.services.backup.format.encryption import Seals
from chalicelib.services.documents.printing import original
from chalicelib.services.retention import purge
from chalicelib.store.transaction import SYSTEM_WHILE_OPEN, Decision, Snapshot, transact
from chalicelib.store.wire import SORT, start_after

if TYPE_CHECKING:
    from chalicelib.wiring import World

PLACE = "archive"
"""What the keys of the archive's objects are derived for, where those of a backup have its id."""
ENTRIES, SECONDS = 500, 8.0
"""Of one piece: journal entries read, and after how long no further document is begun."""
LIMIT = 50_000_000
ARCHIVED = {(made.issued.ROOM, made.kind): made.issued for made in document_types() if made.fiscal}
"""The classes of the documents that the archive holds, by room and kind."""


def advance(world: "World", company: str) -> bool:
    """Archive the next documents; True once there is nothing left that was issued so far. Test companies' documents are
    specimens and are never archived. Raises Busy."""
    head, mark, term = world.store.records([Head.ref(company), Archived.ref(company), Term.ref(company)])
    if not isinstance(head, Head) or head.state != "active" or head.mode != "live" or not head.cloud_backup:
        return True
    began, found = time.monotonic(), False
    reached = mark.clock if isinstance(mark, Archived) else 0
    begun = reached
    seals: tuple[str, Seals] | None = None
    for entry in _entries(world, company, reached):
        if time.monotonic() - began > SECONDS:
            break
        for document in _issued(world, entry):
            seals = seals or _seals(world, company)
            _lock(world, document, seals, term if isinstance(term, Term) else None)
            found = True
        reached = entry.clock
    if found or reached - begun >= ENTRIES:  # a mark is a commit too: alone it must not be worth another
        _mark(world, company, begun, reached)
    return reached >= head.clock


def _entries(world: "World", company: str, after: int) -> Iterator[JournalEntry]:
    """The next journal entries after a clock, a piece's worth."""
    left, start = ENTRIES, start_after(company, JournalEntry.ref(company, clock=after).sort)
    while left > 0:
        page = world.store.query("journal", company, SORT.startswith("entry#"), after=start, limit=min(100, left))
        yield from (row for row in page.records if isinstance(row, JournalEntry))
        left -= len(page.records)
        if page.next is None:
            return
        start = page.next


def _issued(world: "World", entry: JournalEntry) -> list[Issued]:
    """The documents that a commit issued. What is gone since has reached its term."""
    refs = [
        ARCHIVED[change.room, change.kind].ref(entry.company, change.id)
        for change in entry.changes
        if change.op == "put" and (change.room, change.kind) in ARCHIVED
    ]
    return [row for ref in refs for row in world.store.records([ref]) if isinstance(row, Issued) and not row.specimen]


def _lock(world: "World", document: Issued, seals: tuple[str, Seals], term: Term | None) -> None:
    key = prefixes.archived(document.company, document.hash)
    rule = purge.rule_of(term) if term else purge.Rule((purge.statutory(current()),), (CALENDAR_YEAR,))
    dated = by_kind(document.KIND).dated(document) or document.issue_date
    until = purge.midnight(rule.kept_until(dated) + purge.DAY)
    # Past its term, only a hold keeps a document, where it lies; and S3 takes no lock that has ended.
    if until <= max(world.now(), world.wall_now()) or world.archive.exists(key):
        return
    id, cipher = seals
    content = id.encode() + b"\n" + cipher.sealed(document.hash, "statutory", original(world, document))
    world.archive.lock(key, content, until)


def _seals(world: "World", company: str) -> tuple[str, Seals]:
    """The company's statutory key, by its id, ready to seal."""
    for row in world.store.query("journal", company, SORT.startswith("backup_key#"), descending=True).records:
        if isinstance(row, StatutoryKey):
            return row.id, Seals(world, company, PLACE, {"statutory": row.id})
    raise BackupUnknownKey(key="")


def _mark(world: "World", company: str, seen: int, reached: int) -> None:
    def decide(snapshot: Snapshot) -> Decision:
        now = snapshot.get(Archived)
        if (now.clock if now else 0) != seen:  # another runner was here
            return Decision()
        at = call.at
        later = now.edited(at, clock=reached) if now else None
        first = Archived(company=company, id=company, created_at=at, updated_at=at, clock=reached)
        return Decision(puts=(later or first,))

    call = world.call(company, "backups", "archive", key=f"archive:{reached}")
    transact(world.store, call, [Archived.ref(company)], decide, SYSTEM_WHILE_OPEN)


def fetch(world: "World", company: str, document: str, *, disclosure: str | None = None) -> tuple[str, bytes]:
    """An archived document, and the hash it lies under. `document` is its id, or its hash where the ledger is lost. An
    erased buyer's is handed out under a lawful demand alone (`disclosure`). Raises NotFound, Forbidden,
    DocumentBlocked, BackupUnknownKey, BackupDamaged, Busy."""
    issued = _issued_as(world, company, document) if "_" in document else None
    _require_handed_out(world, company, issued, disclosure)
    digest = issued.hash if issued else document
    content = world.archive.first(prefixes.archived(company, digest), LIMIT)
    id, _, sealed = content.partition(b"\n")
    key = id.decode("ascii", "replace")
    if not is_id(StatutoryKey.PREFIX, key):
        raise BackupDamaged(reason="not_sealed", where=digest)
    return digest, Seals(world, company, PLACE, {"statutory": key}).opened(digest, sealed)


def _issued_as(world: "World", company: str, id: str) -> Issued:
    refs: list[Ref] = [cls.ref(company, id) for cls in ARCHIVED.values()]
    for row in world.store.records(refs):
        if isinstance(row, Issued):
            return row
    raise NotFound


def _require_handed_out(world: "World", company: str, issued: Issued | None, disclosure: str | None) -> None:
    """Whose document a hash alone names nobody can tell: where anybody was erased, it is blocked like theirs."""
    if disclosure:
        (demand,) = world.store.records([Disclosure.ref(company, disclosure)])
        covered = isinstance(demand, Disclosure) and demand.subject in (None, person_of(issued) if issued else None)
        if not isinstance(demand, Disclosure) or demand.kind != "lawful_demand" or not covered:
            raise Forbidden(scope="")
        return
    (head,) = world.store.records([Head.ref(company)])
    if isinstance(head, Head) and head.erased and (issued is None or is_erased(head, person_of(issued))):
        raise DocumentBlocked
