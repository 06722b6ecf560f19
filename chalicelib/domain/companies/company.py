"""The company: its head (clock and state), its profile, and the numbering of its documents."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Literal

from chalicelib.domain.entity import Record, entity, kept, value
from chalicelib.domain.errors import CompanyBlocked, CompanyRestoring
from chalicelib.domain.language import Language
from chalicelib.domain.morocco.withholding import PersonType

CompanyState = Literal["active", "blocked", "closed", "restoring"]
Mode = Literal["live", "test"]
Regime = Literal["standard", "auto_entrepreneur", "cpu"]
VatBasis = Literal["receipts", "invoices"]
"""The event at which TVA is due (CGI art. 95): the payment (encaissement), or the invoice (débit)."""
Activity = Literal["trade", "industry", "crafts", "services", "liberal_profession", "fuel", "medicines", "other"]
"""The main activity. Stamp duty depends on it (LF 2019)."""
BusinessTaxMissing = Literal["new", "not_liable", "other"]
"""The reason why a company has no number of the taxe professionnelle."""


LONGEST_FENCE = timedelta(seconds=2)


@value
class Numbered:
    """The progress of one kind of document over all its series: the date of the last document, and whether the company
    has set its next number. It may set the number once."""

    document: str = kept("ledger.numbering")
    last: date | None = kept("ledger.numbering", default=None)
    arrived: bool = kept("ledger.numbering", default=False)


@entity("head", table="journal", prefix="cmp", sort="head")
class Head(Record):
    """The row that every write of a company is conditioned on.

    `clock` counts the company's commits. `chain` is the hash of the last journal entry (hex). The state `blocked` or
    `closed` is stored here only, never on other rows.
    """

    clock: int = kept("journal.clock")
    chain: str = kept("journal.hash")
    state: CompanyState = kept("journal.state", default="active")
    mode: Mode = kept("journal.state", default="live")
    cloud_sync: bool = kept("journal.state", default=False)
    cloud_backup: bool = kept("journal.state", default=False)
    numbered: tuple[Numbered, ...] = kept("ledger.numbering", default=())
    owners_changed: datetime | None = kept("journal.state", default=None)
    """The instant of the last change of owners. A deletion's grace cannot be waived for some time after it (ADR
    0034)."""
    erased: bytes | None = kept("journal.state", default=None)
    """The marks of the persons who were erased on request (`domain.privacy.erased`). Documents and repeated replies
    hide these persons."""
    fence_until: datetime | None = kept("journal.state", default=None)
    """Writers wait until this instant while a backup reads its last rows. The next commit removes it."""
    restore: str | None = kept("journal.state", default=None)
    """The job that restores a backup into the company and keeps it closed meanwhile. For a closed company: the job
    whose copy continues its numbering."""
    served: int = kept("journal.state", default=0)
    """The last number of the writers' queue that has committed."""
    served_at: datetime | None = kept("journal.state", default=None)
    """The instant of that commit."""


def fenced_for(head: Head, at: datetime) -> float:
    """The seconds that a writer waits at the instant `at`, because a backup reads the last rows before its cutoff. The
    fence ends by itself. A fence further in the future than any valid one comes from a wrong clock and is ignored."""
    left = (head.fence_until - at).total_seconds() if head.fence_until else 0.0
    return left if 0 < left <= LONGEST_FENCE.total_seconds() else 0.0


def require_open(head: Head) -> None:
    """Raise CompanyRestoring during a restore, CompanyBlocked for an account that is blocked or closed."""
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
    """The numbering pattern of one kind of document, and the period after which its sequence restarts."""

    document: str = kept("ledger.numbering")
    pattern: str = kept("ledger.numbering")
    reset: Literal["year", "never"] = kept("ledger.numbering")


@value
class VatBasisPeriod:
    """The basis of TVA from the day `since` on. The option for invoices is declared to the State with its date."""

    since: date = kept("company.settings")
    basis: VatBasis = kept("company.settings")


@entity("company", table="workspace", prefix="cmp", sort="company")
class Company(Record):
    """A company's profile: the seller's details on its documents, and its invoicing settings."""

    name: str = kept("company.identity")
    name_ar: str | None = kept("company.identity", default=None)
    """The name in Arabic, printed beside the name."""
    legal_form: str | None = kept("company.identity", default=None)
    regime: Regime = kept("company.identity", default="standard")
    person: PersonType = kept("company.identity", default="legal")
    address: Address = kept("company.identity")
    ice: str | None = kept("company.identity", default=None)
    tax_id: str | None = kept("company.identity", default=None)
    trade_register: str | None = kept("company.identity", default=None)
    business_tax: str | None = kept("company.identity", default=None)
    cnss: str | None = kept("company.identity", default=None)
    share_capital: Decimal | None = kept("company.identity", default=None)
    rib: str | None = kept("company.bank", default=None)
    bank_name: str | None = kept("company.bank", default=None)
    email: str | None = kept("company.contact", default=None)
    phone: str | None = kept("company.contact", default=None)
    electronic_address: str | None = kept("company.contact", default=None)
    """The e-mail address that the company has declared for electronic invoices (CGI art. 145-X). Without one, its
    documents state `email`."""
    language: Language = kept("company.settings", default="fr")
    payment_terms_days: int = kept("company.settings", default=60)
    tax_certificate_until: date | None = kept("company.settings", default=None)
    financial_year_end: str = kept("company.settings", default="12-31")
    """Month and day, "MM-DD": statutory terms count from it (CGI art. 211). 02-28 and 02-29 mean February's last."""
    logo: str | None = kept("company.settings", default=None)
    template: str | None = kept("company.settings", default=None, packed=True)
    signature_box: bool | None = kept("company.settings", default=None)
    """Whether its documents have an empty box for a stamp and a signature. None means no."""
    numbering: tuple[Numbering, ...] = kept("ledger.numbering", default=())
    """Every numbering that this company ever used. The last one of a kind is in force."""
    vat_basis: tuple[VatBasisPeriod, ...] | None = kept("company.settings", default=None)
    """The bases in the order of their days. None, and before the first day: receipts."""
    activity: Activity | None = kept("company.settings", default=None)
    keeps_books: bool | None = kept("company.settings", default=None)
    """Whether the company keeps accounts; None if it does not say."""
    sector_terms_days: int | None = kept("company.settings", default=None)
    """The payment terms that a decree allows to its sector, 180 days at most (Code de commerce art. 78-2)."""
    sector_decree: str | None = kept("company.settings", default=None)
    """The decree that names the sector."""
    payment_terms_law: bool | None = kept("company.settings", default=None)
    """Whether law 69-21 binds the company's sales. None: it does under the standard regime."""
    business_tax_missing: BusinessTaxMissing | None = kept("company.settings", default=None)
    identities_bind_from: date | None = kept("company.settings", default=None)
    """The day from which a document without the identities of CGI art. 145 is refused: that of the sign-up. None: the
    company signed up before the rule (`domain.morocco.identities`)."""
    policy_version: str = kept("company.settings")
    """The version of the privacy policy that its owner accepted at sign-up."""


def vat_basis(company: Company, day: date) -> VatBasis:
    """The event at which the TVA of a document of this day is due (CGI art. 95)."""
    begun = [period.basis for period in company.vat_basis or () if period.since <= day]
    return begun[-1] if begun else "receipts"


@entity("series", table="ledger", prefix="ser")
class Series(Record):
    """One continuous series (CGI art. 145-III): its next number and the hash of its last register entry."""

    document: str = kept("ledger.numbering")
    next: int = kept("ledger.numbering", default=1)
    first: int = kept("ledger.numbering", default=1)
    """The first number of the series. It is above 1 for a company that used another system before."""
    last_date: date | None = kept("ledger.numbering", default=None)
    chain: str = kept("ledger.hash")
    swept: int = kept("ledger.numbering", default=0)
    """The last number whose document was purged at the end of its term. Verification of the register starts after
    it."""
    anchor: str | None = kept("ledger.hash", default=None)
    """The chain at that number: the value that the oldest remaining document was linked to."""


@entity("term", table="journal", prefix="cmp", sort="term")
class RetentionSchedule(Record):
    """The date on which a company's oldest statutory records are due for purging. The purge moves it forward.

    `ends` are all financial year ends ("MM-DD") that the company ever had. `period` (ISO 8601) is the longest term ever
    promised for the records. Records are purged when every one of these allows it.
    """

    ends: tuple[str, ...] = kept("journal.state")
    period: str = kept("journal.state")
    swept: date | None = kept("journal.state", default=None)
    """Everything dated up to this day is purged."""
    ended: datetime | None = kept("journal.state", default=None)
    """The instant at which the last rows of a closed company began to end."""
    due: str | None = kept("journal.state", default="retention")
    due_at: datetime = kept("journal.state")
    attempts: int = kept("journal.state", default=0)


@entity("leftover", table="journal", prefix="inv")
class OrphanedPayments(Record):
    """Payments dated in a later financial year than their invoice, which is purged already. They have their own term.
    The id is the invoice's."""

    due: str | None = kept("journal.state", default="retention")
    due_at: datetime = kept("journal.state")
    attempts: int = kept("journal.state", default=0)
