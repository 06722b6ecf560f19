"""The company: its head (clock and state), its profile, and how its documents are numbered."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Literal

from chalicelib.domain.entity import Record, entity, kept, value
from chalicelib.domain.errors import CompanyBlocked, CompanyRestoring

CompanyState = Literal["active", "blocked", "closed", "restoring"]
Mode = Literal["live", "test"]
Regime = Literal["standard", "auto_entrepreneur", "cpu"]


LONGEST_FENCE = timedelta(seconds=2)


@value
class Numbered:
    """How far a kind of document has come in all its series: the last day one was issued under, and whether the company
    set its next number on arrival, which it does once."""

    document: str = kept("ledger.numbering")
    last: date | None = kept("ledger.numbering", default=None)
    arrived: bool = kept("ledger.numbering", default=False)


@entity("head", room="journal", prefix="cmp", sort="head")
class Head(Record):
    """The one row that every write of a company is conditioned on. `clock` counts its commits; `chain` is the last
    journal entry's hash (hex). A blocked or closed company is this one state, never a flag a row."""

    clock: int = kept("journal.clock")
    chain: str = kept("journal.hash")
    state: CompanyState = kept("journal.state", default="active")
    mode: Mode = kept("journal.state", default="live")
    cloud_sync: bool = kept("journal.state", default=False)
    cloud_backup: bool = kept("journal.state", default=False)
    numbered: tuple[Numbered, ...] = kept("ledger.numbering", default=())
    owners_changed: datetime | None = kept("journal.state", default=None)
    """When an owner last came or left: for a while after it nobody waives the grace of a deletion (ADR 0034)."""
    erased: bytes | None = kept("journal.state", default=None)
    """Marks of the persons who were erased on request (`domain.erased`): documents and repeated answers show none."""
    fence_until: datetime | None = kept("journal.state", default=None)
    """Until when writers wait for the cut of a backup; the next commit takes it away."""
    restore: str | None = kept("journal.state", default=None)
    """The job that restores a backup into the company and keeps it shut meanwhile; of a closed company, the one whose
    copy goes on with its numbers."""


def fenced_for(head: Head, at: datetime) -> float:
    """For how many seconds a writer waits at the instant `at`: a backup reads the last rows of its cut meanwhile. The
    fence falls by itself; one that is further away than any is set was made by a clock gone wrong, and binds nobody."""
    left = (head.fence_until - at).total_seconds() if head.fence_until else 0.0
    return left if 0 < left <= LONGEST_FENCE.total_seconds() else 0.0


def require_open(head: Head) -> None:
    """Raises CompanyRestoring while a backup is restored, CompanyBlocked for an account that is blocked or closed."""
    if head.state == "restoring":
        raise CompanyRestoring
    if head.state != "active":
        raise CompanyBlocked


@value
class Address:
    """A postal address; `country` is ISO 3166-1 alpha-2."""

    street: str | None = kept("party.identity", default=None)
    city: str | None = kept("party.identity", default=None)
    postal_code: str | None = kept("party.identity", default=None)
    country: str = kept("party.identity", default="MA")


@value
class Numbering:
    """A numbering pattern of one kind of document and when its sequence begins again."""

    document: str = kept("ledger.numbering")
    pattern: str = kept("ledger.numbering")
    reset: Literal["year", "never"] = kept("ledger.numbering")


@entity("company", room="workspace", prefix="cmp", sort="company")
class Company(Record):
    """A company's profile: what its documents print about the seller, and how it invoices."""

    name: str = kept("company.identity")
    legal_form: str | None = kept("company.identity", default=None)
    regime: Regime = kept("company.identity", default="standard")
    person: Literal["legal", "individual"] = kept("company.identity", default="legal")
    address: Address = kept("company.identity")
    ice: str | None = kept("company.identity", default=None)
    tax_id: str | None = kept("company.identity", default=None)
    trade_register: str | None = kept("company.identity", default=None)
    business_tax: str | None = kept("company.identity", default=None)
    cnss: str | None = kept("company.identity", default=None)
    share_capital: Decimal | None = kept("company.identity", default=None)
    rib: str | None = kept("company.bank", default=None)
    email: str | None = kept("company.contact", default=None)
    phone: str | None = kept("company.contact", default=None)
    language: Literal["fr", "ar", "en"] = kept("company.settings", default="fr")
    payment_terms_days: int = kept("company.settings", default=60)
    tax_certificate_until: date | None = kept("company.settings", default=None)
    financial_year_end: str = kept("company.settings", default="12-31")
    """Month and day, "MM-DD": statutory terms count from it (CGI art. 211). 02-28 and 02-29 mean February's last."""
    logo: str | None = kept("company.settings", default=None)
    template: str | None = kept("company.settings", default=None, packed=True)
    numbering: tuple[Numbering, ...] = kept("ledger.numbering", default=())
    """Every pattern this company ever numbered by; the last one of a document's kind is in force."""
    policy_version: str = kept("company.settings")
    """The version of the privacy policy that its owner accepted at sign-up."""


@entity("series", room="ledger", prefix="ser")
class Series(Record):
    """One continuous series (CGI art. 145-III): its next number, and the hash of its last register entry."""

    document: str = kept("ledger.numbering")
    next: int = kept("ledger.numbering", default=1)
    first: int = kept("ledger.numbering", default=1)
    """The number it began at: more than 1 for a company that arrived from another system."""
    last_date: date | None = kept("ledger.numbering", default=None)
    chain: str = kept("ledger.hash")
    swept: int = kept("ledger.numbering", default=0)
    """The last number whose document left at its term; the register's proof goes on from there."""
    anchor: str | None = kept("ledger.hash", default=None)
    """The chain at that number: what the first document that is left was linked to."""


@entity("term", room="journal", prefix="cmp", sort="term")
class Term(Record):
    """When a company's oldest statutory records are due to go: one row, which the sweep moves on. `ends` are all the
    financial year ends ("MM-DD") that it ever had, and `period` (ISO 8601) the longest term that was promised for what
    is kept now: records go when they may by each of them."""

    ends: tuple[str, ...] = kept("journal.state")
    period: str = kept("journal.state")
    swept: date | None = kept("journal.state", default=None)
    """Everything dated to this day is gone."""
    due: str | None = kept("journal.state", default="retention")
    due_at: datetime = kept("journal.state")
    attempts: int = kept("journal.state", default=0)


@entity("leftover", room="journal", prefix="inv")
class Leftover(Record):
    """Payments that are dated in a later financial year than their invoice, which has left: they leave at their own
    term. The id is the invoice's."""

    due: str | None = kept("journal.state", default="retention")
    due_at: datetime = kept("journal.state")
    attempts: int = kept("journal.state", default=0)
