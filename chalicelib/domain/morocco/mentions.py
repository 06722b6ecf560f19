"""The legal sentences of a document, in French, Arabic and English."""

from collections.abc import Iterable, Mapping

from chalicelib.domain.language import Language
from chalicelib.domain.morocco.vat import LRM, exemption_wording

Translations = dict[Language, str]

REVERSE_CHARGE: Translations = {
    "fr": "Autoliquidation : TVA due par le client, en vertu du Code général des impôts",
    "ar": "التصفية الذاتية: الضريبة على القيمة المضافة مستحقة على الزبون بموجب المدونة العامة للضرائب",
    "en": "Reverse charge: VAT is due by the customer under the Moroccan General Tax Code",
}
NO_VAT: dict[str, Translations] = {
    "auto_entrepreneur": {
        "fr": "TVA non applicable – régime de l'auto-entrepreneur",
        "ar": "الضريبة على القيمة المضافة غير مطبقة – نظام المقاول الذاتي",
        "en": "VAT not applicable – auto-entrepreneur scheme",
    },
    "cpu": {
        "fr": "TVA non applicable – contribution professionnelle unique (CPU)",
        "ar": "الضريبة على القيمة المضافة غير مطبقة – المساهمة المهنية الموحدة",
        "en": "VAT not applicable – single professional contribution (CPU)",
    },
}
LATE_PAYMENT: Translations = {
    "fr": (
        "Tout retard de paiement expose à l'amende de l'article 78-3 du Code de commerce (loi 69-21), due au Trésor : "
        "taux directeur de Bank Al-Maghrib, majoré de 0,85\u00a0% par mois ou fraction de mois supplémentaire."
    ),
    "ar": (
        f"كل تأخير في الأداء يعرض للغرامة المنصوص عليها في المادة {LRM}78-3{LRM} من مدونة التجارة "
        f"(القانون رقم 69.21) لفائدة الخزينة: السعر الرئيسي لبنك المغرب مع زيادة {LRM}0,85\u00a0%{LRM} "
        "عن كل شهر أو جزء من شهر إضافي."
    ),
    "en": (
        "Late payment incurs the fine of article 78-3 of the Moroccan Commercial Code (law 69-21), owed to the "
        "Treasury: Bank Al-Maghrib's key rate, plus 0.85% per further month or part of a month."
    ),
}

EXPECTED_WITHHOLDING: Translations = {
    "fr": "Retenue à la source attendue au paiement, selon la réglementation : {parts}",
    "ar": "الحجز في المنبع المنتظر عند الأداء، حسب القوانين الجاري بها العمل: {parts}",
    "en": "Tax that the payer is expected to withhold at payment, as the law provides: {parts}",
}
WITHHELD_ON: dict[str, Translations] = {
    "vat": {"fr": "TVA {amount}", "ar": "الضريبة على القيمة المضافة {amount}", "en": "VAT {amount}"},
    "fees": {"fr": "honoraires {amount}", "ar": "الأتعاب {amount}", "en": "fees {amount}"},
}


def expected_withholding(language: Language, amounts: Mapping[str, str]) -> str:
    """The note about the RAS that the buyer is expected to withhold (CGI art. 117 and 157). `amounts` are the printed
    amounts of `vat` and `fees`, without those that are zero. The day of payment decides."""
    parts = [WITHHELD_ON[name][language].format(amount=amount) for name, amount in amounts.items()]
    return EXPECTED_WITHHOLDING[language].format(parts=" ; ".join(parts))


def legal_mentions(
    language: Language,
    *,
    regime: str = "standard",
    reverse_charge: bool = False,
    exemptions: Iterable[str | None] = (),
    terms_law: bool = True,
    asks_payment: bool = True,
) -> tuple[str, ...]:
    """The sentences that the law or custom requires, in order and without repetition.

    `regime` is the seller's (auto-entrepreneur and CPU charge no TVA). `exemptions` are the lines' articles, None for a
    line without one; an exempt sale prints its article. The fine of law 69-21 is printed on documents that ask for
    payment, where the law binds the sale (`terms_law`).
    """
    said = [NO_VAT[regime][language]] if regime in NO_VAT else []
    if reverse_charge:
        said.append(REVERSE_CHARGE[language])
    said.extend(exemption_wording(article, language) for article in exemptions if article)
    if terms_law and asks_payment:
        said.append(LATE_PAYMENT[language])
    return tuple(dict.fromkeys(said))
