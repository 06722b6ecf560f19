"""The tables of an export: their names, their columns and their titles."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from chalicelib.domain.documents.document_type import Counterparty, DocumentType
from chalicelib.domain.documents.registry import by_kind
from chalicelib.domain.exports.model import DRAFTED, ISSUED, ExportRequest
from chalicelib.domain.tabular.columns import ID, IMPORT_COLUMNS, TableColumn, column

_IMPORTED: Final = frozenset(kind for kind, document_type in ISSUED.items() if document_type.imported)
"""The kinds of documents whose table an import reads: one table with a row for each line."""
LINES: Final = "_lines"
"""Ends the name of a table with the lines of documents."""
METADATA: Final = "metadata"
MOST_PAIRS: Final = 150
"""Columns of metadata in one table. An import reads 200 columns."""
_DOCUMENT: Final = (
    column("status", "Statut|الحالة|Status"),
    column("issue_date", "Date d'émission|تاريخ الإصدار|Issue date", "day"),
    column("operation_date", "Date de l'opération|تاريخ العملية|Operation date", "day"),
    column("due_date", "Échéance|تاريخ الاستحقاق|Due date", "day"),
)
_AMOUNTS: Final = (
    column("totals.net", "Total HT|المجموع دون ضريبة|Total before tax", "number"),
    column("totals.vat_total", "TVA|الضريبة على القيمة المضافة|VAT", "number"),
    column("totals.gross", "Total TTC|المجموع مع الضريبة|Total with tax", "number"),
    column("totals.stamp_duty", "Droit de timbre|رسم التنبر|Stamp duty", "number"),
    column("totals.payable", "Net à payer|الصافي للأداء|Payable", "number"),
    column("currency", "Devise|العملة|Currency"),
)
_BALANCE: Final = (
    column("paid", "Payé|المؤدى|Paid", "number"),
    column("withheld", "Retenu à la source|المحجوز من المنبع|Withheld", "number"),
    column("credited", "Crédité|المبلغ الدائن|Credited", "number"),
    column("balance", "Reste à payer|الباقي|Balance", "number"),
)
_REFERENCES: Final = (
    column("payment_mode", "Mode de paiement|طريقة الأداء|Payment mode"),
    column("buyer_reference", "Référence de l'acheteur|مرجع المشتري|Buyer reference"),
    column("order_reference", "Bon de commande|سند الطلب|Order reference"),
    column("notes", "Notes|ملاحظات|Notes"),
)
_NUMBER: Final = column("number", "Numéro|الرقم|Number")
LINE_COLUMNS: Final = (
    column("document", "Document|المستند|Document"),
    _NUMBER,
    column("issue_date", "Date d'émission|تاريخ الإصدار|Issue date", "day"),
    column("line", "Ligne|السطر|Line", "whole"),
    column("description", "Désignation|التعيين|Description"),
    column("quantity", "Quantité|الكمية|Quantity", "number"),
    column("unit", "Unité|الوحدة|Unit"),
    column("unit_price", "Prix unitaire HT|ثمن الوحدة دون ضريبة|Unit price before tax", "number"),
    column("discount.percent", "Remise (%)|الخصم (%)|Discount (%)", "number"),
    column("discount.amount", "Remise (montant)|الخصم (مبلغ)|Discount (amount)", "number"),
    column("vat_rate", "Taux de TVA|نسبة الضريبة على القيمة المضافة|VAT rate", "number"),
    column("exemption", "Exonération|الإعفاء|Exemption"),
    column("nature", "Nature|الطبيعة|Nature"),
    column("item", "Article|المنتوج|Item"),
    column("net", "Montant HT|المبلغ دون ضريبة|Amount before tax", "number"),
)
_DATE: Final = column("date", "Date|التاريخ|Date", "day")
_CUSTOMER: Final = column("customer", "Client|الزبون|Customer")
_AMOUNT: Final = column("amount", "Montant|المبلغ|Amount", "number")
_METHOD: Final = column("method", "Mode de paiement|طريقة الأداء|Method")
_REFERENCE: Final = column("reference", "Référence|المرجع|Reference")
_MOVEMENTS: Final[Mapping[str, tuple[TableColumn, ...]]] = {
    "payments": (
        ID,
        _DATE,
        column("invoice", "Facture|الفاتورة|Invoice"),
        column("invoice_number", "Numéro de facture|رقم الفاتورة|Invoice number"),
        _CUSTOMER,
        _AMOUNT,
        _METHOD,
        _REFERENCE,
        column("status", "Statut|الحالة|Status"),
        column("applied", "Montant affecté|المبلغ المخصص|Applied", "number"),
        column("withheld_vat", "Retenue de TVA|حجز الضريبة على القيمة المضافة|VAT withheld", "number"),
        column("withheld_fees", "Retenue sur honoraires|حجز الأتعاب|Fees withheld", "number"),
        column("certificate", "Attestation|الشهادة|Certificate"),
        column("matures_on", "Échéance de l'effet|تاريخ استحقاق الورقة|Matures on", "day"),
        column("cashed_on", "Encaissé le|تاريخ التحصيل|Cashed on", "day"),
        column("reverses", "Annule le paiement|يلغي الأداء|Reverses"),
        column("reversed_by", "Annulé par|ألغي بواسطة|Reversed by"),
        column("reason", "Motif|السبب|Reason"),
        column("stamp_duty", "Droit de timbre|رسم التنبر|Stamp duty", "number"),
    ),
    "credit_entries": (
        ID,
        _DATE,
        _CUSTOMER,
        column("source", "Origine|المصدر|Source"),
        _AMOUNT,
        column("unapplied", "Non affecté|غير المخصص|Unapplied", "number"),
        _METHOD,
        _REFERENCE,
        column("document", "Document|المستند|Document"),
        column("payment", "Paiement|الأداء|Payment"),
        column("credit_note", "Avoir|إشعار دائن|Credit note"),
    ),
    "refunds": (ID, _DATE, _CUSTOMER, column("document", "Document|المستند|Document"), _AMOUNT, _METHOD, _REFERENCE),
}
_PERSON: Final[Mapping[Counterparty, tuple[str, str]]] = {
    "customer": ("Client|الزبون|Customer", "Nom du client|اسم الزبون|Customer name"),
    "supplier": ("Fournisseur|المورد|Supplier", "Nom du fournisseur|اسم المورد|Supplier name"),
}
"""The titles of the other party's id, and of its name."""


@dataclass(frozen=True)
class Table:
    """A table of an export: its name, the place of its kind in the request, and its columns. A table without columns
    has the JSON of the API."""

    name: str
    place: int
    columns: tuple[TableColumn, ...]

    def rows(self, body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        """The rows of one record or document: itself, or its lines. An imported document is repeated on each line."""
        if self.name in _IMPORTED:
            yield from ({**body, "line": each} for each in body["lines"] or [{}])
            return
        if not self.name.endswith(LINES):
            yield body
            return
        head = {"document": body["id"], "number": body["number"], "issue_date": body["issue_date"]}
        for number, line in enumerate(body["lines"], 1):
            yield {**line, **head, "line": number}


def tables_of(request: ExportRequest, pairs: Sequence[Sequence[str]]) -> list[Table]:
    """The tables of a request. `pairs` are the names of the metadata of each of its kinds."""
    tables: list[Table] = []
    for place, kind in enumerate(request.kinds):
        if request.format == "json":
            tables.append(Table(kind, place, ()))
            continue
        own = tuple(column(f"{METADATA}.{name}") for name in pairs[place])
        tables.append(Table(kind, place, (*columns_of(kind), *own)))
        if kind not in _IMPORTED and (kind in ISSUED or kind in DRAFTED):
            tables.append(Table(f"{kind}{LINES}", place, LINE_COLUMNS))
    return tables


def columns_of(kind: str) -> tuple[TableColumn, ...]:
    """The columns of a kind, without its metadata."""
    if kind in IMPORT_COLUMNS:
        return IMPORT_COLUMNS[kind]
    if kind in _MOVEMENTS:
        return _MOVEMENTS[kind]
    return _columns_of_documents(ISSUED.get(kind) or DRAFTED[kind])


def _columns_of_documents(document_type: DocumentType) -> tuple[TableColumn, ...]:
    """The columns of a kind of document. Attributes that only this kind has follow under their names in the API."""
    person, name = _PERSON[document_type.counterparty]
    corrected = [_corrected(kind) for kind in document_type.corrects]
    known = {each.path for each in corrected}
    return (
        ID,
        _NUMBER,
        *_DOCUMENT,
        column(document_type.person, person),
        column(f"{document_type.party}.name", name),
        column(f"{document_type.party}.ice", "ICE|التعريف الموحد للمقاولة|ICE"),
        *(_AMOUNTS if document_type.priced else ()),
        *(_BALANCE if document_type.balance else ()),
        *_REFERENCES,
        *corrected,
        *(column(name) for name in document_type.shown if name not in known),
    )


def _corrected(kind: str) -> TableColumn:
    """The column with the number of the document that is corrected."""
    words = by_kind(kind).words
    return TableColumn(f"{kind}_number", "text", words.original or words.title)
