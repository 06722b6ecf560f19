"""Conditional transitions: the later of two runners finds the request changed, and nothing happens twice."""

import json
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.api.presenters.privacy import present_receipt
from chalicelib.cli.main import main
from chalicelib.domain.errors import Refusal, RequestSettled
from chalicelib.domain.privacy.request import MOVES, OVER, PrivacyRequest, RequestStatus, clear_days, moved
from chalicelib.jobs.job import within
from chalicelib.jobs.requests import watch_job
from chalicelib.jobs.runner import run
from chalicelib.services.privacy import transitions
from chalicelib.services.privacy.requests import requests
from chalicelib.store import erase
from tests.privacy.test_deletion import head
from tests.privacy.worlds import Books, Turned, carried, carry

STATUSES: tuple[RequestStatus, ...] = get_args(RequestStatus)
AT = datetime(2026, 11, 23, 10, tzinfo=UTC)
DAY = timedelta(days=1)


def request(status: RequestStatus) -> PrivacyRequest:
    return PrivacyRequest(
        company="cmp_1",
        id="req_1",
        created_at=AT,
        updated_at=AT,
        kind="deletion",
        status=status,
        affects="company",
        asked_by="mem_1",
        deadline=AT,
        due_at=AT,
    )


@given(st.sampled_from(STATUSES), st.sampled_from(STATUSES))
def test_only_the_moves_there_are(before: RequestStatus, after: RequestStatus) -> None:
    if after in MOVES[before]:
        result = moved(request(before), after, AT, due_at=AT + DAY)
        assert (result.status, result.version) == (after, 2)
        assert (result.closed_at is not None) == (after in OVER)
        assert result.due_at == AT + DAY
    else:
        with pytest.raises(RequestSettled):
            moved(request(before), after, AT, due_at=AT + DAY)


@pytest.mark.parametrize(
    ("asked", "ends"),
    [
        (datetime(2026, 11, 23, 0, 0, tzinfo=UTC), datetime(2026, 12, 3, 23, tzinfo=UTC)),
        (datetime(2026, 11, 23, 22, 59, tzinfo=UTC), datetime(2026, 12, 3, 23, tzinfo=UTC)),
        (datetime(2026, 11, 23, 23, 1, tzinfo=UTC), datetime(2026, 12, 4, 23, tzinfo=UTC)),
    ],
)
def test_ten_clear_days_are_counted_in_casablanca(asked: datetime, ends: datetime) -> None:
    assert clear_days(asked) == ends


def together(*verbs: Callable[[], object]) -> list[object]:
    """Do them at once; what each gave or raised."""
    barrier = threading.Barrier(len(verbs))

    def one(verb: Callable[[], object]) -> object:
        barrier.wait()
        try:
            return verb()
        except Refusal as refusal:
            return refusal.code

    with ThreadPoolExecutor(len(verbs)) as pool:
        return [done.result() for done in [pool.submit(one, verb) for verb in verbs]]


def test_confirmed_by_many_it_is_confirmed_once(vault: Turned) -> None:
    shop = Books(vault, small=True)
    id = shop.asked()
    outcomes = together(*[lambda: requests.confirm(vault, shop.call(), shop.owner(), id) for _ in range(4)])
    assert sorted(isinstance(outcome, str) for outcome in outcomes) == [False, True, True, True]
    verbs = [str(row["verb"]["S"]) for row in shop.rows("journal") if row["_kind"]["S"] == "journal_entry"]
    assert len(verbs) == head(shop).clock
    told = [row["about"]["L"][0]["S"] for row in shop.rows("journal") if row.get("task") == {"S": "privacy_notice"}]
    assert sorted(told) == ["account_blocked", "asked"], "told once"


def test_cancelled_while_it_begins_it_is_one_or_the_other(vault: Turned) -> None:
    for _ in range(5):
        shop = Books(vault, small=True)
        id = shop.confirmed(waive=True)
        outcomes = together(
            lambda: carry(vault),
            lambda: requests.cancel(vault, shop.call(), shop.owner(), id),  # noqa: B023
        )
        carried(vault)
        status, state = shop.request(id).status, head(shop).state
        assert (status, state) in {("cancelled", "active"), ("completed", "closed")}
        assert ("customer" in shop.kinds("workspace")) == (status == "cancelled"), outcomes
        assert (outcomes[1] == "request_settled") == (status == "completed")


def test_two_runners_make_one_receipt(vault: Turned) -> None:
    shop = Books(vault)
    id = shop.confirmed(waive=True)
    together(*[lambda: carry(vault)] * 3)
    carried(vault)
    assert shop.request(id).status == "completed"
    assert shop.kinds("requests").count("receipt") == 1


def test_the_watch_warns_then_cries_then_is_gone(vault: Turned, caplog: pytest.LogCaptureFixture) -> None:
    shop = Books(vault, small=True)
    made = requests.ask(vault, shop.call(), shop.owner(), "rectification", shop.customer)
    told: list[tuple[float, list[int]]] = []
    for days in (1, 8.5, 9, 11.5, 12, 13):
        vault.offset = timedelta(days=days)
        caplog.clear()
        with caplog.at_level(logging.WARNING, "facture.privacy"):
            run(vault, watch_job(), now=vault.now(), left=within(60))
        own = [r.levelno for r in caplog.records if getattr(r, "request", None) == made.outcome.id]
        told.append((days, own))
    assert told == [
        (1, []),
        (8.5, [logging.WARNING]),
        (9, []),
        (11.5, [logging.ERROR]),
        (12, []),
        (13, [logging.ERROR]),
    ]
    assert transitions.close_by_operator(vault, shop.request(made.outcome.id), "completed", "opr_1")
    run(vault, watch_job(), now=vault.now() + timedelta(days=30), left=within(60))
    assert "deadline" not in shop.kinds("requests")


def test_erasure_refuses_measures_outside_a_plan(vault: Turned) -> None:
    shop = Books(vault, small=True)
    id = shop.confirmed(waive=True)
    carry(vault)
    measures = shop.request(id).measures
    kept = next(m for m in measures if m.action == "block")
    gone = next(m for m in measures if m.place == "workspace")
    for company, chosen, takes in (
        (shop.id, [kept], None),
        ("system", [gone], None),
        ("", [gone], None),
        (shop.id, [gone], lambda _: True),
        (shop.id, [gone, next(m for m in measures if m.place == "identity")], None),
        (shop.id, [], None),
    ):
        with pytest.raises(erase.NotPlanned):
            erase.target(company, chosen, takes)


@pytest.fixture
def cli(vault: Turned, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, list[Any]]]:
    """The operator's tool: its exit code and what it printed."""

    def ask(*argv: str) -> tuple[int, list[Any]]:
        code = main(["privacy", *argv], lambda: vault)
        return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return ask


def test_by_hand(cli: Callable[..., tuple[int, list[Any]]], vault: Turned, tmp_path: Path) -> None:
    shop = Books(vault, small=True)
    code, (placed,) = cli("hold", shop.id, "--reason", "audit 7", "--by", "opr_1")
    assert code == 0
    id = shop.confirmed(waive=True)
    carry(vault)
    assert cli("requests", shop.id)[1][0]["status"] == "verified"
    assert cli("release", shop.id, placed["hold"], "--by", "opr_1")[0] == 0
    assert cli("release", shop.id, placed["hold"], "--by", "opr_1")[0] == 2
    assert cli("holds", shop.id)[1][0]["reason"] == "audit 7"
    assert cli("complete", shop.id, id, "--by", "opr_1")[0] == 2, "no hand completes a deletion"
    carry(vault)
    handed = present_receipt(requests.receipt(vault, shop.id, shop.owner(), id), vault.keys.pem)
    assert cli("receipt", shop.id, id) == (0, [handed])
    assert cli("receipt", shop.id, "req_none")[0] == 2
    receipt, key = tmp_path / "receipt.json", tmp_path / "key.pem"
    receipt.write_text(json.dumps(handed, indent=2, ensure_ascii=False), "utf-8")
    key.write_text(vault.keys.pem, "utf-8")
    assert cli("verify-receipt", str(receipt), "--key", str(key)) == (
        0,
        [{"valid": True, "key": handed["key"], "trusted": True, "request": id}],
    )
    receipt.write_text(json.dumps(handed).replace('"removed": 1', '"removed": 2', 1), "utf-8")
    assert cli("verify-receipt", str(receipt))[0] == 1
    assert cli("verify-receipt", str(tmp_path / "none.json"))[0] == 2
    assert cli("preview-term", "five years")[0] == 2
    assert cli("preview-term", "P9Y")[1][-1]["period"] == "P9Y"
