"""Units of measure as merchants write them, and their codes (UN/ECE recommendations 20 and 21)."""

from typing import Final

from chalicelib.domain.text import fold

PIECES: Final = "C62"
"""The code for one piece of the line's subject. It is used when a line names no unit, or a unit without a code."""

# "ml" is missing on purpose: a grocer means millilitre, a builder linear metre (mètre linéaire). So is "mo": month, or
# mégaoctet. The list of EN 16931 has no HAR: a hectare is a square hectometre (H18).
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
_ADDED: Final[dict[str, str]] = {
    "SEC": "seconde second sec ثانية ثوان",
    "MIN": "mn",
    "LH": "heure_de_main_d'œuvre labour_hour man-hour",
    "DAY": "jour-homme jour/homme j/h man-day",
    "MON": "mensualité",
    "QAN": "trimestre quarter فصل",
    "SAN": "semestre half-year",
    "MGM": "milligramme milligram mg",
    "MLT": "millilitre milliliter",
    "DLT": "décilitre deciliter dl",
    "DMT": "décimètre decimetre dm",
    "INH": "pouce inch",
    "FOT": "pied foot feet",
    "LM": "mètre_courant linear_meter mlin",
    "CMK": "centimètre_carré square_centimetre cm2 cm²",
    "MTK": "square_meter",
    "H16": "are",
    "H18": "hectare ha هكتار هكتارات",
    "KMK": "kilomètre_carré square_kilometre km2 km²",
    "CMQ": "centimètre_cube cubic_centimetre cm3 cm³",
    "MTQ": "cubic_meter",
    "WTT": "watt w",
    "KWT": "kilowatt kw كيلوواط",
    "KVA": "kva kilovoltampère",
    "KWH": "kilowatt-heure",
    "MWH": "mwh mégawattheure megawatt-hour",
    "TKM": "tonne-kilomètre tonne_kilometre tkm t_km",
    "E34": "gigaoctet gigabyte",
    "4L": "mégaoctet megabyte",
    "E48": "prestation service خدمة",
    "E54": "voyage trajet trip رحلة",
    "IE": "personne person pax شخص أشخاص",
    "D68": "mot word كلمة كلمات",
    "Q3": "repas meal وجبة وجبات",
    "PTN": "portion",
    "E27": "dose جرعة جرعات",
    "U2": "comprimé tablet",
    "LO": "lot دفعة",
    "DZN": "dzn",
    "GRO": "grosse gross",
    "CEN": "cent centaine hundred",
    "MIL": "mille millier thousand ألف",
    "KT": "kit طقم",
    "RM": "rame ramette ream رزمة",
    "XPX": "منصة",
    "XCS": "caisse case صندوق صناديق",
    "XCR": "cageot crate",
    "XPU": "plateau barquette tray",
    "XJY": "bidon jerrican jerrycan",
    "XBJ": "seau bucket دلو",
    "XBA": "baril barrel برميل براميل",
    "XDR": "fût drum",
    "XCA": "canette can",
    "XPT": "pot",
    "XTU": "tube أنبوب",
    "XFL": "flacon flask قارورة",
    "XAM": "ampoule أمبولة",
    "XSH": "sachet",
    "XBH": "botte bunch باقة",
    "XBE": "fagot bundle",
    "XST": "feuille sheet ورقة أوراق",
    "XBB": "bobine bobbin",
    "XCL": "couronne coil",
    "XBR": "barre bar قضيب قضبان",
    "XPN": "planche plank لوح ألواح",
    "XPG": "plaque panneau plate",
    "XCY": "cylindre cylinder",
}
"""The words of the second edition of e-invoices. An e-invoice of the first edition does not know them, so that it stays
as it was."""


def _codes(words_by_code: dict[str, str]) -> dict[str, str]:
    return {fold(word.replace("_", " ")): code for code, words in words_by_code.items() for word in words.split()}


_FIRST: Final = _codes(_WORDS)
_CODES: Final = _FIRST | _codes(_ADDED)


def unit_code(unit: str | None, *, first_edition: bool = False) -> str | None:
    """Return the code of a unit in French, Arabic or English, singular or plural, or None for an unknown unit."""
    if not unit:
        return PIECES
    codes = _FIRST if first_edition else _CODES
    word = " ".join(fold(unit).replace(".", " ").split())
    singular = " ".join(part.removesuffix("s").removesuffix("(s)") if len(part) > 2 else part for part in word.split())
    return codes.get(word) or codes.get(singular)
