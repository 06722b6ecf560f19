"""The policy in words: lengths of time, terms, dates and labels in French, Arabic and English."""

import tomllib
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from chalicelib.domain.language import Language
from chalicelib.policy.load import HERE
from chalicelib.policy.model import Rule
from chalicelib.policy.terms import Period, Start


@lru_cache(maxsize=1)
def _words() -> dict[str, Any]:
    return tomllib.loads((HERE / "texts" / "words.toml").read_text("utf-8"))


def say(section: str, name: str, language: Language, **values: str) -> str:
    """The text under `section` and `name` of words.toml, with `{…}` filled. Raises KeyError for a missing text."""
    found: str = _words()[section][name][language]
    for key, value in values.items():
        found = found.replace("{" + key + "}", value)
    return found


def _plural(n: int, language: Language) -> str:
    """CLDR's cardinal category of a whole number; French counts 0 and 1 as one."""
    if language == "ar":
        exact = {1: "one", 2: "two"}.get(n)
        return exact or ("few" if 3 <= n % 100 <= 10 else "many" if 11 <= n % 100 <= 99 else "other")
    return "one" if n == 1 or (language == "fr" and n == 0) else "other"


def length(period: Period, language: Language) -> str:
    """A length of time: `10 ans`, `35 يومًا`, `1 year and 6 months`."""
    units = _words()["units"][language]
    parts = period.parts or ((0, "days"),)
    joined: str = _words()["and"][language].join(
        units[unit][_plural(n, language)].replace("{n}", str(n)) for n, unit in parts
    )
    return joined


def delay(time: timedelta, language: Language) -> str:
    """A time of the product that is no retention term, in whole days or else in whole minutes: `30 days`."""
    minutes = time // timedelta(minutes=1)
    days, rest = divmod(minutes, 24 * 60)
    return length(Period(minutes=minutes) if rest else Period(days=days), language)


def term(rule: Rule, language: Language) -> str:
    """The term of data under a rule: `10 ans à compter de la fin de l'exercice`."""
    at_once = rule.start is Start.ACCOUNT_DELETION and not rule.term
    name = f"{rule.start}_at_once" if at_once else str(rule.start)
    return say("starts", name, language, period=length(rule.term or Period(), language))


def outcome(rule: Rule, language: Language) -> str:
    """The effect of a deletion on data under a rule, in words."""
    return say("on_erasure", "row" if rule.start is Start.ROW else rule.on_erasure, language)


def long_date(day: date, language: Language) -> str:
    """A date in the Moroccan form: `23 novembre 2026`, `23 نونبر 2026`. The first of a month is `1er` in French."""
    number = "1er" if language == "fr" and day.day == 1 else str(day.day)
    return f"{number} {_words()['months'][language][day.month - 1]} {day.year}"
