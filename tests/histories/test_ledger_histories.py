"""Sixteen writers pay, withhold, reverse, refund, apply and credit at once while the wire fails: no dirham appears or
disappears, and no answer is forgotten."""

import random
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from chalicelib.domain.call import Call
from chalicelib.domain.clock import today
from chalicelib.domain.documents.credit_entry import CreditEntry, Refund
from chalicelib.domain.documents.crediting import DocumentAmount
from chalicelib.domain.documents.invoice import INVOICE
from chalicelib.domain.documents.payment import Payment, ReceivedPayment
from chalicelib.domain.entity import Record
from chalicelib.domain.errors import Busy, Refusal
from chalicelib.domain.ids import derived_id
from chalicelib.services.documents import crediting, issuing, payments, reversals, unapplied_credit
from chalicelib.store.decision import Committed
from chalicelib.wiring import World
from tests.faults import SOFT, Faults, at_random
from tests.histories import company as companies
from tests.ledger_sums import faults_of

WRITERS, STEPS, INVOICES, TRIES = 16, 10, 6, 6
CENT = Decimal("0.01")


@dataclass
class Bank:
    """The common knowledge of all writers: the ids of confirmed payments, and the errors."""

    world: World
    company: str
    invoices: list[str]
    paid: list[str] = field(default_factory=list)
    credit: list[str] = field(default_factory=list)
    refunds: list[str] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)

    @property
    def customer(self) -> str:
        """The one customer."""
        return companies.customer_of(self.company)


class Writer(threading.Thread):
    """One writer. Each step has one key, under which it is repeated until it is answered or refused."""

    def __init__(self, bank: Bank, name: str) -> None:
        super().__init__(name=name)
        self.bank, self.draw = bank, random.Random(name)
        self.day = today(bank.world.now())

    def run(self) -> None:
        """Do the steps."""
        verbs: list[Callable[[Any], Committed[Any]]] = [
            *(self.pay, self.pay, self.withhold, self.pay_by_cheque, self.cash, self.reverse),
            *(self.advance, self.apply, self.refund, self.credit, self.reverse_advance, self.reverse_refund),
        ]
        for step in range(STEPS):
            verb, seed = self.draw.choice(verbs), self.draw.random()
            for _ in range(TRIES):
                self.draw.seed(seed)
                try:
                    committed = verb(self.call(f"{self.name}-{step}"))
                except Busy:
                    continue
                except Refusal as refusal:
                    self.bank.done[f"{verb.__name__}: {refusal.code}"] += 1
                except Exception as error:  # noqa: BLE001 — a defect must not end the history
                    self.bank.broken.append(repr(error))
                else:
                    self.bank.done[verb.__name__] += 1
                    self.remember(committed.value)
                break
            self.draw.seed(f"{self.name}-{step}")

    def remember(self, row: Any) -> None:
        """Let all writers know a new row that can be reversed."""
        known = {Payment: self.bank.paid, CreditEntry: self.bank.credit, Refund: self.bank.refunds}
        if type(row) in known and not row.reverses:
            known[type(row)].append(row.id)

    def call(self, key: str) -> Call:
        return companies.call(self.bank.world, self.bank.company, "ledger", key)

    def received(self, **more: Any) -> ReceivedPayment:
        return ReceivedPayment(
            amount=Decimal(self.draw.randint(0, 3_000)) + CENT, date=self.day, **({"method": "transfer"} | more)
        )

    def send(self, call: Call, received: ReceivedPayment) -> Committed[Any]:
        invoice = self.draw.choice(self.bank.invoices)
        return payments.pay(self.bank.world.store, call, invoice, received, derived_id("pay", call.key))

    def pay(self, call: Call) -> Committed[Any]:
        """Pay some of an invoice, or too much."""
        return self.send(call, self.received(method=self.draw.choice(["cash", "transfer"])))

    def withhold(self, call: Call) -> Committed[Any]:
        """Pay and state what was withheld."""
        return self.send(call, self.received(withheld_vat=Decimal(self.draw.randint(0, 500))))

    def pay_by_cheque(self, call: Call) -> Committed[Any]:
        """Give a cheque that matures later."""
        return self.send(call, self.received(method="cheque", matures_on=self.day + timedelta(days=30)))

    def known(self) -> str:
        return self.draw.choice(self.bank.paid or ["pay_00000000000000000000000000"])

    def cash(self, call: Call) -> Committed[Any]:
        """Cash any payment; only a pending one can be."""
        return payments.cash(self.bank.world.store, call, self.known(), self.day)

    def reverse(self, call: Call) -> Committed[Any]:
        """Reverse any payment."""
        return payments.reverse(self.bank.world.store, call, self.known(), "returned_unpaid", None)

    def money(self) -> unapplied_credit.Money:
        return unapplied_credit.Money(Decimal(self.draw.randint(1, 900)), "transfer", self.day)

    def advance(self, call: Call) -> Committed[Any]:
        """Pay in advance."""
        return unapplied_credit.advance(self.bank.world.store, call, self.bank.customer, self.money(), None, None)

    def apply(self, call: Call) -> Committed[Any]:
        """Apply some credit to two invoices."""
        some = self.draw.sample(self.bank.invoices, 2)
        targets = [unapplied_credit.CreditTarget(id, Decimal(self.draw.randint(1, 400))) for id in some]
        return unapplied_credit.apply(self.bank.world.store, call, self.bank.customer, targets)

    def refund(self, call: Call) -> Committed[Any]:
        """Give some credit back."""
        return unapplied_credit.refund(self.bank.world.store, call, self.bank.customer, self.money())

    def reverse_advance(self, call: Call) -> Committed[Any]:
        """Reverse any advance."""
        id = self.draw.choice(self.bank.credit or ["ucr_00000000000000000000000000"])
        store, customer = self.bank.world.store, self.bank.customer
        return reversals.reverse_advance(store, call, customer, id, "returned_unpaid", None)

    def reverse_refund(self, call: Call) -> Committed[Any]:
        """Reverse any refund."""
        id = self.draw.choice(self.bank.refunds or ["rfd_00000000000000000000000000"])
        store, customer = self.bank.world.store, self.bank.customer
        return reversals.reverse_refund(store, call, customer, id, "entered_in_error", None)

    def credit(self, call: Call) -> Committed[Any]:
        """Credit an amount of an invoice."""
        invoice, amount = self.draw.choice(self.bank.invoices), Decimal(self.draw.randint(1, 700))
        return crediting.credit(self.bank.world.store, call, invoice, DocumentAmount(amount), None, None)


def _issued(world: World) -> Bank:
    company = companies.founded(world, f"bank {world.settings.table_prefix}")
    names = [f"invoice-{number}" for number in range(INVOICES)]
    ids = companies.drafts(world, company, names, line_count=3)
    for id in ids:
        issuing.issue(world.store, companies.call(world, company, "issue", id), INVOICE, id)
    return Bank(world, company, list(ids))


def _ledger(bank: Bank) -> list[Record]:
    return list(bank.world.store.all("ledger", bank.company))


def test_no_dirham_appears_or_disappears(bare_world: World) -> None:
    bank = _issued(bare_world)
    with Faults(bare_world.store, at_random(11, 0.15, SOFT)) as faults:
        writers = [Writer(bank, f"writer-{number}") for number in range(WRITERS)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
    assert bank.broken == []
    assert faults.met, "the wire did not fail as planned"
    ledger = _ledger(bank)
    assert faults_of(ledger) == []
    stored = {row.id for row in ledger if isinstance(row, Payment)}
    assert set(bank.paid) <= stored
    verbs = {"pay", "withhold", "pay_by_cheque", "reverse", "advance", "apply", "refund", "credit", "reverse_advance"}
    assert verbs <= set(bank.done), bank.done
