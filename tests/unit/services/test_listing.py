"""Filters of lists of records."""

from datetime import timedelta

from chalicelib.services.records.listing import keeping
from tests.unit.samples import AT, customer


def test_asking_for_nothing_filters_nothing() -> None:
    assert keeping() is None
    assert keeping(kind=None) is None


def test_filters_all_hold() -> None:
    found = customer(name="Société Atlas")
    for keep, kept in (
        (keeping(kind="business"), True),
        (keeping(kind="consumer"), False),
        (keeping(updated_since=AT), True),
        (keeping(updated_since=AT + timedelta(microseconds=1)), False),
        (keeping(kind="business", updated_since=AT), True),
        (keeping(kind="consumer", updated_since=AT), False),
    ):
        assert keep is not None
        assert keep(found) is kept
