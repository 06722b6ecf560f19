"""The terms of a document beside its lines: when and how it is paid, and what the law says about them as notices."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from chalicelib.domain.companies.company import Company
from chalicelib.domain.companies.party import Customer, Party
from chalicelib.domain.documents.model import BuyerAddressMissing, Discount, Issued, Notice
from chalicelib.domain.documents.payment_mode import Method, Settlement, stated_mode
from chalicelib.domain.errors import invalid
from chalicelib.domain.morocco import identities, stamp
from chalicelib.domain.morocco.deadlines import Dealing, check_due_date, due_date, is_bound, late_invoice

SELLER_IDENTITY = ("ice", "tax_id", "business_tax", "trade_register")
"""The seller's details that CGI art. 145-III and law 104-12 art. 58 require on a document."""


@dataclass(frozen=True)
class CommercialTerms:
    """The facts beside the lines that determine a document's amounts, its due date and its notices."""

    discount: Discount | None
    settlement: Settlement
    reverse_charge: bool
    day: date
    """The day of the operation. Its rates apply."""
    issued: date | None = None
    """The day of issue; for a draft, today. None: the day of the operation."""
    payment_mode: Method | None = None
    due_date: date | None = None
    service_done_on: date | None = None
    terms_end_of_month: bool | None = None
    stamp_exemption: stamp.StampAnswer | None = None
    buyer_address_missing: BuyerAddressMissing | None = None


_NAMES = (
    "payment_mode",
    "due_date",
    "service_done_on",
    "terms_end_of_month",
    "stamp_exemption",
    "buyer_address_missing",
)


def terms_of(content: Mapping[str, Any], day: date) -> CommercialTerms:
    """The terms of a draft by its attributes, if it is issued on `day`."""
    return CommercialTerms(
        discount=content.get("discount"),
        settlement=content.get("settlement", "other"),
        reverse_charge=content.get("reverse_charge", False),
        day=content.get("operation_date") or day,
        issued=day,
        **{name: content.get(name) for name in _NAMES},
    )


def bound_by_terms_law(company: Company, party: Party | None) -> bool:
    """Whether law 69-21 binds the company's sale to this party (Code de commerce art. 78-1)."""
    if party is None:
        return is_bound(company.regime, company.payment_terms_law)
    exception = party.terms_law if isinstance(party, Customer) else None
    return is_bound(company.regime, company.payment_terms_law, exception, party.kind, party.address.country)


def bound_when_issued(document: Issued) -> bool:
    """Whether the page of a frozen document states the fine of art. 78-3. A document that is paid in cash at once does
    not. Older documents do not state whether the law binds them: their pages stay as they were, with the fine unless
    the buyer is a consumer."""
    if document.einvoice_edition is not None and stated_mode(document) == "cash":
        return False
    return document.buyer.kind != "consumer" if document.terms_law is None else document.terms_law


def fined_when_late(document: Issued) -> bool:
    """Whether a late payment of a frozen document is fined (art. 78-3). An older document does not state whether the
    law binds it, so its parties decide."""
    if document.terms_law is not None:
        return document.terms_law
    buyer = document.buyer
    return is_bound(document.seller.regime, None, None, buyer.kind, buyer.address.country)


def dealing_of(terms: CommercialTerms, company: Company, party: Party | None) -> Dealing:
    """The facts of the sale that its payment terms follow from."""
    public = party is not None and party.kind == "public_body"
    return Dealing(
        issued=terms.issued or terms.day,
        operation=terms.day,
        bound=bound_by_terms_law(company, party),
        monthly=isinstance(party, Customer) and party.billing == "monthly",
        service_done=terms.service_done_on if public else None,
        end_of_month=bool(terms.terms_end_of_month),
        sector_days=company.sector_terms_days,
    )


def due(terms: CommercialTerms, company: Company, party: Party | None) -> date:
    """The last day to pay: the agreed day, else the day of issue or of a later operation for cash, else by the party's
    terms, else by the company's, 60 days by default (law 69-21). Cash is due no later than these 60 days. Raises
    InvalidContent for a day that the law does not allow."""
    dealing, found = dealing_of(terms, company, party), _due(terms, company, party)
    if finding := check_due_date(dealing, found):
        raise invalid("/due_date", finding.code, **dict(finding.params))
    return found


def _due(terms: CommercialTerms, company: Company, party: Party | None) -> date:
    if terms.due_date is not None:
        return terms.due_date
    dealing, own = dealing_of(terms, company, party), party.payment_terms_days if party else None
    if stated_mode(terms) == "cash":
        return min(max(dealing.issued, dealing.operation), due_date(dealing))
    return due_date(dealing, company.payment_terms_days if own is None else own)


def stamp_exemption(terms: CommercialTerms, company: Company) -> stamp.StampExemption | None:
    """The reason why cash for this document owes no stamp duty (LF 2019): the document's answer, else the company's."""
    return stamp.exemption(company.activity, company.keeps_books, terms.stamp_exemption)


def notices(terms: CommercialTerms, company: Company, customer: Customer | None) -> Iterator[Notice]:
    """Notices about the terms, the seller's identity and the buyer's, of a document that the company issues."""
    dealing, last_day = dealing_of(terms, company, customer), _due(terms, company, customer)
    refused = check_due_date(dealing, last_day)
    for finding in (*((refused,) if refused else ()), *late_invoice(dealing, last_day)):
        yield Notice(pointer="/due_date", code=finding.code, params=dict(finding.params))
    if terms.service_done_on and customer and customer.kind != "public_body":
        yield Notice(pointer="/service_done_on", code="service_done_without_public_body", params={})
    if terms.payment_mode is None and terms.settlement != "cash":
        yield Notice(pointer="/payment_mode", code="payment_mode_missing", params={})
    if customer and lacks_address(customer) and customer.kind != "consumer" and not terms.buyer_address_missing:
        yield Notice(pointer="/customer", code="buyer_address_missing", params={})
    yield from _seller(company)


def _seller(company: Company) -> Iterator[Notice]:
    absent = [name for name in SELLER_IDENTITY if not getattr(company, name)]
    if company.business_tax_missing:
        absent = [name for name in absent if name != "business_tax"]
    if absent:
        yield Notice(pointer="", code="seller_identity_missing", params={"fields": ", ".join(absent)})
    if missing_identity(company) and company.identities_bind_from is None:
        day = identities.binding_from(None, issued_before=True)
        yield Notice(pointer="", code="seller_identity_required_from", params={"day": day.isoformat()})


def missing_identity(company: Company) -> tuple[str, ...]:
    """The details without which a live seller under the standard regime issues no document (CGI art. 145)."""
    if company.regime != "standard":
        return ()
    (required,) = [rule.value for rule in identities.REQUIRED]
    excused = ("business_tax",) if company.business_tax_missing else ()
    return tuple(name for name in required if name not in excused and not getattr(company, name))


def lacks_address(party: Party) -> bool:
    """Whether a party's address names neither a street nor a town."""
    return not (party.address.street or party.address.city)
