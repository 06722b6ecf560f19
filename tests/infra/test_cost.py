"""docs/cost.md is what its sources say, every figure has one, and the arithmetic is exact."""

from decimal import Decimal

import pytest

from chalicelib.jobs.catalogue import JOBS
from infra import cost, cost_backups
from infra.cost_figures import dollars, number
from infra.cost_inputs import CERTAINTIES, COUNTS, GB, NAMES, PAGE, PRICES, QUOTAS, SCALES, TABLE, USAGE
from infra.cost_page import page


def test_the_committed_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "docs/cost.md is stale: make cost"


def test_every_price_and_quota_has_its_source_and_certainty() -> None:
    for row in PRICES.values():
        assert row["certainty"] in CERTAINTIES
        assert len(row["source"]) > 10
        assert Decimal(row["usd"]) > 0
    for row in QUOTAS.values():
        assert row["certainty"] in ("D", "S", "own")
        assert all(len(row[part]) > 10 for part in ("name", "what", "source", "then"))
    assert TABLE["date"].isoformat() == "2026-11-23"


def test_every_price_is_used_and_every_use_has_a_price() -> None:
    used = {**cost.month(1000), **cost.kept(), **cost.attachment()}
    assert used.keys() == PRICES.keys()
    assert {name.partition(".")[0] for name in used} == NAMES.keys()
    assert QUOTAS.keys() == cost.loads(1).keys()


def test_no_binary_fraction_comes_near_the_money() -> None:
    for uses in (cost.month(1000), cost.kept(), cost.loads(7)):
        assert {type(quantity) for quantity in uses.values()} == {Decimal}


def test_prices_are_for_a_quantity_after_the_free_one() -> None:
    assert cost.price("dynamodb.write", Decimal(1_000_000)) == Decimal("0.7423")
    assert cost.price("user", Decimal(10_000)) == 0
    assert cost.price("user", Decimal(10_100)) == Decimal("1.5")
    assert cost.price("user", Decimal(100), free=False) == Decimal("1.5")


def test_an_invoice_costs_the_sum_of_its_requests() -> None:
    flows, mix = COUNTS["flows"], USAGE["invoice"]
    units = sum(Decimal(flows[flow]["write"]) * times for flow, times in mix.items()) + flows["deliver"]["write"]
    used = cost.invoice()
    assert used["dynamodb.write"] == units == Decimal("55.72")
    assert used["gateway.request"] == sum(mix.values())
    assert used["lambda.request"] == 2 * used["gateway.request"], "the authorizer is not cached"


def test_storage_grows_until_the_statutory_term_ends() -> None:
    size = COUNTS["bytes"]
    year = cost.stored(Decimal(12))["dynamodb.gb_month"] * GB
    assert year == 12 * (size["ledger"] + size["journal"]) + size["answers"]
    assert cost.stored(Decimal(12))["s3.gb_month"] == cost.stored(Decimal(120))["s3.gb_month"], "pages are gone"
    months = cost.kept()["dynamodb.gb_month"] * GB
    assert months == 126 * (size["ledger"] + size["journal"]) + size["answers"]


def test_backups_grow_with_the_stored_rows_and_stay_for_the_terms_of_the_policy() -> None:
    assert cost_backups.copies() == 7 + 5 + 12
    new, old = cost_backups.backed(Decimal(0)), cost_backups.backed(Decimal(3_600))
    sizes, flows = COUNTS["backup_bytes"], COUNTS["backups"]
    assert new["s3.gb_month"] * GB == 24 * sizes["backup"]
    assert old["s3.gb_month"] * GB == 24 * (sizes["backup"] + 3_600 * sizes["backed"]) + 3_600 * sizes["archived"]
    assert new["s3.put"] == 30 * (flows["night"]["put"] + flows["expired"]["put"])
    drills = Decimal(30) / 7 * 3_600 * flows["drilled"]["write"]
    assert old["dynamodb.write"] - new["dynamodb.write"] == pytest.approx(drills)


def test_a_company_without_backups_pays_for_none() -> None:
    plain, safe = (cost.company(backup=share) for share in (0, 1))
    assert plain["dynamodb.write"] == cost.invoice()["dynamodb.write"] * USAGE["company"]["invoices"]
    assert cost.cost(safe) > cost.cost(plain)
    assert cost.cost(cost.kept(backup=True)) > cost.cost(cost.kept())


def test_the_jobs_run_as_often_as_their_schedules_say() -> None:
    times = {job.name: cost.runs(job) for job in JOBS}
    expected = {"outbox": Decimal(43_200), "deadlines": Decimal(720), "retention": Decimal(30)}
    assert {job: times[job] for job in expected} == expected


def test_a_larger_service_costs_more_and_less_for_each() -> None:
    bills = [cost.cost(cost.month(scale), free=True) for scale in SCALES]
    each = [bill / scale for bill, scale in zip(bills, SCALES, strict=True)]
    assert bills == sorted(bills)
    assert each == sorted(each, reverse=True)


def test_a_certain_part_is_a_part() -> None:
    assert 0 < cost.certain(cost.invoice()) < 1
    assert cost.certain(cost.invoice(), CERTAINTIES) == 1


@pytest.mark.parametrize(
    ("amount", "shown"),
    [("0", "–"), ("0.00123", "$0.0012"), ("0.0456", "$0.046"), ("1.5", "$1.50"), ("19827.4", "$19,827")],
)
def test_dollars(amount: str, shown: str) -> None:
    assert dollars(Decimal(amount)) == shown


@pytest.mark.parametrize(("value", "shown"), [("12", "12"), ("0.033", "0.033"), ("48630", "48,630"), ("6.5", "6.5")])
def test_numbers(value: str, shown: str) -> None:
    assert number(Decimal(value)) == shown
