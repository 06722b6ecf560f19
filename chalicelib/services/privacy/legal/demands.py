"""Release of a blocked original, only under a recorded lawful demand, with a record of the release."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.documents.model import Issued
from chalicelib.domain.documents.register import document_hash
from chalicelib.domain.documents.registry import by_id, person_of
from chalicelib.domain.errors import NotFound, invalid
from chalicelib.domain.privacy.disclosure import Disclosure
from chalicelib.policy.rules import rules_of
from chalicelib.services.documents.einvoicing import attached
from chalicelib.services.documents.view import issued_view
from chalicelib.store.decision import SYSTEM_STEP, Decision
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.transaction import transact

if TYPE_CHECKING:
    from chalicelib.wiring import World

OURS = ("record.", "ledger.")
"""Rules of the attributes that the product adds to a document: key, times, number and hash."""


@dataclass(frozen=True)
class Original:
    """A frozen document as issued: its page (PDF), its e-invoice (UBL; None for a kind without one), and whether the
    content still matches its hash."""

    number: str
    page: bytes
    e_invoice: bytes | None
    verified: bool


def release(world: "World", company: str, disclosure: str, document: str, by: str) -> Original:
    """The original of one document, also of an erased buyer or a closed account. The disclosure records the document's
    id first. Raises NotFound, Busy. Raises InvalidContent unless the disclosure is a lawful demand for this data and
    this person."""
    document_type = by_id(document)
    if document_type is None:
        raise NotFound
    cls = document_type.issued
    call = world.call(company, by, "disclosure_release", key=f"release-{world.random(12).hex()}")
    refs = [Disclosure.ref(company, disclosure), cls.ref(company, document)]

    def decide_handover(snapshot: Snapshot) -> Decision:
        demand, issued = snapshot.get(Disclosure, disclosure), snapshot.get(cls, document)
        if demand is None or issued is None:
            raise NotFound
        _require_covered(demand, issued)
        if document in demand.documents:
            return Decision()
        return Decision(puts=(demand.edited(call.at, documents=(*demand.documents, document)),))

    transact(world.store, call, refs, decide_handover, SYSTEM_STEP)
    (issued,) = world.store.records(refs[1:])
    if not isinstance(issued, Issued):
        raise NotFound
    return _original(world, issued)


def held(cls: type[Issued]) -> set[str]:
    """The kinds of data in a complete document of this class, by the policy's rules."""
    return {each.governed_by for each in rules_of(cls) if not each.governed_by.startswith(OURS)}


def _require_covered(demand: Disclosure, issued: Issued) -> None:
    """Require that the demand names each kind of data in the complete document. Raises InvalidContent."""
    covered = demand.subject in (None, person_of(issued)) and held(type(issued)) <= set(demand.data)
    if demand.kind != "lawful_demand" or not covered:
        raise invalid("/disclosure", "not_covered")


def _original(world: "World", issued: Issued) -> Original:
    """Render the frozen document in its own language and the standard layout, without storing the page. A closed
    account's logo is gone."""
    logo = issued.seller.logo if issued.seller.logo and world.files.exists(issued.seller.logo) else None
    view = issued_view(issued, issued.language)
    carried = attached(issued, view)
    page = world.renderer(None).render(view, logo=world.files.read(logo) if logo else None, attachments=carried)
    return Original(issued.number, page, carried[0].data if carried else None, document_hash(issued) == issued.hash)
