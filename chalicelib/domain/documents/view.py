"""The printed content of a document: a frozen tree of ready strings, the same for every renderer.

Renderers calculate and format nothing: amounts, dates and sentences are final, in the view's language. The fixed words
around them (column headings, "page 1 / 2") are in `render.labels`.
"""

from dataclasses import dataclass
from datetime import date
from typing import Literal

import msgspec

from chalicelib.domain.language import Language

Direction = Literal["ltr", "rtl"]
Watermark = Literal["draft", "specimen"]
FactKind = Literal[
    "issue_date",
    "operation_date",
    "due_date",
    "corrects",
    "corrected_date",
    "reason",
    "settlement",
    "order_reference",
    "buyer_reference",
]
TotalKind = Literal[
    "lines",
    "discount",
    "net",
    "vat_total",
    "rounding",
    "gross",
    "stamp_duty",
    "withheld_vat",
    "withheld_fees",
    "payable",
    "credited",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyView:
    """A seller or a buyer. Empty strings are not printed; `address` is one string a line. `other_name` is the name in
    the other script."""

    name: str
    other_name: str = ""
    legal_form: str = ""
    address: tuple[str, ...] = ()
    ice: str = ""
    tax_id: str = ""
    trade_register: str = ""
    business_tax: str = ""
    cnss: str = ""
    share_capital: str = ""
    bank_name: str = ""
    rib: str = ""
    phone: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FactView:
    """One dated or named fact beside the number. Its label is `label`, the words of a kind of document, or else that of
    its kind of fact."""

    kind: FactKind
    value: str
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineView:
    """One line. `net` and `unit_price` are empty on a document without prices, such as a delivery note."""

    position: str
    description: str
    quantity: str
    unit: str = ""
    unit_price: str = ""
    discount: str = ""
    rate: str = ""
    net: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TotalView:
    """One row of the totals, with its currency."""

    kind: TotalKind
    amount: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VatView:
    """TVA of one rate: `exemption` names the article when nothing is charged."""

    rate: str
    base: str
    amount: str
    exemption: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentView:
    """A document as it is printed, in one language.

    `dated` (the issue date; a draft's last change) stamps the file, so that equal views give equal bytes. `title`
    ("Facture") and `addressee` (the label above the other party: "Facturé à") are the kind's words. `register_hash` is
    shortened already. `paid_at_once` prints "in cash" in place of `payment_terms`, which the first edition of its
    e-invoice states. `marks` are printed across every page. `signature_box` leaves room for a stamp and a signature.
    """

    kind: str
    language: Language
    dated: date
    seller: PartyView
    buyer: PartyView | None = None
    title: str
    addressee: str
    number: str = ""
    marks: tuple[Watermark, ...] = ()
    facts: tuple[FactView, ...] = ()
    lines: tuple[LineView, ...] = ()
    totals: tuple[TotalView, ...] = ()
    vat: tuple[VatView, ...] = ()
    amount_in_words: str = ""
    payment_terms: str = ""
    paid_at_once: bool = False
    mentions: tuple[str, ...] = ()
    notes: str = ""
    signature_box: bool = False
    register_hash: str = ""

    @property
    def direction(self) -> Direction:
        """The page's direction: right to left in Arabic."""
        return "rtl" if self.language == "ar" else "ltr"

    def canonical(self) -> bytes:
        """The view as sorted JSON in UTF-8: equal views, equal bytes."""
        return msgspec.json.encode(self, order="sorted")
