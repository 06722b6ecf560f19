"""Lists shaped like those of other programs, with invented data."""

from typing import Any

import pytest

from chalicelib.domain.imports.headers import propose
from chalicelib.domain.imports.targets import TARGETS
from tests.conftest import Shop
from tests.imports.files import analysed, committed, counts, every, reasons

NINJA = (
    "client.name,client.phone,client.address1,client.city,client.postal_code,client.country_id,"
    "client.vat_number,client.id_number,client.payment_terms,client.website,client.public_notes,"
    "contact.first_name,contact.email\n"
    '"Boulangerie Al Amal, SARL",+212522334455,12 rue X,Rabat,10000,Morocco,12345678,002136093000040,30,,'
    "Le matin,A,a@amal.example\n"
)
NINJA_ITEMS = (
    "product.product_key,product.notes,product.price,product.cost,product.tax_name1,product.tax_rate1\n"
    "Thé vert,Boîte de 250 g,38.50,20,TVA,20\n"
)
ODOO = (
    "id,name,company_type,street,city,zip,country_id,vat,company_registry,phone,email,lang\n"
    "__export__.res_partner_1,Riad Yasmine,Company,5 derb Y,Marrakech,40000,Morocco,12345678,"
    "002136093000040,0524 33 44 55,info@riad.example,fr_FR\n"
    "__export__.res_partner_2,Salma B.,Individual,,Fès,,,,,0661223344,salma@b.example,ar_001\n"
)
ODOO_ITEMS = "name,default_code,list_price,type,uom_id,taxes_id\nPose de zellige,ZEL-1,250.00,service,m²,20%\n"
ZOHO = (
    "Display Name,Company Name,EmailID,Phone,Billing Address,Billing City,Billing Code,Billing Country,"
    "Payment Terms,Customer Sub Type,Notes\n"
    "Hôtel Atlas,Hôtel Atlas,compta@atlas.example,0528 11 22 33,Bd Z,Agadir,80000,Morocco,Net 60,"
    "business,\n"
)
ZOHO_ITEMS = (
    "Item Name,SKU,Rate,Product Type,Usage Unit,Tax Percentage,Description\nConseil,C-1,MAD 1500.00,service,jour,20,\n"
)
SAGE = (
    "Code;Intitulé;N° SIRET;N° identifiant;Adresse;Code postal;Ville;Pays;Téléphone;E-mail\r\n"
    "CLATLAS;Atlas Bois;002136093000040;12345678;3 rue W;20000;Casablanca;Maroc;0522 98 76 54;"
    "bois@atlas.example\r\n"
)
SAGE_ITEMS = (
    "Référence;Désignation;Prix de vente;Unité de vente;Taux TVA\r\nPL-18;Planche de cèdre;1 250,75;m³;20,00\r\n"
)

PARTIES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "invoice_ninja": (
        NINJA,
        "utf-8",
        {"name": "Boulangerie Al Amal, SARL", "ice": "002136093000040", "payment_terms_days": 30, "notes": "Le matin"},
    ),
    "zoho": (ZOHO, "utf-8", {"name": "Hôtel Atlas", "payment_terms_days": 60, "ice_missing_reason": None}),
    "sage": (SAGE, "cp1252", {"name": "Atlas Bois", "ice": "002136093000040", "tax_id": "12345678"}),
}
ITEMS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "invoice_ninja": (NINJA_ITEMS, "utf-8", {"name": "Thé vert", "unit_price": "38.50", "vat_rate": "20"}),
    "odoo": (ODOO_ITEMS, "utf-8", {"reference": "ZEL-1", "unit_price": "250.00", "nature": "services", "unit": "m²"}),
    "zoho": (ZOHO_ITEMS, "utf-8", {"reference": "C-1", "unit_price": "1500.00", "vat_rate": "20"}),
    "sage": (SAGE_ITEMS, "cp1252", {"reference": "PL-18", "unit_price": "1250.75", "unit": "m³"}),
}


def _one(shop: Shop, kind: str, text: str, encoding: str, source: str) -> dict[str, Any]:
    found = analysed(shop, kind, text.encode(encoding))
    assert (found["mapping"]["source"], found["refusals"]) == (source, [])
    committed(shop, found["id"])
    return every(shop, kind)[0]


@pytest.mark.parametrize("source", ["invoice_ninja", "sage"])
def test_a_list_of_parties_of_another_program_is_known(shop: Shop, source: str) -> None:
    text, encoding, wanted = PARTIES[source]
    made = _one(shop, "suppliers", text, encoding, source)
    assert {name: made[name] for name in wanted} == wanted
    assert (made["kind"], made["address"]["country"]) == ("business", "MA")


def test_a_business_without_an_ice_is_refused_with_the_reason(shop: Shop) -> None:
    """Zoho's list says that the customer is a business, and has no column for the ICE."""
    found = analysed(shop, "customers", ZOHO.encode())
    assert (found["mapping"]["source"], counts(found)) == ("zoho", (0, 0, 0, 1))
    assert [(each["row"], each["field"], each["code"]) for each in found["refusals"]] == [(2, "ice", "ice_required")]


def test_a_list_of_odoo_with_titles_for_people_is_known(shop: Shop) -> None:
    """An export of Odoo that is not meant for a new import."""
    text = (
        "External ID,Name,Company Type,Street,City,Zip,Country,Tax ID,Company ID,Phone,Email,Language\n"
        "__export__.res_partner_1,Riad Yasmine,Company,5 derb Y,Marrakech,40000,Morocco,40123456,"
        "002136093000040,+212 5 24 33 44 55,info@riad.example,French / Français\n"
        "__export__.res_partner_2,Salma B.,Person,,Fès,,,,,0661223344,salma@b.example,Arabic / الْعَرَبيّة\n"
    )
    found = analysed(shop, "suppliers", text.encode())
    assert (found["mapping"]["source"], found["refusals"]) == ("odoo", [])
    committed(shop, found["id"])
    told = {each["name"]: (each["kind"], each["ice"], each["language"]) for each in every(shop, "suppliers")}
    assert told == {
        "Riad Yasmine": ("business", "002136093000040", "fr"),
        "Salma B.": ("consumer", None, "ar"),
    }


def test_a_list_that_a_spreadsheet_saved_as_text_gets_its_zeros_back(shop: Shop) -> None:
    """Only an ICE whose last two digits confirm them."""
    text = (
        "client.name,client.id_number,client.phone,client.country_id\n"
        "Atlas,2136093000040,522334455,504\n"
        "Rif,2136093000041,+212522334466,MA\n"
    )
    found = analysed(shop, "suppliers", text.encode())
    assert [(each["row"], each["column"], each["code"]) for each in found["warnings"]] == [
        (2, 2, "zeros_added"),
        (2, 3, "zeros_added"),
    ]
    assert reasons(found) == [(3, 2, "2136093000041", "ice_malformed")]
    committed(shop, found["id"], rows="valid")
    (made,) = every(shop, "suppliers")
    assert (made["ice"], made["phone"], made["address"]["country"]) == ("002136093000040", "+212522334455", "MA")


def test_a_list_of_odoo_has_businesses_and_persons(shop: Shop) -> None:
    found = analysed(shop, "suppliers", ODOO.encode())
    assert (found["mapping"]["source"], counts(found)) == ("odoo", (2, 0, 0, 0))
    committed(shop, found["id"])
    assert [(each["kind"], each["language"]) for each in every(shop, "suppliers")] == [
        ("business", "fr"),
        ("consumer", "ar"),
    ]


@pytest.mark.parametrize("source", ITEMS)
def test_a_list_of_items_of_another_program_is_known(shop: Shop, source: str) -> None:
    text, encoding, wanted = ITEMS[source]
    made = _one(shop, "items", text, encoding, source)
    assert {name: made[name] for name in wanted} == wanted


@pytest.mark.parametrize(
    ("kind", "titles", "fields"),
    [
        ("customers", ["Raison sociale", "ICE", "Tél", "Ville"], ["name", "ice", "phone", "address.city"]),
        ("customers", ["الاسم", "الهاتف", "المدينة"], ["name", "phone", "address.city"]),
        ("items", ["Désignation", "Prix unitaire HT", "TVA %", "Unité"], ["name", "unit_price", "vat_rate", "unit"]),
        ("items", ["Item", "Unit Price", "VAT rate", "SKU"], ["name", "unit_price", "vat_rate", "reference"]),
        (
            "invoices_archive",
            ["N° facture", "Date de facturation", "Nom du client", "Montant TTC", "Montant réglé"],
            ["number", "issue_date", "buyer.name", "totals.gross", "paid"],
        ),
        (
            "invoices_archive",
            ["رقم الفاتورة", "تاريخ الإصدار", "العميل", "الإجمالي", "المبلغ المدفوع", "المبلغ المتبقي"],
            ["number", "issue_date", "buyer.name", "totals.gross", "paid", "balance"],
        ),
        ("customers", ["Nom", "Client", "Couleur"], ["name", None, None]),
    ],
)
def test_headers_in_three_languages_are_known(kind: Any, titles: list[str], fields: list[str | None]) -> None:
    assert propose(kind, titles) == (None, fields)


@pytest.mark.parametrize("kind", TARGETS)
def test_the_names_of_the_api_are_headers(kind: Any) -> None:
    names = [*TARGETS[kind], "metadata.order"]
    assert propose(kind, names) == ("facture", names)
