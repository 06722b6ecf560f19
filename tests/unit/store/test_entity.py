"""An entity's attributes name their rules, and its rows their addresses."""

from dataclasses import FrozenInstanceError
from datetime import timedelta

import pytest

from chalicelib.domain.companies.item import Item
from chalicelib.domain.documents.balance import Balance
from chalicelib.domain.documents.invoice import Draft, Invoice
from chalicelib.domain.documents.register import RegisterEntry
from chalicelib.domain.entity import ENTITIES, Record, Ref, UnruledAttributeError, entity, kept, value
from tests.unit import samples


def test_a_stored_attribute_without_a_rule_fails_when_its_class_is_made() -> None:
    with pytest.raises(UnruledAttributeError, match=r"Secret\.diary"):

        @entity("secret", table="workspace", prefix="sec")
        class Secret(Record):
            diary: str

    assert ("workspace", "secret") not in ENTITIES


def test_a_part_without_a_rule_fails_too() -> None:
    with pytest.raises(UnruledAttributeError, match=r"Part\.note"):

        @value
        class Part:
            note: str = ""


def test_an_empty_rule_is_no_rule() -> None:
    with pytest.raises(UnruledAttributeError):

        @value
        class Part:
            note: str = kept("")


def test_a_table_must_exist() -> None:
    with pytest.raises(ValueError, match="unknown table"):
        entity("secret", table="cellar", prefix="sec")


def test_a_kind_is_one_class_to_a_table() -> None:
    with pytest.raises(ValueError, match="two entities of kind 'item'"):

        @entity("item", table="workspace", prefix="itm")
        class Other(Record):
            pass

    assert ENTITIES["workspace", "item"] is Item


def test_a_draft_and_its_invoice_share_a_kind_and_not_a_table() -> None:
    assert (ENTITIES["workspace", "invoice"], ENTITIES["ledger", "invoice"]) == (Draft, Invoice)


def test_addresses() -> None:
    assert Draft.ref("cmp_1", "inv_1") == Ref("workspace", "cmp_1", "invoice#inv_1")
    assert Balance.ref("cmp_1", "inv_1") == Ref("ledger", "cmp_1", "invoice#inv_1#balance")
    assert RegisterEntry.ref("cmp_1", series="FA-2026", position=7).sort == "register#FA-2026#000000007"
    assert samples.draft().key == Draft.ref("cmp_01", "inv_01")


def test_braces_in_an_id_are_letters() -> None:
    assert samples.draft(id="inv_{company}").key.sort == "invoice#inv_{company}"


def test_an_edit_is_a_copy_with_the_next_version() -> None:
    draft = samples.draft()
    later = draft.edited(samples.AT + timedelta(hours=1), notes="Merci")
    assert (later.version, later.notes, later.created_at) == (2, "Merci", samples.AT)
    assert later.updated_at == samples.AT + timedelta(hours=1)
    assert (draft.version, draft.notes) == (1, None)
    with pytest.raises(FrozenInstanceError):
        draft.notes = "x"  # type: ignore[misc]
