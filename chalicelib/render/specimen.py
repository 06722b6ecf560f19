"""A specimen that shows every part that a page can have, to try a merchant's template."""

from datetime import date
from decimal import Decimal
from typing import Final, get_args

from chalicelib.domain.documents.invoice import INVOICE
from chalicelib.domain.documents.view import (
    DocumentView,
    FactKind,
    FactView,
    LineView,
    PartyView,
    TotalKind,
    TotalView,
    VatView,
)
from chalicelib.domain.language import Language
from chalicelib.render import formats

LINES: Final = 30
_DAY: Final = date(2026, 11, 23)
_DESCRIPTION: Final = "Conseil en organisation, atelier de cadrage\nاستشارة في التنظيم"


def specimen(language: Language) -> DocumentView:
    """Return an invoice of 30 lines with every fact, total and text."""
    words = INVOICE.words
    return DocumentView(
        kind=INVOICE.kind,
        language=language,
        dated=_DAY,
        seller=_party("Atlas Négoce", language),
        buyer=_party("مقاولة المثال", language),
        title=words.title[language],
        addressee=words.addressee[language],
        number="FA-2026-00042",
        marks=("specimen",),
        facts=tuple(
            FactView(kind=kind, value=formats.long_date(_DAY, language), label=words.title[language])
            for kind in get_args(FactKind)
        ),
        lines=tuple(_line(number, language) for number in range(1, LINES + 1)),
        totals=tuple(
            TotalView(kind=kind, amount=formats.money(Decimal("3240.00"), language)) for kind in get_args(TotalKind)
        ),
        vat=(
            VatView(rate="20\u00a0%", base=formats.amount(Decimal(2700), language), amount="540,00"),
            VatView(rate="0\u00a0%", base="0,00", amount="0,00", exemption="92-I-1"),
        ),
        amount_in_words=words.closing[language].format(words="…") if words.closing else "",
        payment_terms="À régler au plus tard le 22 janvier 2027.",
        mentions=("Tout retard de paiement expose à l'amende de l'article 78-3 du Code de commerce.",),
        notes=_DESCRIPTION,
        register_hash="9f2c41d7a03b5e18",
    )


def _line(number: int, language: Language) -> LineView:
    return LineView(
        position=str(number),
        description=_DESCRIPTION,
        quantity=formats.number(Decimal("2.5"), language),
        unit="jour",
        unit_price=formats.unit_price(Decimal("1200.00"), language),
        discount=formats.percent(Decimal(10), language),
        rate=formats.percent(Decimal(20), language),
        net=formats.amount(Decimal("2700.00"), language),
    )


def _party(name: str, language: Language) -> PartyView:
    return PartyView(
        name=name,
        legal_form="SARL",
        address=("12, rue Ibn Batouta", "20000 Casablanca"),
        ice="002136093000040",
        tax_id="40211587",
        trade_register="345671",
        business_tax="35790124",
        cnss="4587712",
        share_capital=formats.share_capital(Decimal(100000), language),
        rib=formats.grouped_rib("230780211111111111110054"),
        phone="+212 522 43 21 09",
        email="contact@atlas.example",
    )
