"""Attachments after a change of their owner: they follow a document into the ledger, a draft to another customer, and
end with an owner that is gone.

A commit that changes an owner leaves a message. The outbox calls `schedule`, which reads no attachment. The job
`uploads` calls `settle` under a session of the company.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from chalicelib.domain.attachments.attachment import Attachment, DocumentAttachment, frozen
from chalicelib.domain.contact.support import Upload
from chalicelib.domain.documents.registry import by_id
from chalicelib.domain.entity import new_row
from chalicelib.domain.errors import Busy
from chalicelib.domain.ids import derived_id
from chalicelib.files import uploads
from chalicelib.policy.ends import expires_at
from chalicelib.services.attachments import rows
from chalicelib.services.attachments.owners import Owner, found_owner, owner_refs
from chalicelib.store import bookkeeping
from chalicelib.store.decision import SYSTEM_STEP, Decision
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.transaction import transact
from chalicelib.store.wire import SORT

if TYPE_CHECKING:
    from chalicelib.wiring import World

TOGETHER: Final = 20
"""Rows that one commit moves: at most 40 of a transaction's 100 items."""


def schedule(world: "World", company: str, owners: Sequence[str]) -> None:
    """Make the owners due for `settle`, if the company has attachments. Safe to repeat. Raises Busy."""
    at = world.now()
    for owner in owners if rows.has_any(world.store, company) else ():
        id = derived_id(Upload.PREFIX, owner)
        row = Upload(**new_row(company, id, at), keys=(), owner=owner, due_at=at, expires_at=expires_at(Upload, at))
        bookkeeping.remember(world.store, row, world.random(16))


def settle(world: "World", company: str, owner: str) -> None:
    """Bring the attachments of an owner into the state that the owner asks for. Safe to repeat. Raises Busy."""
    found = rows.of_owner(world.store, company, owner)
    waiting = [row for row in found if isinstance(row, Attachment)]
    for start in range(0, len(waiting), TOGETHER):
        _settle(world, company, owner, waiting[start : start + TOGETHER])
    for row in rows.of_owner(world.store, company, owner):
        if isinstance(row, DocumentAttachment):
            place(world, row)


def require_settled(world: "World", company: str) -> None:
    """Raise Busy while an attachment of an issued document is in the workspace, or its file below `uploads/`. An
    erasure of the workspace waits for the job `uploads`, which moves both."""
    waiting = world.store.all("workspace", company, SORT.startswith(f"{Attachment.KIND}#"))
    owners = {row.owner for row in waiting if isinstance(row, Attachment)}
    types = [(owner, document_type) for owner in sorted(owners) if (document_type := by_id(owner))]
    if world.store.batch([document_type.issued.ref(company, owner) for owner, document_type in types]):
        raise Busy
    uploads_left = world.store.all_of(Upload, company)
    if any(upload.due and by_id(upload.owner or "") for upload in uploads_left):
        raise Busy


def _settle(world: "World", company: str, owner: str, waiting: Sequence[Attachment]) -> None:
    call = world.call(company, "attachments", "attachments_settle", key=f"{owner}:attachments")

    def decide_settlement(snapshot: Snapshot) -> Decision:
        now = _owner(snapshot, owner)
        present = rows.current_of(snapshot, waiting)
        if not present:
            return Decision()
        if now is None:
            puts, deletes = rows.removal(snapshot, call, present)
            return Decision(puts=puts, deletes=deletes)
        if now.frozen:
            moved = tuple(frozen(row, now.party or "") for row in present)
            return Decision(puts=moved, deletes=tuple(present))
        changed = [row.edited(call.at, party=now.party) for row in present if row.party != now.party]
        return Decision(puts=tuple(changed))

    transact(world.store, call, [], decide_settlement, SYSTEM_STEP)


def _owner(snapshot: Snapshot, owner: str) -> Owner | None:
    return found_owner(owner, snapshot.at(owner_refs(snapshot.company, owner)))


def place(world: "World", attachment: DocumentAttachment) -> None:
    """Move the files of an issued document's attachment to their own prefix, which an account's deletion leaves. Safe
    to repeat. Raises Busy."""
    if attachment.state != "ready":
        return
    sources, targets = rows.copies(attachment, frozen=False), rows.copies(attachment)
    for source, target in zip(sources, targets, strict=True):
        if world.files.exists(source):
            uploads.move(world.files, source, target)


def remove_all(world: "World", company: str, owner: str) -> None:
    """Remove the attachments of an owner that ends now and takes no new ones. Raises Busy."""
    found = rows.of_owner(world.store, company, owner, (Attachment,))
    call = world.call(company, "attachments", "attachments_remove", key=f"{owner}:remove")

    def decide_removal(snapshot: Snapshot) -> Decision:
        present = rows.current_of(snapshot, found)
        if not present:
            return Decision()
        puts, deletes = rows.removal(snapshot, call, present)
        return Decision(puts=puts, deletes=deletes)

    if found:
        transact(world.store, call, [], decide_removal, SYSTEM_STEP)
