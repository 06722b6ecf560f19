"""Masks: what logs may never show follows from the rules."""

from chalicelib.policy import inventory
from chalicelib.policy.load import current
from chalicelib.policy.masks import masked_names, names
from tests.unit.policy.planting import changed


def test_personal_data_is_masked() -> None:
    assert {"name", "email", "phone", "street", "city", "ice", "rib", "notes", "digest", "user", "actor"} <= names()


def test_what_is_stored_packed_is_masked_whatever_its_rule() -> None:
    assert {"body", "inputs", "outcomes", "lines", "changes"} <= names()


def test_what_a_log_is_read_for_is_not_masked() -> None:
    assert names().isdisjoint(
        {"id", "company", "status", "task", "verb", "number", "clock", "language", "role", "room"}
    )


def test_a_rule_that_becomes_masked_masks_its_attributes() -> None:
    assert "hint" not in masked_names(current(), inventory.take())
    secret = changed(
        'masked = false\nsubjects = ["company"]\nlabel = { fr = "Rôles', 'masked = true\nlabel = { fr = "Rôles'
    )
    assert "hint" in masked_names(secret, inventory.take())


def test_every_contact_attribute_is_masked_unless_it_holds_one_of_a_few_words() -> None:
    for stored in inventory.take():
        for attribute in stored.attributes:
            contact = current().rules[attribute.rule].data_class in ("contact", "bank")
            if contact and not attribute.type.startswith("Literal["):
                assert attribute.path.rpartition(".")[2] in names()
