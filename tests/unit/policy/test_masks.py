"""Masks: what logs may never show follows from the rules."""

from dataclasses import replace

import pytest

from chalicelib.observability import MASK, OURS, masked
from chalicelib.policy import inventory
from chalicelib.policy.load import current, use
from chalicelib.policy.masks import masked_names, names
from chalicelib.policy.rules import Attribute
from tests.unit.policy.planting import changed


def test_personal_data_is_masked() -> None:
    assert {"name", "email", "phone", "street", "city", "ice", "rib", "notes", "digest", "user", "actor"} <= names()


def test_packed_values_are_masked_under_any_rule() -> None:
    assert {"body", "inputs", "outcomes", "lines", "changes"} <= names()


def test_the_operational_fields_of_a_log_are_not_masked() -> None:
    assert names().isdisjoint(
        {"id", "company", "status", "task", "verb", "number", "clock", "language", "role", "room"}
    )


def test_a_rule_that_becomes_masked_masks_its_attributes() -> None:
    assert "hint" not in masked_names(current(), inventory.build_inventory())
    secret = changed(
        'masked = false\nsubjects = ["company"]\nlabel = { fr = "Rôles', 'masked = true\nlabel = { fr = "Rôles'
    )
    assert "hint" in masked_names(secret, inventory.build_inventory())


def test_every_contact_attribute_is_masked_unless_it_holds_one_of_a_few_words() -> None:
    contact = {
        attribute.path.rpartition(".")[2]
        for stored in inventory.build_inventory()
        for attribute in stored.attributes
        if current().rules[attribute.rule].data_class in ("contact", "bank")
        and not attribute.type.startswith("Literal[")
    }
    assert {"email", "phone", "rib"} <= contact <= set(names())


INVENTORY = inventory.build_inventory()


def shown(attribute: Attribute) -> bool:
    """Whether only the rule decides: what is packed is always masked, and a word of ours never."""
    return not attribute.packed and not attribute.type.startswith(("Literal[", "bool"))


@pytest.mark.parametrize("rule", current().rules)
def test_the_masks_are_those_of_the_rules(rule: str) -> None:
    """With the one rule masked and no other, exactly what it governs is masked, beside what is stored packed."""
    rules = {name: replace(each, masked=name == rule) for name, each in current().rules.items()}
    attributes = [attribute for stored in INVENTORY for attribute in stored.attributes]
    packed = {a.path.rpartition(".")[2] for a in attributes if a.packed}
    own = {a.path.rpartition(".")[2] for a in attributes if shown(a) and rule in (a.rule, a.governed_by)}
    with use(replace(current(), rules=rules)):
        assert names() == packed | own
        for name in own - OURS:
            assert masked({name: "Serin"}, names) == {name: MASK}
    with use(replace(current(), rules={name: replace(each, masked=False) for name, each in rules.items()})):
        assert names() == packed
