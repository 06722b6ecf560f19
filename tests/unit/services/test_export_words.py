"""The page of an export in three languages: every table has a name in each, and the day is Morocco's."""

from datetime import UTC, datetime
from typing import get_args

import pytest

from chalicelib.domain.language import Language
from chalicelib.services.backup.download import TABLES as BACKED_UP
from chalicelib.services.exports.page import index
from chalicelib.services.exports.words import TABLES
from chalicelib.services.privacy.access.contents import kinds

LATE = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)


def test_every_table_of_an_export_or_a_backup_has_a_name_in_three_languages() -> None:
    assert {kind.name for kind in kinds()} | set(BACKED_UP) == set(TABLES)
    assert all(set(names) == set(get_args(Language)) and all(names.values()) for names in TABLES.values())


@pytest.mark.parametrize(
    ("language", "customers", "day"),
    [
        ("fr", "Clients", "1er janvier 2027"),
        ("ar", "الزبناء", "2027"),
        ("en", "Customers", "1 January 2027"),
    ],
)
def test_the_page_names_tables_and_day_as_its_reader_does(language: Language, customers: str, day: str) -> None:
    page = index("X", [("customers", 2)], (), (), LATE, language).decode()
    assert f"<td>{customers}</td><td>2</td>" in page
    assert '<a href="data/customers.json">' in page
    assert day in page.partition("<h2>")[0]
