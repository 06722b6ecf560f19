"""The times of a company's backups: spread over the night, each tier once, and only while its switch is on."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.backups.backup import BackupPlan, DrillPlan
from chalicelib.domain.clock import MOROCCO
from chalicelib.services.backup.create import plans
from tests.conftest import Shop

AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
IDS = st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=26, max_size=26).map("cmp_{}".format)
INSTANTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 — `timezones` adds it


@given(company=IDS, at=INSTANTS)
def test_a_night_is_the_next_one_between_one_and_five(company: str, at: datetime) -> None:
    """Also across Ramadan, when Morocco's clocks go back by an hour and forth again."""
    night = plans.next_night(company, at)
    assert timedelta(0) < night - at <= timedelta(hours=25)
    assert 1 <= night.astimezone(MOROCCO).hour < 5
    assert plans.next_night(company, night) - night >= timedelta(hours=23)


@given(company=IDS, at=INSTANTS)
def test_a_drill_comes_every_week_on_the_companys_own_day(company: str, at: datetime) -> None:
    first = plans.next_drill(company, at)
    second = plans.next_drill(company, first)
    assert timedelta(0) < first - at <= timedelta(days=7, hours=1)
    assert timedelta(days=7) - timedelta(hours=1) <= second - first <= timedelta(days=7, hours=1)


def test_a_thousand_companies_do_not_meet() -> None:
    """Four hours are 240 minutes: no minute gets much more than its share, and no weekday either."""
    nights = [plans.next_night(f"cmp_{n:026d}", AT) for n in range(1000)]
    minutes = Counter((night.hour, night.minute) for night in nights)
    assert len(minutes) > 200
    assert max(minutes.values()) <= 15
    days = Counter(plans.next_drill(f"cmp_{n:026d}", AT).astimezone(MOROCCO).weekday() for n in range(1000))
    assert min(days.values()) > 90


def test_the_first_of_a_month_and_of_a_week_are_kept_longer() -> None:
    plan, _ = plans.begun("cmp_1", AT)
    assert plans.tier_of(plan, AT) == "monthly"
    monthly = plan.edited(AT, monthly="2026-11")
    assert plans.tier_of(monthly, AT) == "weekly"
    weekly = monthly.edited(AT, weekly="2026-W48")
    assert plans.tier_of(weekly, AT) == "daily"
    assert plans.tier_of(weekly, AT + timedelta(days=7)) == "weekly"
    assert plans.tier_of(weekly, AT + timedelta(days=8)) == "monthly"


def test_days_weeks_and_months_are_moroccos() -> None:
    """23:30 in UTC on 31 December is the new year in Casablanca, and its last ISO week may be the old year's."""
    at = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    assert plans.month_of(at) == "2027-01"
    assert plans.week_of(at) == "2026-W53"


def stored(shop: Shop) -> list[object]:
    return list(shop.world.store.records([BackupPlan.ref(shop.company), DrillPlan.ref(shop.company)]))


@pytest.mark.parametrize("mode", ["live", "test"])
def test_the_switch_makes_and_removes_the_plans(new_shop: Callable[..., Shop], mode: str) -> None:
    shop = new_shop(mode=mode)
    assert stored(shop) == [None, None]
    assert shop.owner.patch("/v1/settings", {"cloud": {"backup": True}}, "*").status == 200
    backup, drill = stored(shop)
    assert isinstance(backup, BackupPlan)
    assert isinstance(drill, DrillPlan)
    assert backup.due_at == plans.next_night(shop.company, backup.created_at)
    assert shop.owner.patch("/v1/settings", {"cloud": {"sync": True}}, "*").status == 200
    assert stored(shop) == [backup, drill], "a switch that stays on leaves its plans as they are"
    assert shop.owner.patch("/v1/settings", {"cloud": {"backup": False}}, "*").status == 200
    assert stored(shop) == [None, None]


def test_an_empty_workspace_with_plans_may_still_be_switched_off(new_shop: Callable[..., Shop]) -> None:
    shop = new_shop(cloud=False)
    assert shop.owner.patch("/v1/settings", {"cloud": {"backup": True}}, "*").status == 200
    assert shop.owner.patch("/v1/settings", {"cloud": {"backup": False}}, "*").status == 200
    assert stored(shop) == [None, None]
