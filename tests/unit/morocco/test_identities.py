"""The day from which a document without the identities of CGI art. 145 is refused."""

from datetime import date

import pytest

from chalicelib.domain.morocco.identities import binding_from


@pytest.mark.parametrize(
    ("signed_up", "issued_before", "first"),
    [
        (date(2027, 3, 1), False, date(2027, 3, 1)),
        (date(2027, 3, 1), True, date(2027, 3, 1)),
        (None, False, date(2026, 11, 30)),
        (None, True, date(2027, 1, 29)),
    ],
)
def test_a_company_that_has_issued_before_the_rule_has_sixty_days(
    signed_up: date | None, first: date, *, issued_before: bool
) -> None:
    assert binding_from(signed_up, issued_before=issued_before) == first
