"""The fixed words of a printed document, one row per word: French, Arabic, English."""

from chalicelib.domain.language import Language

_TABLE: dict[str, tuple[str, str, str]] = {
    # marks
    "mark.draft": ("BROUILLON", "مسودة", "DRAFT"),
    "mark.specimen": ("SPÉCIMEN", "عينة", "SPECIMEN"),
    "mark.draft.long": ("Brouillon, sans valeur", "مسودة بدون قيمة", "Draft, of no value"),
    "mark.specimen.long": ("Spécimen, sans valeur", "عينة بدون قيمة", "Specimen, of no value"),
    # parties: the names of identifiers in e-invoices, and those on pages
    "number": ("N°", "رقم", "No."),
    "ice": ("ICE", "ICE", "ICE"),
    "tax_id": ("IF", "IF", "IF"),
    "trade_register": ("RC", "RC", "RC"),
    "business_tax": ("TP", "TP", "TP"),
    "cnss": ("CNSS", "CNSS", "CNSS"),
    "page.ice": ("ICE", "التعريف الموحد للمقاولة", "ICE"),
    "page.tax_id": ("IF", "التعريف الضريبي", "IF"),
    "page.trade_register": ("RC", "السجل التجاري", "RC"),
    "page.business_tax": ("TP", "الرسم المهني", "TP"),
    "page.cnss": ("CNSS", "الضمان الاجتماعي", "CNSS"),
    "page.share_capital": ("Capital", "رأس المال", "Share capital"),
    "share_capital": ("Capital", "رأس المال", "Share capital"),
    "rib": ("RIB", "كشف التعريف البنكي", "RIB"),
    # facts
    "fact.issue_date": ("Date", "التاريخ", "Date"),
    "fact.operation_date": ("Date de l’opération", "تاريخ العملية", "Date of supply"),
    "fact.due_date": ("Échéance", "تاريخ الاستحقاق", "Due date"),
    "fact.corrected_date": ("Date d’origine", "تاريخ الأصل", "Original date"),
    "fact.order_reference": ("Bon de commande", "رقم الطلبية", "Order reference"),
    "fact.buyer_reference": ("Référence client", "مرجع الزبون", "Buyer reference"),
    "fact.reason": ("Motif", "السبب", "Reason"),
    "fact.settlement": ("Mode de paiement", "طريقة الأداء", "Payment method"),
    # modes of payment
    "mode.cash": ("Espèces", "نقدا", "Cash"),
    "mode.cheque": ("Chèque", "شيك", "Cheque"),
    "mode.transfer": ("Virement", "تحويل بنكي", "Bank transfer"),
    "mode.card": ("Carte bancaire", "بطاقة بنكية", "Card"),
    "mode.bill_of_exchange": ("Effet de commerce", "كمبيالة", "Bill of exchange"),
    "mode.direct_debit": ("Prélèvement", "اقتطاع بنكي", "Direct debit"),
    "mode.compensation": ("Compensation", "مقاصة", "Offsetting"),
    "mode.other": ("Autre", "وسيلة أخرى", "Other"),
    "terms.cash": ("Au comptant, en espèces.", "يؤدى نقدا في الحال.", "Payable at once, in cash."),
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
    "total.rounding": ("Arrondi", "تقريب", "Rounding"),
    "total.gross": ("Total TTC", "المجموع مع الضريبة", "Total incl. VAT"),
    "total.stamp_duty": ("Droit de timbre", "رسم التنبر", "Stamp duty"),
    "total.withheld_vat": ("Retenue à la source TVA", "الضريبة المحجوزة في المنبع", "VAT withheld at source"),
    "total.withheld_fees": ("Retenue à la source honoraires", "الحجز في المنبع على الأتعاب", "Tax withheld on fees"),
    "total.payable": ("Net à payer", "الصافي للأداء", "Amount payable"),
    "total.credited": ("Montant de l’avoir", "مبلغ الإشعار الدائن", "Amount credited"),
    # other words
    "payment": ("Règlement", "الأداء", "Payment"),
    "notes": ("Notes", "ملاحظات", "Notes"),
    "signature": ("Cachet et signature", "الختم والتوقيع", "Stamp and signature"),
    "register": ("Empreinte au registre", "بصمة السجل", "Register fingerprint"),
    "page": ("Page", "صفحة", "Page"),
}
_LANGUAGES: tuple[Language, ...] = ("fr", "ar", "en")


def labels(language: Language) -> dict[str, str]:
    """Return every label in `language`, by its dotted name."""
    column = _LANGUAGES.index(language)
    return {name: words[column] for name, words in _TABLE.items()}
