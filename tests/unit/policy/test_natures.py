"""The class of the rule fits what an attribute holds; planted misfits are found."""

from dataclasses import make_dataclass
from typing import Any

import pytest

from chalicelib.domain.companies.party import Customer
from chalicelib.domain.documents.model import Buyer
from chalicelib.domain.documents.registry import document_types
from chalicelib.domain.entity import kept
from chalicelib.policy.inventory import build_inventory
from chalicelib.policy.load import current
from chalicelib.policy.natures import misfits, natures
from chalicelib.policy.rules import Attribute, rules_of


def attribute(path: str, typed: str, rule: str, governed_by: str | None = None) -> Attribute:
    return Attribute(path, typed, rule, governed_by or rule, packed=False, optional=True)


def found(kind: str, *attributes: Attribute) -> list[str]:
    return sorted(misfits(kind, attributes, current()))


def test_every_attribute_is_held_by_a_rule_of_its_class() -> None:
    assert [fault for stored in build_inventory() for fault in misfits(stored.kind, stored.attributes, current())] == []


def test_the_email_of_a_customer_under_the_rule_of_payments_is_found() -> None:
    moved = [
        each._replace(rule="ledger.payment", governed_by="ledger.payment") if each.path == "email" else each
        for each in rules_of(Customer)
    ]
    assert found("customer", *moved) == [
        "customer.email is contact, which the rule 'ledger.payment' (fiscal) may not hold"
    ]


@pytest.mark.parametrize(
    ("path", "typed", "rule", "nature"),
    [
        ("name", "str", "ledger.payment", "name"),
        ("street", "str | None", "journal.state", "identity"),
        ("ice", "str | None", "item.content", "identity"),
        ("rib", "str | None", "document.buyer", "bank"),
        ("notes", "str | None", "journal.change", "free_text"),
        ("body", "bytes", "journal.state", "packed"),
        ("digest", "str", "item.content", "secret"),
        ("amount", "Decimal | None", "identity.contact", "amount"),
        ("sums.net", "dict[str, Decimal]", "transient.job", "amount"),
        ("phone", "tuple[str, ...]", "document.content", "contact"),
    ],
)
def test_data_under_a_rule_of_another_class_is_found(path: str, typed: str, rule: str, nature: str) -> None:
    (fault,) = found("planted", attribute(path, typed, rule))
    assert fault.startswith(f"planted.{path} is {nature}, which the rule {rule!r}")


def test_a_part_is_compared_with_the_rule_of_its_container_too() -> None:
    (fault,) = found("planted", attribute("person.email", "str", "party.contact", "ledger.payment"))
    assert "ledger.payment" in fault


def test_a_new_contact_of_the_buyer_is_found_and_the_older_ones_are_not() -> None:
    holder: Any = make_dataclass("Holder", [("buyer", Buyer, kept("document.buyer"))])
    assert found("holder", *rules_of(holder)) == []
    (fault,) = found("holder", attribute("buyer.recipient_email", "str | None", "document.buyer"))
    assert "contact" in fault


def test_a_text_without_a_nature_is_found_and_closed_words_need_none() -> None:
    assert found("planted", attribute("nickname", "str | None", "party.identity")) == [
        "planted.nickname has no nature: add its name to natures.toml"
    ]
    assert found("planted", attribute("mood", "Literal['str', 'calm'] | None", "party.identity")) == []


def test_every_listed_name_is_stored() -> None:
    stored = {each.path.rpartition(".")[2] for row in build_inventory() for each in row.attributes}
    of_kinds = {name for each in document_types() for name in (each.person, *each.free_text)}
    assert set(natures()) - stored - of_kinds == set()
