"""A dirham amount in Arabic words, for the sentence that closes a document. Written by hand: num2words gets it wrong.

The grammar, in the nominative, unvocalised; درهم, سنتيم, ألف, مليون and مليار are all masculine, so 3 – 10 take the
form with tāʾ marbūṭa (ثلاثة دراهم):

- 1 and 2 are the noun itself: درهم واحد, درهمان. After a hundred or more the noun is said again, as in ألف ليلة وليلة:
  101 is مائة درهم ودرهم واحد, 102 مائة درهم ودرهمان, and 101 000 مائة ألف وألف درهم.
- 3 – 10: the number, then the plural (genitive): ثلاثة دراهم, عشرة آلاف.
- 11 – 99: the number, then the singular accusative: أحد عشر درهما, عشرون درهما, خمسون ألفا.
- Hundreds, thousands, millions: the number in annexation, then the singular genitive: مائة درهم, ألف درهم. A noun in
  annexation loses its ending: the dual its nūn (مائتا درهم, ألفا درهم, مليونا درهم but ألفان وخمسة دراهم), the
  accusative its tanwīn (أحد عشر ألف درهم but أحد عشر ألفا وخمسة دراهم).
- The last two digits decide the counted noun: 103 is مائة وثلاثة دراهم, 111 مائة وأحد عشر درهما.
- Parts follow from large to small, each joined by و attached to the next word; units come before tens.
"""

from dataclasses import dataclass
from decimal import Decimal

from chalicelib.domain.money import dirhams_and_centimes


@dataclass(frozen=True, slots=True)
class Noun:
    """A counted masculine noun: its forms for one and two, the dual in annexation, plural, accusative, genitive."""

    one: str
    two: str
    two_annexed: str
    plural: str
    accusative: str
    genitive: str


DIRHAM = Noun("درهم واحد", "درهمان", "درهما", "دراهم", "درهما", "درهم")
CENTIME = Noun("سنتيم واحد", "سنتيمان", "سنتيما", "سنتيمات", "سنتيما", "سنتيم")
SCALES = (
    (1_000_000_000, Noun("مليار", "ملياران", "مليارا", "مليارات", "مليارا", "مليار")),
    (1_000_000, Noun("مليون", "مليونان", "مليونا", "ملايين", "مليونا", "مليون")),
    (1_000, Noun("ألف", "ألفان", "ألفا", "آلاف", "ألفا", "ألف")),
)
UNITS = (
    *("", "واحد", "اثنان", "ثلاثة", "أربعة", "خمسة", "ستة", "سبعة", "ثمانية", "تسعة", "عشرة"),
    *("أحد عشر", "اثنا عشر", "ثلاثة عشر", "أربعة عشر", "خمسة عشر", "ستة عشر", "سبعة عشر", "ثمانية عشر", "تسعة عشر"),
)
TENS = ("", "", "عشرون", "ثلاثون", "أربعون", "خمسون", "ستون", "سبعون", "ثمانون", "تسعون")
HUNDREDS = (
    *("", "مائة", "مائتان", "ثلاثمائة", "أربعمائة", "خمسمائة"),
    *("ستمائة", "سبعمائة", "ثمانمائة", "تسعمائة"),
)
TWO_HUNDRED_ANNEXED = "مائتا"


def amount_in_words(amount: Decimal) -> str:
    """`amount` dirhams in Arabic words. ValueError outside 0 – 999 999 999 999.99 or for a fraction of a centime."""
    dirhams, centimes = dirhams_and_centimes(amount)
    if not dirhams and not centimes:
        return f"صفر {DIRHAM.genitive}"
    said = [_whole(dirhams, DIRHAM)] if dirhams else []
    if centimes:
        said.append(_group(centimes, CENTIME))
    return _joined(said)


def _whole(number: int, noun: Noun) -> str:
    """`number` (at least 1) of `noun`."""
    low = number % 100
    if number > 100 and low in (1, 2):
        return _joined([_whole(number - low, noun), _group(low, noun)])
    said = []
    rest = number
    for scale, scale_noun in SCALES:
        count, rest = divmod(rest, scale)
        if count:
            said.append(_group(count, scale_noun, annexed=not rest))
    if not rest:
        return f"{_joined(said)} {noun.genitive}"
    return _joined([*said, _group(rest, noun)])


def _group(count: int, noun: Noun, *, annexed: bool = False) -> str:
    """`count` (1 – 999) of `noun`; `annexed` when another noun follows at once and the ending falls."""
    hundreds, low = divmod(count, 100)
    if not hundreds:
        return _small(low, noun, annexed)
    if not low:
        said = TWO_HUNDRED_ANNEXED if hundreds == 2 else HUNDREDS[hundreds]
        return f"{said} {noun.genitive}"
    if low <= 2:
        return _joined([_group(count - low, noun), _small(low, noun, annexed)])
    return _joined([HUNDREDS[hundreds], _small(low, noun, annexed)])


def _small(count: int, noun: Noun, annexed: bool) -> str:
    """1 – 99 of `noun`."""
    if count == 1:
        return noun.one
    if count == 2:
        return noun.two_annexed if annexed else noun.two
    if count <= 10:
        return f"{UNITS[count]} {noun.plural}"
    return f"{_below_hundred(count)} {noun.genitive if annexed else noun.accusative}"


def _below_hundred(count: int) -> str:
    if count < len(UNITS):
        return UNITS[count]
    tens, units = divmod(count, 10)
    return _joined([word for word in (UNITS[units], TENS[tens]) if word])


def _joined(said: list[str]) -> str:
    return " و".join(said)
