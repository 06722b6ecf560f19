"""The fine on a late payment, which the buyer owes to the Treasury (Code de commerce art. 78-3, law 69-21)."""

from datetime import date
from decimal import Decimal

import pytest

from chalicelib.domain.morocco.late_fine import late_fine

D = Decimal
DUE = date(2026, 1, 15)


@pytest.mark.parametrize(
    ("on", "months", "rate", "amount"),
    [
        (date(2026, 1, 16), 1, "2.25", "2700.00"),
        (date(2026, 2, 15), 1, "2.25", "2700.00"),
        (date(2026, 2, 16), 2, "3.10", "3720.00"),
        (date(2026, 4, 15), 3, "3.95", "4740.00"),
        (date(2026, 4, 16), 4, "4.80", "5760.00"),
    ],
)
def test_the_key_rate_and_085_percent_for_each_further_month(on: date, months: int, rate: str, amount: str) -> None:
    """120,000 dirhams with TVA, three months late at a key rate of 2.25 %: 3.95 %, so 4,740.00."""
    fine = late_fine(D(120_000), DUE, on)
    assert fine is not None
    assert (fine.months, fine.rate, fine.base, fine.amount) == (months, D(rate), D(120_000), D(amount))


@pytest.mark.parametrize(
    ("due", "rate"),
    [
        (date(2023, 8, 1), "3.00"),
        (date(2024, 7, 1), "2.75"),
        (date(2024, 12, 1), "2.50"),
        (date(2025, 4, 1), "2.25"),
    ],
)
def test_the_key_rate_is_that_at_the_end_of_the_first_month(due: date, rate: str) -> None:
    """DGI: an invoice that is late from 1 December 2024 on has the rate of 19 December 2024, 2.50 %."""
    fine = late_fine(D(100), due, due.replace(day=28))
    assert fine is not None
    assert fine.rate == D(rate)


def test_nothing_is_fined_that_is_not_late() -> None:
    assert late_fine(D(100), DUE, DUE) is None
    assert late_fine(D(0), DUE, date(2026, 3, 1)) is None


def test_the_months_end_on_the_last_day_of_a_short_month() -> None:
    due = date(2026, 1, 31)
    months = [fine.months for on in (28, 29) if (fine := late_fine(D(100), due, date(2028, 2, on)))]
    assert months == [25, 25]
    assert [f.months for day in (date(2026, 2, 28), date(2026, 3, 1)) if (f := late_fine(D(100), due, day))] == [1, 2]
