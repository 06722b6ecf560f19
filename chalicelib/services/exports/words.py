"""The titles of an export's tables on its index page. File names are the same in every language."""

from collections.abc import Mapping
from typing import Final

from chalicelib.domain.documents.registry import document_types
from chalicelib.domain.language import Language

_DOCUMENTS = {
    name: document_type.words.heading
    for document_type in document_types()
    for name in (document_type.plural, document_type.backup_group)
}
_DRAFTS = {
    document_type.draft_group: document_type.words.drafts_heading
    for document_type in document_types()
    if document_type.draft_group and document_type.words.drafts_heading
}
_BALANCES: Mapping[str, Mapping[Language, str]] = {
    f"{document_type.balance.KIND}s": {
        "fr": f"Soldes : {document_type.words.heading['fr']}",
        "ar": f"أرصدة: {document_type.words.heading['ar']}",
        "en": f"Balances: {document_type.words.heading['en']}",
    }
    for document_type in document_types()
    if document_type.balance
}
TABLES: Final[Mapping[str, Mapping[Language, str]]] = {
    **_DOCUMENTS,
    **_DRAFTS,
    **_BALANCES,
    "acceptances": {"fr": "Acceptations de la politique", "ar": "قبول السياسة", "en": "Acceptances of the policy"},
    "account": {"fr": "Compte", "ar": "الحساب", "en": "Account"},
    "api_keys": {"fr": "Clés d'accès", "ar": "مفاتيح الولوج", "en": "Access keys"},
    "evidence": {"fr": "Contrôles d'intégrité", "ar": "فحوص سلامة السجلات", "en": "Integrity checks"},
    "archive": {"fr": "Archive scellée", "ar": "الأرشيف المختوم", "en": "Sealed archive"},
    "attachment_usages": {"fr": "Compte des pièces jointes", "ar": "عدد المرفقات", "en": "Count of attachments"},
    "attachments": {"fr": "Pièces jointes", "ar": "المرفقات", "en": "Attachments"},
    "balances": {"fr": "Soldes des factures", "ar": "أرصدة الفواتير", "en": "Balances of invoices"},
    "company": {"fr": "Entreprise", "ar": "الشركة", "en": "Company"},
    "consents": {"fr": "Consentements", "ar": "الموافقات", "en": "Consents"},
    "corrections": {"fr": "Rectifications", "ar": "التصحيحات", "en": "Corrections"},
    "credit_entries": {"fr": "Avances et trop-perçus", "ar": "التسبيقات والمبالغ الزائدة", "en": "Unapplied credit"},
    "customers": {"fr": "Clients", "ar": "الزبناء", "en": "Customers"},
    "destructions": {"fr": "Clés détruites", "ar": "المفاتيح المُتلفة", "en": "Keys destroyed"},
    "disclosures": {"fr": "Communications à des tiers", "ar": "الإفصاحات للغير", "en": "Disclosures to others"},
    "document_attachments": {
        "fr": "Pièces jointes des documents émis",
        "ar": "مرفقات الوثائق الصادرة",
        "en": "Attachments of issued documents",
    },
    "import_mappings": {
        "fr": "En-têtes des fichiers importés",
        "ar": "عناوين أعمدة الملفات المستوردة",
        "en": "Headers of imported files",
    },
    "items": {"fr": "Articles", "ar": "السلع والخدمات", "en": "Items"},
    "devices": {"fr": "Appareils", "ar": "الأجهزة", "en": "Devices"},
    "invitations": {"fr": "Invitations", "ar": "الدعوات", "en": "Invitations"},
    "journal_entries": {"fr": "Journal des opérations", "ar": "سجل العمليات", "en": "Journal of operations"},
    "members": {"fr": "Membres", "ar": "الأعضاء", "en": "Members"},
    "payments": {"fr": "Paiements", "ar": "الأداءات", "en": "Payments"},
    "receipts": {"fr": "Reçus signés", "ar": "الوصولات الموقعة", "en": "Signed receipts"},
    "refunds": {"fr": "Remboursements", "ar": "الاستردادات", "en": "Refunds"},
    "register": {"fr": "Registre des numéros", "ar": "سجل الأرقام", "en": "Register of numbers"},
    "register_entries": {"fr": "Registre des numéros", "ar": "سجل الأرقام", "en": "Register of numbers"},
    "requests": {"fr": "Demandes", "ar": "الطلبات", "en": "Requests"},
    "retention": {"fr": "Durées de conservation", "ar": "مدد الاحتفاظ", "en": "Terms of retention"},
    "series": {"fr": "Séries de numéros", "ar": "سلاسل الترقيم", "en": "Series of numbers"},
    "suppliers": {"fr": "Fournisseurs", "ar": "الموردون", "en": "Suppliers"},
    "support_messages": {"fr": "Messages à l'assistance", "ar": "رسائل الدعم", "en": "Messages to support"},
    "support_threads": {"fr": "Demandes d'assistance", "ar": "طلبات الدعم", "en": "Requests for help"},
    "templates": {"fr": "Anciens modèles de page", "ar": "نماذج الصفحات السابقة", "en": "Earlier page templates"},
}
