"""The subject of a privacy request: the record of a member, customer or supplier, or the complete company."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from chalicelib.domain.attachments.attachment import Attachment
from chalicelib.domain.companies.company import Company
from chalicelib.domain.companies.invitation import Invitation
from chalicelib.domain.companies.member import Member
from chalicelib.domain.companies.party import Customer, Supplier
from chalicelib.domain.contact.support import SupportMessage, Thread
from chalicelib.domain.documents.registry import document_types, types_about
from chalicelib.domain.entity import Record
from chalicelib.domain.errors import NotFound, invalid
from chalicelib.domain.privacy.request import Affected, Tombstone, affected
from chalicelib.services.records.paging import MOST_EXAMINED
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.wire import SORT, Store

if TYPE_CHECKING:
    from chalicelib.wiring import World

PARTY_CLASSES: Final[Mapping[str, type[Record]]] = {"cus": Customer, "sup": Supplier}
NAMING = (*dict.fromkeys(document_type.person for document_type in document_types()), "opened_by", "by", "member")
"""The attributes of stored rows that reference a person, also after their own record is deleted."""


def affected_by(subject: str | None) -> Affected:
    """The kind of subject that an id names. Raises InvalidContent for an unknown id."""
    affects = affected(subject)
    if affects is None:
        raise invalid("/subject", "subject_unknown")
    return affects


def members_of(store: Store, company: str) -> list[Member]:
    """The members of a company. Raises Busy."""
    return [*store.all_of(Member, company)]


def deleted_but_named(world: "World", company: str, subject: str, members: Sequence[Member]) -> bool:
    """Whether a person's own record was deleted normally while other stored rows still name them. Raises Busy."""
    cls = PARTY_CLASSES.get(subject.partition("_")[0])
    here = world.store.records([cls.ref(company, subject)])[0] if cls else any(row.id == subject for row in members)
    return not here and is_named(world.store, company, subject)


def is_named(store: Store, company: str, subject: str) -> bool:
    """Whether an issued document names a deleted customer, or a support thread or its file a former member. At most
    MOST_EXAMINED rows are read. With more rows the answer is yes, and running the request shows the truth. Raises
    Busy."""
    if subject.startswith(f"{Member.PREFIX}_"):
        return any(_found(store, company, subject, [cls]) for cls in (Thread, SupportMessage, Attachment))
    return _found(store, company, subject, [document_type.issued for document_type in types_about(subject)])


def _found(store: Store, company: str, subject: str, classes: Sequence[type[Record]]) -> bool:
    examined = 0
    for cls in classes:
        if examined >= MOST_EXAMINED:
            return True
        for row in store.all(cls.TABLE, company, SORT.startswith(f"{cls.KIND}#"), descending=True):
            if examined >= MOST_EXAMINED or subject in (getattr(row, name, None) for name in NAMING):
                return True
            examined += 1
    return False


def erasable(snapshot: Snapshot, subject: str, members: Sequence[Member], *, named: bool) -> Record | None:
    """The person's own record; None if it was deleted earlier and stored rows still name the person (`named`). An
    already erased person is not found. Raises NotFound."""
    try:
        return subject_row(snapshot, subject, members)
    except NotFound:
        if not named or snapshot.get(Tombstone, subject=subject):
            raise
        return None


def subject_row(snapshot: Snapshot, subject: str | None, members: Sequence[Member]) -> Record:
    """The person's own record, or the company without a subject. Raises NotFound."""
    prefix = (subject or "").partition("_")[0]
    found: Record | None
    if subject is None:
        found = snapshot.get(Company)
    elif prefix in PARTY_CLASSES:
        found = snapshot.get(PARTY_CLASSES[prefix], subject)
    else:
        user = next((member.user for member in members if member.id == subject), None)
        found = snapshot.get(Member, user=user) if user else snapshot.get(Invitation, subject or "")
    if found is None or found.id != (subject or found.id):
        raise NotFound
    return found
