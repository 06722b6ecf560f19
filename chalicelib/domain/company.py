"""The company: its head (clock and state), its profile, and how its documents are numbered."""

from datetime import date
from decimal import Decimal
from typing import Literal

from chalicelib.domain.entity import Record, entity, kept, value

CompanyState = Literal["active", "blocked", "closed"]
Mode = Literal["live", "test"]


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
    regime: Literal["standard", "auto_entrepreneur", "cpu"] = kept("company.identity", default="standard")
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
    """Month and day, "MM-DD": statutory retention counts from it (CGI art. 211). 02-28 and 02-29 mean February's last."""
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
