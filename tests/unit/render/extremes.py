"""The longest and the widest value that each printed field can hold, by the limits of the API's models.

A text is longest as words, which wrap, and widest as one run of the widest letters, which has no place to break.
A figure has its most digits. `CASES` has a row for every attribute of a view that is printed.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel

from chalicelib.api.companies import CompanyEdit
from chalicelib.api.document_models import CreditIn, DraftEdit, LineIn, RecordIn
from chalicelib.api.fields import Text
from chalicelib.domain.documents.view import DocumentView, FactView, TotalView, VatView
from chalicelib.domain.language import Language
from chalicelib.domain.morocco.vat import article_key
from chalicelib.domain.text import without_unseen
from chalicelib.render import formats
from chalicelib.render.text import unmarked
from chalicelib.services.documents.view import issued_view
from chalicelib.services.inputs.parties import CustomerNew
from chalicelib.services.inputs.records import AddressIn
from tests.unit import samples
from tests.unit.render import views

Extreme = Literal["longest", "widest"]
_WORDS = {
    "fr": "Établissements Ouarzazate façade",
    "ar": "مُؤَسَّسَةُ الأطْلَسِ الكَبِيرِ للتَّجْهيزِ إلخ",
    "en": "Highlands workshop fitting",
}
_WIDEST = {"fr": "W", "ar": "ض", "en": "M"}
_MOST = Decimal("999999999999.99")


def limit(model: type[BaseModel], field: str) -> int:
    """The most characters that a text field of a model accepts."""
    info = model.model_fields[field]
    return next(each.max for each in (*info.metadata, *_metadata(info.annotation)) if isinstance(each, Text))


def _metadata(annotation: Any) -> Iterator[Any]:
    if get_origin(annotation) is Annotated:
        yield from annotation.__metadata__
    for part in get_args(annotation):
        yield from _metadata(part)


def text(most: int, language: Language, extreme: Extreme) -> str:
    """A text of `most` characters, without white space at its ends."""
    if extreme == "widest":
        return _WIDEST[language] * most
    words = f"{_WORDS[language]} "
    return (words * (most // len(words) + 1))[:most].strip().ljust(most, "x")


def code(most: int, extreme: Extreme) -> str:
    """An identifier of `most` characters."""
    return "W" * most if extreme == "widest" else ("AB-12/34 5678 " * most)[:most].strip().ljust(most, "9")


def email(extreme: Extreme) -> str:
    """An address of 254 characters, the most that is accepted."""
    letter = "w" if extreme == "widest" else "i"
    return f"{letter * 64}@{'.'.join([letter * 61] * 3)}.ma"


Change = Callable[[DocumentView, Language, Extreme], DocumentView]


def _company(field: str, limited: tuple[type[BaseModel], str], *, coded: bool = False) -> Change:
    return lambda view, language, extreme: replace(
        view, seller=replace(view.seller, **_text_of(field, limited, language, extreme, coded))
    )


def _buyer(field: str, limited: tuple[type[BaseModel], str], *, coded: bool = False) -> Change:
    def change(view: DocumentView, language: Language, extreme: Extreme) -> DocumentView:
        assert view.buyer is not None
        return replace(view, buyer=replace(view.buyer, **_text_of(field, limited, language, extreme, coded)))

    return change


def _text_of(
    field: str, limited: tuple[type[BaseModel], str], language: Language, extreme: Extreme, coded: bool
) -> dict[str, Any]:
    most = limit(*limited)
    return {field: code(most, extreme) if coded else text(most, language, extreme)}


def _address(language: Language, extreme: Extreme) -> tuple[str, ...]:
    """Street, postal code with town, and the country with the longest name."""
    street, city, postal = (limit(AddressIn, name) for name in ("street", "city", "postal_code"))
    town = f"{code(postal, extreme)} {text(city, language, extreme)}"
    return text(street, language, extreme), town, formats.country("GS", language)


def _line(make: Callable[[Language, Extreme], dict[str, str]]) -> Change:
    def change(view: DocumentView, language: Language, extreme: Extreme) -> DocumentView:
        first, *rest = view.lines
        return replace(view, lines=(replace(first, **make(language, extreme)), *rest))

    return change


def _fact(kind: Any, most: int, *, coded: bool = False) -> Change:
    def change(view: DocumentView, language: Language, extreme: Extreme) -> DocumentView:
        value = code(most, extreme) if coded else text(most, language, extreme)
        return replace(
            view,
            facts=(
                *view.facts,
                FactView(kind=kind, value=value, label="Facture d’origine" if kind == "corrects" else ""),
            ),
        )

    return change


def _document(make: Callable[[Language, Extreme], dict[str, Any]]) -> Change:
    return lambda view, language, extreme: replace(view, **make(language, extreme))


def _totals(language: Language, extreme: Extreme) -> dict[str, Any]:
    kinds = ("lines", "discount", "net", "vat_total", "rounding", "gross", "stamp_duty", "payable")
    rows = {kind: formats.money(-_MOST if kind == "discount" else _MOST, language) for kind in kinds}
    return {"totals": tuple(TotalView(kind=kind, amount=amount) for kind, amount in rows.items())}  # type: ignore[arg-type]


def _vat(language: Language, extreme: Extreme) -> dict[str, Any]:
    most = formats.amount(_MOST, language)
    article = article_key("100BIS-XXXXXX-D-88-d" if extreme == "widest" else "123TER-XVIII-A-12-a")
    assert article, "an article is stored in the form of the table"
    rates = (formats.percent(Decimal("99.99"), language), formats.percent(Decimal(0), language))
    return {"vat": tuple(VatView(rate=rate, base=most, amount=most, exemption=article) for rate in rates)}


def _words(language: Language, extreme: Extreme) -> dict[str, Any]:
    """The sentence of an amount with the most words."""
    line = samples.line("1", "777777777777.77", "0", exemption="92-I-1")
    return {"amount_in_words": issued_view(samples.issued(line), language).amount_in_words}


IDENTITY = ("ice", "tax_id", "trade_register")
CASES: dict[str, Change] = {
    "seller.name": _company("name", (CompanyEdit, "name")),
    "seller.other_name": _company("other_name", (CompanyEdit, "name_ar")),
    "seller.legal_form": _company("legal_form", (CompanyEdit, "legal_form")),
    "seller.address": lambda view, language, extreme: replace(
        view, seller=replace(view.seller, address=_address(language, extreme))
    ),
    **{
        f"seller.{name}": _company(name, (CompanyEdit, name), coded=True)
        for name in (*IDENTITY, "business_tax", "cnss")
    },
    "seller.share_capital": lambda view, language, extreme: replace(
        view, seller=replace(view.seller, share_capital=formats.share_capital(_MOST, language))
    ),
    "seller.bank_name": _company("bank_name", (CompanyEdit, "bank_name")),
    "seller.rib": _company("rib", (CompanyEdit, "rib"), coded=True),
    "seller.phone": _company("phone", (CompanyEdit, "phone"), coded=True),
    "seller.email": lambda view, language, extreme: replace(view, seller=replace(view.seller, email=email(extreme))),
    "buyer.name": _buyer("name", (CustomerNew, "name")),
    "buyer.address": lambda view, language, extreme: replace(
        view, buyer=replace(view.buyer or view.seller, address=_address(language, extreme))
    ),
    **{f"buyer.{name}": _buyer(name, (CustomerNew, name), coded=True) for name in IDENTITY},
    "buyer.phone": _buyer("phone", (CustomerNew, "phone"), coded=True),
    "buyer.email": lambda view, language, extreme: replace(
        view, buyer=replace(view.buyer or view.seller, email=email(extreme))
    ),
    "line.position": _line(lambda language, extreme: {"position": "1000"}),
    "line.description": _line(
        lambda language, extreme: {"description": text(limit(LineIn, "description"), language, extreme)}
    ),
    "line.quantity": _line(
        lambda language, extreme: {"quantity": formats.number(Decimal("999999999.999999"), language)}
    ),
    "line.unit": _line(lambda language, extreme: {"unit": text(limit(LineIn, "unit"), language, extreme)}),
    "line.unit_price": _line(
        lambda language, extreme: {"unit_price": formats.unit_price(Decimal("999999999999.999999"), language)}
    ),
    "line.discount": _line(
        lambda language, extreme: {
            "discount": formats.percent(Decimal("99.9999"), language)
            if extreme == "longest"
            else formats.amount(_MOST, language)
        }
    ),
    "line.rate": _line(lambda language, extreme: {"rate": formats.percent(Decimal("99.99"), language)}),
    "line.net": _line(lambda language, extreme: {"net": formats.amount(_MOST, language)}),
    "number": _document(lambda language, extreme: {"number": code(limit(RecordIn, "number"), extreme)}),
    "facts.corrects": _fact("corrects", limit(RecordIn, "number"), coded=True),
    "facts.reason": _fact("reason", limit(CreditIn, "reason")),
    "facts.order_reference": _fact("order_reference", 100, coded=True),
    "totals": _document(_totals),
    "vat": _document(_vat),
    "amount_in_words": _document(_words),
    "notes": _document(lambda language, extreme: {"notes": text(limit(DraftEdit, "notes"), language, extreme)}),
    "signature_box": _document(lambda language, extreme: {"signature_box": True}),
}
FIXED = {
    *(
        "kind",
        "language",
        "dated",
        "title",
        "addressee",
        "marks",
        "payment_terms",
        "paid_at_once",
        "mentions",
        "register_hash",
    ),
    *("line", "seller", "buyer", "facts"),
}
"""Attributes whose text is ours, and those whose parts have rows of their own."""
NEVER_FILLED = {f"buyer.{name}" for name in ("other_name", "legal_form", "business_tax", "cnss", "share_capital")} | {
    f"buyer.{name}" for name in ("bank_name", "rib")
}
"""Attributes of the seller that no buyer has."""


def extreme_view(language: Language, extreme: Extreme, *names: str, lines: int = 3) -> DocumentView:
    """A view whose attributes of these names are extreme, or all of them."""
    view = views.view(lines, language)
    for name in names or CASES:
        view = CASES[name](view, language, extreme)
    return view


def printed(view: DocumentView, name: str) -> list[str]:
    """The texts of one attribute that the page prints, each as one cell or one row."""
    part, _, attribute = name.partition(".")
    if part in ("seller", "buyer"):
        value = getattr(getattr(view, part), attribute)
        value = unmarked(value) if attribute == "share_capital" else value
        return list(value) if isinstance(value, tuple) else [value]
    if part == "line":
        return [getattr(view.lines[0], attribute)]
    if part == "facts":
        return [view.facts[-1].value]
    if part == "totals":
        return [without_unseen(unmarked(row.amount)) for row in view.totals]
    if part == "vat":
        return [text for row in view.vat for text in (row.rate, row.exemption, row.base, row.amount)]
    value = getattr(view, part)
    return [value] if isinstance(value, str) else []
