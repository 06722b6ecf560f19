"""Numbering through the API: each number once, in the order of dates, under any concurrent change of the company."""

from datetime import UTC, datetime
from typing import Any

from chalicelib.wiring import World
from tests.client import Got
from tests.clocks import clock_at
from tests.conftest import Shop


def numbered(shop: Shop, **series: Any) -> Got:
    return shop.owner.patch("/v1/company", {"series": series}, "*")


def test_two_kinds_cannot_share_a_series(shop: Shop) -> None:
    year = shop.today.year
    assert numbered(shop, invoice={"pattern": f"X{year}/{{seq}}", "reset": "never"}).status == 200
    refused = numbered(shop, credit_note={"pattern": "X{year}-{seq}", "reset": "year"})
    assert (refused.status, refused.codes) == (422, [("/series/credit_note/pattern", "pattern_ambiguous")])


def test_the_first_number_is_chosen_once(shop: Shop) -> None:
    assert numbered(shop, invoice={"next": 10}).status == 200
    shop.issued()
    assert numbered(shop, invoice={"pattern": "C-{year}-{seq:05}", "next": 500}).status == 409


def test_the_first_number_is_not_chosen_again_next_year(shop: Shop, world: World) -> None:
    shop.issued()
    with clock_at(world, datetime(shop.today.year + 1, 1, 1, 9, tzinfo=UTC)):
        assert numbered(shop, invoice={"next": 777}).status == 409


def test_a_new_pattern_does_not_allow_an_earlier_issue_date(shop: Shop) -> None:
    shop.issued()
    assert numbered(shop, invoice={"pattern": "B-{year}-{seq:04}"}).status == 200
    earlier = {"issue_date": f"{shop.today.year - 1}-12-31"}
    refused = shop.owner.post(f"/v1/invoices/{shop.draft()['id']}/issue", earlier)
    assert (refused.status, refused.codes) == (422, [("/issue_date", "issue_date_before_last")])


def test_a_new_year_does_not_allow_an_earlier_issue_date(shop: Shop) -> None:
    shop.issued()
    refused = shop.owner.post(f"/v1/invoices/{shop.draft()['id']}/issue", {"issue_date": "2000-02-29"})
    assert (refused.status, refused.codes) == (422, [("/issue_date", "issue_date_before_last")])


def test_the_first_number_has_at_most_eight_digits(shop: Shop) -> None:
    for first in (100_000_000, 999_999_999, 1_000_000_000):
        refused = numbered(shop, invoice={"next": first})
        assert (refused.status, refused.codes) == (422, [("/series/invoice/next", "out_of_range")])
        assert refused.json["errors"][0]["detail"] == "Allowed: from 1 to 99999999."
    assert numbered(shop, invoice={"next": 99_999_999}).status == 200


def test_a_series_can_start_without_a_yearly_reset(shop: Shop) -> None:
    assert numbered(shop, invoice={"reset": "never"}).status == 200
