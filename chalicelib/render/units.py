"""Units of measure as merchants write them, and their codes (UN/ECE recommendations 20 and 21)."""

from typing import Final

from chalicelib.domain.text import fold

PIECES: Final = "C62"
"""The code for one piece of the line's subject. It is used when a line names no unit, or a unit without a code."""

# "ml" is missing on purpose: a grocer means millilitre, a builder linear metre (mètre linéaire).
_WORDS: Final[dict[str, str]] = {
    PIECES: "u unité unit un وحدة وحدات",
    "H87": "pièce piece pce pc pcs قطعة قطع",
    "MIN": "minute min دقيقة دقائق",
    "HUR": "heure hour h hr ساعة ساعات",
    "DAY": "jour journée day j jr يوم أيام",
    "WEE": "semaine week أسبوع أسابيع",
    "MON": "mois month شهر أشهر شهور",
    "ANN": "année an year سنة سنوات",
    "GRM": "gramme gram g gr غرام",
    "KGM": "kilogramme kilogram kilo kg كيلوغرام كيلو كلغ كغ",
    "DTN": "quintal qtl قنطار",
    "TNE": "tonne ton t طن أطنان",
    "CLT": "centilitre centiliter cl",
    "LTR": "litre liter l لتر لترات",
    "HLT": "hectolitre hectoliter hl",
    "MMT": "millimètre millimetre mm",
    "CMT": "centimètre centimetre cm سنتيمتر",
    "MTR": "mètre metre meter m متر أمتار",
    "LM": "mètre_linéaire linear_metre متر_طولي",
    "KMT": "kilomètre kilometre km كيلومتر كلم",
    "MTK": "mètre_carré square_metre m2 m² متر_مربع",
    "MTQ": "mètre_cube cubic_metre m3 m³ متر_مكعب",
    "KWH": "kwh kilowattheure kilowatt-hour",
    "LS": "forfait lump_sum flat_rate جزافي",
    "PR": "paire pair زوج",
    "DZN": "douzaine dozen dz درزن",
    "SET": "ensemble set jeu مجموعة",
    "XBO": "bouteille bottle btl قنينة قنينات",
    "XBG": "sac bag كيس أكياس",
    "XBX": "boîte box علبة علب",
    "XCT": "carton ctn كرتون",
    "XPK": "paquet colis package حزمة",
    "XPX": "palette pallet",
    "XRO": "rouleau roll لفة",
}
_CODES: Final = {fold(word.replace("_", " ")): code for code, words in _WORDS.items() for word in words.split()}


def unit_code(unit: str | None) -> str | None:
    """Return the code of a unit in French, Arabic or English, singular or plural, or None for an unknown unit."""
    if not unit:
        return PIECES
    word = " ".join(fold(unit).replace(".", " ").split())
    singular = " ".join(part.removesuffix("s").removesuffix("(s)") if len(part) > 2 else part for part in word.split())
    return _CODES.get(word) or _CODES.get(singular)
