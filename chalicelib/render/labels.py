"""The fixed words of a printed document, one row per word: French, Arabic, English."""

from chalicelib.domain.language import Language

_TABLE: dict[str, tuple[str, str, str]] = {
    # marks
    "mark.draft": ("BROUILLON", "مسودة", "DRAFT"),
    "mark.specimen": ("SPÉCIMEN", "عينة", "SPECIMEN"),
    "mark.draft.long": ("Brouillon, sans valeur", "مسودة بدون قيمة", "Draft, of no value"),
    "mark.specimen.long": ("Spécimen, sans valeur", "عينة بدون قيمة", "Specimen, of no value"),
    # parties
    "number": ("N°", "رقم", "No."),
    "ice": ("ICE", "ICE", "ICE"),
    "tax_id": ("IF", "IF", "IF"),
    "trade_register": ("RC", "RC", "RC"),
    "business_tax": ("TP", "TP", "TP"),
    "cnss": ("CNSS", "CNSS", "CNSS"),
    "share_capital": ("Capital", "رأس المال", "Share capital"),
    "rib": ("RIB", "RIB", "RIB"),
    # facts
    "fact.issue_date": ("Date", "التاريخ", "Date"),
    "fact.operation_date": ("Date de l’opération", "تاريخ العملية", "Date of supply"),
    "fact.due_date": ("Échéance", "تاريخ الاستحقاق", "Due date"),
    "fact.reason": ("Motif", "السبب", "Reason"),
    "fact.settlement": ("Mode de paiement", "طريقة الأداء", "Payment method"),
    # columns
    "column.position": ("N°", "رقم", "#"),
    "column.description": ("Désignation", "البيان", "Description"),
    "column.quantity": ("Qté", "الكمية", "Qty"),
    "column.unit_price": ("P.U. HT", "ثمن الوحدة دون ضريبة", "Unit price"),
    "column.discount": ("Remise", "خصم", "Discount"),
    "column.rate": ("TVA", "الضريبة", "VAT"),
    "column.net": ("Montant HT", "المبلغ دون ضريبة", "Net amount"),
    # TVA per rate
    "vat.rate": ("Taux de TVA", "نسبة الضريبة", "VAT rate"),
    "vat.base": ("Base HT", "الأساس دون ضريبة", "Taxable base"),
    "vat.amount": ("Montant TVA", "مبلغ الضريبة", "VAT amount"),
    # totals
    "total.lines": ("Total des lignes HT", "مجموع السطور دون ضريبة", "Sum of lines"),
    "total.discount": ("Remise", "خصم", "Discount"),
    "total.net": ("Total HT", "المجموع دون ضريبة", "Total excl. VAT"),
    "total.vat_total": ("Total TVA", "مجموع الضريبة على القيمة المضافة", "Total VAT"),
    "total.gross": ("Total TTC", "المجموع مع الضريبة", "Total incl. VAT"),
    "total.stamp_duty": ("Droit de timbre", "رسم التنبر", "Stamp duty"),
    "total.withheld_vat": ("Retenue à la source TVA", "الضريبة المحجوزة في المنبع", "VAT withheld at source"),
    "total.withheld_fees": ("Retenue à la source honoraires", "الحجز في المنبع على الأتعاب", "Tax withheld on fees"),
    "total.payable": ("Net à payer", "الصافي للأداء", "Amount payable"),
    # other words
    "payment": ("Règlement", "الأداء", "Payment"),
    "notes": ("Notes", "ملاحظات", "Notes"),
    "register": ("Empreinte au registre", "بصمة السجل", "Register fingerprint"),
    "page": ("Page", "صفحة", "Page"),
}
_LANGUAGES: tuple[Language, ...] = ("fr", "ar", "en")


def labels(language: Language) -> dict[str, str]:
    """Return every label in `language`, by its dotted name."""
    column = _LANGUAGES.index(language)
    return {name: words[column] for name, words in _TABLE.items()}
