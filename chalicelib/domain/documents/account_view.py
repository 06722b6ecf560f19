"""The printed content of a receipt (reçu) and of a statement: frozen trees of ready strings, like a document's view."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

import msgspec

from chalicelib.domain.documents.view import Direction, PartyView, Watermark
from chalicelib.domain.language import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class PairView:
    """A label and its value. `strong` marks the row that a reader looks for."""

    label: str
    value: str
    strong: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPageView:
    """The parts of both pages. `dated` stamps the file, so that equal views give equal bytes. `marks` are printed
    across every page."""

    kind: Literal["receipt", "statement"]
    language: Language
    dated: date
    seller: PartyView
    buyer: PartyView
    title: str
    addressee: str
    number: str = ""
    marks: tuple[Watermark, ...] = ()
    facts: tuple[PairView, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def direction(self) -> Direction:
        """The page's direction: right to left in Arabic."""
        return "rtl" if self.language == "ar" else "ltr"

    def canonical(self) -> bytes:
        """The view as sorted JSON in UTF-8: equal views, equal bytes."""
        return msgspec.json.encode(self, order="sorted")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptView(AccountPageView):
    """A payment as it is printed. `warning` says that it is worth nothing, or not yet; empty otherwise."""

    amounts: tuple[PairView, ...]
    amount_in_words: str = ""
    warning: str = ""
    signature_box: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementRowView:
    """A line of the account. Empty amounts are not printed; `detail` stands below the label."""

    date: str
    label: str
    detail: str = ""
    debit: str = ""
    credit: str = ""
    balance: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementView(AccountPageView):
    """A customer's account as it is printed: the rows from the opening to the closing balance, what is open by age,
    and what the account is made of."""

    rows: tuple[StatementRowView, ...]
    ageing: tuple[PairView, ...]
    summary: tuple[PairView, ...]
