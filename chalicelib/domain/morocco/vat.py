"""TVA: the rates in force by date of operation, and the exemptions of lines at 0 %.

Rates: LF 2024 (law 55-23) and LF 2026, article 98 and following of the CGI, read in the laws (P). The table begins in
2023. For an earlier day its first row is used, and checks warn instead of refusing. The categories of RECENT are from
secondary sources (S).
"""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from chalicelib.domain.money import text
from chalicelib.domain.morocco.dated import Certainty, DatedRule, earliest_known
from chalicelib.domain.morocco.findings import Finding, refuse, warn

ZERO_RATE = Decimal(0)
LRM = "\u200e"

CATEGORIES = (
    "standard",
    "reduced",
    "electricity",
    "electricity_meter",
    "refined_sugar",
    "road_transport",
    "other_transport",
    "insurance_intermediary",
    "water",
    "renewable_electricity",
    "economic_car",
)
RECENT = ("renewable_electricity", "economic_car")
"""The categories whose rates were not read in the law itself."""
GENERAL = ("standard", "reduced")
"""The categories that many goods and services share. The rate of another category is meant for that one alone."""


def _year(year: int, rates: str, source: str, *, last: bool = False) -> DatedRule[dict[str, Decimal]]:
    values = [Decimal(rate) for rate in rates.split()]
    end = None if last else date(year, 12, 31)
    return DatedRule(date(year, 1, 1), end, dict(zip(CATEGORIES, values, strict=True)), source, "P")


# In the order of CATEGORIES; road_transport is urban transport and road transport of passengers and goods.
RATES: tuple[DatedRule[dict[str, Decimal]], ...] = (
    _year(2023, "20 10 14  7  7 14 14 14  7 14  7", "CGI art. 98, 99 and 121 before LF 2024"),
    _year(2024, "20 10 16 11  8 13 16 12 10 12 10", "LF 2024 (law 55-23) art. 6, first year of the alignment"),
    _year(2025, "20 10 18 15  9 12 18 10 10 10 10", "LF 2024 (law 55-23) art. 6, second year of the alignment"),
    _year(2026, "20 10 20 20 10 10 20 10 10 10 10", "LF 2024 (law 55-23) art. 6, completed; LF 2026", last=True),
)


def category_rates(on: date) -> dict[str, Decimal]:
    """The rate of each category in percent on the day of the operation; before 2023, those of 2023 (earliest known)."""
    return dict(earliest_known(RATES, on).value)


def rates_in_force(on: date) -> tuple[Decimal, ...]:
    """Every rate in percent that a line may bear on that day, highest first, 0 included; before 2023, those of 2023."""
    return tuple(sorted({*category_rates(on).values(), ZERO_RATE}, reverse=True))


def categories_of(rate: Decimal, on: date) -> tuple[str, ...]:
    """The categories that alone have this rate on that day: meter rental for 15 % in 2025. Empty for the rates that
    many goods and services share, and for a rate that is not in force."""
    rates = category_rates(on)
    if rate in (ZERO_RATE, *(rates[name] for name in GENERAL)):
        return ()
    return tuple(name for name, known in rates.items() if known == rate)


@dataclass(frozen=True, slots=True)
class Exemption:
    """An article under which no TVA is charged; `suspended` when it suspends the tax instead of exempting the sale."""

    article: str
    description: str
    source: str
    certainty: Certainty
    suspended: bool = False


EXEMPTIONS = {
    row.article: row
    for row in (
        Exemption("91", "exonération sans droit à déduction", "CGI art. 91", "S"),
        Exemption("91-I-A-1", "pain, couscous, semoules, farines", "CGI art. 91-I-A-1°", "S"),
        Exemption("91-II-1", "petits fabricants et prestataires, au plus 500 000 dirhams", "CGI art. 91-II-1°", "S"),
        Exemption("91-I-E-2", "papier d'impression", "CGI art. 91-I-E-2°; décret 2-06-574 art. 1", "S"),
        Exemption("92", "exonération avec droit à déduction", "CGI art. 92", "S"),
        Exemption("92-I-1", "exportation de produits et de services", "CGI art. 92-I-1°", "S"),
        Exemption("92-I-6", "biens d'investissement", "CGI art. 92-I-6° and 124", "S"),
        Exemption("92-I-19", "médicaments; tous depuis 2024", "CGI art. 92-I-19°, LF 2024 (law 55-23)", "S"),
        Exemption("94-I", "exportateurs de produits, régime suspensif", "CGI art. 94-I", "S", suspended=True),
        Exemption("94-II", "exportateurs de services, régime suspensif", "CGI art. 94-II", "S", suspended=True),
    )
}
_ARTICLE = re.compile(r"\d{1,3}(?:BIS|TER)?(?:-[IVX]{1,6})?(?:-[A-H])?(?:-\d{1,2})?(?:-[a-h])?", re.ASCII)
_AROUND = re.compile(
    r"\b(?:l['’])?art(?:icle)?s?\b|\b(?:de la|du|de|alin[ée]a|al|paragraphe|par)\b|\bC\.?G\.?I\b|§"
    r"|code g[ée]n[ée]ral des imp[ôo]ts|المادة|من المدونة العامة للضرائب",
    re.IGNORECASE,
)
"""The words around an article."""
_ORDINAL = re.compile(r"(?<=\d)(?:°|er\b)", re.IGNORECASE)
_BETWEEN = re.compile("[\\s.,/()\\[\\]°\u200e\u200f\u2010-\u2015-]+")
_WORDING = {
    ("fr", False): "Vente en exonération de la TVA en vertu de l'article {article} du CGI",
    ("fr", True): "Vente en suspension de la TVA en vertu de l'article {article} du CGI",
    ("ar", False): "بيع معفى من الضريبة على القيمة المضافة بموجب المادة {article} من المدونة العامة للضرائب",
    ("ar", True): "بيع مع وقف استيفاء الضريبة على القيمة المضافة بموجب المادة {article} من المدونة العامة للضرائب",
    ("en", False): "Sale exempt from VAT under article {article} of the Moroccan General Tax Code (CGI)",
    ("en", True): "Sale with VAT suspended under article {article} of the Moroccan General Tax Code (CGI)",
}


REVERSE_CHARGE_START = date(2024, 7, 1)
"""The first day of reverse charge (CGI art. 115 and 117, LF 2024): purchases from suppliers who are outside TVA or
exempt without deduction (S, two sources)."""


def check_reverse_charge(on: date, *, taxable_seller: bool, consumer: bool) -> Finding | None:
    """Whether a sale may be under reverse charge. The buyer owes the TVA then, so the buyer is no consumer, and the
    seller is no taxable person of the standard regime: they charge TVA or name an exemption (art. 145-III-6°).

    Codes: `reverse_charge_taxable_seller`, `reverse_charge_consumer`, `reverse_charge_too_early` with `start`.
    """
    if on < REVERSE_CHARGE_START:
        return refuse("reverse_charge_too_early", start=REVERSE_CHARGE_START.isoformat())
    if taxable_seller:
        return refuse("reverse_charge_taxable_seller")
    return refuse("reverse_charge_consumer") if consumer else None


def article_key(value: str) -> str | None:
    """An article in the table's form; None if it is not an article.

    The law and the trade write it in many ways: "92 (I-1°)", "Art. 92-I-1° du CGI", "92/I/1", "art. 92 § I, 1°".
    """
    cut = _AROUND.sub(" ", _ORDINAL.sub(" ", value.replace("º", "°")))
    parts = [part for part in _BETWEEN.split(cut) if part]
    if len(parts) > 1 and parts[1].upper() in ("BIS", "TER"):
        parts[:2] = [parts[0] + parts[1]]
    # Only the last part can be a lower-case letter (22°-a); everything before it is numerals and capitals.
    last = parts[-1:] if len(parts) > 1 and re.fullmatch("[a-h]", parts[-1]) else []
    key = "-".join([*(part.upper() for part in parts[: len(parts) - len(last)]), *last])
    return key if _ARTICLE.fullmatch(key) else None


def article_text(key: str) -> str:
    """An article in the tax code's form: "92-I-1" → "92-I-1°"."""
    return re.sub(r"(?<=-)(\d{1,2})(?=-|$)", r"\1°", key)


def exemption_wording(article: str, language: str) -> str:
    """The sentence of an exempt sale in fr, ar or en, for a known or unknown article. ValueError if it is not an
    article."""
    key = article_key(article)
    if key is None:
        raise ValueError("not an article of the CGI")
    known = EXEMPTIONS.get(key)
    shown = article_text(key)
    if language == "ar":
        # Without the marks an Arabic line would show the article's parts in reverse.
        shown = f"{LRM}{shown}{LRM}"
    return _WORDING[language, known is not None and known.suspended].format(article=shown)


def check_rate(rate: Decimal, exemption: str | None, on: date, *, charged: bool = True) -> tuple[Finding, ...]:
    """A line's TVA on the day of the operation; `rate` in percent.

    `charged=False` for a seller that charges none (auto-entrepreneur, CPU) or under reverse charge: only 0 is right and
    needs no article. Findings: `vat_rate_not_in_force` (params `rate`, `date`, `rates`), `vat_not_charged`,
    `exemption_required`, `exemption_unexpected`, `exemption_malformed`, `exemption_unknown` (warns),
    `vat_rate_of_one_category` (warns, with `rate` and `categories`): a line has no category, so the merchant checks it.
    """
    found: list[Finding] = []
    in_force = rates_in_force(on)
    if rate not in in_force:
        # Before the table begins, a rate of any later year may have been in force. A rate that the table never had is
        # refused.
        ever = {known for row in RATES for known in row.value.values()}
        say = refuse if on >= RATES[0].valid_from or rate not in ever else warn
        rates = ", ".join(text(known) for known in in_force)
        found.append(say("vat_rate_not_in_force", rate=text(rate), date=on.isoformat(), rates=rates))
    if categories := categories_of(rate, on):
        found.append(warn("vat_rate_of_one_category", rate=text(rate), categories=", ".join(categories)))
    if rate and not charged:
        found.append(refuse("vat_not_charged"))
    if rate and exemption:
        found.append(refuse("exemption_unexpected"))
    elif exemption:
        found.extend(_check_article(exemption))
    elif not rate and charged:
        found.append(refuse("exemption_required"))
    return tuple(found)


def _check_article(exemption: str) -> tuple[Finding, ...]:
    key = article_key(exemption)
    if key is None:
        return (refuse("exemption_malformed"),)
    return () if key in EXEMPTIONS else (warn("exemption_unknown", article=article_text(key)),)
