"""The words that headers of files have for each field, in French, Arabic and English, separated by `|`."""

from collections.abc import Mapping
from typing import Final

from chalicelib.domain.imports.model import ImportKind
from chalicelib.domain.imports.targets import ARCHIVE

_PARTY: Final[Mapping[str, str]] = {
    "name": (
        "nom|raison sociale|nom ou raison sociale|denomination|denomination sociale|client|nom client|nom du client"
        "|fournisseur|nom fournisseur|nom du fournisseur|societe|intitule|name|company|company name|customer"
        "|customer name|display name|vendor|vendor name|supplier|supplier name|الاسم|اسم الزبون|الزبون|اسم الشركة"
        "|المورد|اسم المورد|الاسم التجاري"
    ),
    "kind": "type|categorie|type client|type de client|customer type|customer sub type|kind|النوع|نوع الزبون",
    "ice": "ice|n ice|numero ice|identifiant commun|identifiant commun de l'entreprise|التعريف الموحد للمقاولة",
    "ice_missing_reason": "motif sans ice|ice missing reason",
    "tax_id": "if|identifiant fiscal|n if|tax id|vat number|tva|vat|numero de tva|التعريف الضريبي|التعريف الجبائي",
    "trade_register": "rc|registre de commerce|registre du commerce|n rc|trade register|السجل التجاري",
    "address.street": (
        "adresse|adresse 1|rue|adresse postale|adresse de facturation|address|street|address line 1|billing address"
        "|العنوان|الشارع"
    ),
    "address.city": "ville|city|billing city|commune|localite|المدينة",
    "address.postal_code": "code postal|cp|zip|zip code|postal code|billing code|postcode|الرمز البريدي",
    "address.country": "pays|country|billing country|code pays|country code|البلد|الدولة",
    "email": "email|e mail|mail|courriel|adresse email|adresse e mail|email id|البريد الالكتروني|البريد الإلكتروني",
    "phone": "telephone|tel|tel 1|gsm|mobile|portable|n tel|phone|phone number|mobile phone|الهاتف|رقم الهاتف|المحمول",
    "language": "langue|language|lang|اللغة",
    "payment_terms_days": (
        "delai de paiement|delai de paiement jours|delai|echeance jours|payment terms days|payment terms|أجل الأداء"
    ),
    "withholder": "withholder|retenue a la source",
    "notes": "notes|note|remarque|remarques|commentaire|commentaires|observations|comment|remarks|ملاحظات|ملاحظة",
    "billing": "billing|facturation",
    "terms_law": "terms law",
}
_ITEM: Final[Mapping[str, str]] = {
    "name": (
        "nom|designation|libelle|article|produit|intitule|nom article|nom du produit|name|item|item name|product"
        "|product name|الاسم|المنتوج|المنتج|التعيين|البيان"
    ),
    "description": "description|description longue|details|notes|sales description|الوصف",
    "reference": (
        "reference|ref|code|code article|reference article|sku|internal reference|item code|product code|default code"
        "|المرجع|الرمز"
    ),
    "unit": "unite|unite de vente|u|unit|unit of measure|uom|unit name|usage unit|الوحدة",
    "unit_price": (
        "prix|prix unitaire|prix unitaire ht|prix ht|pu|pu ht|p u|p u ht|prix de vente|prix de vente ht|tarif"
        "|unit price|price|rate|sales price|selling price|الثمن|السعر|ثمن الوحدة"
    ),
    "vat_rate": "tva|taux tva|tva en|taux de tva|vat|vat rate|tax rate|tax|tax percentage|الضريبة|نسبة الضريبة",
    "exemption": "exoneration|article d'exoneration|exemption",
    "nature": "nature|type|type de produit|product type|النوع|الطبيعة",
}
_ARCHIVE: Final[Mapping[str, str]] = {
    "number": (
        "numero|numero de facture|numero facture|n facture|n de facture|no facture|num facture|facture|facture n|piece"
        "|n piece|numero de piece|reference facture|number|invoice|invoice no|invoice number|invoice num|رقم الفاتورة"
        "|الفاتورة|رقم"
    ),
    "series": "serie|logiciel|logiciel d'origine|series|source|السلسلة|البرنامج",
    "issue_date": (
        "date|date facture|date de facture|date de la facture|date de facturation|date d'emission|date piece"
        "|date de piece|invoice date|issue date|تاريخ الفاتورة|تاريخ الإصدار|التاريخ|تاريخ"
    ),
    "operation_date": "date operation|date de livraison|date prestation|date de prestation|delivery date|تاريخ التسليم",
    "due_date": "echeance|date d'echeance|date echeance|due date|date de paiement prevue|تاريخ الأداء|الاستحقاق",
    "status": "statut|etat|statut facture|status|invoice status|payment status|etat de paiement|الحالة|حالة الأداء",
    "currency": "devise|monnaie|currency|currency code|العملة",
    "language": "langue|language|اللغة",
    "customer": "customer|id client|identifiant client|customer id|معرف الزبون",
    "seller.ice": "ice vendeur|ice fournisseur|seller ice",
    "buyer.name": (
        "client|nom|nom client|nom du client|raison sociale|raison sociale client|societe|tiers|intitule client"
        "|customer name|client name|buyer|bill to|name|الزبون|اسم الزبون|العميل|اسم العميل|الاسم"
    ),
    "buyer.ice": "ice|ice client|ice du client|identifiant commun de l'entreprise|customer ice|التعريف الموحد للمقاولة",
    "buyer.tax_id": "if|if client|identifiant fiscal|tax id|vat number|التعريف الضريبي",
    "buyer.address.street": "adresse|adresse client|adresse de facturation|address|billing address|العنوان",
    "buyer.address.city": "ville|ville client|city|billing city|المدينة",
    "buyer.address.postal_code": "code postal|cp|zip|postal code|billing code|الرمز البريدي",
    "buyer.address.country": "pays|country|billing country|البلد",
    "line.description": (
        "designation|libelle|article|description|produit|designation article|item|item name|item description|product"
        "|البيان|التعيين|المنتج"
    ),
    "line.quantity": "quantite|qte|qty|quantity|nombre|الكمية",
    "line.unit": "unite|u|unit|uom|الوحدة",
    "line.unit_price": (
        "prix unitaire|prix unitaire ht|pu|pu ht|p u|p u ht|prix ht|unit price|item price|rate|ثمن الوحدة"
    ),
    "line.discount.percent": "remise|remise en|taux de remise|discount percent|الخصم في المائة",
    "line.discount.amount": "montant remise|discount amount|مبلغ الخصم",
    "line.vat_rate": "taux tva|tva en|taux de tva|vat rate|tax rate|item tax|نسبة الضريبة",
    "line.exemption": "exoneration|article d'exoneration|exemption",
    "line.net": (
        "montant ligne|montant ht ligne|total ligne|total ligne ht|item total|line total|line amount|مبلغ السطر"
    ),
    "totals.discount": "remise globale|remise facture|document discount|entity discount amount",
    "totals.net": (
        "total ht|montant ht|ht|mt ht|net ht|base ht|montant hors taxe|subtotal|sub total|total before tax|amount ht"
        "|untaxed amount|المجموع دون ضريبة|المبلغ دون ضريبة"
    ),
    "totals.vat_total": (
        "tva|montant tva|total tva|mt tva|vat|vat amount|tax|tax amount|taxes|الضريبة|مبلغ الضريبة|مجموع الضريبة"
    ),
    "totals.gross": (
        "total ttc|montant ttc|ttc|mt ttc|net a payer|total|montant total|total amount|amount|gross|total with tax"
        "|المجموع مع الضريبة|المبلغ الإجمالي|الإجمالي|المجموع"
    ),
    "paid": (
        "paye|montant paye|regle|montant regle|encaisse|acompte|deja paye|paid|amount paid|المؤدى|المبلغ المؤدى"
        "|المدفوع|المبلغ المدفوع"
    ),
    "balance": (
        "reste|reste a payer|reste du|solde|solde du|montant du|balance|balance due|amount due|residual|الباقي"
        "|المتبقي|المبلغ المتبقي|الرصيد"
    ),
    "payment_mode": "mode de paiement|mode de reglement|mode reglement|payment mode|payment method|طريقة الأداء",
    "buyer_reference": "reference client|votre reference|buyer reference|مرجع الزبون",
    "order_reference": "bon de commande|n commande|numero de commande|bc|purchase order|po number|سند الطلب",
    "notes": "notes|note|objet|remarque|observations|commentaire|public notes|comment|ملاحظات|الموضوع",
}
FIELD_WORDS: Final[Mapping[ImportKind, Mapping[str, str]]] = {
    "customers": _PARTY,
    "suppliers": _PARTY,
    "items": _ITEM,
    ARCHIVE: _ARCHIVE,
}
"""The words by kind of import and field. A header means the field of its word."""
