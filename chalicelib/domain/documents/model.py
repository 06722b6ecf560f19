"""The parts that all kinds of document share: lines, totals, parties, and the bases of drafts and frozen documents.

A draft is edited and deleted freely. Its issue freezes a copy, with seller and buyer copied in, in the transaction that
takes the number. A frozen document is never edited: its balance moves beside it.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final, Literal

from chalicelib.domain.companies.company import Address, Regime, VatBasis
from chalicelib.domain.companies.item import Nature, WithholdingMark
from chalicelib.domain.documents.payment_mode import Method, Settlement
from chalicelib.domain.entity import Record, kept, value
from chalicelib.domain.language import Language
from chalicelib.domain.metadata import Metadata
from chalicelib.domain.money import ZERO
from chalicelib.domain.morocco.stamp import StampAnswer, StampExemption

BuyerAddressMissing = Literal["not_given", "other"]
"""The recorded reason why a document states no address of its business buyer (CGI art. 145-III-4°)."""


@value
class Discount:
    """A reduction: either `percent` (of what it reduces) or `amount` (dirhams), never both."""

    percent: Decimal | None = kept("document.content", default=None)
    amount: Decimal | None = kept("document.content", default=None)


@value
class Line:
    """One line as entered. `unit_price` is in dirhams before TVA, up to 6 decimals; `vat_rate` in percent; a line at
    rate 0 names its exemption's article. On a line priced with tax, `unit_price` follows from `unit_price_incl`, and a
    discount in dirhams includes TVA."""

    description: str = kept("document.content")
    quantity: Decimal = kept("document.content")
    unit: str | None = kept("document.content", default=None)
    unit_price: Decimal = kept("document.content")
    unit_price_incl: Decimal | None = kept("document.content", default=None)
    """The price with TVA that was written; None on a line priced without tax."""
    discount: Discount | None = kept("document.content", default=None)
    vat_rate: Decimal = kept("document.content")
    exemption: str | None = kept("document.content", default=None)
    nature: Nature = kept("document.content", default="goods")
    withholding: WithholdingMark | None = kept("document.content", default=None)
    """none: nobody is expected to withhold on this line. None: its nature decides."""
    item: str | None = kept("document.content", default=None)
    net: Decimal | None = kept("document.content", default=None)
    """The line's amount before TVA, rounded to the centime; on issued documents only (a draft's is derived)."""


@value
class Notice:
    """A notice: an uncertain point of the law, or a fact that the merchant should know before the issue. It does not
    prevent the issue."""

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
class ExpectedWithholding:
    """The RAS that the buyer is expected to withhold at payment, in dirhams (CGI art. 117 and 157). It is a note: what
    was withheld is stated by the payment."""

    vat: Decimal = kept("document.content")
    fees: Decimal = kept("document.content")


@value
class Totals:
    """A document's totals in dirhams: gross = net + vat_total + rounding, payable = gross + stamp_duty. On documents
    from before withholding moved to the payment, payable is less `withheld_vat` and `withheld_fees`; they are 0 on
    others."""

    lines: Decimal = kept("document.content")
    discount: Decimal = kept("document.content")
    net: Decimal = kept("document.content")
    vat: tuple[VatShare, ...] = kept("document.content")
    vat_total: Decimal = kept("document.content")
    rounding: Decimal | None = kept("document.content", default=None)
    """The amount that the written prices with tax need beside net and TVA (BT-114); None if there is none."""
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
    electronic_address: str | None = kept("document.seller", default=None)
    """The seller's electronic address (BT-34), an e-mail address; None on documents of an earlier version."""
    logo: str | None = kept("document.seller", default=None)
    name_ar: str | None = kept("document.seller", default=None)
    bank_name: str | None = kept("document.seller", default=None)
    signature_box: bool | None = kept("document.seller", default=None)
    """Whether the page has a box for a stamp and a signature; None on older documents, which have none."""


@value
class Buyer:
    """The buyer as frozen at issue. Only documents of before ADR 0117 have an e-mail and a phone."""

    name: str = kept("document.buyer")
    kind: str = kept("document.buyer")
    address: Address = kept("document.buyer")
    ice: str | None = kept("document.buyer", default=None)
    ice_missing_reason: str | None = kept("document.buyer", default=None)
    tax_id: str | None = kept("document.buyer", default=None)
    trade_register: str | None = kept("document.buyer", default=None)
    email: str | None = kept("document.buyer", default=None)
    phone: str | None = kept("document.buyer", default=None)


EINVOICE_EDITION: Final = 2
"""The edition of e-invoices of new documents. The second one knows more units. It states the buyer's IF beside their
ICE, the mode of payment of a credit note, and no due date for cash."""
REFERENCES: Final = ("buyer_reference", "order_reference", "metadata")
"""The references of a draft, which its issue copies and a credit note takes over. They are free text: they may name
anybody."""


def _party(document: Record) -> str | None:
    """The other party that a document names. An index by it has one name for customers and suppliers."""
    return getattr(document, "customer", None) or getattr(document, "supplier", None)


@dataclass(frozen=True, kw_only=True, slots=True)
class DraftDocument(Record):
    """A document that has no number yet. Its kind adds the attribute that names the other party."""

    operation_date: date | None = kept("draft.content", default=None)
    due_date: date | None = kept("draft.content", default=None)
    language: Language | None = kept("draft.content", default=None)
    settlement: Settlement = kept("draft.content", default="other")
    """The older name of `payment_mode`: in cash or otherwise."""
    payment_mode: Method | None = kept("draft.content", default=None)
    """How the document is to be paid (CGI art. 145-III-7°); None until somebody states it."""
    service_done_on: date | None = kept("draft.content", default=None)
    """The day on which a public body found the service done (service fait). Its payment terms run from it."""
    terms_end_of_month: bool | None = kept("draft.content", default=None)
    """Whether the payment terms end at the end of a month ("30 days end of month"). None means no."""
    stamp_exemption: StampAnswer | None = kept("draft.content", default=None)
    """The document's own answer about stamp duty; None: the company's answer."""
    buyer_address_missing: BuyerAddressMissing | None = kept("draft.content", default=None)
    reverse_charge: bool = kept("draft.content", default=False)
    lines: tuple[Line, ...] = kept("draft.content", default=(), packed=True)
    discount: Discount | None = kept("draft.content", default=None)
    notes: str | None = kept("draft.content", default=None)
    buyer_reference: str | None = kept("draft.content", default=None)
    order_reference: str | None = kept("draft.content", default=None)
    metadata: Metadata | None = kept("draft.content", default=None)
    totals: Totals = kept("draft.content")
    """The totals as of the last edit. Reads and the issue calculate them again."""
    expected_withholding: ExpectedWithholding | None = kept("draft.content", default=None)
    notices: tuple[Notice, ...] = kept("draft.content", default=())
    advances: tuple[str, ...] = kept("draft.content", default=(), sparse=True)
    """The entries of unapplied credit that this document alone takes, at its issue."""

    def index_keys(self) -> dict[str, str]:
        """Found by its other party."""
        return self.party_key(_party(self))


@dataclass(frozen=True, kw_only=True, slots=True)
class Issued(Record):
    """A numbered, frozen document, issued by us or by the other party. Its kind adds the attribute that names the other
    party. `hash` is the hex SHA-256 over its salt and its content."""

    number: str = kept("ledger.numbering")
    issue_date: date = kept("document.content")
    operation_date: date = kept("document.content")
    due_date: date = kept("document.content")
    currency: str = kept("document.content", default="MAD")
    language: Language = kept("document.content")
    settlement: Settlement = kept("document.content", default="other")
    """The older name of `payment_mode`: in cash or otherwise."""
    payment_mode: Method | None = kept("document.content", default=None)
    """How the document is to be paid (CGI art. 145-III-7°); None on older documents and where nobody stated it. Read it
    by `payment_mode.mode_of`."""
    service_done_on: date | None = kept("document.content", default=None)
    terms_end_of_month: bool | None = kept("document.content", default=None)
    terms_law: bool | None = kept("document.content", default=None)
    """Whether law 69-21 binds the sale. None on older documents: it binds unless the buyer is a consumer."""
    vat_basis: VatBasis | None = kept("document.content", default=None)
    """The event at which its TVA is due; None on older documents."""
    stamp_exemption: StampExemption | None = kept("document.content", default=None)
    """The reason why cash for it owes no stamp duty (LF 2019)."""
    buyer_address_missing: BuyerAddressMissing | None = kept("document.content", default=None)
    reverse_charge: bool = kept("document.content", default=False)
    specimen: bool = kept("document.content", default=False)
    seller: Seller = kept("document.seller")
    buyer: Buyer = kept("document.buyer")
    lines: tuple[Line, ...] = kept("document.content", packed=True)
    discount: Discount | None = kept("document.content", default=None)
    totals: Totals = kept("document.content")
    expected_withholding: ExpectedWithholding | None = kept("document.content", default=None)
    notes: str | None = kept("document.content", default=None)
    buyer_reference: str | None = kept("document.content", default=None)
    """The reference that the buyer demands on the invoice (BT-10): a cost centre, a department."""
    order_reference: str | None = kept("document.content", default=None)
    """The number of the buyer's order (BT-13)."""
    metadata: Metadata | None = kept("document.content", default=None)
    """Pairs of texts for the client's own use; never printed."""
    template: str | None = kept("document.content", default=None)
    """The SHA-256 (hex) of the company's own template at the issue; None for the standard layout."""
    einvoice_edition: int | None = kept("document.content", default=None)
    """The edition of its e-invoice; None is the first one. An issued e-invoice stays as it was."""
    salt: bytes = kept("ledger.hash")
    hash: str = kept("ledger.hash")

    @property
    def settled_elsewhere(self) -> Decimal:
        """The part of its amount, in dirhams, that no payment of ours settled: that of an imported document."""
        return ZERO

    def index_keys(self) -> dict[str, str]:
        """Found by its day of issue and by its other party."""
        return {"_date": f"{self.KIND}#{self.issue_date}#{self.id}", **self.party_key(_party(self))}


@dataclass(frozen=True, kw_only=True, slots=True)
class Registered(Issued):
    """A document of ours in the register (CGI art. 145-III). `chain` is the hex SHA-256 over the previous chain of its
    series and `hash`."""

    series: str = kept("ledger.numbering")
    position: int = kept("ledger.numbering")
    chain: str = kept("ledger.hash")


def references_of(document: DraftDocument | Issued) -> dict[str, Any]:
    """The references of a draft or a document, by the name of their attribute."""
    return {name: getattr(document, name) for name in REFERENCES}
