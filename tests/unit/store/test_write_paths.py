"""The refusals of each write path."""

from datetime import UTC, datetime
from decimal import Decimal
from uuid import uuid4

import pytest

from chalicelib.domain.companies.company import Head
from chalicelib.domain.companies.item import Item
from chalicelib.domain.documents.payment import Payment
from chalicelib.domain.entity import Record, Ref
from chalicelib.domain.errors import CompanyFull
from chalicelib.domain.jobs import SYSTEM, Switch
from chalicelib.store import bookkeeping, erase
from chalicelib.store.bookkeeping import Claim
from chalicelib.store.decision import ACCOUNT, Decision
from chalicelib.store.transaction import transact
from chalicelib.store.write_path import OutsideWritePath
from chalicelib.wiring import World
from tests.faults import FULL, Faults, scripted
from tests.histories import company as companies
from tests.rows import put_row

AT = datetime(2027, 1, 15, 12, tzinfo=UTC)


@pytest.fixture
def company(bare_world: World) -> str:
    return companies.founded(bare_world, uuid4().hex)


def item(company: str) -> Item:
    return Item(
        company=company,
        id=f"itm_{uuid4().hex}",
        created_at=AT,
        updated_at=AT,
        name="Conseil",
        unit_price=Decimal(1),
        vat_rate=Decimal(20),
    )


def switch(company: str) -> Switch:
    return Switch(company=company, id=uuid4().hex, created_at=AT, updated_at=AT, reason="test", actor="opr_1")


def there(world: World, record: Record) -> bool:
    (row,) = world.store.records([record.key])
    return row is not None


def commit(world: World, company: str, decision: Decision) -> None:
    call = companies.call(world, company, "test", uuid4().hex)
    transact(world.store, call, [], lambda _: decision, ACCOUNT)


def test_a_transaction_writes_no_row_that_no_company_owns(bare_world: World, company: str) -> None:
    row = switch(company)
    with pytest.raises(OutsideWritePath, match="business may not put transient/job_switch"):
        commit(bare_world, company, Decision(new=(row,)))
    assert not there(bare_world, row)


def test_a_transaction_deletes_no_head(bare_world: World, company: str) -> None:
    (head,) = bare_world.store.records([Head.ref(company)])
    assert head is not None
    with pytest.raises(OutsideWritePath, match="business may not delete journal/head"):
        commit(bare_world, company, Decision(deletes=(head,)))
    assert there(bare_world, head)


def test_bookkeeping_puts_no_business_data(bare_world: World, company: str) -> None:
    row = item(company)
    with pytest.raises(OutsideWritePath, match="bookkeeping may not put workspace/item"):
        bookkeeping.remember(bare_world.store, row, b"salt")
    assert not there(bare_world, row)


def test_bookkeeping_claims_no_row_without_a_due_date(bare_world: World, company: str) -> None:
    claimed = Claim(item(company), AT, AT, 1)
    with pytest.raises(OutsideWritePath, match="bookkeeping may not update workspace/item"):
        bookkeeping.postpone(bare_world.store, claimed, AT)


def test_bookkeeping_deletes_no_business_data(bare_world: World, company: str) -> None:
    row = item(company)
    put_row(bare_world.store, row)
    with pytest.raises(OutsideWritePath, match="bookkeeping may not delete workspace/item"):
        bookkeeping.finish(bare_world.store, row.key)
    with pytest.raises(OutsideWritePath, match="bookkeeping may not delete ledger/"):
        bookkeeping.finish(bare_world.store, Payment.ref(company, "pay_1", invoice="inv_1"))
    with pytest.raises(OutsideWritePath, match="workspace/unknown"):
        bookkeeping.finish(bare_world.store, Ref("workspace", company, "nothing"))
    assert there(bare_world, row)


def test_bookkeeping_keeps_the_rows_that_no_company_owns(bare_world: World) -> None:
    row = switch(SYSTEM)
    bookkeeping.remember(bare_world.store, row, b"salt")
    assert there(bare_world, row)
    bookkeeping.finish(bare_world.store, row.key)
    assert not there(bare_world, row)


def test_bookkeeping_of_a_company_without_room_is_refused(bare_world: World) -> None:
    with Faults(bare_world.store, scripted({("PutItem", 0): FULL})), pytest.raises(CompanyFull):
        bookkeeping.remember(bare_world.store, switch(SYSTEM), b"salt")
    assert not there(bare_world, switch(SYSTEM))


def test_erasure_removes_no_row_of_the_ledger_and_no_head(bare_world: World, company: str) -> None:
    paid = Payment(
        company=company,
        id="pay_1",
        created_at=AT,
        updated_at=AT,
        invoice="inv_1",
        amount=Decimal(1),
        method="cash",
        date=AT.date(),
    )
    put_row(bare_world.store, paid)
    for table, kinds, kept in (
        ("ledger", (), "payment"),
        ("journal", (), "journal_entry"),
        ("journal", ("head",), "head"),
    ):
        aim = erase.Target(table, company, kinds)
        with pytest.raises(OutsideWritePath, match=f"erasure may not delete {table}/{kept}"):
            erase.erase(bare_world.store, aim, most=10)
    with pytest.raises(OutsideWritePath, match="erasure may not update ledger/payment"):
        erase.strip(bare_world.store, erase.Target("ledger", company, ("payment",)), ["method"], most=10)
    with pytest.raises(OutsideWritePath, match="erasure may not delete journal/head"):
        erase.erase_row(bare_world.store, Head.ref(company))
    assert there(bare_world, paid)


def test_erasure_removes_a_row_of_its_list(bare_world: World, company: str) -> None:
    row = item(company)
    put_row(bare_world.store, row)
    erase.erase_row(bare_world.store, row.key)
    erase.erase_row(bare_world.store, row.key)
    assert not there(bare_world, row)
