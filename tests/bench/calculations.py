"""Pure calculations, warm: the totals of a long document, and its view."""

import time
from collections.abc import Callable
from decimal import Decimal

from chalicelib.domain.documents.totals import LineInput, totals
from tests.unit.render import views

TOTALS_LINES, VIEW_LINES = 1000, 500
TOTALS_GOAL, VIEW_GOAL = 20.0, 10.0
"""Milliseconds."""
TURNS = 15
RATES = tuple(Decimal(rate) for rate in ("20", "10", "0"))


def measured() -> tuple[float, float]:
    """Milliseconds of the totals and of the view: the shortest of some turns."""
    lines = [
        LineInput(Decimal("1.25"), Decimal(f"{number}.123456"), Decimal("7.5"), None, RATES[number % 3])
        for number in range(TOTALS_LINES)
    ]
    return _time(lambda: totals(lines, Decimal("3.33"))), _time(lambda: views.view(VIEW_LINES).canonical())


def _time(work: Callable[[], object]) -> float:
    times = []
    for _ in range(TURNS):
        begun = time.perf_counter()
        work()
        times.append(1e3 * (time.perf_counter() - begun))
    return min(times)
