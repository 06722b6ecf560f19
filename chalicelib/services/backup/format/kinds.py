"""What may be restored or fetched by itself: the names of the API, and the rows behind each."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from chalicelib.domain.documents.payment import Payment, PaymentId
from chalicelib.domain.documents.registry import DocumentType, by_kind, document_types, find
from chalicelib.domain.entity import Record
from chalicelib.domain.errors import Fault, InvalidContent
from chalicelib.services.backup.format.contents import GROUPS, counted_as

Place = tuple[str, str]
"""A room and a kind of row."""


def _place(cls: type[Record]) -> Place:
    return cls.ROOM, cls.KIND


def _balances(made: DocumentType) -> frozenset[Place]:
    return frozenset({_place(made.balance)} if made.balance else ())


def _moved(made: DocumentType) -> frozenset[Place]:
    """The balances that a kind's documents move: their own, and those of the documents that they correct."""
    return _balances(made).union(*(_balances(by_kind(kind)) for kind in made.corrects))


KINDS: Final[Mapping[str, frozenset[Place]]] = {
    "company": frozenset({("workspace", "company")}),
    "customers": frozenset({("workspace", "customer")}),
    "suppliers": frozenset({("workspace", "supplier")}),
    "items": frozenset({("workspace", "item")}),
    "drafts": frozenset(_place(made.draft) for made in document_types() if made.draft),
    **{made.backup_group: frozenset({_place(made.issued)}) | _moved(made) for made in document_types()},
    "payments": frozenset({_place(Payment), _place(PaymentId)}).union(*map(_balances, document_types())),
}
NUMBERED: Final[Mapping[Place, str]] = {("ledger", "series"): "document", ("ledger", "register_entry"): "document_kind"}
"""Rows that come with the documents they number, and the attribute that says which those are."""
NUMBERING: Final = frozenset(_place(made.issued) for made in document_types() if made.series)
"""Documents that take their number from a series of ours."""
LEDGER: Final = (*(made.backup_group for made in document_types() if made.fiscal), "payments")
"""The names behind which the law makes us keep the rows."""
NAMES: Final[Mapping[Place, str]] = {
    (group.room, kind): counted_as(group.name, kind)
    for group in GROUPS
    if group.room in ("workspace", "ledger")
    for kind in group.kinds
}
"""Every row that is ever restored, and the name under which it is counted, in the manifest too."""


def chosen(names: Collection[str] | None, *, anew: bool = False) -> tuple[str, ...]:
    """The names asked for, in their order here; all for None. Into a new company (`anew`) the profile comes along, and
    the ledger comes whole: its register and its balances are proven there. Raises InvalidContent for another name, or
    for none."""
    if names is None:
        return tuple(KINDS)
    allowed = ", ".join(KINDS)
    faults = [Fault(f"/kinds/{i}", "not_one_of", {"allowed": allowed}) for i, n in enumerate(names) if n not in KINDS]
    if faults or not names:
        raise InvalidContent(*(faults or [Fault("/kinds", "too_few", {"min": 1})]))
    wanted = set(names)
    if anew:
        wanted |= {"company", *(LEDGER if wanted & set(LEDGER) else ())}
    return tuple(name for name in KINDS if name in wanted)


def places(names: Iterable[str]) -> frozenset[Place]:
    """The rows behind these names, with the numbers of what is numbered."""
    own = frozenset(place for name in names for place in KINDS[name])
    return own | (frozenset(NUMBERED) if own & NUMBERING else frozenset())


def wanted(chosen: frozenset[Place], place: Place, data: Mapping[str, Any]) -> bool:
    """Whether a row of a backup is among those behind the names chosen (their `places`)."""
    if place not in chosen:
        return False
    if place not in NUMBERED:
        return True
    made = find(data[NUMBERED[place]])
    return made is not None and _place(made.issued) in chosen
