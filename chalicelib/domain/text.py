"""Text as people see it: the one definition for what is accepted, searched, printed and exported.

`clean` removes the characters that nobody sees. `shows_nothing` finds text without a visible sign. `fold` and `words`
compare texts as a search does. ADR 0080 lists the characters and the reasons.
"""

import re
import unicodedata
from functools import cache

# Each break of other programs becomes "\n": \r\n, \r, vertical tab (spreadsheets), form feed (text of a PDF),
# U+2028 and U+2029.
_BREAKS = re.compile("\r\n?|[\x0b\x0c\u2028\u2029]")
_DIRECTION_MARKS = "\u061c\u200e\u200f"
_ZWNJ, _ZWJ = "\u200c", "\u200d"
_STYLES = "\ufe0e\ufe0f"
"""Variation selectors: a symbol as text, or as an emoji."""
_KEYCAP = "\u20e3"
_MARKS = f"[{_DIRECTION_MARKS}{_ZWNJ}{_ZWJ}{_STYLES}]"
# A joiner has no effect beside letters of these scripts: Latin, Greek, Cyrillic, Armenian and their signs end here.
_FIRST_JOINING = "\u0590"
_APOSTROPHES = "'`´ʹʻʼʽʾʿˈˊˋ‘’‚‛′‵＇"
_DASHES = "\u02d7\u2043\u2212"
"""Dashes whose category is not Pd: modifier minus, hyphen bullet, minus sign."""
_SPACES = re.compile(r"\s+")
_WORD = re.compile(r"[^\W_]+")
_FOLDED = str.maketrans(
    {
        **dict(zip("øðđłħıŋ", "oddlhin", strict=True)),
        **dict(zip(("œ", "æ", "þ"), ("oe", "ae", "th"), strict=True)),
        # Arabic: tāʾ marbūṭa, alif maqṣūra, waṣla and the Persian letters of the same shape. NFKD takes the hamza
        # off its seat (أ إ آ ؤ ئ) and resolves presentation forms.
        **dict(zip("ةىٱیک", "هيايك", strict=True)),
        "ـ": None,
        **dict.fromkeys(_APOSTROPHES, "'"),
        **dict.fromkeys(_DASHES, "-"),
    }
)
_BLANK = dict.fromkeys(map(ord, "\u115f\u1160\u2800\u3164\uffa0\ufffc"), " ")
"""Letters and signs that show a gap: Hangul fillers, the empty Braille pattern, the place of a missing object."""


@cache
def _unseen() -> re.Pattern[str]:
    """Characters that nobody sees wherever they stand. The pattern is compiled at the first text that is not ASCII,
    because so large a set is slow to compile."""
    return re.compile(
        "[\u00ad\u034f\u17b4\u17b5\u180b-\u180f\u200b\u2060-\u2064\ufe00-\ufe0d\ufeff"  # soft hyphen, zero width
        "\u202a-\u202e\u2066-\u206f"  # embeddings, overrides and isolates: they reorder the text after them
        "\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"  # annotations, tags
    )


def clean(text: str) -> str:
    """`text` in NFC without the characters that nobody sees, stripped. Line breaks of every kind become "\\n", and
    blank letters become spaces.

    Marks that shape their neighbours stay where they have an effect: joiners inside words of Arabic and Indic scripts
    and inside emoji, direction marks in a text with a right-to-left letter.
    """
    if text.isascii() and text.isprintable():
        return text.strip()
    text = without_unseen(text)
    if re.search(_MARKS, text):
        text = unicodedata.normalize("NFC", _without_idle_marks(text))
    return text.strip()


def without_unseen(text: str) -> str:
    """`text` in NFC without the characters that show nothing wherever they stand, with one kind of line break, and with
    spaces for blank letters. Joiners, direction marks and the styles of emoji stay."""
    text = _BREAKS.sub("\n", text)
    if text.isascii():
        return text
    return unicodedata.normalize("NFC", _unseen().sub("", text).translate(_BLANK))


def _without_idle_marks(text: str) -> str:
    """`text` without the marks that have no effect where they stand."""
    right_to_left = any(map(_runs_left, text))
    kept: list[str] = []
    for at, character in enumerate(text):
        before, after = kept[-1] if kept else "", text[at + 1 : at + 2]
        if character in _DIRECTION_MARKS:
            keep = right_to_left
        elif character == _ZWJ:  # It may end an Arabic word: "1446 ه‍" is the short form of the Hijri era.
            keep = _joins(before) and (_joins(after) or _runs_left(before))
        elif character == _ZWNJ:
            keep = _joins(before) and _joins(after)
        elif character in _STYLES:
            keep = before != "" and (unicodedata.category(before)[0] == "S" or after == _KEYCAP)
        else:
            keep = True
        if keep:
            kept.append(character)
    return "".join(kept)


def _runs_left(character: str) -> bool:
    """Tell whether `character` is a letter of a script from right to left."""
    return unicodedata.bidirectional(character) in ("R", "AL") and character not in _DIRECTION_MARKS


def _joins(character: str) -> bool:
    """Tell whether a joiner can have an effect beside `character`: a letter, mark or symbol outside the western
    alphabets."""
    if not character or character < _FIRST_JOINING:
        return False
    return character in _STYLES or unicodedata.category(character)[0] in "LMS"


def shows_nothing(text: str) -> bool:
    """Tell whether `text` has no letter, digit, punctuation or symbol that people see. A lone accent is none."""
    return not any(map(_shows, text))


def _shows(character: str) -> bool:
    """Tell whether `character` alone shows a sign. Characters that this version of Unicode does not know do, because a
    later version may have a sign for them."""
    category = unicodedata.category(character)
    seen = category[0] in "LNPS" or category in ("Cn", "Co")
    return seen and category != "Sk" and ord(character) not in _BLANK and not _unseen().match(character)


def fold(text: str) -> str:
    """`text` as a search compares it: "Société" is found by "societe", and أحمد by احمد.

    It has no case, accents, ligatures or invisible characters. Apostrophes are "'", dashes "-", runs of spaces one
    space, and digits of other scripts 0–9. Arabic letters lose hamza, tatweel and presentation forms.
    """
    if text.isascii():
        return " ".join(text.lower().replace("`", "'").split())
    text = clean(text).translate(_FOLDED)  # First, because NFKD makes a space and a mark of the apostrophe "´".
    text = unicodedata.normalize("NFKD", text).casefold().translate(_FOLDED)
    text = "".join(map(_plain, unicodedata.normalize("NFKD", text)))
    return _SPACES.sub(" ", text).strip()


@cache
def _plain(character: str) -> str:
    category = unicodedata.category(character)
    if category in ("Mn", "Mc", "Me", "Cf"):
        return ""
    if category == "Pd":
        return "-"
    return str(unicodedata.decimal(character)) if category == "Nd" else character


def words(text: str) -> list[str]:
    """The folded words of `text`, in its order: runs of letters and digits. Everything else separates."""
    return _WORD.findall(fold(text))
