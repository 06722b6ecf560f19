"""The end of everything: a closed company leaves no row and no object once the last rule's term is over."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from chalicelib.domain.clock import today
from chalicelib.policy.load import current
from chalicelib.policy.rules import all_entities
from chalicelib.services.privacy import receipts
from tests.privacy.lifetime import DAY, Life, first_of

RowKind = tuple[str, str]
OF_NO_COMPANY: Mapping[RowKind, str] = {
    ("journal", "anchor_plan"): "the daily anchor of all companies; it names none",
    ("transient", "code"): "a digest of an address; it ends with its TTL",
    ("transient", "diagnostics"): "technical reports of a day without a sender; they end with their TTL",
    ("transient", "job_checkpoint"): "the position of a job's run; it ends with its TTL",
    ("transient", "job_switch"): "an operator's switch of a job; the operator removes it",
}
"""Rows outside every company's partition, with their reason."""


def longest() -> int:
    """The longest term of a rule in years."""
    years = [rule.term.years for rule in current().rules.values() if rule.term is not None]
    return max(years) + 1  # It may start at the end of a financial year.


@pytest.mark.usefixtures("embedded_s3")
def test_a_closed_company_leaves_no_row_and_no_object(life: Life) -> None:
    life.asks_everything()
    life.adds_rare_rows()
    for _ in range(3):  # Nights with backups, archive and evidence
        life.works()
        life.goes_to(life.world.now() + DAY)
    life.goes_to(first_of(today(life.world.now()).year + 1))
    life.pays_late()
    request = life.leaves(life.shop.owner)
    closed = today(life.world.now()).year
    for after in (8, 31, 91):
        life.goes_to(life.world.now() + timedelta(days=after))
        life.works()
    for years, receipted in ((1, True), (4, True), (6, False), (longest() - 1, False)):
        life.goes_to(first_of(closed + years))
        life.works()
        assert life.proven().faults == (), "what is left of ledger and journal proves itself to the end"
        got = life.shop.owner.get(f"/v1/privacy/requests/{request}/receipt")
        assert (got.status == 200) is receipted, "a receipt is kept for five years"
        assert not receipted or receipts.check(got.json)
    assert {row["_kind"]["S"] for _, row in life.looks()} >= {"head", "journal_entry", "term"}, "kept for their term"
    life.goes_to(first_of(closed + longest()))
    life.works()
    assert life.looks() == []
    assert life.objects() == []
    assert all_entities().keys() - life.seen == OF_NO_COMPANY.keys(), "make a row of each kind in this company"
