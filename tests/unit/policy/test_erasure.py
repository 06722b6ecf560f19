"""The plan of an erasure: nothing stored is missing from it, and it takes no more than it may."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from chalicelib.domain.companies.company import RetentionSchedule
from chalicelib.domain.companies.party import Customer
from chalicelib.policy import inventory
from chalicelib.policy.erasure import Circumstances, Plan, PlannedStep, plan
from chalicelib.policy.load import current
from chalicelib.policy.model import Policy, PolicyError
from chalicelib.policy.rules import Attribute
from chalicelib.policy.schedules import retention_of
from chalicelib.policy.terms import FinancialYear
from tests.unit.policy.planting import changed

TODAY = date(2026, 11, 23)


def planned(subject: str, policy: Policy | None = None, circumstances: Circumstances | None = None) -> Plan:
    return plan(policy or current(), inventory.build_inventory(), subject, circumstances or Circumstances(TODAY))


def steps(found: Plan, place: str, kind: str | None = None) -> list[PlannedStep]:
    return [step for step in found.steps if step.place == place and (kind is None or kind in step.kinds)]


def test_every_store_is_in_the_plan_of_a_company() -> None:
    found = planned("company")
    told = {(step.place, kind, name) for step in found.steps for kind in step.kinds for name in step.attributes}
    stored = {(s.table, s.kind, a.path) for s in inventory.build_inventory() for a in s.attributes if "." not in a.path}
    assert told == stored
    assert {step.place for step in found.steps if step.store == "files"} == set(current().prefixes)


def test_an_erased_company_keeps_only_statutory_data_and_proofs() -> None:
    steps = planned("company").steps
    assert {step.action for step in steps} == {"block", "keep", "delete"}
    kept = [step for step in steps if step.action in ("block", "keep")]
    assert {step.place for step in kept} == {"ledger", "journal", "requests", "archive/", "papers/"}
    assert [step for step in kept if not set(step.bases) & {"statutory_retention", "rights"}] == []
    assert [step for step in steps if (step.until is not None) != (step in kept)] == []


def test_the_workspace_and_the_accounts_are_deleted_under_any_rule() -> None:
    """Company.numbering names a statutory rule, yet lies in the workspace: the numbers given are in the ledger."""
    company = steps(planned("company"), "workspace", "company")
    assert [step.action for step in company] == ["delete"]
    assert "numbering" in company[0].attributes


def test_statutory_records_are_blocked_until_ten_years_from_the_end_of_the_financial_year() -> None:
    calendar = steps(planned("company"), "ledger", "invoice")[0]
    assert (calendar.action, calendar.until) == ("block", date(2036, 12, 31))
    june = Circumstances(TODAY, latest_record=date(2026, 6, 30), years=(FinancialYear(6, 30),))
    assert steps(planned("company", circumstances=june), "ledger", "invoice")[0].until == date(2036, 6, 30)


def test_steps_are_numbered_and_sign_in_goes_after_all_other_rows() -> None:
    found = planned("company").steps
    assert [step.order for step in found] == list(range(1, len(found) + 1))
    tables = [step.place for step in found if step.store == "table"]
    assert tables[0] == "transient"
    assert tables[-1] == "identity"


def test_the_plan_is_the_same_each_time() -> None:
    assert planned("company") == planned("company")


def test_one_party() -> None:
    found = planned("party")
    own = steps(found, "workspace", "customer")
    assert [(step.match, step.action) for step in own] == [("own", "delete")]
    draft = steps(found, "workspace", "invoice")
    emptied = ("buyer_reference", "order_reference", "metadata", "customer")
    assert [(step.match, step.action, step.attributes) for step in draft] == [("reference", "anonymise", emptied)]
    issued = steps(found, "ledger", "invoice")
    assert [(step.match, step.action, step.until) for step in issued] == [("reference", "block", date(2036, 12, 31))]
    assert set(issued[0].attributes) == {"customer", "buyer"}
    assert [step.match for step in steps(found, "transient", "idempotency")] == ["content"]


def test_one_person_takes_nothing_of_the_others() -> None:
    for subject in ("party", "member"):
        for step in planned(subject).steps:
            assert step.match != "all", step
    assert not steps(planned("party"), "identity")
    assert not steps(planned("party"), "workspace", "company")
    assert {kind for step in steps(planned("member"), "workspace") for kind in step.kinds} == {
        "attachment",
        "support_message",
        "support_thread",
    }
    assert not steps(planned("member"), "ledger")


def test_one_member() -> None:
    found = planned("member")
    assert [(step.match, step.action) for step in steps(found, "identity", "member")] == [("own", "delete")]
    keys = steps(found, "identity", "api_key")
    assert [(step.action, step.attributes) for step in keys] == [("anonymise", ("created_by",))]
    entries = steps(found, "journal", "journal_entry")
    assert [(step.action, step.attributes) for step in entries] == [("block", ("actor", "device"))]


def test_backups_hold_a_person_until_they_expire_and_a_company_not() -> None:
    person = {step.place: step for step in planned("party").steps if step.place.startswith("backups/")}
    assert {step.action for step in person.values()} == {"expire"}
    assert person["backups/monthly/"].until == date(2027, 11, 23)
    company = [step for step in planned("company").steps if step.place.startswith("backups/")]
    assert {step.action for step in company} == {"delete"}


def test_an_export_that_was_made_before_goes_with_its_term_and_pages_at_once() -> None:
    person = {step.place: (step.action, step.until) for step in planned("party").steps if step.store == "files"}
    assert person["exports/"] == ("expire", TODAY + timedelta(days=7))
    assert person["pdf/"] == ("delete", None)
    assert person["archive/"][0] == "block"


def test_a_copy_that_goes_for_naming_a_person_loses_no_attribute_first() -> None:
    """A job's row without its actor could not be read any more."""
    jobs = steps(planned("member"), "transient", "job")
    assert [(step.match, step.action) for step in jobs] == [("content", "delete")]


def test_the_last_trace() -> None:
    assert planned("company").last_trace == TODAY + timedelta(days=35)
    assert planned("party").last_trace == date(2027, 11, 30), "an old version outlives its backup by seven days"


def test_a_mixed_row_that_stays_loses_its_other_attributes() -> None:
    attributes = (
        Attribute("id", "str", "record.key", "record.key", packed=False, optional=False),
        Attribute("gross", "Decimal", "document.content", "document.content", packed=False, optional=False),
        Attribute("memo", "str", "item.content", "item.content", packed=False, optional=False),
    )
    mixed = (inventory.Stored("ledger", "mixed", "Mixed", attributes),)
    found = [step for step in plan(current(), mixed, "company", Circumstances(TODAY)).steps if step.store == "table"]
    assert [(step.action, step.attributes) for step in found] == [("anonymise", ("memo",)), ("block", ("id", "gross"))]


def test_a_rule_that_no_longer_blocks_changes_the_plan() -> None:
    loosened = changed('on_erasure = "block"', 'on_erasure = "delete"')
    assert planned("company", loosened) != planned("company")


def test_a_new_kind_is_in_the_plan_by_being_declared() -> None:
    declared = inventory.build_inventory({("workspace", "newcomer"): Customer})
    found = plan(current(), declared, "company", Circumstances(TODAY))
    assert [step.action for step in found.steps if step.kinds == ("newcomer",)] == ["delete"]


def test_nobody_else_can_be_erased() -> None:
    with pytest.raises(PolicyError, match="neighbour"):
        planned("neighbour")


def erased_until(term: RetentionSchedule, at: date) -> set[date | None]:
    """The days until which the ledger's rows about a person erased at this day are kept."""
    rule = retention_of(term)
    found = plan(
        current(), inventory.build_inventory(), "party", Circumstances(at, periods=rule.periods, years=rule.years)
    )
    return {step.until for step in found.steps if step.place == "ledger"}


def test_the_longer_of_the_adopted_and_the_present_term_counts() -> None:
    """The policy says ten years. A company that was promised twelve keeps them until it adopts the shorter term."""
    at, now = date(2028, 2, 29), datetime(2028, 2, 29, 12, tzinfo=UTC)
    adopted = RetentionSchedule(
        company="cmp_x", id="cmp_x", created_at=now, updated_at=now, ends=("02-28",), period="P12Y", due_at=now
    )
    assert erased_until(adopted, at) == {date(2040, 2, 29)}
    assert erased_until(replace(adopted, period="P5Y"), at) == {date(2038, 2, 28)}


def test_each_plan_names_the_attachments() -> None:
    """Those of a whole account, of a customer or supplier, and of a member; the papers of issued documents stay."""
    kept = {"ledger": "block", "workspace": "delete"}
    for subject in ("company", "party"):
        found = {step.place: step.action for step in planned(subject).steps if "attachment" in step.kinds}
        assert found == kept
    of_member = [step for step in planned("member").steps if "attachment" in step.kinds]
    assert [(step.place, step.action, "by" in step.attributes) for step in of_member] == [("workspace", "delete", True)]
    files = {step.place: step.action for step in planned("company").steps if step.store == "files"}
    assert (files["uploads/"], files["incoming/"], files["papers/"]) == ("delete", "delete", "block")
