"""A receipt and a statement as printed: every string in the reader's language."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from chalicelib.domain.companies.company import Company
from chalicelib.domain.documents.account_line import AccountLine
from chalicelib.domain.documents.account_view import PairView, ReceiptView, StatementRowView, StatementView
from chalicelib.domain.documents.issuing import seller_of
from chalicelib.domain.documents.model import Buyer, Issued
from chalicelib.domain.documents.payment import Payment
from chalicelib.domain.documents.statement import Statement
from chalicelib.domain.language import Language
from chalicelib.domain.words import arabic_words, english_words, french_words
from chalicelib.render import formats
from chalicelib.render.account_labels import account_labels
from chalicelib.render.labels import labels
from chalicelib.render.text import direction
from chalicelib.services.documents.party_view import buyer_view, seller_view

_IN_WORDS = {
    "fr": french_words.amount_in_words,
    "ar": arabic_words.amount_in_words,
    "en": english_words.amount_in_words,
}


def receipt_view(payment: Payment, other: Payment | None, document: Issued, language: Language) -> ReceiptView:
    """The view of a payment of `document`. `other` is its counter-entry, or the payment that it takes back."""
    words = account_labels(language)
    title = words["receipt.counter_entry" if payment.reverses else "receipt"]
    sentence = words["receipt.words_back" if payment.reverses else "receipt.words"]
    spelled = _IN_WORDS[language](abs(payment.amount)) if payment.amount else ""
    return ReceiptView(
        kind="receipt",
        language=language,
        dated=payment.counts_on,
        seller=seller_view(document.seller, language, account=False),
        buyer=buyer_view(document.buyer, language),
        title=title,
        addressee=words["statement.customer" if payment.reverses else "receipt.from"],
        number=_number(payment),
        marks=("specimen",) if document.specimen else (),
        facts=tuple(_receipt_facts(payment, document, language)),
        amounts=tuple(_amounts(payment, language)),
        amount_in_words=sentence.format(words=spelled) if spelled else "",
        warning=_warning(payment, other, language),
        signature_box=bool(document.seller.signature_box),
        notes=(words["receipt.from_credit"],) if payment.credit_entry and not payment.reverses else (),
    )


def _number(payment: Payment) -> str:
    """The number on a receipt: the payment's id without its prefix, so that it fits on a line."""
    return payment.id.partition("_")[2]


def _receipt_facts(payment: Payment, document: Issued, language: Language) -> Iterator[PairView]:
    words = account_labels(language)
    values = {
        "date": formats.long_date(payment.date, language),
        "matures_on": formats.long_date(payment.matures_on, language) if payment.matures_on else "",
        "cashed_on": formats.long_date(payment.cashed_on, language) if payment.cashed_on else "",
        "method": labels(language)[f"mode.{payment.method}"],
        "reference": payment.reference or "",
        "document": document.number,
        "document_date": formats.long_date(document.issue_date, language),
        "certificate": payment.certificate or "",
    }
    for name, value in values.items():
        if value:
            yield PairView(label=words[f"receipt.{name}"], value=value)


def _amounts(payment: Payment, language: Language) -> Iterator[PairView]:
    """The amounts of a receipt. What the invoice took of the money is stated if it is not all of it. A counter-entry
    has the amounts that it takes back."""
    words = account_labels(language)
    first = "amount_back" if payment.reverses else "amount"
    excess = payment.amount - payment.applied_amount if payment.excess_entry else Decimal(0)
    amounts = {
        first: payment.amount,
        "withheld_vat": payment.withheld_vat,
        "withheld_fees": payment.withheld_fees,
        "applied": payment.applied_amount if excess else Decimal(0),
        "excess": excess,
        "stamp_duty": payment.stamp_duty,
    }
    for name, amount in amounts.items():
        if amount or name == first:
            value = formats.money(abs(amount), language)
            yield PairView(label=words[f"receipt.{name}"], value=value, strong=name == first)


def _warning(payment: Payment, other: Payment | None, language: Language) -> str:
    """The sentence about a payment that was taken back, that takes one back, or that is not cashed yet."""
    words = account_labels(language)
    if other is not None:
        name, reversal = ("reverses", payment) if payment.reverses else ("reversed", other)
        day = formats.long_date(other.date, language)
        reason = words[f"reason.{reversal.reversal_reason or 'other'}"]
        return words[f"receipt.{name}"].format(day=day, reason=reason, number=_code(_number(other)))
    return words["receipt.pending"] if payment.pending else ""


def statement_view(
    statement: Statement, buyer: Buyer, company: Company, language: Language, *, specimen: bool
) -> StatementView:
    """The view of the account of a customer, from the company as it is today."""
    words = account_labels(language)
    pair = _Pairs(words, language)
    first, last = (formats.long_date(day, language) for day in (statement.first, statement.last))
    return StatementView(
        kind="statement",
        language=language,
        dated=statement.last,
        seller=seller_view(seller_of(company), language, account=True),
        buyer=buyer_view(buyer, language),
        title=words["statement"],
        addressee=words["statement.customer"],
        marks=("specimen",) if specimen else (),
        facts=(
            PairView(label=words["statement.from"], value=first),
            PairView(label=words["statement.to"], value=last),
            pair.money("statement.closing", statement.closing),
        ),
        rows=tuple(_rows(statement, language)),
        ageing=(
            *(pair.figure(f"age.{band}", amount) for band, amount in statement.ageing.items()),
            pair.figure("statement.open", statement.open, strong=True),
        ),
        summary=(
            pair.money("statement.open", statement.open),
            pair.money("statement.unapplied", -statement.unapplied),
            pair.money("statement.closing", statement.closing, strong=True),
            *([pair.money("statement.pending", statement.pending)] if statement.pending else []),
        ),
        notes=(words["statement.sign"],),
    )


class _Pairs:
    """Pairs of a label and an amount in one language."""

    def __init__(self, words: dict[str, str], language: Language) -> None:
        self._words, self._language = words, language

    def money(self, name: str, amount: Decimal, **more: Any) -> PairView:
        """With the currency."""
        return PairView(label=self._words[name], value=formats.money(amount + 0, self._language), **more)

    def figure(self, name: str, amount: Decimal, **more: Any) -> PairView:
        """Without the currency."""
        return PairView(label=self._words[name], value=formats.amount(amount, self._language), **more)


def _rows(statement: Statement, language: Language) -> Iterator[StatementRowView]:
    words = account_labels(language)

    def amount(value: Decimal) -> str:
        return formats.amount(value, language)

    first, last = (formats.short_date(day) for day in (statement.first, statement.last))
    yield StatementRowView(date=first, label=words["statement.opening"], balance=amount(statement.opening))
    for row in statement.lines:
        line = row.line
        yield StatementRowView(
            date=formats.short_date(line.day),
            label=" ".join(part for part in (words[f"line.{line.kind}"], _code(line.number)) if part),
            detail=_detail(line, language),
            debit=amount(line.debit) if line.debit else "",
            credit=amount(line.credit) if line.credit else "",
            balance=amount(row.balance),
        )
    totals = {"debit": amount(statement.debits), "credit": amount(statement.credits)}
    yield StatementRowView(date="", label=words["statement.totals"], **totals)
    yield StatementRowView(date=last, label=words["statement.closing"], balance=amount(statement.closing))


def _code(text: str | None) -> str:
    """A number, a date or a reference between marks of direction, so that it reads from left to right in an Arabic
    sentence: 2026-00042 would read 00042-2026. The renderer replaces the marks. An Arabic text needs none."""
    if not text or direction(text, "ltr") == "rtl":
        return text or ""
    return f"\u200e{text}\u200e"


def _detail(line: AccountLine, language: Language) -> str:
    """The facts below a line: its due date, or its method, reference and reason, and a cheque that does not count."""
    words = account_labels(language)
    due = words["statement.due"].format(day=_code(formats.short_date(line.due_date))) if line.due_date else ""
    parts = (
        due,
        labels(language)[f"mode.{line.method}"] if line.method else "",
        _code(line.reference),
        words[f"reason.{line.reason}"] if line.reason else "",
        words["statement.uncounted"].format(amount=_code(formats.amount(line.pending, language)))
        if line.kind == "pending"
        else "",
    )
    return " · ".join(part for part in parts if part)
