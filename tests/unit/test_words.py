"""Amounts in words: tables checked by hand, readers that turn the words back into numbers, and num2words as a reference
of the French and English cardinals."""

import re
import subprocess
import sys
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from num2words import num2words

from chalicelib.domain.words import arabic_words, english_words, french_words

D = Decimal

FRENCH = [
    ("0", "zéro dirham"),
    ("0.01", "un centime"),
    ("0.02", "deux centimes"),
    ("0.50", "cinquante centimes"),
    ("1", "un dirham"),
    ("1.01", "un dirham et un centime"),
    ("2", "deux dirhams"),
    ("3", "trois dirhams"),
    ("10", "dix dirhams"),
    ("11", "onze dirhams"),
    ("12", "douze dirhams"),
    ("16", "seize dirhams"),
    ("17", "dix-sept dirhams"),
    ("19", "dix-neuf dirhams"),
    ("20", "vingt dirhams"),
    ("21", "vingt et un dirhams"),
    ("22", "vingt-deux dirhams"),
    ("61", "soixante et un dirhams"),
    ("70", "soixante-dix dirhams"),
    ("71", "soixante et onze dirhams"),
    ("77", "soixante-dix-sept dirhams"),
    ("80", "quatre-vingts dirhams"),
    ("81", "quatre-vingt-un dirhams"),
    ("91", "quatre-vingt-onze dirhams"),
    ("99", "quatre-vingt-dix-neuf dirhams"),
    ("100", "cent dirhams"),
    ("101", "cent un dirhams"),
    ("180", "cent quatre-vingts dirhams"),
    ("200", "deux cents dirhams"),
    ("201", "deux cent un dirhams"),
    ("300", "trois cents dirhams"),
    ("720", "sept cent vingt dirhams"),
    ("720.01", "sept cent vingt dirhams et un centime"),
    ("1000", "mille dirhams"),
    ("1001", "mille un dirhams"),
    ("2000", "deux mille dirhams"),
    ("3000", "trois mille dirhams"),
    ("3240", "trois mille deux cent quarante dirhams"),
    ("4768.90", "quatre mille sept cent soixante-huit dirhams et quatre-vingt-dix centimes"),
    ("11000", "onze mille dirhams"),
    ("21000", "vingt et un mille dirhams"),
    ("80000", "quatre-vingt mille dirhams"),
    ("80080", "quatre-vingt mille quatre-vingts dirhams"),
    ("100000", "cent mille dirhams"),
    ("200000", "deux cent mille dirhams"),
    ("200200", "deux cent mille deux cents dirhams"),
    ("1000000", "un million de dirhams"),
    ("1000000.80", "un million de dirhams et quatre-vingts centimes"),
    ("1000001", "un million un dirhams"),
    ("2000000", "deux millions de dirhams"),
    ("2500000", "deux millions cinq cent mille dirhams"),
    ("80000000", "quatre-vingts millions de dirhams"),
    ("200000000", "deux cents millions de dirhams"),
    ("1000000000", "un milliard de dirhams"),
    ("2000000000", "deux milliards de dirhams"),
    ("200000000000", "deux cents milliards de dirhams"),
    ("1001000000", "un milliard un million de dirhams"),
    (
        "999999999999.99",
        (
            "neuf cent quatre-vingt-dix-neuf milliards neuf cent quatre-vingt-dix-neuf millions neuf cent "
            "quatre-vingt-dix-neuf mille neuf cent quatre-vingt-dix-neuf dirhams et quatre-vingt-dix-neuf centimes"
        ),
    ),
]
ARABIC = [
    ("0", "صفر درهم"),
    ("0.01", "سنتيم واحد"),
    ("0.02", "سنتيمان"),
    ("0.03", "ثلاثة سنتيمات"),
    ("0.10", "عشرة سنتيمات"),
    ("0.11", "أحد عشر سنتيما"),
    ("0.50", "خمسون سنتيما"),
    ("1", "درهم واحد"),
    ("1.01", "درهم واحد وسنتيم واحد"),
    ("2", "درهمان"),
    ("2.02", "درهمان وسنتيمان"),
    ("3", "ثلاثة دراهم"),
    ("8", "ثمانية دراهم"),
    ("10", "عشرة دراهم"),
    ("11", "أحد عشر درهما"),
    ("12", "اثنا عشر درهما"),
    ("13", "ثلاثة عشر درهما"),
    ("18", "ثمانية عشر درهما"),
    ("19", "تسعة عشر درهما"),
    ("20", "عشرون درهما"),
    ("21", "واحد وعشرون درهما"),
    ("22", "اثنان وعشرون درهما"),
    ("80", "ثمانون درهما"),
    ("99", "تسعة وتسعون درهما"),
    ("100", "مائة درهم"),
    ("101", "مائة درهم ودرهم واحد"),
    ("102", "مائة درهم ودرهمان"),
    ("103", "مائة وثلاثة دراهم"),
    ("110", "مائة وعشرة دراهم"),
    ("111", "مائة وأحد عشر درهما"),
    ("200", "مائتا درهم"),
    ("201", "مائتا درهم ودرهم واحد"),
    ("205", "مائتان وخمسة دراهم"),
    ("300", "ثلاثمائة درهم"),
    ("720", "سبعمائة وعشرون درهما"),
    ("720.01", "سبعمائة وعشرون درهما وسنتيم واحد"),
    ("800", "ثمانمائة درهم"),
    ("1000", "ألف درهم"),
    ("1001", "ألف درهم ودرهم واحد"),
    ("1002", "ألف درهم ودرهمان"),
    ("1100", "ألف ومائة درهم"),
    ("1101", "ألف ومائة درهم ودرهم واحد"),
    ("2000", "ألفا درهم"),
    ("2000.50", "ألفا درهم وخمسون سنتيما"),
    ("2005", "ألفان وخمسة دراهم"),
    ("3000", "ثلاثة آلاف درهم"),
    ("3240", "ثلاثة آلاف ومائتان وأربعون درهما"),
    ("4768.90", "أربعة آلاف وسبعمائة وثمانية وستون درهما وتسعون سنتيما"),
    ("10000", "عشرة آلاف درهم"),
    ("11000", "أحد عشر ألف درهم"),
    ("11005", "أحد عشر ألفا وخمسة دراهم"),
    ("12000", "اثنا عشر ألف درهم"),
    ("100000", "مائة ألف درهم"),
    ("101000", "مائة ألف وألف درهم"),
    ("102000", "مائة ألف وألفا درهم"),
    ("102005", "مائة ألف وألفان وخمسة دراهم"),
    ("103000", "مائة وثلاثة آلاف درهم"),
    ("111000", "مائة وأحد عشر ألف درهم"),
    ("200000", "مائتا ألف درهم"),
    ("205000", "مائتان وخمسة آلاف درهم"),
    ("1000000", "مليون درهم"),
    ("1001000", "مليون وألف درهم"),
    ("2000000", "مليونا درهم"),
    ("2000100", "مليونان ومائة درهم"),
    ("3000000", "ثلاثة ملايين درهم"),
    ("11500000", "أحد عشر مليونا وخمسمائة ألف درهم"),
    ("1000000000", "مليار درهم"),
    ("2000000000", "مليارا درهم"),
    ("3000000000", "ثلاثة مليارات درهم"),
    (
        "999999999999.99",
        (
            "تسعمائة وتسعة وتسعون مليارا وتسعمائة وتسعة وتسعون مليونا وتسعمائة وتسعة وتسعون ألفا "
            "وتسعمائة وتسعة وتسعون درهما وتسعة وتسعون سنتيما"
        ),
    ),
]


@pytest.mark.parametrize(("amount", "words"), FRENCH)
def test_french(amount: str, words: str) -> None:
    assert french_words.amount_in_words(D(amount)) == words


@pytest.mark.parametrize(("amount", "words"), ARABIC)
def test_arabic(amount: str, words: str) -> None:
    assert arabic_words.amount_in_words(D(amount)) == words


def test_french_capital() -> None:
    assert french_words.amount_in_words(D(3240), capital=True) == "Trois mille deux cent quarante dirhams"
    assert french_words.amount_in_words(D("0.01"), capital=True) == "Un centime"


@pytest.mark.parametrize("amount", ["-0.01", "1000000000000", "0.005", "NaN", "Infinity"])
def test_no_words_outside_the_range(amount: str) -> None:
    for words in (french_words.amount_in_words, arabic_words.amount_in_words):
        with pytest.raises(ValueError, match=r"no words|finite"):
            words(D(amount))


FRENCH_NUMBERS = {
    word: value
    for value, word in enumerate(
        [
            "zéro",
            "un",
            "deux",
            "trois",
            "quatre",
            "cinq",
            "six",
            "sept",
            "huit",
            "neuf",
            "dix",
            "onze",
            "douze",
            "treize",
            "quatorze",
            "quinze",
            "seize",
        ]
    )
} | {"vingt": 20, "vingts": 20, "trente": 30, "quarante": 40, "cinquante": 50, "soixante": 60}
FRENCH_SCALES = {"mille": 1000, "million": 10**6, "millions": 10**6, "milliard": 10**9, "milliards": 10**9}


def read_french(words: str) -> D:
    """The amount that French words say, by another way than they were made."""
    result = D(0)
    whole = group = 0
    for word in re.findall(r"\w+", words):
        if word in FRENCH_SCALES:
            whole, group = whole + max(group, 1) * FRENCH_SCALES[word], 0
        elif word in ("cent", "cents"):
            group = max(group, 1) * 100
        elif word.startswith("vingt") and group % 100 == 4:
            group += 76
        elif word in FRENCH_NUMBERS:
            group += FRENCH_NUMBERS[word]
        elif word in ("dirham", "dirhams", "centime", "centimes"):
            result, whole, group = result + (whole + group) * D("1" if word[0] == "d" else "0.01"), 0, 0
        else:
            assert word in ("et", "de"), word
    return result


ARABIC_NUMBERS = {
    word: value
    for value, word in enumerate(
        ["صفر", "واحد", "اثنان", "ثلاثة", "أربعة", "خمسة", "ستة", "سبعة", "ثمانية", "تسعة", "عشرة"]
    )
} | {
    word: 10 * value
    for value, word in enumerate(["عشرون", "ثلاثون", "أربعون", "خمسون", "ستون", "سبعون", "ثمانون", "تسعون"], 2)
}
ARABIC_NUMBERS |= {
    word: 100 * value
    for value, word in enumerate(
        ["مائة", "مائتان", "ثلاثمائة", "أربعمائة", "خمسمائة", "ستمائة", "سبعمائة", "ثمانمائة", "تسعمائة"], 1
    )
}
ARABIC_NUMBERS |= {"مائتا": 200, "أحد": 1, "اثنا": 2, "عشر": 10}
SINGLE = {"ألف": 1000, "آلاف": 1000, "مليون": 10**6, "ملايين": 10**6, "مليار": 10**9, "مليارات": 10**9}
# Accusative after a number, dual in annexation without one.
EITHER = {"ألفا": 1000, "مليونا": 10**6, "مليارا": 10**9}
DUAL = {"ألفان": 1000, "مليونان": 10**6, "ملياران": 10**9}
UNIT = {"درهم": D(1), "درهما": D(1), "دراهم": D(1), "سنتيم": D("0.01"), "سنتيما": D("0.01"), "سنتيمات": D("0.01")}
TWO_UNITS = {"درهمان": D(2), "سنتيمان": D("0.02")}


def read_arabic(words: str) -> D:
    """The amount that Arabic words say, by another way than they were made."""
    result = D(0)
    whole = group = 0
    said = re.sub(
        r" (درهم|سنتيم) واحد", r" واحد \1", f" {words.replace(' ودرهم', ' + درهم').replace(' وسنتيم', ' + سنتيم')}"
    )
    for joined in said.split():
        word = joined[1:] if joined[0] == "و" and joined != "واحد" else joined
        if word in SINGLE or (word in EITHER and group):
            whole, group = whole + max(group, 1) * (SINGLE | EITHER)[word], 0
        elif word in DUAL or word in EITHER:
            assert not group, words
            whole += 2 * (DUAL | EITHER)[word]
        elif word in UNIT:
            result, whole, group = result + (whole + group) * UNIT[word], 0, 0
        elif word in TWO_UNITS:
            result += TWO_UNITS[word]
        elif word != "+":
            group += ARABIC_NUMBERS[word]
    return result


amounts = st.one_of(
    st.decimals(min_value=0, max_value=D("999999999999.99"), places=2),
    st.decimals(min_value=0, max_value=3000, places=2),
    # Round figures and ones and twos in every place, where grammar changes.
    st.lists(st.sampled_from([0, 1, 2, 3, 10, 11, 21, 100, 101, 102, 200, 202, 999]), min_size=4, max_size=4).map(
        lambda groups: D("".join(f"{group:03d}" for group in groups))
    ),
)


@pytest.mark.slow
@settings(max_examples=500)
@given(amounts)
def test_the_words_say_the_amount(amount: D) -> None:
    """Reading them back gives the amount: total, and distinct for distinct amounts."""
    french, arabic = french_words.amount_in_words(amount), arabic_words.amount_in_words(amount)
    assert read_french(french) == amount
    assert read_arabic(arabic) == amount
    assert not re.search(r"\d", french + arabic)
    assert "  " not in french + arabic
    assert (french, arabic) == (french_words.amount_in_words(amount), arabic_words.amount_in_words(amount))


ROUND = st.integers(0, 999).flatmap(lambda n: st.sampled_from([n * 1_000, n * 1_000_000, n * 1_000_000_000]))
LARGE = st.integers(0, 999_999_999_999) | ROUND | st.builds(lambda a, b: a + b, ROUND, st.integers(0, 999))
SPELLED = {"fr": french_words.cardinal, "en": english_words.cardinal}


@pytest.mark.slow
@pytest.mark.parametrize("language", SPELLED)
def test_small_cardinals_equal_the_reference(language: str) -> None:
    differing = [n for n in range(10_000) if SPELLED[language](n) != num2words(n, lang=language)]
    assert differing == []


@pytest.mark.parametrize("language", SPELLED)
@given(number=LARGE)
def test_large_cardinals_equal_the_reference(language: str, number: int) -> None:
    assert SPELLED[language](number) == num2words(number, lang=language)


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("0", "zero dirhams"),
        ("0.01", "zero dirhams and one centime"),
        ("1", "one dirham"),
        ("21", "twenty-one dirhams"),
        ("1005", "one thousand and five dirhams"),
        ("3240.50", "three thousand, two hundred and forty dirhams and fifty centimes"),
        ("1000001", "one million and one dirhams"),
    ],
)
def test_english(amount: str, words: str) -> None:
    assert english_words.amount_in_words(D(amount)) == words


@pytest.mark.slow
def test_all_small_amounts_have_their_own_words() -> None:
    said = {arabic_words.amount_in_words(D(number)) for number in range(5000)}
    assert len(said) == 5000
    assert len({french_words.amount_in_words(D(number)) for number in range(5000)}) == 5000


def test_arabic_is_arabic_letters_only() -> None:
    for amount, _ in ARABIC:
        assert re.fullmatch(r"[\u0621-\u064a ]+", arabic_words.amount_in_words(D(amount)))


def test_importing_the_domain_loads_no_library() -> None:
    """A cold start must not pay for what only documents need."""
    pack = ["identifiers", "vat", "withholding", "mentions", "deadlines", "stamp"]
    modules = [
        "words.french_words",
        "words.arabic_words",
        "words.english_words",
        "documents.totals",
        *(f"morocco.{module}" for module in pack),
    ]
    names = [f"chalicelib.domain.{module}" for module in modules]
    program = f"""
import importlib, sys
for name in {names}: importlib.import_module(name)
print([name for name in sys.modules if name.split(".")[0] in ("num2words", "stdnum")])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
