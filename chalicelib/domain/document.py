"""Documents: the draft that is edited in the workspace, and the frozen document that enters the ledger.

Issuing is a crossing: the draft leaves `workspace`, and its snapshot with seller and buyer copied in enters `ledger` in
the transaction that takes the number. Nothing in the ledger is edited; what is paid or credited stands beside.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from chalicelib.domain.company import Address, Regime
from chalicelib.domain.entity import Record, entity, kept, value

Nature = Literal["goods", "services", "fees", "works", "capital_goods"]
Settlement = Literal["cash", "other"]
Language = Literal["fr", "ar", "en"]


@value
class Discount:
    """A reduction: either `percent` (of what it reduces) or `amount` (dirhams), never both."""

    percent: Decimal | None = kept("document.content", default=None)
    amount: Decimal | None = kept("document.content", default=None)


@value
class Line:
    """One line as entered. `unit_price` is in dirhams before TVA, up to 6 decimals; `vat_rate` in percent; a line at
    rate 0 names its exemption's article."""

    description: str = kept("document.content")
    quantity: Decimal = kept("document.content")
    unit: str | None = kept("document.content", default=None)
    unit_price: Decimal = kept("document.content")
    discount: Discount | None = kept("document.content", default=None)
    vat_rate: Decimal = kept("document.content")
    exemption: str | None = kept("document.content", default=None)
    nature: Nature = kept("document.content", default="goods")
    item: str | None = kept("document.content", default=None)
    net: Decimal | None = kept("document.content", default=None)
    """The line's amount before TVA, rounded to the centime; on issued documents only (a draft's is derived)."""


@value
class Notice:
    """Something the law or custom is unsure of, or that the merchant should know before issuing: it stops nothing."""

    pointer: str = kept("draft.content")
    code: str = kept("draft.content")
    params: dict[str, str] = kept("draft.content")


@value
class VatShare:
    """TVA of one rate (and exemption): its base and amount, in dirhams."""

    rate: Decimal = kept("document.content")
    exemption: str | None = kept("document.content", default=None)
    base: Decimal = kept("document.content")
    amount: Decimal = kept("document.content")


@value
class Totals:
    """A document's totals in dirhams: payable = gross + stamp_duty − withheld."""

    lines: Decimal = kept("document.content")
    discount: Decimal = kept("document.content")
    net: Decimal = kept("document.content")
    vat: tuple[VatShare, ...] = kept("document.content")
    vat_total: Decimal = kept("document.content")
    gross: Decimal = kept("document.content")
    stamp_duty: Decimal = kept("document.content")
    withheld_vat: Decimal = kept("document.content")
    withheld_fees: Decimal = kept("document.content")
    payable: Decimal = kept("document.content")

    @property
    def withheld(self) -> Decimal:
        """RAS-TVA and RAS on fees together."""
        return self.withheld_vat + self.withheld_fees


@value
class Seller:
    """The seller as frozen at issue: the identity that CGI art. 145-III and law 104-12 art. 58 demand."""

    name: str = kept("document.seller")
    legal_form: str | None = kept("document.seller", default=None)
    regime: Regime = kept("document.seller", default="standard")
    address: Address = kept("document.seller")
    ice: str | None = kept("document.seller", default=None)
    tax_id: str | None = kept("document.seller", default=None)
    trade_register: str | None = kept("document.seller", default=None)
    business_tax: str | None = kept("document.seller", default=None)
    cnss: str | None = kept("document.seller", default=None)
    share_capital: Decimal | None = kept("document.seller", default=None)
    rib: str | None = kept("document.seller", default=None)
    email: str | None = kept("document.seller", default=None)
    phone: str | None = kept("document.seller", default=None)
    logo: str | None = kept("document.seller", default=None)


@value
class Buyer:
    """The buyer as frozen at issue."""

    name: str = kept("document.buyer")
    kind: str = kept("document.buyer")
    address: Address = kept("document.buyer")
    ice: str | None = kept("document.buyer", default=None)
    ice_missing_reason: str | None = kept("document.buyer", default=None)
    tax_id: str | None = kept("document.buyer", default=None)
    trade_register: str | None = kept("document.buyer", default=None)
    email: str | None = kept("document.buyer", default=None)
    phone: str | None = kept("document.buyer", default=None)


@entity("invoice", room="workspace", prefix="inv")
class Draft(Record):
    """An invoice that has no number yet: edited and deleted freely."""

    customer: str | None = kept("draft.content", default=None)
    operation_date: date | None = kept("draft.content", default=None)
    due_date: date | None = kept("draft.content", default=None)
    language: Language | None = kept("draft.content", default=None)
    settlement: Settlement = kept("draft.content", default="other")
    reverse_charge: bool = kept("draft.content", default=False)
    lines: tuple[Line, ...] = kept("draft.content", default=(), packed=True)
    discount: Discount | None = kept("draft.content", default=None)
    notes: str | None = kept("draft.content", default=None)
    totals: Totals = kept("draft.content")
    """As of the last edit; issuing reckons again."""
    notices: tuple[Notice, ...] = kept("draft.content", default=())


@dataclass(frozen=True, kw_only=True, slots=True)
class Issued(Record):
    """A numbered, frozen fiscal document. `hash` (hex SHA-256 over its salt and its content) and `chain` (over the
    previous chain and `hash`) are its place in the register."""

    number: str = kept("ledger.numbering")
    series: str = kept("ledger.numbering")
    position: int = kept("ledger.numbering")
    issue_date: date = kept("document.content")
    operation_date: date = kept("document.content")
    due_date: date = kept("document.content")
    currency: str = kept("document.content", default="MAD")
    language: Language = kept("document.content")
    settlement: Settlement = kept("document.content", default="other")
    reverse_charge: bool = kept("document.content", default=False)
    specimen: bool = kept("document.content", default=False)
    customer: str = kept("document.content")
    seller: Seller = kept("document.seller")
    buyer: Buyer = kept("document.buyer")
    lines: tuple[Line, ...] = kept("document.content", packed=True)
    discount: Discount | None = kept("document.content", default=None)
    totals: Totals = kept("document.content")
    notes: str | None = kept("document.content", default=None)
    salt: bytes = kept("ledger.hash")
    hash: str = kept("ledger.hash")
    chain: str = kept("ledger.hash")


@entity("invoice", room="ledger", prefix="inv")
class Invoice(Issued):
    """An issued invoice."""


@entity("credit_note", room="ledger", prefix="crn")
class CreditNote(Issued):
    """An issued credit note (avoir): it names the invoice that it corrects and never exceeds it."""

    invoice: str = kept("document.content")
    invoice_number: str = kept("document.content")
    reason: str | None = kept("document.content", default=None)
    credited_lines: tuple[int, ...] = kept("document.content")
    """For each line, the number (from 1) of the invoice's line that it credits."""


@value
class CreditedLine:
    """How much of one invoice line (numbered from 1) has been credited so far."""

    line: int = kept("ledger.balance")
    quantity: Decimal = kept("ledger.balance")
    net: Decimal = kept("ledger.balance")


@entity("balance", room="ledger", prefix="inv", sort="invoice#{id}#balance")
class Balance(Record):
    """What stands beside an issued invoice and moves: paid and credited, in dirhams. Absent until the first movement.
    Its key follows its invoice's, so that one query lists both."""

    paid: Decimal = kept("ledger.balance", default=Decimal(0))
    credited: Decimal = kept("ledger.balance", default=Decimal(0))
    lines: tuple[CreditedLine, ...] = kept("ledger.balance", default=(), packed=True)
    vat: tuple[VatShare, ...] = kept("ledger.balance", default=())
    discount: Decimal = kept("ledger.balance", default=Decimal(0))
    withheld_vat: Decimal = kept("ledger.balance", default=Decimal(0))
    withheld_fees: Decimal = kept("ledger.balance", default=Decimal(0))


@entity("register_entry", room="ledger", prefix="reg", sort="register#{series}#{position:09d}")
class RegisterEntry(Record):
    """One number of a series: which document took it, and its place in the chain."""

    series: str = kept("ledger.numbering")
    position: int = kept("ledger.numbering")
    number: str = kept("ledger.numbering")
    document: str = kept("ledger.numbering")
    document_kind: str = kept("ledger.numbering")
    issue_date: date = kept("ledger.numbering")
    gross: Decimal = kept("ledger.numbering")
    hash: str = kept("ledger.hash")
    chain: str = kept("ledger.hash")
