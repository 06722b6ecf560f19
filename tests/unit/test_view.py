"""The document view: equal views have equal bytes."""

from dataclasses import replace

import pytest

from chalicelib.domain.language import Language
from tests.unit.render.views import view


def test_equal_views_have_equal_canonical_bytes() -> None:
    assert view(3).canonical() == view(3).canonical()
    assert view(3).canonical().startswith(b'{"addressee":')


def test_any_change_changes_the_canonical_bytes() -> None:
    base = view(2)
    others = [
        replace(base, number="FA-2026-00043"),
        replace(base, marks=("draft",)),
        replace(base, language="en"),
        replace(base, lines=base.lines[:1]),
        replace(base, seller=replace(base.seller, ice="001525713000085")),
        replace(base, totals=base.totals[::-1]),
    ]
    assert len({other.canonical() for other in (base, *others)}) == len(others) + 1


@pytest.mark.parametrize(("language", "direction"), [("fr", "ltr"), ("en", "ltr"), ("ar", "rtl")])
def test_arabic_pages_read_from_the_right(language: Language, direction: str) -> None:
    assert view(1, language).direction == direction
