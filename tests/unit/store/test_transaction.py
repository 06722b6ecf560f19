"""The write transaction, branch by branch, on the real engine."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from pynamodb.exceptions import TransactWriteError

from chalicelib.api.parse import idempotency_key
from chalicelib.api.request_errors import Malformed
from chalicelib.domain.call import Call, Reply
from chalicelib.domain.companies.company import Company, Head
from chalicelib.domain.companies.item import Item
from chalicelib.domain.companies.party import Customer
from chalicelib.domain.errors import (
    AlreadyExists,
    Busy,
    CloudStorageOff,
    CompanyBlocked,
    CompanyFull,
    IdempotencyKeyReused,
    NotFound,
    TooLarge,
    TransactionTooLarge,
)
from chalicelib.domain.journal import IdempotencyRecord, JournalEntry
from chalicelib.store import conflicts, transaction
from chalicelib.store.decision import ACCOUNT, FOUNDING, Committed, Decision
from chalicelib.store.snapshot import IndexRange, Snapshot
from chalicelib.store.transaction import transact
from chalicelib.wiring import World
from tests.answering import Answer, answer_of, answering
from tests.bench.traffic import Traffic
from tests.faults import AFTER, Faults, scripted
from tests.histories import company as companies

READ, WRITE = "TransactGetItems", "TransactWriteItems"
FINAL_REASONS = ("ValidationError", "DuplicateItem")


@pytest.fixture
def company(bare_world: World, request: pytest.FixtureRequest) -> str:
    """A company of this test's own."""
    return companies.founded(bare_world, request.node.nodeid)


def item(call: Call, id: str = "itm_1", **changes: Any) -> Item:
    known: dict[str, Any] = {"name": "Conseil", "unit_price": Decimal(1), "vat_rate": Decimal(20)}
    stamps: dict[str, Any] = {"company": call.company, "created_at": call.at, "updated_at": call.at}
    return Item(id=id, **stamps, **(known | changes))


def put(call: Call, id: str = "itm_1", secret: dict[str, Any] | None = None) -> Callable[[Snapshot], Decision]:
    """A verb that makes an item."""

    def decide(snapshot: Snapshot) -> Decision:
        if snapshot.get(Item, id):
            raise AlreadyExists(id=id)
        answer = Answer({"id": id, "clock": snapshot.clock}, status=201, location=f"/v1/items/{id}", secret=secret)
        return Decision(answer, new=(item(call, id),))

    return decide


def made(world: World, company: str, key: str, id: str = "itm_1", request: str = "r") -> Committed:
    """Make an item."""
    call = companies.call(world, company, "create", key, request)
    return transact(world.store, call, [Item.ref(company, id)], put(call, id))


def head(world: World, company: str) -> Head:
    (found,) = world.store.records([Head.ref(company)])
    assert isinstance(found, Head)
    return found


def set_head(world: World, company: str, **changes: Any) -> None:
    """Change the head as an operator's verb does."""
    call = companies.call(world, company, "operate", f"operate-{changes}")
    transact(world.store, call, [], lambda _: Decision(head=changes), ACCOUNT)


def test_one_commit_writes_the_row_the_entry_the_answer_and_the_head(bare_world: World, company: str) -> None:
    before = head(bare_world, company)
    committed = made(bare_world, company, "k1")
    assert answer_of(committed) == Answer({"id": "itm_1", "clock": 1}, 201, "/v1/items/itm_1")
    assert (committed.clock, committed.attempts, committed.replayed) == (2, 1, False)
    refs = [Item.ref(company, "itm_1"), JournalEntry.ref(company, clock=2), IdempotencyRecord.ref(company, "k1")]
    row, entry, answered = bare_world.store.records(refs)
    assert isinstance(row, Item)
    assert isinstance(entry, JournalEntry)
    assert isinstance(answered, IdempotencyRecord)
    after = head(bare_world, company)
    assert (after.clock, after.version, after.chain) == (2, before.version + 1, entry.hash)
    assert (entry.previous, entry.verb, entry.actor) == (before.chain, "create", "user-1")
    assert [(change.kind, change.id, change.op) for change in entry.changes] == [("item", "itm_1", "put")]
    assert (answered.status, answered.location, answered.secret) == (201, "/v1/items/itm_1", False)
    assert answered.expires_at == int((row.created_at + timedelta(days=30)).timestamp())


def test_a_write_is_two_round_trips(bare_world: World, company: str) -> None:
    with Traffic(bare_world.store) as traffic:
        made(bare_world, company, "k1")
    assert traffic.calls == {READ: 1, WRITE: 1}


def test_the_same_key_is_answered_with_the_first_answer(bare_world: World, company: str) -> None:
    first = made(bare_world, company, "k1")
    with Traffic(bare_world.store) as traffic:
        again = made(bare_world, company, "k1", id="itm_2")
    assert answer_of(again) == replace(answer_of(first), replayed=True)
    assert again.attempts == 0
    assert traffic.calls == {READ: 1}
    assert head(bare_world, company).clock == 2


def test_the_same_key_for_another_request_is_refused(bare_world: World, company: str) -> None:
    made(bare_world, company, "k1")
    with pytest.raises(IdempotencyKeyReused):
        made(bare_world, company, "k1", request="another")


def test_the_keys_of_two_companies_do_not_meet(bare_world: World, company: str) -> None:
    other = companies.founded(bare_world, f"other than {company}")
    assert not answer_of(made(bare_world, company, "k1")).replayed
    assert not answer_of(made(bare_world, other, "k1")).replayed


def test_a_clients_key_and_a_steps_key_do_not_meet(bare_world: World, company: str) -> None:
    made(bare_world, company, "req_1:run")
    step = answering(bare_world.call(company, "job", "run", key="req_1:run"))
    committed = transact(bare_world.store, step, [Item.ref(company, "itm_2")], put(step, "itm_2"))
    assert (answer_of(committed).replayed, answer_of(committed).body["id"]) == (False, "itm_2")
    with pytest.raises(Malformed):
        idempotency_key(step.key, required=True)


@pytest.mark.parametrize("request_hash", ["", "another"])
def test_a_step_that_committed_under_its_former_key_is_not_run_twice(
    bare_world: World, company: str, request_hash: str
) -> None:
    made(bare_world, company, "page-1", request=request_hash)
    step = answering(bare_world.call(company, "job", "page", key="page-1", former_key="page-1"))
    with Traffic(bare_world.store) as traffic:
        committed = transact(bare_world.store, step, [Item.ref(company, "itm_2")], put(step, "itm_2"))
    is_its_own, got = request_hash == "", answer_of(committed)
    assert (got.replayed, got.body["id"]) == (is_its_own, "itm_1" if is_its_own else "itm_2")
    assert traffic.calls[READ] == 1, "both keys are read in one round trip"
    again = answering(bare_world.call(company, "job", "page", key="page-1", former_key="page-1"))
    repeated = transact(bare_world.store, again, [], put(again, "itm_3"))
    assert answer_of(repeated) == replace(got, replayed=True)


def test_an_expired_record_does_not_count_though_its_row_is_there(bare_world: World, company: str) -> None:
    made(bare_world, company, "k1")
    later = companies.call(bare_world, company, "create", "k1", "another request")
    later = replace(later, at=later.at + timedelta(days=30, seconds=1))
    committed = transact(bare_world.store, later, [Item.ref(company, "itm_2")], put(later, "itm_2"))
    assert (answer_of(committed).replayed, committed.clock) == (False, 3)
    just_before = replace(later, id="0" * 30, at=later.at + timedelta(days=29, hours=23))
    assert answer_of(transact(bare_world.store, just_before, [], put(just_before, "itm_3"))).replayed


def test_a_secret_is_answered_once_and_never_stored(bare_world: World, company: str) -> None:
    call = companies.call(bare_world, company, "create", "k1")
    first = transact(bare_world.store, call, [Item.ref(company, "itm_1")], put(call, secret={"key": "fp_x"}))
    assert answer_of(first).secret == {"key": "fp_x"}
    again = companies.call(bare_world, company, "create", "k1")
    replayed = transact(bare_world.store, again, [Item.ref(company, "itm_1")], put(again, secret={"key": "fp_y"}))
    assert (answer_of(replayed).secret, answer_of(replayed).replayed) == (None, True)
    (answered,) = bare_world.store.records([IdempotencyRecord.ref(company, "k1")])
    assert isinstance(answered, IdempotencyRecord)
    assert answered.secret
    assert answered.body is not None
    assert b"fp_x" not in answered.body


@pytest.mark.parametrize("fault", AFTER)
def test_a_lost_answer_is_found_again_with_its_secret(bare_world: World, company: str, fault: str) -> None:
    call = companies.call(bare_world, company, "create", "k1")
    with Faults(bare_world.store, scripted({(WRITE, 0): fault})) as faults:
        committed = transact(bare_world.store, call, [Item.ref(company, "itm_1")], put(call, secret={"key": "fp_x"}))
    assert faults.met[fault] > 0
    assert (answer_of(committed).secret, answer_of(committed).replayed) == ({"key": "fp_x"}, False)
    assert head(bare_world, company).clock == 2, "applied once"


@pytest.mark.parametrize("reason", FINAL_REASONS)
def test_a_defect_is_raised_at_once_and_not_tried_again(bare_world: World, company: str, reason: str) -> None:
    plan = scripted({(WRITE, 0): f"cancelled:{reason}"})
    with Faults(bare_world.store, plan) as faults, pytest.raises(TransactWriteError):
        made(bare_world, company, "k1")
    assert faults.met.total() == 1
    assert head(bare_world, company).clock == 1


def test_a_company_without_room_is_refused_at_once(bare_world: World, company: str) -> None:
    plan = scripted({(WRITE, 0): "cancelled:ItemCollectionSizeLimitExceeded"})
    with Faults(bare_world.store, plan) as faults, pytest.raises(CompanyFull):
        made(bare_world, company, "k1")
    assert faults.met.total() == 1
    assert head(bare_world, company).clock == 1


def test_a_row_that_nobody_asked_about_is_a_defect_and_not_a_race(bare_world: World, company: str) -> None:
    made(bare_world, company, "k1")
    call = companies.call(bare_world, company, "create", "k2")
    with Traffic(bare_world.store) as traffic, pytest.raises(TransactWriteError):
        transact(bare_world.store, call, [], lambda _: Decision(new=(item(call),)))
    assert traffic.calls[WRITE] == 1


def test_giving_up_says_busy_and_wrote_nothing(
    bare_world: World, company: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conflicts, "PATIENCE_SECONDS", 0.2)
    script = {(WRITE, n): "cancelled:TransactionConflict" for n in range(100)}
    with Faults(bare_world.store, scripted(script)), pytest.raises(Busy):
        made(bare_world, company, "k1")
    assert head(bare_world, company).clock == 1


def test_the_last_look_finds_a_commit_whose_answer_was_lost(
    bare_world: World, company: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conflicts, "PATIENCE_SECONDS", 0.0)
    with Faults(bare_world.store, scripted({(WRITE, 0): "answer_lost"})):
        assert answer_of(made(bare_world, company, "k1")).body == {"id": "itm_1", "clock": 1}


def test_the_loser_of_a_conflict_decides_again_on_current_rows(bare_world: World, company: str) -> None:
    call = companies.call(bare_world, company, "create", "k1")
    clocks: list[int] = []

    def decide(snapshot: Snapshot) -> Decision:
        if not clocks:
            made(bare_world, company, "faster")
        clocks.append(snapshot.clock)
        seen = {"clock": snapshot.clock, "seen": snapshot.get(Item, "itm_1") is not None}
        return Decision(Answer(seen), new=(item(call, "itm_2"),))

    committed = transact(bare_world.store, call, [Item.ref(company, "itm_1")], decide)
    assert clocks == [1, 2]
    assert (answer_of(committed).body, committed.attempts, committed.clock) == ({"clock": 2, "seen": True}, 2, 3)


def test_the_loser_of_a_duplicate_gets_the_first_answer(bare_world: World, company: str) -> None:
    call = companies.call(bare_world, company, "create", "k1", "r")
    first: list[Committed] = []

    def decide(snapshot: Snapshot) -> Decision:
        first.append(made(bare_world, company, "k1"))
        return put(call)(snapshot)

    committed = transact(bare_world.store, call, [Item.ref(company, "itm_1")], decide)
    assert answer_of(committed) == replace(answer_of(first[0]), replayed=True)


def test_an_error_of_decide_writes_nothing(bare_world: World, company: str) -> None:
    made(bare_world, company, "k1")
    with Traffic(bare_world.store) as traffic, pytest.raises(AlreadyExists):
        made(bare_world, company, "k2")
    assert traffic.calls == {READ: 1}
    assert bare_world.store.records([IdempotencyRecord.ref(company, "k2")]) == [None], "refusals are not recorded"


def test_a_decision_without_writes_commits_nothing(bare_world: World, company: str) -> None:
    call = companies.call(bare_world, company, "look", "k1")
    with Traffic(bare_world.store) as traffic:
        committed = transact(bare_world.store, call, [], lambda _: Decision(Answer({"ok": True})))
    assert (committed.clock, traffic.calls) == (1, {READ: 1})


def test_asking_for_more_rows_costs_one_more_round_trip(bare_world: World, company: str) -> None:
    call = companies.call(bare_world, company, "create", "k1")

    def decide(snapshot: Snapshot) -> Decision:
        buyer = companies.customer_of(company)
        snapshot.need(Customer.ref(company, buyer), Company.ref(company), Item.ref(company, "itm_1"))
        assert snapshot.get(Customer, buyer)
        assert snapshot.get(Company)
        return put(call)(snapshot)

    with Traffic(bare_world.store) as traffic:
        committed = transact(bare_world.store, call, [], decide)
    assert (traffic.calls, committed.attempts) == ({READ: 2, WRITE: 1}, 1)


def test_entries_of_an_index_are_as_of_the_commit(bare_world: World, company: str) -> None:
    """Another writer commits between the read of the entries and the write: the decision is taken again."""
    known = IndexRange("workspace", "words", " ", "~", 10)
    call = companies.call(bare_world, company, "create", "k1")
    found: list[list[str]] = []

    def decide(snapshot: Snapshot) -> Decision:
        found.append([each.sort for each in snapshot.entries(known) if each.sort.startswith("item#")])
        if len(found) == 1:
            made(bare_world, company, "other", "itm_2")
        return Decision(Answer({}), new=(item(call),))

    assert transact(bare_world.store, call, [], decide).attempts == 2
    assert found == [[], ["item#itm_2"]]


def test_the_head_can_be_asked_for_like_any_row(bare_world: World, company: str) -> None:
    call = companies.call(bare_world, company, "look", "k1")

    def decide(snapshot: Snapshot) -> Decision:
        snapshot.need(Head.ref(company))
        return Decision(Answer({"clock": snapshot.head.clock, "same": snapshot.get(Head) == snapshot.head}))

    with Traffic(bare_world.store) as traffic:
        seen = transact(bare_world.store, call, [Head.ref(company)], decide)
    assert (answer_of(seen).body, traffic.calls) == ({"clock": 1, "same": True}, {READ: 1})


@pytest.mark.parametrize("state", ["blocked", "closed"])
def test_a_company_that_is_not_active_is_not_written(bare_world: World, company: str, state: str) -> None:
    set_head(bare_world, company, state=state)
    with pytest.raises(CompanyBlocked):
        made(bare_world, company, "k1")


def test_a_replay_is_answered_though_the_company_is_blocked_since(bare_world: World, company: str) -> None:
    made(bare_world, company, "k1")
    set_head(bare_world, company, state="blocked")
    assert answer_of(made(bare_world, company, "k1")).replayed


def test_nothing_of_business_is_stored_while_the_cloud_is_off(bare_world: World, company: str) -> None:
    set_head(bare_world, company, cloud_sync=False)
    with pytest.raises(CloudStorageOff):
        made(bare_world, company, "k1")
    set_head(bare_world, company, cloud_backup=True)
    assert made(bare_world, company, "k1").attempts == 1


def test_a_company_that_does_not_exist_is_not_written(bare_world: World) -> None:
    with pytest.raises(NotFound):
        made(bare_world, "cmp_none", "k1")
    assert bare_world.store.records([Head.ref("cmp_none"), Item.ref("cmp_none", "itm_1")]) == [None, None]


def test_a_company_is_founded_once(bare_world: World, company: str) -> None:
    now = companies.call(bare_world, company, "sign_up", "another key")
    found = transact(bare_world.store, now, [], lambda s: Decision(Answer({"founded": s.founded})), FOUNDING)
    assert answer_of(found).body == {"founded": True}


def test_two_who_found_at_once_make_one_company(bare_world: World, request: pytest.FixtureRequest) -> None:
    company = f"cmp_{abs(hash(request.node.nodeid))}"

    def found(key: str, meanwhile: Callable[[], object]) -> Committed:
        call = companies.call(bare_world, company, "sign_up", key)

        def decide(snapshot: Snapshot) -> Decision:
            meanwhile()
            if snapshot.founded:
                raise AlreadyExists(id=company)
            return Decision(Answer({"by": key}), head={"cloud_sync": True})

        return transact(bare_world.store, call, [], decide, FOUNDING)

    with pytest.raises(AlreadyExists):
        found("slow", lambda: head_or_none(bare_world, company) or found("fast", lambda: None))
    assert head(bare_world, company).clock == 1


def head_or_none(world: World, company: str) -> Head | None:
    (found,) = world.store.records([Head.ref(company)])
    return found if isinstance(found, Head) else None


def test_more_than_a_transaction_holds_is_refused_before_it_is_sent(bare_world: World, company: str) -> None:
    call = companies.call(bare_world, company, "create", "k1")
    decision = Decision(new=tuple(item(call, f"itm_{n}") for n in range(98)))
    with Traffic(bare_world.store) as traffic, pytest.raises(TransactionTooLarge) as refused:
        transact(bare_world.store, call, [], lambda _: decision)
    assert (traffic.calls, refused.value.params) == ({READ: 1}, {"limit": "100"})
    full = replace(decision, new=decision.new[:97])
    assert transact(bare_world.store, call, [], lambda _: full).clock == 2


def test_a_row_too_large_is_refused_before_it_is_sent(bare_world: World, company: str) -> None:
    call = companies.call(bare_world, company, "create", "k1")
    with pytest.raises(TooLarge):
        transact(bare_world.store, call, [], lambda _: Decision(new=(item(call, name="x" * 300_001),)))
    assert head(bare_world, company).clock == 1


def test_a_deletion_is_journalled_without_a_hash(bare_world: World, company: str) -> None:
    made(bare_world, company, "k1")
    call = companies.call(bare_world, company, "delete", "k2")
    transact(bare_world.store, call, [], lambda _: Decision(deletes=(item(call),)))
    row, entry = bare_world.store.records([Item.ref(company, "itm_1"), JournalEntry.ref(company, clock=3)])
    assert row is None
    assert isinstance(entry, JournalEntry)
    assert [(change.op, change.hash) for change in entry.changes] == [("delete", None)]


def test_numbers_of_38_digits_survive_the_engine(bare_world: World, company: str) -> None:
    call = companies.call(bare_world, company, "create", "k1")
    price = Decimal("12345678901234567890.123456789012345678")
    transact(bare_world.store, call, [], lambda _: Decision(new=(item(call, unit_price=price),)))
    (row,) = bare_world.store.records([Item.ref(company, "itm_1")])
    assert isinstance(row, Item)
    assert row.unit_price == price


def test_the_salts_of_two_rows_and_two_writes_differ(bare_world: World, company: str) -> None:
    call, other = (companies.call(bare_world, company, "create", key) for key in ("k1", "k2"))
    decision = Decision(new=(item(call), item(call, "itm_2")))
    now = head(bare_world, company)
    snapshot = Snapshot(company, now, {})
    salts = {
        put["Item"]["_salt"]["B"]
        for each in (call, other)
        for put in transaction._items(bare_world.store, each, snapshot, decision, now, Reply())[0]
    }
    assert len(salts) == 10
