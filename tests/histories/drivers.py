"""Two drivers of a history's tasks: a toy of a few lines on the bare transaction, and the product's own services."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from typing import Any

from chalicelib.api.answers import Answer, created, presenting, shown
from chalicelib.api.answers import answer as answer_of
from chalicelib.domain.call import Call
from chalicelib.domain.clock import today
from chalicelib.domain.companies.company import Series
from chalicelib.domain.companies.item import Item
from chalicelib.domain.documents.balance import Balance
from chalicelib.domain.documents.invoice import INVOICE, Draft
from chalicelib.domain.documents.payment import ReceivedPayment
from chalicelib.domain.documents.register import RegisterEntry, genesis, link
from chalicelib.services.documents import drafting, issuing, payments
from chalicelib.services.representation.documents import present_document, present_draft
from chalicelib.services.representation.payments import present_payment
from chalicelib.store.decision import Decision
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.transaction import transact
from chalicelib.store.wire import Store
from chalicelib.wiring import World
from tests.histories import company as companies
from tests.histories.history import Kind, Task

Verb = Callable[[Store, Call, str], Answer]
COUNTER = "counter"
TOY = "TOY"


@dataclass(frozen=True)
class Driver:
    """A verb for each kind of task. `edit` adds one to a counter that `count` reads, so that a lost update shows.
    `issued` draws an issue's place out of its answer."""

    verbs: Mapping[Kind, Verb]
    prepare: Callable[[World, str], str]
    """Make what edits are made on, and return its id."""
    count: Callable[[World, str, str], int]
    issued: Callable[[dict[str, Any]], int]
    creates: type[Draft | Item]


def _toy_issue(store: Store, call: Call, subject: str) -> Answer:
    def decide(snapshot: Snapshot) -> Decision:
        series = snapshot.get(Series, TOY) or Series(
            company=call.company,
            id=TOY,
            version=0,
            created_at=call.at,
            updated_at=call.at,
            document="invoice",
            chain=genesis(call.company, TOY),
        )
        draft = snapshot.get(Draft, subject)
        hashed = sha256(subject.encode()).hexdigest()
        chain = link(series.chain, hashed)
        entry = RegisterEntry(
            company=call.company,
            id=subject,
            created_at=call.at,
            updated_at=call.at,
            series=TOY,
            position=series.next,
            number=f"T-{series.next}",
            document=subject,
            document_kind="invoice",
            issue_date=call.at.date(),
            gross=Decimal(1),
            hash=hashed,
            chain=chain,
        )
        after = series.edited(call.at, next=series.next + 1, chain=chain)
        deletes = (draft,) if draft else ()
        return Decision(Answer({"position": entry.position}), new=(entry,), puts=(after,), deletes=deletes)

    return answer_of(transact(store, call, [Series.ref(call.company, TOY)], decide))


def _item(call: Call, id: str, name: str) -> Item:
    return Item(
        company=call.company,
        id=id,
        created_at=call.at,
        updated_at=call.at,
        name=name,
        unit_price=Decimal(1),
        vat_rate=Decimal(20),
    )


def _toy_create(store: Store, call: Call, subject: str) -> Answer:
    decision = Decision(Answer({"id": subject}, status=201), new=(_item(call, subject, "made"),))
    return answer_of(transact(store, call, [], lambda _: decision))


def _toy_edit(store: Store, call: Call, subject: str) -> Answer:
    def decide(snapshot: Snapshot) -> Decision:
        item = snapshot.get(Item, subject)
        assert item is not None
        edited = item.edited(call.at, name=str(int(item.name) + 1))
        return Decision(Answer({"count": int(edited.name)}), puts=(edited,))

    return answer_of(transact(store, call, [Item.ref(call.company, subject)], decide))


def _toy_prepare(world: World, company: str) -> str:
    now = companies.call(world, company, "draft", "counter")
    transact(world.store, now, [], lambda _: Decision(new=(_item(now, COUNTER, "0"),)))
    return COUNTER


def _toy_count(world: World, company: str, subject: str) -> int:
    (item,) = world.store.records([Item.ref(company, subject)])
    assert isinstance(item, Item)
    return int(item.name)


def _issue(store: Store, call: Call, subject: str) -> Answer:
    showing = presenting(call, shown(present_document))
    return answer_of(issuing.issue(store, showing, INVOICE, subject))


def _create(store: Store, call: Call, subject: str) -> Answer:
    content = {"customer": companies.customer_of(call.company), "lines": companies.lines(1)}
    return answer_of(
        drafting.create(store, presenting(call, created(present_draft, "invoices")), INVOICE, subject, content)
    )


def _pay(store: Store, call: Call, subject: str) -> Answer:
    showing = presenting(call, created(present_payment, "payments"))
    paid = payments.pay(
        store, showing, subject, ReceivedPayment(amount=Decimal(1), method="transfer", date=today(call.at)), None
    )
    return answer_of(paid)


def _issued_invoice(world: World, company: str) -> str:
    (id,) = companies.drafts(world, company, ["paid"])
    issuing.issue(world.store, companies.call(world, company, "draft", "paid"), INVOICE, id)
    return id


def _dirhams_paid(world: World, company: str, subject: str) -> int:
    (balance,) = world.store.records([Balance.ref(company, subject)])
    return int(balance.paid) if isinstance(balance, Balance) else 0


DRIVERS: Mapping[str, Driver] = {
    "toy": Driver(
        {"issue": _toy_issue, "create": _toy_create, "edit": _toy_edit},
        _toy_prepare,
        _toy_count,
        lambda body: int(body["position"]),
        Item,
    ),
    "services": Driver(
        {"issue": _issue, "create": _create, "edit": _pay},
        _issued_invoice,
        _dirhams_paid,
        lambda body: int(body["register"]["position"]),
        Draft,
    ),
}


def do(driver: Driver, store: Store, call: Call, task: Task) -> Answer:
    """Do the task once."""
    return driver.verbs[task.kind](store, call, task.subject)
