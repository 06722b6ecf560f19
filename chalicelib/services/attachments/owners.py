"""The owners of attachments: a draft, an issued document, a customer, a supplier, a support thread."""

from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.domain.companies.party import Customer, Party, Supplier
from chalicelib.domain.contact.support import Thread
from chalicelib.domain.documents.model import DraftDocument, Issued
from chalicelib.domain.documents.registry import by_id, by_kind
from chalicelib.domain.entity import Record, Ref
from chalicelib.domain.errors import NotFound, ThreadClosed, invalid
from chalicelib.store.decision import (
    ACCOUNT,
    CUSTOMER,
    DEVICE,
    SYSTEM_WHILE_OPEN,
    WritePolicy,
)
from chalicelib.store.read import Reader
from chalicelib.store.snapshot import Snapshot


@dataclass(frozen=True)
class Owner:
    """An owner as it is now. `frozen`: a document that is issued. `party` is the customer or supplier whom it concerns,
    `member` the member who opened the thread."""

    id: str
    frozen: bool = False
    party: str | None = None
    member: str | None = None


def is_thread(owner: str) -> bool:
    """Whether the id is a support thread's."""
    return owner.startswith(f"{Thread.PREFIX}_")


def announcing(owner: str) -> WritePolicy:
    """The conditions of a write for an attachment of this owner. Support does not depend on the cloud switches."""
    return ACCOUNT if is_thread(owner) else CUSTOMER


def checking(owner: str) -> WritePolicy:
    """The same for a step that may be repeated under one key."""
    return SYSTEM_WHILE_OPEN if is_thread(owner) else DEVICE


def owner_refs(company: str, owner: str) -> list[Ref]:
    """The addresses at which the owner may lie. Raises InvalidContent for an id of something else."""
    if document_type := by_id(owner):
        if not document_type.attachments:
            raise invalid("/owner", "unknown_owner", id=owner)
        drafts = [document_type.draft.ref(company, owner)] if document_type.draft else []
        return [*drafts, document_type.issued.ref(company, owner)]
    for cls in (Customer, Supplier, Thread):
        if owner.startswith(f"{cls.PREFIX}_"):
            return [cls.ref(company, owner)]
    raise invalid("/owner", "unknown_owner", id=owner)


def found_owner(owner: str, rows: Sequence[Record | None]) -> Owner | None:
    """The owner from the rows at its addresses; None if it does not exist."""
    for row in rows:
        if isinstance(row, DraftDocument | Issued):
            return Owner(owner, isinstance(row, Issued), by_kind(row.KIND).person_of(row))
        if isinstance(row, Party):
            return Owner(owner, party=owner)
        if isinstance(row, Thread):
            return Owner(owner, member=row.opened_by)
    return None


def require_seen(reader: Reader, owner: str, member: str, *, everything: bool) -> None:
    """Raise NotFound for the thread of another member, unless the caller sees `everything`."""
    if is_thread(owner) and not everything and reader.get(Thread, owner).opened_by != member:
        raise NotFound


def owner_of(snapshot: Snapshot, owner: str) -> Owner:
    """The owner, which takes a new attachment. Raises InvalidContent for an unknown owner, ThreadClosed."""
    rows = snapshot.at(owner_refs(snapshot.company, owner))
    if any(isinstance(row, Thread) and row.status == "closed" for row in rows):
        raise ThreadClosed
    if (found := found_owner(owner, rows)) is None:
        raise invalid("/owner", "unknown_owner", id=owner)
    return found
