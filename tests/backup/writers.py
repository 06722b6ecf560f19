"""Writers that never stop: sixteen threads that make, change, delete, issue and pay while a backup is taken."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from typing import Self

from chalicelib.domain.call import Call
from chalicelib.domain.clock import today
from chalicelib.domain.companies.item import Item
from chalicelib.domain.documents.invoice import INVOICE
from chalicelib.domain.documents.payment import ReceivedPayment
from chalicelib.domain.errors import Busy, Refusal
from chalicelib.services.documents import issuing, payments
from chalicelib.store.decision import Decision
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.transaction import transact
from chalicelib.wiring import World
from tests.histories import company as companies

LINES = 2


@dataclass
class Writers:
    """Runs `crowd` threads for the length of a `with` block. `acknowledged` holds, for each commit that was, the
    instant (monotonic) at which its writer knew, and the call's id, by which the journal names it."""

    world: World
    company: str
    crowd: int = 16
    pause: float = 0.0
    acknowledged: list[tuple[float, str]] = field(default_factory=list)
    issued: list[tuple[float, str, str]] = field(default_factory=list)
    """The same instant of each invoice, its id and the number that its issuing was answered with."""
    broken: list[BaseException] = field(default_factory=list)
    _last: dict[int, str] = field(default_factory=dict)
    """The invoice that each thread issued last."""
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._threads = [threading.Thread(target=self._write, args=(number,)) for number in range(self.crowd)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def wait_for(self, more: int) -> None:
        """Wait until as many more writes were acknowledged. Fails after a minute."""
        wanted, until = len(self.acknowledged) + more, time.monotonic() + 60
        while len(self.acknowledged) < wanted:
            assert not self.broken, self.broken
            assert time.monotonic() < until, "the writers have stopped"
            time.sleep(0.002)

    def _write(self, number: int) -> None:
        verbs: tuple[Callable[[int, str], None], ...] = (self._item, self._issue)
        verb = verbs[number % len(verbs)]
        for turn in count():
            if self._stop.wait(self.pause):
                return
            try:
                verb(turn, f"{number}-{turn}")
            except Busy:
                continue
            except (Refusal, Exception) as error:  # noqa: BLE001 — told to the test, which fails
                self.broken.append(error)
                return

    def _call(self, verb: str, key: str) -> Call:
        return companies.call(self.world, self.company, verb, key)

    def _done(self, call: Call) -> None:
        self.acknowledged.append((time.monotonic(), call.id))

    def _item(self, turn: int, name: str) -> None:
        """An item is made, changed and, every other one, deleted."""
        call = self._call("item", f"make-{name}")
        made = Item(
            company=self.company,
            id=f"itm_{name}",
            created_at=call.at,
            updated_at=call.at,
            name=name,
            unit_price=Decimal(1),
            vat_rate=Decimal(20),
        )
        self._commit(call, lambda _: Decision(new=(made,)))

        def change(snapshot: Snapshot) -> Decision:
            item = snapshot.get(Item, made.id)
            assert item is not None
            if turn % 2:
                return Decision(deletes=(item,))
            return Decision(puts=(item.edited(call.at, name=f"{name} again"),))

        call = self._call("item", f"change-{name}")
        self._commit(call, change)

    def _commit(self, call: Call, decide: Callable[[Snapshot], Decision]) -> None:
        transact(self.world.store, call, [], decide)
        self._done(call)

    def _issue(self, turn: int, name: str) -> None:
        """A draft is made, issued and paid in part, and the one before is paid some more."""
        (id,) = companies.drafts(self.world, self.company, [name], line_count=LINES)
        call = self._call("issue", f"issue-{name}")
        number = issuing.issue(self.world.store, call, INVOICE, id).outcome.number
        self._done(call)
        self.issued.append((time.monotonic(), id, str(number)))
        self._pay(id, f"pay-{name}")
        if before := self._last.get(threading.get_ident()):
            self._pay(before, f"pay-more-{name}")
        self._last[threading.get_ident()] = id

    def _pay(self, invoice: str, key: str) -> None:
        call = self._call("pay", key)
        payments.pay(
            self.world.store,
            call,
            invoice,
            ReceivedPayment(amount=Decimal(1), method="transfer", date=today(call.at), reference=None),
            None,
        )
        self._done(call)
