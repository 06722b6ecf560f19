"""Moroccan identifiers: ICE, RIB, IF, RC, TP, CNSS, telephone; and the CIN, which no field may hold.

A check returns None or a `Finding`. It refuses where the structure is certain (check digits, letters in a number). It
warns where only a custom exists (the usual length of an IF). Checks accept spaces, dots and hyphens; store the value
from `normalise`.
"""

import re
from dataclasses import dataclass

from chalicelib.domain.morocco.findings import Finding, refuse, warn
from chalicelib.domain.text import clean

_SEPARATORS = re.compile("[\\s.\\-\u2010-\u2015]+")
_PHONE_NOISE = re.compile(r"\(0\)|[()/]")
# One or two letters and five or six digits; RC, IF, TP and FA before a number are labels, never a CIN's series.
# "è" is a letter: the end of "Fès 58213" is no series.
_CIN = re.compile(r"(?<![^\W_])(?!RC|IF|TP|FA)[A-Z]{1,2} ?\d{5,6}(?![^\W_])", re.IGNORECASE)
_WITH_TOWN = re.compile(r"(?:RC\W*)?(?:[^\W\d_][^\d]*\s)?(\d{1,7})(?:\s[^\d]+)?", re.IGNORECASE)
"""A number of the trade register with the town of its court, before or after it."""
MAX_NUMBER_LENGTH = 12


@dataclass(frozen=True, slots=True)
class NumberRule:
    """A number without a check digit: its usual number of digits. This is custom only (S), so it warns."""

    name: str
    shortest: int
    longest: int
    source: str


TAX_ID = NumberRule("tax_id", 7, 8, "S: identifiant fiscal as issued by the DGI, 7 then 8 digits")
BUSINESS_TAX = NumberRule("business_tax", 8, 8, "S: taxe professionnelle, 8 digits")
CNSS = NumberRule("cnss", 7, 7, "S: affiliation à la CNSS, 7 digits")
TRADE_REGISTER = NumberRule("trade_register", 1, 7, "S: numbers of the local register, up to 7 digits")


def normalise(value: str) -> str:
    """The identifier without spaces, dots, hyphens and invisible marks, in capitals."""
    return _SEPARATORS.sub("", clean(value)).upper()


def _digits(text: str) -> bool:
    # str.isdigit alone accepts Arabic-Indic and superscript digits, which no register prints.
    return text.isascii() and text.isdigit()


def ice_key(enterprise_and_branch: str) -> str:
    """The two check digits (01–97) of an ICE's first 13 digits: 97 − (13 digits × 100 mod 97)."""
    return f"{97 - int(enterprise_and_branch) * 100 % 97:02d}"


def check_ice(value: str) -> Finding | None:
    """Identifiant commun de l'entreprise: 15 digits, 9 + 4 + 2, the whole a multiple of 97, key 01–97.

    P: tested against real numbers. The whole-number test alone also lets keys 00, 98 and 99 through.
    """
    # Imported late: cold starts pay for imports.
    from stdnum.exceptions import InvalidChecksum, ValidationError
    from stdnum.ma import ice

    number = normalise(value)
    try:
        ice.validate(number)
    except InvalidChecksum:
        return refuse("ice_checksum")
    except ValidationError:
        return refuse("ice_malformed")
    return None if number[13:] == ice_key(number[:13]) else refuse("ice_checksum")


def rib_key(account: str) -> str:
    """The two check digits (01–97) of a RIB's first 22 digits."""
    return f"{97 - int(account) * 100 % 97:02d}"


def check_rib(value: str) -> Finding | None:
    """Relevé d'identité bancaire: 24 digits (bank 3, town 3, account 16, key 2), mod 97 = 0, key 01–97. P."""
    number = normalise(value)
    if len(number) != 24 or not _digits(number):
        return refuse("rib_malformed")
    return None if number[22:] == rib_key(number[:22]) else refuse("rib_checksum")


def _check_number(value: str, rule: NumberRule) -> Finding | None:
    number = normalise(value)
    if not _digits(number) or len(number) > MAX_NUMBER_LENGTH:
        return refuse(f"{rule.name}_malformed")
    if not rule.shortest <= len(number) <= rule.longest:
        return warn(f"{rule.name}_length", shortest=str(rule.shortest), longest=str(rule.longest))
    return None


def check_tax_id(value: str) -> Finding | None:
    """Identifiant fiscal (IF): digits; warns unless 7 or 8."""
    return _check_number(value, TAX_ID)


def check_business_tax(value: str) -> Finding | None:
    """Taxe professionnelle (TP, "patente"): digits; warns unless 8."""
    return _check_number(value, BUSINESS_TAX)


def check_cnss(value: str) -> Finding | None:
    """Affiliation number at the CNSS: digits; warns unless 7."""
    return _check_number(value, CNSS)


def check_trade_register(value: str) -> Finding | None:
    """Registre de commerce (RC): a number, often written with its court's town: "Fès 58213"."""
    number = normalise(value)
    if not _digits(number):
        if _WITH_TOWN.fullmatch(value.strip()):
            return None
        return warn("trade_register_form") if re.search(r"\d", value, re.ASCII) else refuse("trade_register_malformed")
    return _check_number(value, TRADE_REGISTER)


def normalise_phone(value: str) -> str:
    """A telephone number as "+" and digits where it can be read: 06 12 34 56 78 → +212612345678."""
    number = _PHONE_NOISE.sub("", _SEPARATORS.sub("", clean(value)))
    if number.startswith("00"):
        number = "+" + number[2:]
    if _digits(number):
        if len(number) == 10 and number.startswith("0"):
            return f"+212{number[1:]}"
        if len(number) == 12 and number.startswith("212"):
            return f"+{number}"
    if number.startswith("+2120") and len(number) == 14:
        return f"+212{number[5:]}"
    return number


def check_phone(value: str) -> Finding | None:
    """+212 and nine digits (5 fixed, 6 or 7 mobile, 8 special; another start warns); a foreign number only warns."""
    number = normalise_phone(value)
    if not re.fullmatch(r"\+[1-9]\d{6,14}", number, re.ASCII):
        return refuse("phone_malformed")
    if not number.startswith("+212"):
        return warn("phone_foreign")
    if len(number) != 13:
        return refuse("phone_malformed")
    return None if number[4] in "5678" else warn("phone_range")


def looks_like_cin(text: str) -> bool:
    """Tell whether `text` seems to contain a national identity card number ("BE123456"). Its processing needs the prior
    authorisation of the CNDP (law 09-08 art. 12; P). The shape is a guess, because towns, registers, shop names and
    product references look the same. So every field gets a notice, and none a refusal."""
    return _CIN.search(text) is not None
