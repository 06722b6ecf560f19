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


def test_no_earlier_year_opens_again_while_its_series_is_behind(shop: Shop, world: World) -> None:
    """CGI art. 145-III: one continuous series. A later document of the kind bars the days before it in any series."""
    shop.issued()
    with clock_at(world, datetime(2028, 6, 1, 9, tzinfo=UTC)):
        shop.issued()
    with clock_at(world, datetime(2029, 1, 30, 10, tzinfo=UTC)):
        for day in ("2026-12-31", "2028-05-31"):
            refused = shop.owner.post(f"/v1/invoices/{shop.draft()['id']}/issue", {"issue_date": day})
            assert (refused.status, refused.codes) == (422, [("/issue_date", "issue_date_before_last")])
            assert "2028-06-01" in refused.json["errors"][0]["detail"]
        issued = shop.owner.post(f"/v1/invoices/{shop.draft()['id']}/issue", {"issue_date": "2028-06-01"})
        assert (issued.status, issued.json["issue_date"]) == (200, "2028-06-01")


def test_the_first_document_of_a_kind_is_dated_in_the_current_month(shop: Shop, world: World) -> None:
    with clock_at(world, datetime(2029, 1, 30, 10, tzinfo=UTC)):
        url = f"/v1/invoices/{shop.draft(operation_date='2028-11-03')['id']}/issue"
        refused = shop.owner.post(url, {"issue_date": "2028-12-31"})
        assert (refused.status, refused.codes) == (422, [("/issue_date", "first_issue_date_too_early")])
        detail = refused.json["errors"][0]["detail"]
        assert "2029-01-01" in detail
        assert "operation_date" in detail
        issued = shop.owner.post(url, {"issue_date": "2029-01-01"})
        assert (issued.json["issue_date"], issued.json["operation_date"]) == ("2029-01-01", "2028-11-03")


def test_the_first_number_has_at_most_eight_digits(shop: Shop) -> None:
    for first in (100_000_000, 999_999_999, 1_000_000_000):
        refused = numbered(shop, invoice={"next": first})
        assert (refused.status, refused.codes) == (422, [("/series/invoice/next", "out_of_range")])
        assert refused.json["errors"][0]["detail"] == "Allowed: from 1 to 99999999."
    assert numbered(shop, invoice={"next": 99_999_999}).status == 200


def test_a_series_can_start_without_a_yearly_reset(shop: Shop) -> None:
    assert numbered(shop, invoice={"reset": "never"}).status == 200
