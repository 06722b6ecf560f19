"""Each deployed resource is asked which rule governs what it holds. A resource without an answer fails."""

from typing import Any

import pytest

from chalicelib.policy.load import current
from chalicelib.policy.terms import most_days
from infra.buckets import ACCESS_LOGS
from infra.held import ANSWERS, FIXED, Unanswered, rules_on
from infra.identity import POOL

Resources = dict[str, Any]


def test_every_resource_says_which_rules_govern_what_it_holds(resources: Resources) -> None:
    asked = {name: rules_on(current(), name, made["Type"]) for name, made in resources.items()}
    assert asked[POOL] == {"sign_in.account", "sign_in.unconfirmed"}
    assert asked[ACCESS_LOGS] == {"log.access"}
    governed = frozenset[str]().union(*asked.values())
    beyond = {rule for name in ANSWERS["beyond"] for rule in current().services[name].rules}
    assert governed | beyond == {rule.name for rule in current().rules.values() if not rule.planned}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("SearchDomain", "AWS::OpenSearchService::Domain"),
        ("SecondBucket", "AWS::S3::Bucket"),
        ("MailQueue", "AWS::SQS::Queue"),
        ("PeopleTable", "AWS::DynamoDB::Table"),
    ],
)
def test_a_new_resource_without_an_answer_is_found(name: str, kind: str) -> None:
    with pytest.raises(Unanswered, match=name):
        rules_on(current(), name, kind)


def test_every_answer_is_about_a_deployed_resource(resources: Resources) -> None:
    known = resources.keys() | {made["Type"] for made in resources.values()}
    assert {*ANSWERS["services"], *ANSWERS["named"], *ANSWERS["nobody"]} <= known
    named = {*ANSWERS["services"].values(), *ANSWERS["named"].values(), *ANSWERS["beyond"]} - {"prefixes"}
    assert named == current().services.keys()
    assert all(ANSWERS["nobody"].values()), "each has its reason"


def test_a_log_ends_with_the_rule_that_governs_it(resources: Resources) -> None:
    logs = {name: made for name, made in resources.items() if made["Type"] == "AWS::Logs::LogGroup"}
    assert "GatewayLogs" in logs
    for name, made in logs.items():
        (rule,) = rules_on(current(), name, made["Type"])
        term = current().rules[rule].term
        assert term is not None
        assert made["Properties"]["RetentionInDays"] == most_days(term), name


def test_the_terms_that_aws_sets_are_those_of_the_policy() -> None:
    assert FIXED.keys() == {"traces", "mail"}
    for service, stated in FIXED.items():
        assert {str(current().rules[rule].term) for rule in current().services[service].rules} == {stated}
        assert ANSWERS["fixed"][service]["source"]
