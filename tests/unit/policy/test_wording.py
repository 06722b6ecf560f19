"""The policy in words: plurals, terms and dates in three languages."""

from datetime import date, timedelta

import pytest

from chalicelib.domain.language import LANGUAGES, Language
from chalicelib.policy.load import current
from chalicelib.policy.model import ACTIONS, CLASSES
from chalicelib.policy.terms import Period
from chalicelib.policy.wording import delay, length, long_date, say, term


@pytest.mark.parametrize(
    ("text", "language", "words"),
    [
        ("P1Y", "fr", "1 an"),
        ("P10Y", "fr", "10 ans"),
        ("P0D", "fr", "0 jour"),
        ("P1D", "en", "1 day"),
        ("P1Y6M", "en", "1 year and 6 months"),
        ("P1Y", "ar", "سنة واحدة"),
        ("P2Y", "ar", "سنتان"),
        ("P10Y", "ar", "10 سنوات"),
        ("P11Y", "ar", "11 سنة"),
        ("P35D", "ar", "35 يومًا"),
        ("P100D", "ar", "100 يوم"),
        ("P103D", "ar", "103 أيام"),
        ("P1Y6M", "ar", "سنة واحدة و6 أشهر"),
        ("PT15M", "fr", "15 minutes"),
    ],
)
def test_lengths_of_time(text: str, language: Language, words: str) -> None:
    assert length(Period.parse(text), language) == words


def test_delays() -> None:
    assert delay(timedelta(days=30), "ar") == "30 يومًا"
    assert delay(timedelta(minutes=10), "fr") == "10 minutes"
    assert delay(timedelta(days=1, minutes=1), "en") == "1441 minutes"


def test_terms() -> None:
    rules = current().rules
    assert term(rules["document.content"], "fr") == "10 ans à compter de la fin de l'exercice"
    assert term(rules["document.content"], "ar") == "10 سنوات ابتداءً من نهاية السنة المالية"
    assert term(rules["file.export"], "en") == "7 days after creation"
    assert term(rules["party.contact"], "en") == "Until you delete them, at the latest with the account"
    assert term(rules["record.key"], "en") == "As long as the record"


def test_dates_are_written_as_in_morocco() -> None:
    day = date(2026, 11, 23)
    assert [long_date(day, language) for language in LANGUAGES] == [
        "23 novembre 2026",
        "23 نونبر 2026",
        "23 November 2026",
    ]
    assert long_date(date(2026, 8, 1), "fr") == "1er août 2026"


def test_every_code_has_its_words() -> None:
    for language in LANGUAGES:
        for rule in current().rules.values():
            assert "{" not in term(rule, language)
            assert say("on_erasure", rule.on_erasure, language)
        assert all(say("classes", name, language) for name in CLASSES)
    assert {rule.action for rule in current().rules.values()} <= set(ACTIONS)
