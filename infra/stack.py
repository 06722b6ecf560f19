"""The whole template of a stage: Chalice's template and the stage's other resources."""

from typing import Any

from chalicelib.policy.load import current
from chalicelib.policy.model import Policy
from infra.buckets import ARCHIVE, BUCKET, buckets
from infra.functions import additions, functions_of, without_chalices_schedules
from infra.gateway import gateway
from infra.held import rules_on
from infra.identity import CLIENT, POOL, identity
from infra.keys import keys
from infra.malware import malware
from infra.merge import merged
from infra.schedules import DEAD_SCHEDULES, DEAD_WAKES, WAKE_QUEUE, schedules
from infra.sessions import sessions
from infra.stages import STAGES, ref, trace_days
from infra.tables import drill_tables, tables
from infra.watch import TOPIC, watch

SHOWN = (POOL, CLIENT, BUCKET, ARCHIVE, WAKE_QUEUE, DEAD_WAKES, DEAD_SCHEDULES, TOPIC)


def complete(packaged: dict[str, Any], stage: str, build: str) -> dict[str, Any]:
    """Merge the stage's resources into Chalice's template. `build` is the name of the packaged code.
    Raises Unanswered for a resource that no rule of the policy governs."""
    policy, chosen = current(), STAGES[stage]
    names, days = functions_of(packaged), trace_days(policy)
    without_chalices_schedules(packaged)
    resources = {
        **keys(stage),
        **tables(f"facture-{stage}-", policy),
        **drill_tables(f"facture-{stage}-", policy),
        **buckets(policy),
        **malware(BUCKET),
        **identity(stage),
        **schedules(stage),
        **sessions(),
        **additions(names, stage, build, days),
        **gateway(chosen, days),
        **watch(stage, names),
    }
    template = merged(
        packaged,
        {
            "Description": f"Invoicing for Moroccan businesses, stage {stage}",
            "Metadata": {"Facture": record(policy, stage)},
            "Parameters": parameters(policy),
            "Conditions": {
                "WithMailIdentity": {"Fn::Not": [{"Fn::Equals": [ref("MailIdentity"), ""]}]},
                "WithListener": {"Fn::Not": [{"Fn::Equals": [ref("AlarmEmail"), ""]}]},
                "WithWkhtmltopdf": {"Fn::Not": [{"Fn::Equals": [ref("WkhtmltopdfLayer"), ""]}]},
            },
            "Outputs": {name: {"Value": ref(name)} for name in SHOWN},
            "Resources": resources,
        },
    )
    template["Resources"] = dict(sorted(template["Resources"].items()))
    for name, made in template["Resources"].items():
        rules_on(policy, name, made["Type"])  # raises for a resource that no rule governs
    return template


def parameters(policy: Policy) -> dict[str, Any]:
    """Return the parameters that the repository does not hold: recipient, sender, and an optional layer."""
    return {
        "AlarmEmail": {
            "Type": "String",
            "Default": "",
            "Description": "The address that receives alarms; none if empty",
        },
        "MailFrom": {
            "Type": "String",
            "Default": policy.contact,
            "Description": "A sender address that is verified in SES",
        },
        "MailIdentity": {
            "Type": "String",
            "Default": "",
            "Description": "ARN of the SES identity of MailFrom; without it Cognito sends at most fifty mails a day",
        },
        "AnswersBoundSince": {
            "Type": "String",
            "Default": "",
            "AllowedPattern": r"(\d{4}-\d{2}-\d{2})?",
            "Description": "The day of the first deployment with ADR 0122 (docs/deploying.md)",
        },
        "WkhtmltopdfLayer": {
            "Type": "String",
            "Default": "",
            "Description": "ARN of a layer with wkhtmltopdf for merchants' own templates (docs/deploying.md)",
        },
    }


def record(policy: Policy, stage: str) -> dict[str, Any]:
    """Return the place of processing and its legal basis (law 09-08, art. 43 and 44), as the policy states them."""
    hosting = policy.processors["hosting"]
    basis = policy.bases.get(hosting.transfer)
    return {
        "Stage": stage,
        "Region": policy.default_region,
        "Country": policy.regions[policy.default_region].en,
        "TransferBasis": f"{hosting.transfer}: {basis.law.en}" if basis else hosting.transfer,
    }
