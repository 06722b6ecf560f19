"""Headers of files: the words for each field in French, Arabic and English, and the headers of other programs."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from chalicelib.domain.imports.field_words import FIELD_WORDS
from chalicelib.domain.imports.model import ImportKind, Source
from chalicelib.domain.imports.targets import ARCHIVE, METADATA, REQUIRED, TARGETS
from chalicelib.domain.tabular.columns import IMPORT_COLUMNS
from chalicelib.domain.text import fold

_WORD: Final = re.compile(r"[^\W_]+")


def plain(header: str) -> str:
    """A header in the form in which equal headers are equal: folded words. `client.name` is `client name`."""
    return " ".join(_WORD.findall(fold(header)))


_OWN: Final = "facture"


@dataclass(frozen=True)
class Preset:
    """The headers of another program's list. A file that has all of `marks` is such a list."""

    source: Source
    kinds: frozenset[str]
    marks: frozenset[str]
    fields: Mapping[str, str]


_PARTIES: Final = frozenset({"customers", "suppliers"})
_ITEMS: Final = frozenset({"items"})
_INVOICES: Final = frozenset({ARCHIVE})


def _preset(source: Source, kinds: frozenset[str], marks: str, **fields: str) -> Preset:
    """A preset. `fields` are headers for each field, a double underscore for its point."""
    by_header = {
        plain(header): field.replace("__", ".") for field, words in fields.items() for header in words.split("|")
    }
    return Preset(source, kinds, frozenset(map(plain, marks.split("|"))), by_header)


PRESETS: Final = (
    _preset(
        "invoice_ninja",
        _PARTIES,
        "client.name|client.id_number",
        name="client.name",
        ice="client.id_number",
        tax_id="client.vat_number",
        phone="client.phone|contact.phone",
        email="contact.email|client.email",
        address__street="client.address1|client.address 1|client.street",
        address__city="client.city",
        address__postal_code="client.postal_code",
        address__country="client.country_id|client.country",
        payment_terms_days="client.payment_terms",
        notes="client.public_notes",
    ),
    _preset(
        "invoice_ninja",
        _ITEMS,
        "product.product_key|product.price",
        name="product.product_key",
        description="product.notes",
        unit_price="product.price",
        vat_rate="product.tax_rate1",
    ),
    _preset(
        "odoo",
        _PARTIES,
        "name|company_type|vat",
        name="name",
        kind="company_type|is_company",
        ice="company_registry",
        tax_id="vat",
        address__street="street",
        address__city="city",
        address__postal_code="zip",
        address__country="country_id|country_id/code",
        email="email",
        phone="phone",
        language="lang",
        notes="comment",
    ),
    _preset(
        "odoo",
        _PARTIES,
        "name|company type|tax id",
        name="name",
        kind="company type|is a company",
        ice="company id",
        tax_id="tax id",
        address__street="street",
        address__city="city",
        address__postal_code="zip",
        address__country="country",
        email="email",
        phone="phone|mobile",
        language="language",
        notes="notes",
    ),
    _preset(
        "odoo",
        _ITEMS,
        "name|default_code|list_price",
        name="name",
        reference="default_code",
        unit_price="list_price",
        vat_rate="taxes_id|taxes_id/amount",
        unit="uom_id|uom_id/name",
        nature="type|detailed_type",
        description="description_sale",
    ),
    _preset(
        "zoho",
        _PARTIES,
        "display name|company name|emailid",
        name="display name",
        email="emailid",
        phone="phone|mobilephone",
        address__street="billing address",
        address__city="billing city",
        address__postal_code="billing code",
        address__country="billing country",
        payment_terms_days="payment terms",
        kind="customer sub type",
        tax_id="tax registration number",
        notes="notes",
    ),
    _preset(
        "zoho",
        _ITEMS,
        "item name|rate|product type",
        name="item name",
        reference="sku",
        unit_price="rate",
        unit="usage unit",
        description="description",
        vat_rate="tax percentage",
        nature="product type",
    ),
    _preset(
        "sage",
        _PARTIES,
        "code|intitulé|n° siret|adresse",
        name="intitulé",
        address__street="adresse",
        address__postal_code="code postal",
        address__city="ville",
        address__country="pays",
        phone="téléphone",
        email="e-mail",
        ice="n° siret",
        tax_id="n° identifiant",
    ),
    _preset(
        "sage",
        _ITEMS,
        "référence|désignation|prix de vente|unité de vente",
        reference="référence",
        name="désignation",
        unit_price="prix de vente",
        unit="unité de vente",
        vat_rate="taux tva",
    ),
    _preset(
        "invoice_ninja",
        _INVOICES,
        "client.name|invoice.number",
        buyer__name="client.name",
        buyer__ice="client.id_number",
        buyer__tax_id="client.vat_number",
        number="invoice.number",
        issue_date="invoice.date",
        due_date="invoice.due_date",
        order_reference="invoice.po_number",
        status="invoice.status",
        totals__gross="invoice.amount",
        balance="invoice.balance",
        notes="invoice.public_notes",
        line__description="item.notes|item.product_key",
        line__quantity="item.quantity",
        line__unit_price="item.cost",
        line__discount__percent="item.discount",
        line__vat_rate="item.tax_rate1",
    ),
    _preset(
        "odoo",
        _INVOICES,
        "name|invoice_date|amount_total",
        number="name",
        issue_date="invoice_date",
        due_date="invoice_date_due",
        buyer__name="partner_id|partner_id/name|invoice_partner_display_name",
        buyer__ice="partner_id/company_registry",
        totals__net="amount_untaxed",
        totals__vat_total="amount_tax",
        totals__gross="amount_total",
        balance="amount_residual",
        status="payment_state",
        order_reference="ref",
        line__description="invoice_line_ids/name",
        line__quantity="invoice_line_ids/quantity",
        line__unit_price="invoice_line_ids/price_unit",
        line__vat_rate="invoice_line_ids/tax_ids/amount",
        line__net="invoice_line_ids/price_subtotal",
    ),
    _preset(
        "zoho",
        _INVOICES,
        "invoice number|invoice date|customer name|item price",
        number="invoice number",
        issue_date="invoice date",
        due_date="due date",
        status="invoice status",
        buyer__name="customer name",
        currency="currency code",
        totals__net="subtotal",
        totals__gross="total",
        balance="balance",
        order_reference="purchaseorder",
        line__description="item name|item desc",
        line__quantity="quantity",
        line__unit="usage unit",
        line__unit_price="item price",
        line__vat_rate="item tax %",
        line__net="item total",
        notes="notes",
    ),
    _preset(
        "sage",
        _INVOICES,
        "n° pièce|date|intitulé client|total ttc",
        number="n° pièce",
        issue_date="date",
        due_date="date échéance",
        buyer__name="intitulé client",
        buyer__ice="n° siret",
        totals__net="total ht",
        totals__vat_total="total tva",
        totals__gross="total ttc",
        paid="montant réglé",
        balance="solde dû",
        line__description="désignation",
        line__quantity="quantité",
        line__unit_price="p.u. ht",
        line__vat_rate="taux tva",
        line__net="montant ht",
    ),
)
"""Lists as other programs export them. `N° SIRET` of Sage's French list holds the ICE in Morocco."""


def propose(kind: ImportKind, titles: Sequence[str]) -> tuple[Source | None, list[str | None]]:
    """The program that made the file, if its headers tell it, and the field of each column. No field is proposed
    twice: the first column counts."""
    known = [plain(header) for header in titles]
    preset = next((each for each in PRESETS if kind in each.kinds and each.marks <= set(known)), None)
    fields = (
        [preset.fields.get(header) for header in known]
        if preset
        else [_field(kind, header, word) for header, word in zip(titles, known, strict=True)]
    )
    own = sum(header in TARGETS[kind] for header in titles) >= len(titles) // 2 + 1
    source: Source | None = preset.source if preset else _OWN if own and REQUIRED[kind][0] in titles else None
    return source, [field if field and field not in fields[:place] else None for place, field in enumerate(fields)]


def _field(kind: ImportKind, header: str, word: str) -> str | None:
    """The field of a header: its own name in the API, or one of its words."""
    name = header.strip()
    if name in TARGETS[kind] or name.startswith(METADATA):
        return name
    return _words(kind).get(word)


@cache
def _words(kind: ImportKind) -> Mapping[str, str]:
    """The field of each known word. The titles of an export come last, because they win."""
    words = {
        plain(word): field
        for field, words in FIELD_WORDS[kind].items()
        if field in TARGETS[kind]
        for word in words.split("|")
    }
    titles = {
        plain(title): column.path
        for column in IMPORT_COLUMNS.get(kind, ())
        for title in column.titles.values()
        if title != column.path
    }
    return words | titles
