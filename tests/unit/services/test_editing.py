"""Filters of lists, and what a search finds."""

from datetime import timedelta

import pytest

from chalicelib.services.records.editing import folded, keeping
from tests.unit.samples import AT, customer


@pytest.mark.parametrize(
    ("words", "name"),
    [("societe", "Société Générale"), ("GÉNÉRALE", "societe generale"), ("شركة", "شَرِكَة أحمد"), ("احمد", "شَرِكَة أحمد")],
)
def test_a_search_forgets_case_and_accents(words: str, name: str) -> None:
    assert folded(words) in folded(name)


def test_asking_for_nothing_filters_nothing() -> None:
    assert keeping() is None
    assert keeping(kind=None, words=None) is None


def test_filters_all_hold() -> None:
    found = customer(name="Société Atlas")
    for keep, kept in (
        (keeping(words="societe"), True),
        (keeping(words="absente"), False),
        (keeping(kind="business"), True),
        (keeping(kind="consumer"), False),
        (keeping(updated_since=AT), True),
        (keeping(updated_since=AT + timedelta(microseconds=1)), False),
        (keeping(words="atlas", kind="business", updated_since=AT), True),
        (keeping(words="atlas", kind="consumer", updated_since=AT), False),
    ):
        assert keep is not None
        assert keep(found) is kept
