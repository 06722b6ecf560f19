"""Payment terms of law 69-21: examples of the law, each with its article."""

from datetime import date
from typing import Any

import pytest

from chalicelib.domain.morocco.deadlines import (
    UNBOUND,
    Dealing,
    add_months,
    check_due_date,
    check_terms,
    due_date,
    is_bound,
    late_invoice,
    month_end,
)

ISSUED = date(2026, 11, 23)


def dealing(**facts: Any) -> Dealing:
    """A sale that is delivered and invoiced on the same day."""
    return Dealing(**({"issued": ISSUED, "operation": ISSUED} | facts))


def test_sixty_days_from_issue_by_default() -> None:
    """Code de commerce art. 78-2 §1."""
    assert due_date(dealing()) == date(2027, 1, 22)


def test_agreed_terms() -> None:
    """Art. 78-2 §2: 120 days at most by agreement; 180 by decree for a sector."""
    assert due_date(dealing(), 0) == ISSUED
    assert due_date(dealing(), 120) == date(2027, 3, 23)
    assert due_date(dealing(sector_days=180), 180) == date(2027, 5, 22)


@pytest.mark.parametrize(
    ("operation", "issued", "days", "due"),
    [
        (date(2026, 9, 10), date(2026, 11, 30), None, date(2026, 11, 29)),
        (date(2026, 9, 10), date(2026, 9, 30), None, date(2026, 11, 29)),
        (date(2026, 9, 10), date(2026, 10, 1), 30, date(2026, 10, 30)),
        (date(2024, 2, 5), date(2024, 3, 1), 60, date(2024, 4, 29)),
        (date(2026, 12, 20), date(2026, 11, 23), 60, date(2027, 1, 22)),
    ],
)
def test_a_late_invoice_is_due_as_if_issued_at_the_end_of_the_month_of_delivery(
    operation: date, issued: date, days: int | None, due: date
) -> None:
    """Art. 78-2: issued by the last day of the month of delivery; later, the time runs from the end of that month."""
    assert due_date(dealing(operation=operation, issued=issued), days) == due


def test_a_late_invoice_is_noticed() -> None:
    """DOMAIN 4.5: operation on 10 September, issued on 30 November, 60 days: overdue when it is issued."""
    late = dealing(operation=date(2026, 9, 10), issued=date(2026, 11, 30))
    found = late_invoice(late, due_date(late))
    assert [(each.code, dict(each.params)) for each in found] == [
        ("issued_after_month_of_delivery", {"month_end": "2026-09-30"}),
        ("overdue_when_issued", {"due": "2026-11-29"}),
    ]
    assert [each.code for each in late_invoice(late, date(2026, 11, 30))] == ["issued_after_month_of_delivery"]
    assert late_invoice(dealing(operation=date(2026, 11, 1)), ISSUED) == ()
    assert late_invoice(dealing(operation=date(2026, 9, 10), bound=False), ISSUED) == ()


@pytest.mark.parametrize(
    ("due", "code"),
    [
        (date(2026, 9, 29), "due_before_issue"),
        (date(2026, 9, 30), None),
        (date(2026, 11, 15), None),
        (date(2027, 1, 28), None),
        (date(2027, 1, 29), "payment_terms_too_long"),
    ],
)
def test_a_day_typed_for_a_late_invoice_counts_from_the_end_of_the_month(due: date, code: str | None) -> None:
    late = dealing(operation=date(2026, 9, 10), issued=date(2026, 11, 30))
    finding = check_due_date(late, due)
    assert (finding.code if finding else None) == code


def test_monthly_dealings_run_from_the_start_of_the_next_month() -> None:
    """Art. 78-2: traders who deal by the month or more often."""
    assert due_date(dealing(monthly=True), 30) == date(2026, 12, 31)
    assert due_date(dealing(monthly=True, issued=date(2026, 12, 5), operation=date(2026, 12, 5))) == date(2027, 3, 2)
    of_november = dealing(monthly=True, operation=date(2026, 11, 30), issued=date(2026, 12, 3))
    assert due_date(of_november) == date(2027, 1, 30)
    assert due_date(dealing(monthly=True, bound=False), 30) == date(2026, 12, 23)


def test_a_public_body_pays_from_the_service_done() -> None:
    """Art. 78-2: from the day on which the service done is found (service fait)."""
    found = dealing(service_done=date(2026, 12, 10))
    assert due_date(found) == date(2027, 2, 8)
    assert due_date(dealing(service_done=date(2026, 11, 2), operation=date(2026, 10, 1))) == date(2027, 1, 1)
    assert late_invoice(dealing(service_done=ISSUED, operation=date(2026, 9, 1)), ISSUED) == ()


def test_an_invoice_may_be_overdue_by_the_day_of_its_service_done() -> None:
    """Art. 78-2: service done on 10 November, issued on 15 January, 60 days."""
    late = dealing(service_done=date(2026, 11, 10), operation=date(2026, 11, 10), issued=date(2027, 1, 15))
    assert due_date(late) == date(2027, 1, 9)
    found = [(each.code, dict(each.params)) for each in late_invoice(late, due_date(late))]
    assert found == [("overdue_when_issued", {"due": "2027-01-09"})]
    assert late_invoice(late, date(2027, 1, 15)) == ()
    assert late_invoice(late, date(2026, 11, 9)) == ()  # refused as a day before the terms begin


def test_terms_to_the_end_of_a_month() -> None:
    """30 days end of month, from 23 November: 23 December, so 31 December."""
    assert due_date(dealing(end_of_month=True), 30) == date(2026, 12, 31)
    assert due_date(dealing(end_of_month=True), 60) == date(2027, 1, 31)
    too_long = due_date(dealing(end_of_month=True), 120)
    assert check_due_date(dealing(end_of_month=True), too_long) is not None


@pytest.mark.parametrize(
    ("said", "bound"),
    [
        ({"regime": "standard", "company_says": None}, True),
        ({"regime": "standard", "company_says": False}, False),
        ({"regime": "cpu", "company_says": None}, False),
        ({"regime": "cpu", "company_says": True}, True),
        ({"regime": "auto_entrepreneur", "company_says": True}, False),
        ({"regime": "standard", "company_says": True, "buyer": "consumer"}, False),
        ({"regime": "standard", "company_says": True, "country": "FR"}, False),
        ({"regime": "standard", "company_says": False, "customer_says": True}, True),
        ({"regime": "standard", "company_says": None, "customer_says": False}, False),
        ({"regime": "standard", "company_says": None, "buyer": "public_body"}, True),
    ],
)
def test_who_is_bound(said: dict[str, Any], *, bound: bool) -> None:
    """Art. 78-1: traders established in Morocco. Settings decide for the turnover of 2 million, which is unknown."""
    assert is_bound(**said) is bound


@pytest.mark.parametrize(
    ("days", "sector_days", "code", "limit"),
    [
        (-1, None, "payment_terms_negative", None),
        (121, None, "payment_terms_too_long", "120"),
        (151, 150, "payment_terms_too_long", "150"),
        (181, 180, "payment_terms_too_long", "180"),
        (181, 365, "payment_terms_too_long", "180"),
        (121, 90, "payment_terms_too_long", "120"),
    ],
)
def test_terms_that_the_law_refuses(days: int, sector_days: int | None, code: str, limit: str | None) -> None:
    finding = check_terms(days, dealing(sector_days=sector_days))
    assert finding is not None
    assert (finding.severity, finding.code, finding.params.get("limit")) == ("refuse", code, limit)


def test_the_law_limits_no_terms_that_it_does_not_bind() -> None:
    assert check_terms(UNBOUND, dealing(bound=False)) is None
    assert check_terms(UNBOUND + 1, dealing(bound=False)) is not None


def test_a_due_date_chosen_as_such() -> None:
    assert check_due_date(dealing(), ISSUED) is None
    assert check_due_date(dealing(), date(2027, 3, 23)) is None
    assert check_due_date(dealing(monthly=True), date(2027, 3, 31)) is None
    assert check_due_date(dealing(monthly=True), ISSUED) is None
    late = check_due_date(dealing(), date(2027, 3, 24))
    early = check_due_date(dealing(), date(2026, 11, 22))
    never = check_due_date(dealing(), date.max)
    codes = [finding and finding.code for finding in (late, early, never)]
    assert codes == ["payment_terms_too_long", "due_before_issue", "payment_terms_too_long"]


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2028, 1, 31), 1, date(2028, 2, 29)),
        (date(2026, 12, 1), 1, date(2027, 1, 1)),
        (date(2026, 1, 15), 24, date(2028, 1, 15)),
    ],
)
def test_a_month_later_is_the_same_day_or_the_last_of_a_shorter_month(day: date, months: int, expected: date) -> None:
    assert add_months(day, months) == expected


def test_the_end_of_a_month() -> None:
    assert [month_end(date(2028, 2, 3)), month_end(date(2026, 12, 31))] == [date(2028, 2, 29), date(2026, 12, 31)]
