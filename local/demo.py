"""The demonstration company's books: a plausible SARL in Casablanca. All of it is sample data."""

from typing import Any

COMPANY: dict[str, Any] = {
    "name": "Atlas Négoce Exemple",
    "legal_form": "SARL",
    "regime": "standard",
    "person": "legal",
    "address": {"street": "12 rue Ibn Batouta, Maârif", "city": "Casablanca", "postal_code": "20100", "country": "MA"},
    "ice": "002136093000040",
    "tax_id": "20734518",
    "trade_register": "341275",
    "business_tax": "35709142",
    "cnss": "9183746",
    "share_capital": "100000.00",
    "email": "contact@atlas-negoce.example",
    "phone": "+212522000000",
    "language": "fr",
}
RIB_WITHOUT_KEY = "0117800000123456789012"

CUSTOMERS: tuple[dict[str, Any], ...] = (
    {
        "name": "Riad Exemple SARL",
        "kind": "business",
        "ice": "001525713000097",
        "language": "fr",
        "address": {"street": "8 derb Sidi Bouloukat", "city": "Marrakech", "postal_code": "40000"},
        "email": "compta@riad-exemple.example",
        "payment_terms_days": 30,
    },
    {
        "name": "Commune de Fès (exemple)",
        "kind": "public_body",
        "language": "ar",
        "withholder": "public_body",
        "address": {"street": "شارع الحسن الثاني", "city": "فاس", "postal_code": "30000"},
    },
    {
        "name": "Café du Port (exemple)",
        "kind": "business",
        "language": "fr",
        "ice_missing_reason": "Commerce en cours d'immatriculation",
        "address": {"street": "Quai des pêcheurs", "city": "Essaouira", "postal_code": "44000"},
    },
    {
        "name": "Sample Imports Ltd",
        "kind": "business",
        "language": "en",
        "ice_missing_reason": "Established abroad",
        "address": {"street": "1 Sample Street", "city": "London", "postal_code": "EC1A 1AA", "country": "GB"},
    },
    {
        "name": "Cliente Exemple",
        "kind": "consumer",
        "language": "fr",
        "address": {"city": "Casablanca"},
        "phone": "+212661000000",
    },
)
SUPPLIER: dict[str, Any] = {
    "name": "Papeterie Exemple",
    "kind": "business",
    "ice": "000230195000010",
    "address": {"street": "45 boulevard Zerktouni", "city": "Casablanca"},
}

ITEMS: tuple[dict[str, Any], ...] = (
    {"name": "Conseil", "unit": "jour", "unit_price": "1500.00", "vat_rate": "20", "nature": "services"},
    {"name": "Thé vert, 500 g", "unit": "boîte", "unit_price": "42.50", "vat_rate": "20", "nature": "goods"},
    {"name": "Huile d'argan", "unit": "flacon", "unit_price": "118.333333", "vat_rate": "20", "nature": "goods"},
    {"name": "Nuit et petit déjeuner", "unit": "nuit", "unit_price": "620.00", "vat_rate": "10", "nature": "services"},
)


def line(item: int, quantity: str, **more: Any) -> dict[str, Any]:
    """Return a line with the item of the catalogue."""
    sold = ITEMS[item]
    kept = {name: sold[name] for name in ("unit", "unit_price", "vat_rate", "nature")}
    return {"description": sold["name"], "quantity": quantity, **kept, **more}


INVOICES: tuple[dict[str, Any], ...] = (
    {
        "customer": 0,
        "lines": [line(0, "2", discount={"percent": "10"}), line(1, "24"), line(3, "3")],
        "payment_mode": "transfer",
    },
    {
        "customer": 1,
        "lines": [
            line(0, "7", description="الاستشارة والمواكبة", unit="يوم"),
            line(0, "1.5", description="تكوين الموظفين", unit="يوم"),
        ],
    },
    {
        "customer": 2,
        "lines": [line(1, "60"), line(2, "12")],
        "discount": {"amount": "150.00"},
        "payment_mode": "cheque",
    },
    {
        "customer": 3,
        "lines": [
            line(2, "200", description="Argan oil, 250 ml, for export", unit="bottle", vat_rate="0", exemption="92-I-1")
        ],
    },
    {"customer": 4, "lines": [line(2, "2"), line(1, "1")], "payment_mode": "cash"},
)
"""The invoices of the demonstration, in the order of their issue. `customer` is an index of CUSTOMERS."""
DRAFT: dict[str, Any] = {
    "customer": 0,
    "lines": [line(0, "4"), line(3, "12")],
    "notes": "Séminaire de janvier, à confirmer.",
}
