"""The data map: the stored data, its location, purpose and term, in one of three languages."""

from typing import Any

from chalicelib.domain.language import Language
from chalicelib.policy.inventory import Inventory, build_inventory
from chalicelib.policy.load import current
from chalicelib.policy.model import UNDECIDED, Policy, Processor, Rule
from chalicelib.policy.wording import length, outcome, say, term


def data_map(language: Language, region: str | None = None) -> dict[str, Any]:
    """The data map of the rules that the service executes, ready for JSON. `region` is where the deployment runs
    (default: the policy's)."""
    return draw(current(), build_inventory(), language, region)


def draw(policy: Policy, inventory: Inventory, language: Language, region: str | None = None) -> dict[str, Any]:
    """The data map of `policy` over `inventory`: each rule with its texts and its locations."""
    return {
        "object": "data_map",
        "language": language,
        "policy_version": policy.version,
        "contact": policy.contact,
        "data": [_rule(policy, inventory, rule, language) for rule in policy.rules.values()],
        "processors": [_processor(policy, each, language, region) for each in policy.processors.values()],
        "copies": {
            name: {"period": str(period), "words": length(period, language)}
            for name, period in vars(policy.storage).items()
        },
    }


def _rule(policy: Policy, inventory: Inventory, rule: Rule, language: Language) -> dict[str, Any]:
    bases = [policy.bases[name] for name in rule.bases]
    return {
        "rule": rule.name,
        "label": rule.label[language],
        "class": {"code": rule.data_class, "words": say("classes", rule.data_class, language)},
        "purpose": rule.purpose[language],
        "legal_bases": [
            {"code": basis.name, "words": basis.label[language], "law": basis.law[language]} for basis in bases
        ],
        "retention": {
            "term": str(rule.term) if rule.term is not None else None,
            "start": str(rule.start),
            "words": term(rule, language),
            "at_its_end": rule.action,
        },
        "on_erasure": {"code": rule.on_erasure, "words": outcome(rule, language)},
        "exported": rule.exported,
        "masked_in_logs": rule.masked,
        "collected": not rule.planned,
        "held_in": _places(inventory, rule.name),
        "services": [held.name for held in policy.services.values() if rule.name in held.rules],
        "files": [prefix.path for prefix in policy.prefixes.values() if prefix.rule == rule.name],
    }


def _places(inventory: Inventory, rule: str) -> list[dict[str, Any]]:
    """The locations of attributes under this rule. A street within an invoice is kept as long as the invoice."""
    found = []
    for stored in inventory:
        paths = [attribute.path for attribute in stored.attributes if attribute.governed_by == rule]
        if paths:
            found.append({"room": stored.table, "kind": stored.kind, "attributes": paths})
    return found


def location(policy: Policy, processor: Processor, language: Language, region: str | None = None) -> str:
    """The location of a processor in words. An unknown region is named by its code."""
    where = (region or policy.default_region) if processor.where == "region" else processor.where
    if where == UNDECIDED:
        return say("page", "undecided", language)
    return policy.regions[where][language] if where in policy.regions else where


def transfer(policy: Policy, processor: Processor, language: Language) -> str:
    """The basis of a transfer abroad, in words (law 09-08 art. 43–44)."""
    if processor.transfer == UNDECIDED:
        return say("page", "undecided", language)
    basis = policy.bases[processor.transfer]
    return f"{basis.label[language]} ({basis.law[language]})"


def _processor(policy: Policy, processor: Processor, language: Language, region: str | None) -> dict[str, Any]:
    return {
        "provider": processor.provider,
        "receives": processor.receives[language],
        "purpose": processor.purpose[language],
        "where": location(policy, processor, language, region),
        "transfer_basis": {"code": processor.transfer, "words": transfer(policy, processor, language)},
    }
