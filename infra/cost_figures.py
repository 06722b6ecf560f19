"""Figures of the cost page as text."""

from decimal import Decimal


def dollars(amount: Decimal) -> str:
    """Write an amount with its significant digits."""
    if amount >= 100:
        return f"${amount:,.0f}"
    if amount >= 1:
        return f"${amount:.2f}"
    if not amount:
        return "–"
    places = 2 - amount.adjusted() - 1
    return f"${amount:.{max(2, places)}f}"


def number(value: Decimal) -> str:
    """Write a quantity with its significant digits."""
    if value >= 100 or value == value.to_integral_value():
        return f"{value:,.0f}"
    return f"{value:.{max(1, 1 - value.adjusted())}f}"


def percent(share: Decimal | int) -> str:
    """Write a share as a whole percentage."""
    return f"{Decimal(share):.0%}".replace("%", " %")


def share_text(part: Decimal) -> str:
    """Write a share as a percentage with its significant digits."""
    hundredths = part * 100
    if hundredths < Decimal("0.1"):
        return "< 0.1 %"
    return f"{hundredths:,.1f} %" if hundredths < 10 else f"{hundredths:,.0f} %"
