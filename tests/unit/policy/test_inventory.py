"""The inventory: what is stored, as committed, agrees with the code; a planted stray attribute or rule is found."""

import tomllib
from dataclasses import dataclass, make_dataclass
from pathlib import Path
from typing import Any

import pytest

from chalicelib.domain.documents.invoice import Invoice
from chalicelib.domain.entity import Record, UnruledAttributeError, entity, kept, value
from chalicelib.policy import inventory
from chalicelib.policy.load import current
from chalicelib.policy.model import PolicyError
from chalicelib.policy.rules import UNREADABLE, all_entities, rule_of, rules_of
from tests.unit.policy.planting import RULE, SOURCE, changed, extended


def test_the_committed_inventory_agrees_with_the_code() -> None:
    assert inventory.COMMITTED.read_text("utf-8") == inventory.write(inventory.build_inventory()), (
        "what is stored has changed: run `python -m chalicelib.policy.inventory --write` and review the difference"
    )


def test_every_attribute_names_a_known_rule() -> None:
    assert inventory.faults(inventory.build_inventory(), current()) == []


def test_the_type_of_every_attribute_can_be_read() -> None:
    lost = [f"{s.entity}.{a.path}" for s in inventory.build_inventory() for a in s.attributes if UNREADABLE in a.type]
    assert lost == [], "an annotation that names its own attribute is lost: import the type under another name"


def test_the_inventory_is_toml_and_complete() -> None:
    read = tomllib.loads(inventory.COMMITTED.read_text("utf-8"))
    for (table, kind), made in all_entities().items():
        assert set(read[table][kind]) == {attribute.path for attribute in rules_of(made)}
    assert read["ledger"]["invoice"]["buyer.address.city"] == {
        "type": "str | None",
        "rule": "party.identity",
        "within": "document.buyer",
    }


def test_an_attribute_without_a_rule_cannot_be_declared() -> None:
    with pytest.raises(UnruledAttributeError, match=r"Planted\.nickname"):

        @entity("planted", table="workspace", prefix="pla")
        class Planted(Record):
            nickname: str = "?"


def test_an_attribute_without_a_rule_is_found_within_a_value() -> None:
    @dataclass(frozen=True)
    class Loose:
        nickname: str

    holder: Any = make_dataclass("Holder", [("loose", tuple[Loose, ...], kept("party.identity"))])
    with pytest.raises(PolicyError, match=r"Holder\.loose\.nickname"):
        rules_of(holder)


def test_a_value_that_contains_itself_is_refused() -> None:
    loop: Any = make_dataclass("Loop", [("again", Any, kept("party.identity"))])
    loop.__annotations__["again"] = tuple[loop, ...]
    with pytest.raises(PolicyError, match="contains itself"):
        rules_of(loop)


@value
class Part:
    """A part of what is planted."""

    nickname: str | None = kept("rumour.mill", default=None)


def test_an_unknown_rule_is_found() -> None:
    planted: Any = make_dataclass("Planted", [("parts", tuple[Part, ...], kept("party.identity"))])
    stored = inventory.build_inventory({**all_entities(), ("workspace", "planted"): planted})
    assert inventory.faults(stored, current()) == [
        "planted.parts.nickname has no nature: add its name to natures.toml",
        "workspace/planted.parts.nickname names the unknown rule 'rumour.mill'",
    ]


def test_an_unused_rule_is_found() -> None:
    assert inventory.faults(inventory.build_inventory(), extended(RULE)) == [
        "the rule 'planted.rule' is used by nothing: remove it, or mark it `planned`"
    ]


def test_a_planned_rule_that_is_used_is_found() -> None:
    begun = changed('class = "contact"', 'planned = true\nclass = "contact"')
    assert any("drop `planned`" in fault for fault in inventory.faults(inventory.build_inventory(), begun))


def test_a_subject_that_names_no_kind_is_found() -> None:
    lost = changed('kinds = ["member", ', 'kinds = ["colleague", ')
    assert inventory.faults(inventory.build_inventory(), lost) == ["the subject 'member' names no kind 'colleague'"]


def test_the_attribute_that_holds_a_value_governs_it() -> None:
    attributes = {attribute.path: attribute for attribute in rules_of(Invoice)}
    assert attributes["buyer.address.street"].rule == "party.identity"
    assert attributes["buyer.address.street"].governed_by == "document.buyer"
    assert rule_of(current(), Invoice, "buyer.address.street").name == "document.buyer"
    assert attributes["lines.discount.percent"].type == "Decimal | None"
    assert attributes["lines"].packed
    with pytest.raises(PolicyError):
        rule_of(current(), Invoice, "buyer.shoe_size")


def test_the_command_checks_and_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setattr(inventory, "COMMITTED", tmp_path / "inventory.toml")
    assert inventory.main(["--check"]) == 1
    assert "out of date" in capsys.readouterr().err
    assert inventory.main(["--write"]) == 0
    assert inventory.main(["--check"]) == 0
    inventory.COMMITTED.write_text(SOURCE, "utf-8")
    assert inventory.main(["--check"]) == 1
