"""The columns of the tables of customers, suppliers and items. An export writes them, and an import knows them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from chalicelib.domain.language import Language

CellKind = Literal["text", "number", "whole", "day", "yes_no"]
"""The kind of a column's values. An amount is a number."""
LANGUAGES: Final[tuple[Language, ...]] = ("fr", "ar", "en")


@dataclass(frozen=True)
class TableColumn:
    """A column: the path of its values in the JSON of the API (`address.city`), their kind, and its title in each
    language."""

    path: str
    kind: CellKind
    titles: Mapping[Language, str]


def column(path: str, titles: str = "", kind: CellKind = "text") -> TableColumn:
    """A column with its titles in French, Arabic and English, separated by `|`. Without titles, its path is the title
    in every language."""
    words = titles.split("|") if titles else [path] * len(LANGUAGES)
    return TableColumn(path, kind, dict(zip(LANGUAGES, words, strict=True)))


ID: Final = column("id")
"""Its title is its path: the lists of other programs have a column `ID` with their own numbers."""
_PARTY: Final = (
    ID,
    column("name", "Nom ou raison sociale|الاسم|Name"),
    column("kind", "Type|النوع|Kind"),
    column("ice", "ICE|التعريف الموحد للمقاولة|ICE"),
    column("ice_missing_reason", "Motif sans ICE|سبب غياب التعريف الموحد|Reason without ICE"),
    column("tax_id", "Identifiant fiscal|التعريف الضريبي|Tax ID"),
    column("trade_register", "Registre du commerce|السجل التجاري|Trade register"),
    column("address.street", "Adresse|العنوان|Address"),
    column("address.city", "Ville|المدينة|City"),
    column("address.postal_code", "Code postal|الرمز البريدي|Postal code"),
    column("address.country", "Pays|البلد|Country"),
    column("email", "E-mail|البريد الإلكتروني|E-mail"),
    column("phone", "Téléphone|الهاتف|Phone"),
    column("language", "Langue|اللغة|Language"),
    column("payment_terms_days", "Délai de paiement (jours)|أجل الأداء (أيام)|Payment terms (days)", "whole"),
    column("withholder", "Retenue à la source|الحجز من المنبع|Withholding"),
    column("notes", "Notes|ملاحظات|Notes"),
)
_CUSTOMER: Final = (
    *_PARTY,
    column("billing", "Facturation|الفوترة|Billing"),
    column("terms_law", "Loi 69-21|القانون 69-21|Law 69-21", "yes_no"),
)
_ITEM: Final = (
    ID,
    column("name", "Désignation|التعيين|Name"),
    column("description", "Description|الوصف|Description"),
    column("reference", "Référence|المرجع|Reference"),
    column("unit", "Unité|الوحدة|Unit"),
    column("unit_price", "Prix unitaire HT|ثمن الوحدة دون ضريبة|Unit price before tax", "number"),
    column("vat_rate", "Taux de TVA|نسبة الضريبة على القيمة المضافة|VAT rate", "number"),
    column("exemption", "Exonération|الإعفاء|Exemption"),
    column("nature", "Nature|الطبيعة|Nature"),
    column("withholding", "Retenue à la source|الحجز من المنبع|Withholding"),
)
RECORD_COLUMNS: Final[Mapping[str, tuple[TableColumn, ...]]] = {
    "customers": _CUSTOMER,
    "suppliers": _PARTY,
    "items": _ITEM,
}
"""The columns of each kind of record that an import reads. The pairs of metadata follow them, one column for each."""
_ARCHIVE: Final = (
    column("number", "Numéro|الرقم|Number"),
    column("series", "Série d'origine|السلسلة الأصلية|Original series"),
    column("issue_date", "Date d'émission|تاريخ الإصدار|Issue date", "day"),
    column("operation_date", "Date de l'opération|تاريخ العملية|Operation date", "day"),
    column("due_date", "Échéance|تاريخ الاستحقاق|Due date", "day"),
    column("currency", "Devise|العملة|Currency"),
    column("language", "Langue|اللغة|Language"),
    column("customer", "Identifiant du client|معرف الزبون|Customer id"),
    column("buyer.name", "Nom du client|اسم الزبون|Customer name"),
    column("buyer.kind", "Type de client|نوع الزبون|Customer kind"),
    column("buyer.ice", "ICE|التعريف الموحد للمقاولة|ICE"),
    column("buyer.tax_id", "Identifiant fiscal|التعريف الضريبي|Tax ID"),
    column("buyer.address.street", "Adresse|العنوان|Address"),
    column("buyer.address.city", "Ville|المدينة|City"),
    column("buyer.address.postal_code", "Code postal|الرمز البريدي|Postal code"),
    column("buyer.address.country", "Pays|البلد|Country"),
    column("line.description", "Désignation|التعيين|Description"),
    column("line.quantity", "Quantité|الكمية|Quantity", "number"),
    column("line.unit", "Unité|الوحدة|Unit"),
    column("line.unit_price", "Prix unitaire HT|ثمن الوحدة دون ضريبة|Unit price before tax", "number"),
    column("line.discount.percent", "Remise (%)|الخصم (%)|Discount (%)", "number"),
    column("line.discount.amount", "Remise (montant)|الخصم (مبلغ)|Discount (amount)", "number"),
    column("line.vat_rate", "Taux de TVA|نسبة الضريبة على القيمة المضافة|VAT rate", "number"),
    column("line.exemption", "Exonération|الإعفاء|Exemption"),
    column("line.net", "Montant HT de la ligne|مبلغ السطر دون ضريبة|Line amount before tax", "number"),
    column("totals.discount", "Remise globale|الخصم الإجمالي|Document discount", "number"),
    column("totals.net", "Total HT|المجموع دون ضريبة|Total before tax", "number"),
    column("totals.vat_total", "TVA|الضريبة على القيمة المضافة|VAT", "number"),
    column("totals.gross", "Total TTC|المجموع مع الضريبة|Total with tax", "number"),
    column("paid", "Payé|المؤدى|Paid", "number"),
    column("balance", "Reste à payer|الباقي|Balance", "number"),
    column("payment_mode", "Mode de paiement|طريقة الأداء|Payment mode"),
    column("buyer_reference", "Référence de l'acheteur|مرجع المشتري|Buyer reference"),
    column("order_reference", "Bon de commande|سند الطلب|Order reference"),
    column("notes", "Notes|ملاحظات|Notes"),
)
IMPORT_COLUMNS: Final[Mapping[str, tuple[TableColumn, ...]]] = {**RECORD_COLUMNS, "invoices_archive": _ARCHIVE}
"""The columns of each kind that an import reads. An archived invoice has one row for each line."""
