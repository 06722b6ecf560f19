"""Disclosures: to whom data was handed, on what basis, which kinds, and from when the company may know of it."""

from datetime import date, datetime
from typing import Literal

from chalicelib.domain.entity import Record, entity, kept

DisclosureKind = Literal["lawful_demand", "processor_transfer", "operator_access"]


@entity("disclosure", room="requests", prefix="dis")
class Disclosure(Record):
    """One disclosure, recorded by an operator. `data` are the names of the policy's rules whose data were handed over;
    `subject` an opaque id, None for the whole company. No content, and no name of a person."""

    kind: DisclosureKind = kept("disclosure.record")
    recipient: str = kept("disclosure.record")
    basis: str = kept("disclosure.record")
    """The article, the order or the contract."""
    reference: str | None = kept("disclosure.record", default=None)
    data: tuple[str, ...] = kept("disclosure.record")
    subject: str | None = kept("disclosure.record", default=None)
    disclosed_on: date = kept("disclosure.record")
    hidden_until: date | None = kept("disclosure.record", default=None)
    """The last day on which the law forbids telling the company."""
    documents: tuple[str, ...] = kept("disclosure.record", default=())
    """Issued documents whose originals were handed out under it."""
    recipient_email: str | None = kept("disclosure.record", default=None)
    """Where the recipient is told of a rectification: an authority's or a processor's address, of no person."""
    actor: str = kept("disclosure.record")
    due: str | None = kept("disclosure.record", default="proofs")
    due_at: datetime = kept("disclosure.record")
    attempts: int = kept("disclosure.record", default=0)


def may_be_seen(disclosure: Disclosure, on: date) -> bool:
    """Whether the company may know of it on this day: not even that something exists is told before."""
    return disclosure.hidden_until is None or on > disclosure.hidden_until
