"""Disclosures: the recipient, the legal basis, the kinds of data, and the day on which the company may see the
entry."""

from datetime import date, datetime
from typing import Literal

from chalicelib.domain.entity import Record, entity, kept

DisclosureKind = Literal["lawful_demand", "processor_transfer", "operator_access"]


@entity("disclosure", table="requests", prefix="dis")
class Disclosure(Record):
    """One disclosure, recorded by an operator. `data` are the names of the policy's rules whose data were disclosed.
    `subject` is an opaque id, None for the complete company. It holds no content and no name of a person."""

    kind: DisclosureKind = kept("disclosure.record")
    recipient: str = kept("disclosure.record")
    basis: str = kept("disclosure.record")
    """The article, the order or the contract."""
    reference: str | None = kept("disclosure.record", default=None)
    data: tuple[str, ...] = kept("disclosure.record")
    subject: str | None = kept("disclosure.record", default=None)
    disclosed_on: date = kept("disclosure.record")
    hidden_until: date | None = kept("disclosure.record", default=None)
    """The last day on which the law forbids informing the company."""
    documents: tuple[str, ...] = kept("disclosure.record", default=())
    """The issued documents whose originals were disclosed under it."""
    recipient_email: str | None = kept("disclosure.record", default=None)
    """The address for the notice of a rectification: an authority's or a processor's, never a person's."""
    actor: str = kept("disclosure.record")
    due: str | None = kept("disclosure.record", default="proofs")
    due_at: datetime = kept("disclosure.record")
    attempts: int = kept("disclosure.record", default=0)


def may_be_seen(disclosure: Disclosure, on: date) -> bool:
    """Tell whether the company may see the disclosure on this day. Before that day the company does not learn that it
    exists."""
    return disclosure.hidden_until is None or on > disclosure.hidden_until
