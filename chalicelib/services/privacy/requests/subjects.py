"""The subject of a privacy request: the record of a member, customer or supplier, or the complete company."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from chalicelib.domain.companies.company import Company
from chalicelib.domain.companies.member import Member
from chalicelib.domain.companies.party import Customer, Supplier
from chalicelib.domain.entity import Record
from chalicelib.domain.errors import NotFound, invalid
from chalicelib.domain.privacy.request import Affected, Tombstone, affected
from chalicelib.services.privacy.rectification import affected as affected_documents
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.wire import SORT, Store

if TYPE_CHECKING:
    from chalicelib.wiring import World

PERSONS: Final[Mapping[str, type[Record]]] = {"cus": Customer, "sup": Supplier}


def affected_by(subject: str | None) -> Affected:
    """The kind of subject that an id names. Raises InvalidContent for an unknown id."""
    affects = affected(subject)
    if affects is None:
        raise invalid("/subject", "subject_unknown")
    return affects


def members_of(store: Store, company: str) -> list[Member]:
    """The members of a company. Raises Busy."""
    rows = store.query("identity", company, SORT.startswith("member#")).records
    return [row for row in rows if isinstance(row, Member)]


def deleted_but_named(world: "World", company: str, subject: str, members: Sequence[Member]) -> bool:
    """Whether a person's own record was deleted normally while other stored rows still name them. Raises Busy."""
    cls = PERSONS.get(subject.partition("_")[0])
    here = world.store.records([cls.ref(company, subject)])[0] if cls else any(row.id == subject for row in members)
    return not here and affected_documents.named(world.store, company, subject)


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
    elif prefix in PERSONS:
        found = snapshot.get(PERSONS[prefix], subject)
    else:
        user = next((member.user for member in members if member.id == subject), None)
        found = snapshot.get(Member, user=user) if user else None
    if found is None or found.id != (subject or found.id):
        raise NotFound
    return found
