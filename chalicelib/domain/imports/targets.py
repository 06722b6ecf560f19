"""The fields that a file may fill, by kind of import, and how a cell becomes a value of each."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

from chalicelib.domain.imports.model import ImportKind

CellType = Literal["text", "digits", "number", "whole", "country", "phone", "choice", "yes_no", "day"]
"""digits: an identifier of digits, whose zeros and length count. choice: one of a few codes, also in words. day: a date
in any of the usual forms, the day before the month."""
METADATA: Final = "metadata."
"""Begins a field that is a pair of the client's own metadata."""
ICE: Final = "ice"
ICE_DIGITS: Final = 15

_PARTY: Final[Mapping[str, CellType]] = {
    "id": "text",
    "name": "text",
    "kind": "choice",
    ICE: "digits",
    "ice_missing_reason": "text",
    "tax_id": "digits",
    "trade_register": "text",
    "address.street": "text",
    "address.city": "text",
    "address.postal_code": "text",
    "address.country": "country",
    "email": "text",
    "phone": "phone",
    "language": "choice",
    "payment_terms_days": "whole",
    "withholder": "choice",
    "notes": "text",
}
_ITEM: Final[Mapping[str, CellType]] = {
    "id": "text",
    "name": "text",
    "description": "text",
    "reference": "text",
    "unit": "text",
    "unit_price": "number",
    "vat_rate": "number",
    "exemption": "text",
    "nature": "choice",
    "withholding": "choice",
}
ARCHIVE: Final = "invoices_archive"
"""The kind of import that archives earlier invoices."""
LINE: Final = "line."
"""Begins the fields of a line. Rows with one number are the lines of one invoice."""
_ARCHIVE: Final[Mapping[str, CellType]] = {
    "number": "text",
    "series": "text",
    "issue_date": "day",
    "operation_date": "day",
    "due_date": "day",
    "status": "choice",
    "currency": "choice",
    "language": "choice",
    "customer": "text",
    "seller.ice": "digits",
    "buyer.name": "text",
    "buyer.kind": "choice",
    "buyer.ice": "digits",
    "buyer.tax_id": "digits",
    "buyer.address.street": "text",
    "buyer.address.city": "text",
    "buyer.address.postal_code": "text",
    "buyer.address.country": "country",
    f"{LINE}description": "text",
    f"{LINE}quantity": "number",
    f"{LINE}unit": "text",
    f"{LINE}unit_price": "number",
    f"{LINE}discount.percent": "number",
    f"{LINE}discount.amount": "number",
    f"{LINE}vat_rate": "number",
    f"{LINE}exemption": "text",
    f"{LINE}net": "number",
    "totals.discount": "number",
    "totals.net": "number",
    "totals.vat_total": "number",
    "totals.gross": "number",
    "paid": "number",
    "balance": "number",
    "payment_mode": "choice",
    "buyer_reference": "text",
    "order_reference": "text",
    "notes": "text",
}
TARGETS: Final[Mapping[ImportKind, Mapping[str, CellType]]] = MappingProxyType(
    {
        "customers": {**_PARTY, "billing": "choice", "terms_law": "yes_no"},
        "suppliers": _PARTY,
        "items": _ITEM,
        ARCHIVE: _ARCHIVE,
    }
)
"""The kinds that can be imported from a table, each with its fields."""


REQUIRED: Final[Mapping[ImportKind, tuple[str, ...]]] = MappingProxyType(
    {"customers": ("name",), "suppliers": ("name",), "items": ("name",), ARCHIVE: ("number", "issue_date")}
)
"""The fields that need a column. Without one, the user must map the columns first."""


def type_of(kind: ImportKind, field: str) -> CellType | None:
    """The type of a field; None for a field that the kind lacks."""
    if field.startswith(METADATA):
        return "text" if len(field) > len(METADATA) else None
    return TARGETS[kind].get(field)


WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "kind": {
        "business": "entreprise société societe company business professionnel pro b2b sarl sa شركة مقاولة مؤسسة",
        "consumer": "particulier personne individual person consumer b2c شخص فرد",
        "public_body": "public administration etat état établissement collectivité government إدارة عمومية",
    },
    "language": {
        "fr": "français francais french fra fr_fr fr_ma الفرنسية",
        "ar": "arabe arabic ara ar_001 ar_ma العربية",
        "en": "anglais english eng en_us en_gb الإنجليزية",
    },
    "withholder": {"none": "aucune aucun non no لا"},
    "nature": {
        "goods": "bien biens marchandise marchandises produit stockable consommable consu product goods سلعة سلع",
        "services": "service services prestation prestations خدمة خدمات",
        "fees": "honoraires honoraire fees أتعاب",
        "works": "travaux works أشغال",
        "capital_goods": "immobilisation immobilisations",
    },
    "status": {
        "paid": (
            "payée payé paye payees payées soldée soldé réglée réglé encaissée settled closed مؤداة مؤدى مدفوعة مدفوع"
        ),
        "partially_paid": (
            "partielle partiel partiellement partiellement_payée partiellement_payé partiellement_réglée "
            "partiellement_réglé partial partially_paid in_payment جزئية مؤداة_جزئيا مدفوعة_جزئيا"
        ),
        "issued": (
            "impayée impayé non_payée non_payé non_réglée non_réglé non_soldée unpaid not_paid open sent due overdue "
            "envoyée validée échue en_retard en_attente émise ouverte posted مستحقة غير_مؤداة غير_مؤدى غير_مدفوعة "
            "غير_مدفوع"
        ),
    },
    "currency": {"MAD": "mad dh dhs dirham dirhams درهم"},
    "payment_mode": {
        "cash": "espèces espèce liquide نقدا نقد",
        "cheque": "chèque chèques check شيك",
        "transfer": "virement wire bank تحويل",
        "card": "carte cb tpe بطاقة",
        "bill_of_exchange": "effet traite lcn كمبيالة",
        "direct_debit": "prélèvement اقتطاع",
        "other": "autre أخرى",
    },
    "billing": {"each": "unitaire", "monthly": "mensuel mensuelle month شهري"},
}
"""The words of a choice in files of other programs, by field and code, an underscore for a space. A code itself counts
too."""
YES: Final = frozenset(["true", "oui", "yes", "1", "vrai", "x", "نعم"])
NO: Final = frozenset(["false", "non", "no", "0", "faux", "لا"])
COUNTRIES: Final[Mapping[str, str]] = {
    word: code
    for code, words in {
        "MA": "maroc|morocco|المغرب|royaume du maroc|mar|504",
        "FR": "france|فرنسا|fra|250",
        "ES": "espagne|spain|españa|إسبانيا|esp|724",
        "DZ": "algerie|algeria|الجزائر|dza|012",
        "TN": "tunisie|tunisia|تونس|tun|788",
        "BE": "belgique|belgium|بلجيكا|bel|056",
        "IT": "italie|italy|italia|إيطاليا|ita|380",
        "DE": "allemagne|germany|deutschland|ألمانيا|deu|276",
        "GB": "royaume-uni|united kingdom|المملكة المتحدة|gbr|uk|826",
        "US": "etats-unis|united states|الولايات المتحدة|usa|840",
        "CN": "chine|china|الصين|chn|156",
        "SN": "senegal|السنغال|sen|686",
        "CI": "cote d'ivoire|ivory coast|civ|384",
        "AE": "emirats arabes unis|united arab emirates|الإمارات|are|784",
    }.items()
    for word in words.split("|")
}
"""The names of the countries that Moroccan companies trade with most, folded, and their numbers (ISO 3166-1). Other
names need their code."""
