"""The mode of payment under its two names: `payment_mode`, and the older `settlement`."""

from typing import Any

import pytest

from chalicelib.domain.documents.payment_mode import mode_of, with_both_names
from chalicelib.domain.errors import InvalidContent
from tests.unit.samples import draft, issued


@pytest.mark.parametrize(
    ("changes", "before", "mode", "settlement"),
    [
        ({"payment_mode": "cheque"}, None, "cheque", "other"),
        ({"payment_mode": "cash"}, "cheque", "cash", "cash"),
        ({"payment_mode": None}, "cash", None, "other"),
        ({"settlement": "cash"}, None, "cash", "cash"),
        ({"settlement": "cash"}, "transfer", "cash", "cash"),
        ({"settlement": "other"}, "transfer", "transfer", "other"),
        ({"settlement": "other"}, "cash", None, "other"),
        ({"settlement": "other", "payment_mode": "card"}, None, "card", "other"),
    ],
)
def test_both_names_say_the_same(changes: dict[str, Any], before: Any, mode: str | None, settlement: str) -> None:
    assert with_both_names(changes, before) == {"payment_mode": mode, "settlement": settlement}


def test_a_change_without_a_mode_names_none() -> None:
    assert with_both_names({"notes": "x"}, "cash") == {"notes": "x"}


def test_two_names_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(InvalidContent) as refused:
        with_both_names({"settlement": "cash", "payment_mode": "transfer"})
    assert [(fault.pointer, fault.code) for fault in refused.value.faults] == [
        ("/settlement", "settlement_contradicts_mode")
    ]


def test_older_documents_read_the_mode_from_their_settlement() -> None:
    assert [mode_of(draft(settlement=old)) for old in ("cash", "other")] == ["cash", "other"]
    assert mode_of(issued(payment_mode="bill_of_exchange")) == "bill_of_exchange"


def test_the_issue_freezes_the_stated_mode_only() -> None:
    assert issued(settlement="cash").payment_mode == "cash"
    assert issued().payment_mode is None
