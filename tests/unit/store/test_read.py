"""Reading: only through a reader, only of an open company, only that company's rows."""

from typing import Any

import pytest
from pynamodb.exceptions import TransactGetError

from chalicelib.domain.companies.company import Company, Head
from chalicelib.domain.companies.party import Customer
from chalicelib.domain.documents.invoice import Draft
from chalicelib.domain.entity import Ref
from chalicelib.domain.errors import Busy, CompanyBlocked, NotFound, TransactionTooLarge
from chalicelib.domain.journal import Message
from chalicelib.domain.search import expanded
from chalicelib.store.conflicts import patiently
from chalicelib.store.decision import Decision
from chalicelib.store.read import Reader, admit, open_company
from chalicelib.store.transaction import transact
from chalicelib.store.wire import SORT, start_after
from chalicelib.wiring import World
from tests.bench.traffic import Traffic
from tests.faults import SOFT, Faults, Strike, scripted
from tests.histories import company as companies
from tests.rows import put_row


@pytest.fixture
def reader(bare_world: World, request: pytest.FixtureRequest) -> Reader:
    """A reader of this test's own company."""
    return open_company(bare_world.store, companies.founded(bare_world, request.node.nodeid))


def test_a_company_that_does_not_exist_has_no_reader(bare_world: World) -> None:
    with pytest.raises(NotFound):
        open_company(bare_world.store, "cmp_none")


@pytest.mark.parametrize("state", ["blocked", "closed"])
def test_a_company_that_is_not_active_has_no_reader(bare_world: World, reader: Reader, state: str) -> None:
    call = companies.call(bare_world, reader.company, "operate", "k")
    transact(bare_world.store, call, [], lambda _: Decision(head={"state": state}))
    with pytest.raises(CompanyBlocked):
        open_company(bare_world.store, reader.company)
    (head,) = bare_world.store.records([Head.ref(reader.company)])
    assert isinstance(head, Head)
    with pytest.raises(CompanyBlocked):
        open_company(bare_world.store, reader.company, head)


def test_opening_with_a_head_in_hand_costs_nothing(bare_world: World, reader: Reader) -> None:
    with Traffic(bare_world.store) as traffic:
        open_company(bare_world.store, reader.company, reader.head)
    assert traffic.total == 0


def test_a_record_is_one_round_trip(bare_world: World, reader: Reader) -> None:
    with Traffic(bare_world.store) as traffic:
        assert reader.get(Company, reader.company).name == "Atlas Négoce"
    assert traffic.total == 1


def test_a_missing_row_is_not_found(reader: Reader) -> None:
    with pytest.raises(NotFound):
        reader.get(Draft, "inv_none")
    assert reader.many(Draft, ["inv_none", "inv_other"]) == [None, None]
    assert reader.many(Draft, []) == []


def test_another_companys_rows_cannot_be_named(bare_world: World, reader: Reader) -> None:
    """The partition is always the reader's, for every requested address."""
    other = companies.founded(bare_world, f"other than {reader.company}")
    (theirs,) = companies.drafts(bare_world, other, ["theirs"])
    refs = [Draft.ref(other, theirs), Customer.ref(other, companies.customer_of(other)), Head.ref(other)]
    assert reader.of(refs) == [None, None, reader.head]
    with pytest.raises(NotFound):
        reader.get(Draft, theirs)
    assert all(row.company == reader.company for row in reader.all("workspace", "c"))


def test_a_page_stays_in_its_company_wherever_it_begins(bare_world: World, reader: Reader) -> None:
    other = companies.founded(bare_world, f"other than {reader.company}")
    companies.drafts(bare_world, other, ["theirs"])
    companies.drafts(bare_world, reader.company, ["own"])
    for after in (None, "invoice#", f"invoice#{other}#"):
        page = reader.page("workspace", SORT.startswith("invoice#"), after=after)
        assert [row.company for row in page.records] == [reader.company]


def test_pages_follow_each_other_without_loss_in_both_directions(bare_world: World, reader: Reader) -> None:
    ids = sorted(companies.drafts(bare_world, reader.company, [str(n) for n in range(7)]))
    seen: list[str] = []
    after = None
    while True:
        page = reader.page("workspace", SORT.startswith("invoice#"), after=after, limit=3)
        seen += [row.id for row in page.records]
        if page.next is None:
            break
        after = page.next["sort"]["S"]
    assert seen == ids
    last = reader.page("workspace", SORT.startswith("invoice#"), descending=True, limit=2)
    assert [row.id for row in last.records] == ids[:-3:-1]
    assert [row.id for row in reader.all("workspace", "invoice#")] == ids


def test_an_admission_is_one_round_trip(bare_world: World, reader: Reader) -> None:
    ref = Company.ref(reader.company)
    with Traffic(bare_world.store) as traffic:
        admission = admit(bare_world.store, reader.company, ref)
    assert (admission.head, traffic.total) == (reader.head, 1)
    assert isinstance(admission.entity, Company)
    assert admit(bare_world.store, "cmp_none", Company.ref("cmp_none")) == type(admission)(None, None)


@pytest.mark.parametrize("fault", [fault for fault in SOFT if fault != "cancelled:ConditionalCheckFailed"])
@pytest.mark.parametrize("sends", [1, 3])
def test_a_read_is_healed_or_busy(bare_world: World, reader: Reader, fault: str, sends: int) -> None:
    script = {(operation, 0): Strike(fault, sends) for operation in ("TransactGetItems", "Query")}
    lone = fault.startswith("cancelled:")  # botocore does not send a cancelled transaction again
    with Faults(bare_world.store, scripted(script)) as faults:
        if sends == 1 and not lone:
            assert reader.get(Company, reader.company)
        else:
            with pytest.raises(Busy):
                reader.get(Company, reader.company)
        if not lone:
            if sends == 1:
                reader.page("workspace", SORT.startswith("company"))
            else:
                with pytest.raises(Busy):
                    reader.page("workspace", SORT.startswith("company"))
    assert faults.met[fault] == (1 if lone else 2 * sends)


@pytest.mark.parametrize(
    ("fault", "raised"),
    [("cancelled:ValidationError", TransactionTooLarge), ("cancelled:DuplicateItem", TransactGetError)],
)
def test_a_read_that_is_wrong_is_not_busy(
    bare_world: World, reader: Reader, fault: str, raised: type[Exception]
) -> None:
    with Faults(bare_world.store, scripted({("TransactGetItems", 0): fault})), pytest.raises(raised):
        reader.get(Company, reader.company)


def test_an_address_is_a_table_a_company_and_a_sort_key(reader: Reader) -> None:
    assert Company.ref(reader.company) == Ref("workspace", reader.company, "company")


def messages(world: World, company: str, count: int) -> list[str]:
    at = world.now()
    stamps: dict[str, Any] = {"company": company, "created_at": at, "updated_at": at}
    rows = [Message(id=f"out_{number:03d}", task="render", due_at=at, **stamps) for number in range(count)]
    for row in rows:
        put_row(world.store, row)
    return [row.id for row in rows]


def test_all_rows_are_read_page_by_page_in_both_directions(bare_world: World, reader: Reader) -> None:
    store, ids = bare_world.store, messages(bare_world, reader.company, 230)
    with Traffic(store) as traffic:
        assert [row.id for row in store.all_of(Message, reader.company)] == ids
    assert traffic.calls == {"Query": 3}
    assert [row.id for row in store.all_of(Message, reader.company, descending=True)] == ids[::-1]
    beyond = start_after(reader.company, f"outbox#{ids[200]}")
    where = SORT.startswith("outbox#")
    assert [row.id for row in store.all("journal", reader.company, where, after=beyond)] == ids[201:]
    assert {row.KIND for row in store.all("journal", reader.company)} == {"head", "journal_entry", "outbox"}
    assert [row.id for row in reader.all("journal", "outbox#")] == ids


def test_each_page_of_all_rows_may_be_read_with_patience(bare_world: World, reader: Reader) -> None:
    messages(bare_world, reader.company, 101)
    script = scripted({("Query", 0): "ThrottlingException"})
    with Faults(bare_world.store, script), pytest.raises(Busy):
        list(bare_world.store.all("journal", reader.company, SORT.startswith("outbox#")))
    with Faults(bare_world.store, script):
        rows = list(bare_world.store.all("journal", reader.company, SORT.startswith("outbox#"), read=patiently))
    assert len(rows) == 101


def test_a_batch_has_the_rows_that_exist_of_any_table(bare_world: World, reader: Reader) -> None:
    ids = messages(bare_world, reader.company, 130)
    refs = [Message.ref(reader.company, id) for id in [*ids, "out_none"]]
    with Traffic(bare_world.store) as traffic:
        found = reader.batch([*refs, Company.ref("", reader.company), refs[0]])
    assert traffic.calls == {"BatchGetItem": 2}, "a hundred rows in a call, of both tables"
    assert found.keys() == {*refs[:-1], Company.ref(reader.company, reader.company)}
    assert reader.batch([]) == {}


def test_a_batch_asks_again_for_what_an_answer_left_out(bare_world: World, reader: Reader) -> None:
    refs = [Message.ref(reader.company, id) for id in messages(bare_world, reader.company, 10)]
    events, left = bare_world.store.connection.client.meta.events, [3, 7]

    def withhold(parsed: dict[str, Any], **_: Any) -> None:
        ((name, rows),) = parsed["Responses"].items()
        if left:
            kept = rows[: left.pop(0)]
            keys = [{part: row[part] for part in ("company", "sort")} for row in rows[len(kept) :]]
            parsed["Responses"], parsed["UnprocessedKeys"] = {name: kept}, {name: {"Keys": keys}} if keys else {}

    events.register("after-call.dynamodb.BatchGetItem", withhold)
    try:
        assert reader.batch(refs).keys() == set(refs)
    finally:
        events.unregister("after-call.dynamodb.BatchGetItem", withhold)
    assert left == []


def test_a_batch_that_is_throttled_is_busy(bare_world: World, reader: Reader) -> None:
    with Faults(bare_world.store, scripted({("BatchGetItem", 0): "ThrottlingException"})), pytest.raises(Busy):
        reader.batch([Company.ref(reader.company)])


def test_a_local_index_has_keys_and_may_be_read_consistently(bare_world: World, reader: Reader) -> None:
    asked: list[tuple[str | None, bool]] = []

    def note(params: dict[str, Any], **_: Any) -> None:
        asked.append((params.get("IndexName"), params.get("ConsistentRead", False)))

    events = bare_world.store.connection.client.meta.events
    events.register("provide-client-params.dynamodb.Query", note)
    try:
        found = bare_world.store.query("workspace", reader.company, index="words")
        bare_world.store.query("workspace", reader.company, index="words", consistent=False)
        bare_world.store.query("journal", "outbox", index="due")
    finally:
        events.unregister("provide-client-params.dynamodb.Query", note)
    (entry,) = found.entries
    customer = companies.customer_of(reader.company)
    assert (found.records, found.next) == ([], None)
    assert entry.sort == f"customer#{customer}"
    assert expanded([entry.key]) == ["cus#client exemple|002136093000040"]
    assert asked == [("words", True), ("words", False), ("due", False)]
    assert reader.entries("workspace", "customer", "z", "a") == ((), False), "DynamoDB refuses such a range"
