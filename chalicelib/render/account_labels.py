"""The fixed words of receipts and statements, one row per word: French, Arabic, English."""

from chalicelib.domain.language import LANGUAGES, Language

_TABLE: dict[str, tuple[str, str, str]] = {
    "receipt": ("Reçu", "وصل أداء", "Receipt"),
    "receipt.counter_entry": ("Contre-passation", "قيد عكسي", "Counter-entry"),
    "receipt.from": ("Reçu de", "توصلنا من", "Received from"),
    "receipt.date": ("Date", "التاريخ", "Date"),
    "receipt.cashed_on": ("Encaissé le", "تاريخ التحصيل", "Cashed on"),
    "receipt.matures_on": ("Échéance", "تاريخ الاستحقاق", "Maturity"),
    "receipt.method": ("Mode de paiement", "طريقة الأداء", "Payment method"),
    "receipt.reference": ("Référence", "المرجع", "Reference"),
    "receipt.document": ("Facture", "الفاتورة", "Invoice"),
    "receipt.document_date": ("Date de la facture", "تاريخ الفاتورة", "Invoice date"),
    "receipt.certificate": ("Attestation de retenue", "شهادة الحجز في المنبع", "Certificate of withholding"),
    "receipt.amount": ("Montant reçu", "المبلغ المتوصل به", "Amount received"),
    "receipt.amount_back": ("Montant repris", "المبلغ المسترجع", "Amount taken back"),
    "receipt.withheld_vat": (
        "Retenue à la source TVA",
        "الضريبة على القيمة المضافة المحجوزة في المنبع",
        "VAT withheld at source",
    ),
    "receipt.withheld_fees": (
        "Retenue à la source honoraires",
        "الحجز في المنبع على الأتعاب",
        "Tax withheld on fees",
    ),
    "receipt.stamp_duty": (
        "Droit de timbre sur l’encaissement en espèces, en sus",
        "رسم التنبر على الأداء نقدا، إضافة إلى المبلغ",
        "Stamp duty on the cash, due in addition",
    ),
    "receipt.applied": ("Imputé sur la facture", "المخصص للفاتورة", "Applied to the invoice"),
    "receipt.excess": ("Crédit non imputé du client", "رصيد للزبون لم يخصص", "Unapplied credit of the customer"),
    "receipt.words": ("Reçu la somme de : {words}.", "توصلنا بمبلغ: {words}.", "Received the sum of: {words}."),
    "receipt.words_back": (
        "Repris la somme de : {words}.",
        "تم استرجاع مبلغ: {words}.",
        "Taken back the sum of: {words}.",
    ),
    "receipt.pending": (
        "Sous réserve d’encaissement : ce reçu ne vaut paiement qu’une fois l’effet encaissé.",
        "مع التحفظ على التحصيل: لا يعد هذا الوصل أداء إلا بعد تحصيل الورقة.",
        "Subject to collection: this receipt is a payment only once the instrument is cashed.",
    ),
    "receipt.reversed": (
        "Annulé le {day} : {reason}. Ce reçu est sans valeur.",
        "ألغي بتاريخ {day}: {reason}. هذا الوصل بدون قيمة.",
        "Reversed on {day}: {reason}. This receipt is of no value.",
    ),
    "receipt.reverses": (
        "Annule le paiement n° {number} du {day} : {reason}.",
        "يلغي الأداء رقم {number} بتاريخ {day}: {reason}.",
        "Reverses payment no. {number} of {day}: {reason}.",
    ),
    "receipt.from_credit": (
        "Montant pris sur un crédit du client, reçu auparavant.",
        "أُخذ هذا المبلغ من رصيد للزبون، تم التوصل به من قبل.",
        "Taken from unapplied credit of the customer, received before.",
    ),
    "reason.returned_unpaid": ("impayé", "رجع بدون أداء", "returned unpaid"),
    "reason.entered_in_error": ("saisi par erreur", "سُجل بالخطأ", "entered in error"),
    "reason.other": ("autre motif", "سبب آخر", "another reason"),
    "statement": ("Relevé de compte", "كشف حساب", "Statement of account"),
    "statement.customer": ("Client", "الزبون", "Customer"),
    "statement.from": ("Du", "من", "From"),
    "statement.to": ("Au", "إلى", "To"),
    "statement.date": ("Date", "التاريخ", "Date"),
    "statement.line": ("Opération", "العملية", "Event"),
    "statement.debit": ("Débit", "مدين", "Debit"),
    "statement.credit": ("Crédit", "دائن", "Credit"),
    "statement.balance": ("Solde", "الرصيد", "Balance"),
    "statement.opening": ("Solde à l’ouverture", "الرصيد الافتتاحي", "Opening balance"),
    "statement.totals": ("Totaux de la période", "مجاميع الفترة", "Totals of the period"),
    "statement.closing": ("Solde à la clôture", "الرصيد الختامي", "Closing balance"),
    "statement.open": ("Total ouvert", "مجموع ما لم يؤد", "Total open"),
    "statement.unapplied": ("Crédit non imputé", "رصيد لم يخصص", "Unapplied credit"),
    "statement.pending": (
        "Chèques et effets à encaisser, non comptés",
        "شيكات وكمبيالات لم تحصل، غير محتسبة",
        "Cheques and bills not cashed yet, not counted",
    ),
    "statement.ageing": ("Ancienneté de ce qui reste dû", "أقدمية المبالغ المستحقة", "Ageing of what is open"),
    "statement.sign": (
        "Montants en dirhams (MAD). Un solde positif est dû par le client.",
        "المبالغ بالدرهم. الرصيد الموجب مستحق على الزبون.",
        "Amounts in dirhams (MAD). A positive balance is owed by the customer.",
    ),
    "statement.uncounted": ("{amount} à encaisser, non compté", "{amount} للتحصيل، غير محتسب", "{amount}, not counted"),
    "statement.due": ("échéance {day}", "الاستحقاق {day}", "due {day}"),
    "age.not_due": ("Non échu", "غير مستحق بعد", "Not due"),
    "age.days_1_30": ("1 à 30 jours", "من 1 إلى 30 يوما", "1–30 days"),
    "age.days_31_60": ("31 à 60 jours", "من 31 إلى 60 يوما", "31–60 days"),
    "age.days_61_90": ("61 à 90 jours", "من 61 إلى 90 يوما", "61–90 days"),
    "age.over_90_days": ("Plus de 90 jours", "أكثر من 90 يوما", "Over 90 days"),
    "line.invoice": ("Facture", "فاتورة", "Invoice"),
    "line.credit_note": ("Avoir", "إشعار دائن", "Credit note"),
    "line.stamp_duty": ("Droit de timbre ajusté", "تعديل رسم التنبر", "Stamp duty adjusted"),
    "line.withholding": ("Retenue à la source", "حجز في المنبع", "Tax withheld at source"),
    "line.withholding_not_needed": ("Retenue devenue sans objet", "حجز لم يعد له موضوع", "Withholding without a debt"),
    "line.payment": ("Paiement", "أداء", "Payment"),
    "line.pending": ("Reçu à encaisser", "ورقة للتحصيل", "Received, not cashed"),
    "line.reversal": ("Annulation", "إلغاء", "Reversal"),
    "line.advance": ("Avance", "تسبيق", "Advance"),
    "line.refund": ("Remboursement", "استرداد", "Refund"),
}


def account_labels(language: Language) -> dict[str, str]:
    """Return every label in `language`, by its dotted name."""
    column = LANGUAGES.index(language)
    return {name: words[column] for name, words in _TABLE.items()}
