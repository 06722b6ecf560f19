"""Droit de timbre and the limits of cash."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.domain.morocco.stamp import cash_findings, check_cash, check_seller_fine, exemption, stamp_duty

D = Decimal

ON = date(2026, 11, 25)


@pytest.mark.parametrize(
    ("amount", "duty"), [("12000", "30.00"), ("0", "0.00"), ("1", "0.00"), ("2", "0.01"), ("1999.99", "5.00")]
)
def test_a_quarter_of_a_percent(amount: str, duty: str) -> None:
    assert str(stamp_duty(D(amount), ON)) == duty


def test_before_the_table_its_first_rate_stands_in() -> None:
    assert stamp_duty(D(12000), date(2014, 12, 31)) == D("30.00")


def test_a_negative_settlement_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        stamp_duty(D("-1"), ON)


@pytest.mark.parametrize(
    ("amount", "month", "codes"),
    [
        ("5000", "0", []),
        ("5000.01", "0", ["cash_above_limit"]),
        ("5000", "45000", []),
        ("5000", "45000.01", ["cash_above_month_limit"]),
        ("60000", "0", ["cash_above_limit", "cash_above_month_limit"]),
    ],
)
def test_cash_limits_only_warn(amount: str, month: str, codes: list[str]) -> None:
    findings = check_cash(D(amount), ON, D(month))
    assert [finding.code for finding in findings] == codes
    assert {finding.severity for finding in findings} <= {"warn"}


def test_a_warning_names_its_limit() -> None:
    assert [dict(finding.params) for finding in check_cash(D(60000), ON)] == [{"limit": "5000"}, {"limit": "50000"}]


@pytest.mark.parametrize(
    ("amount", "fine"), [("19999.99", None), ("20000", "1200.00"), ("20000.01", "1200.00"), ("60000", "3600.00")]
)
def test_the_seller_is_fined_six_percent_from_20000_in_cash(amount: str, fine: str | None) -> None:
    """CGI art. 193."""
    finding = check_seller_fine(D(amount), ON)
    assert (finding.params["fine"] if finding else None) == fine


def test_cash_adds_up_over_a_day_and_a_party() -> None:
    """CGI art. 11-II: 5,000 a day and party, 50,000 a month."""
    assert cash_findings(D(3000), ON) == ()
    twice = cash_findings(D(3000), ON, day_total=D(3000), month_total=D(48000))
    assert [finding.code for finding in twice] == ["cash_above_limit", "cash_above_month_limit"]
    assert next(finding.code for finding in cash_findings(D(9000), ON, day_total=D(11000))) == "cash_fine"


@pytest.mark.parametrize(
    ("activity", "keeps_books", "answer", "reason"),
    [
        ("fuel", True, None, "fuel"),
        ("medicines", None, None, "medicines"),
        ("liberal_profession", False, None, "no_accounts"),
        ("liberal_profession", True, None, None),
        ("liberal_profession", None, None, None),
        ("trade", False, None, None),
        (None, None, "fuel", "fuel"),
        ("fuel", True, "none", None),
        (None, None, None, None),
    ],
)
def test_exempt_cash(activity: str | None, keeps_books: bool | None, answer: Any, reason: str | None) -> None:
    """CGI art. 252-I-B, LF 2019: fuel, medicines, and professionals who are no traders and keep no accounts."""
    assert exemption(activity, keeps_books, answer) == reason
