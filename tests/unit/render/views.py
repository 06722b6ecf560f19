"""Sample views: a believable SARL in Casablanca, any number of lines, in the three languages."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from chalicelib.domain.documents.invoice import INVOICE
from chalicelib.domain.documents.view import DocumentView, FactView, LineView, PartyView, TotalView, VatView
from chalicelib.domain.language import Language
from chalicelib.domain.money import cents
from chalicelib.render import formats

_WORDS: dict[Language, dict[str, Any]] = {
    "fr": {
        "items": (
            "Conseil en organisation, atelier de cadrage",
            "Huile d’argan alimentaire, bouteille 250 ml",
            "Transport et livraison à Casablanca",
            "Ciment CPJ 45, sac de 50 kg",
            "Formation du personnel (réf. MA-2026/07)",
        ),
        "units": ("jour", "bouteille", "forfait", "sac", ""),
        "words": "Arrêtée la présente facture à la somme de trois mille deux cent quarante dirhams.",
        "terms": "Paiement par virement à 60 jours de la date d’émission.",
        "mention": "Tout retard de paiement donne lieu à une amende au profit du Trésor (loi 69-21).",
        "seller": "Atlas Négoce et Services",
        "buyer": "Riad Al Andalous",
    },
    "ar": {
        "items": (
            "استشارة في التنظيم، ورشة تحديد الحاجيات",
            "زيت أركان الغذائي، قنينة 250 ml",
            "النقل والتسليم إلى الدار البيضاء",
            "Ciment CPJ 45, sac de 50 kg",
            "تكوين المستخدمين (المرجع MA-2026/07)",
        ),
        "units": ("يوم", "قنينة", "جزافي", "كيس", ""),
        "words": "حُددت هذه الفاتورة في مبلغ ثلاثة آلاف ومائتين وأربعين درهما.",
        "terms": "الأداء بتحويل بنكي داخل أجل 60 يوما من تاريخ الإصدار.",
        "mention": "كل تأخير في الأداء تترتب عنه غرامة لفائدة الخزينة (القانون 69-21).",
        "seller": "أطلس للتجارة والخدمات Atlas Négoce",
        "buyer": "Riad Al Andalous",
    },
    "en": {
        "items": (
            "Organisation consulting, scoping workshop",
            "Culinary argan oil, 250 ml bottle",
            "Carriage and delivery to Casablanca",
            "Cement CPJ 45, 50 kg bag",
            "Staff training (ref. MA-2026/07)",
        ),
        "units": ("day", "bottle", "flat rate", "bag", ""),
        "words": "This invoice amounts to three thousand two hundred and forty dirhams.",
        "terms": "Payment by transfer within 60 days of issue.",
        "mention": "Late payment gives rise to a fine owed to the Treasury (law 69-21).",
        "seller": "Atlas Négoce et Services",
        "buyer": "Riad Al Andalous",
    },
}


def seller(language: Language) -> PartyView:
    """A company with valid identifiers."""
    return PartyView(
        name=_WORDS[language]["seller"],
        legal_form="SARL" if language != "ar" else "شركة ذات مسؤولية محدودة",
        address=("12, rue Ibn Batouta, 3e étage", "20000 Casablanca, Maroc"),
        ice="002136093000040",
        tax_id="40211587",
        trade_register="345671 Casablanca",
        business_tax="35790124",
        cnss="4587712",
        share_capital=formats.share_capital(Decimal(100000), language),
        rib=formats.grouped_rib("230780211111111111110054"),
        phone="+212 522 43 21 09",
        email="facturation@atlas-negoce.example",
    )


def line(position: int, language: Language) -> LineView:
    """One line, its figures formatted as the product formats them."""
    words, at = _WORDS[language], (position - 1) % 5
    quantity, price = Decimal(position % 7 + 1), Decimal("1234.5") + position
    discount = Decimal(10 if at == 1 else 0)
    return LineView(
        position=str(position),
        description=words["items"][at],
        quantity=formats.number(quantity, language),
        unit=words["units"][at],
        unit_price=formats.unit_price(price, language),
        discount=formats.percent(discount, language) if discount else "",
        rate=formats.percent(Decimal(10 if at == 2 else 20), language),
        net=formats.amount(cents(quantity * price * (100 - discount) / 100), language),
    )


def view(lines: int = 20, language: Language = "fr", **changes: Any) -> DocumentView:
    """An issued invoice of so many lines; `changes` replace its attributes. (The totals are samples, not sums.)"""
    words = _WORDS[language]

    def money(value: str) -> str:
        return formats.money(Decimal(value), language)

    def amount(value: str) -> str:
        return formats.amount(Decimal(value), language)

    made = DocumentView(
        kind=INVOICE.kind,
        language=language,
        title=INVOICE.words.title[language],
        addressee=INVOICE.words.addressee[language],
        dated=date(2026, 11, 23),
        number="FA-2026-00042",
        facts=(
            FactView(kind="issue_date", value="23/11/2026"),
            FactView(kind="operation_date", value="20/11/2026"),
            FactView(kind="due_date", value="22/01/2027"),
        ),
        seller=seller(language),
        buyer=PartyView(
            name=words["buyer"],
            legal_form="SARL AU",
            address=("45, avenue Mohammed V", "40000 Marrakech, Maroc"),
            ice="001525713000085",
            phone="+212 661 00 00 00",
        ),
        lines=tuple(line(position, language) for position in range(1, lines + 1)),
        vat=(
            VatView(rate=formats.percent(Decimal(20), language), base=amount("2500.00"), amount=amount("500.00")),
            VatView(rate=formats.percent(Decimal(10), language), base=amount("200.00"), amount=amount("20.00")),
        ),
        totals=(
            TotalView(kind="lines", amount=money("2850.00")),
            TotalView(kind="discount", amount=money("-150.00")),
            TotalView(kind="net", amount=money("2700.00")),
            TotalView(kind="vat_total", amount=money("520.00")),
            TotalView(kind="gross", amount=money("3220.00")),
            TotalView(kind="payable", amount=money("3240.00")),
        ),
        amount_in_words=words["words"],
        payment_terms=words["terms"],
        mentions=(words["mention"],),
        register_hash="9f2c 41d7 a03b 5e18",
    )
    return replace(made, **changes)
