"""The check of a draft before its issue: what it lacks, and what the law makes void without it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from chalicelib.domain.companies.company import Company
from chalicelib.domain.companies.party import Party
from chalicelib.domain.documents.document_type import DocumentType
from chalicelib.domain.documents.model import DraftDocument
from chalicelib.domain.documents.terms import lacks_address, missing_identity
from chalicelib.domain.errors import Fault, InvalidContent
from chalicelib.domain.morocco.identities import binding_from


@dataclass(frozen=True)
class Situation:
    """The state of the company on the day of an issue: whether it is a test company, whose documents are specimens, and
    whether it has issued documents before."""

    today: date
    specimen: bool
    issued_before: bool


def require_ready(
    document_type: DocumentType,
    draft: DraftDocument,
    company: Company,
    party: Party | None,
    situation: Situation,
) -> Party:
    """Return the other party. Raises InvalidContent with everything that the draft lacks."""
    faults = list(_incomplete(document_type, draft, company, party))
    if document_type.party == "buyer":
        faults += _identities(document_type, draft, company, party, situation)
    if faults or party is None:
        raise InvalidContent(*faults)
    return party


def _incomplete(
    document_type: DocumentType, draft: DraftDocument, company: Company, party: Party | None
) -> Iterator[Fault]:
    named = document_type.person_of(draft)
    if named is None:
        yield Fault(f"/{document_type.person}", f"{document_type.counterparty}_required")
    elif party is None:
        yield Fault(f"/{document_type.person}", f"unknown_{document_type.counterparty}", {"id": named})
    if not draft.lines:
        yield Fault("/lines", "lines_required")
    for name in document_type.required:
        if getattr(draft, name) is None:
            yield Fault(f"/{name}", "missing")
    if not company.address.city:
        yield Fault("", "seller_address_missing")


def _identities(
    document_type: DocumentType, draft: DraftDocument, company: Company, party: Party | None, situation: Situation
) -> Iterator[Fault]:
    """Require the identities without which an inspector rejects the document (CGI art. 145-III and 145-VIII). A
    specimen has no seller to inspect."""
    if situation.today < binding_from(company.identities_bind_from, issued_before=situation.issued_before):
        return
    if not situation.specimen and (absent := missing_identity(company)):
        yield Fault("", "seller_identity_missing", {"fields": ", ".join(absent)})
    business = party is not None and party.kind == "business" and lacks_address(party)
    if business and not draft.buyer_address_missing:
        yield Fault(f"/{document_type.person}", "buyer_address_missing")
