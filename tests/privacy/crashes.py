"""Work for every job of the catalogue: a company with something due, and when the job is run. For the crash proofs."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from chalicelib.domain.clock import midnight, today
from chalicelib.domain.companies.company import OrphanedPayments
from chalicelib.domain.contact.support import Upload
from chalicelib.domain.documents.balance import Balance
from chalicelib.domain.documents.invoice import INVOICE
from chalicelib.domain.documents.payment import Payment
from chalicelib.domain.entity import Record
from chalicelib.domain.journal import Message
from chalicelib.domain.privacy.consent import Acceptance
from chalicelib.domain.privacy.request import PrivacyRequest
from chalicelib.files import prefixes
from chalicelib.jobs.catalogue import named
from chalicelib.jobs.job import within
from chalicelib.jobs.runner import run
from chalicelib.policy.schedules import new_schedule
from chalicelib.services.documents import issuing
from chalicelib.services.evidence import requested
from chalicelib.services.evidence.recording import new_evidence
from chalicelib.services.mail.writing import write
from chalicelib.services.privacy import transitions
from chalicelib.services.privacy.legal import disclosures, holds
from chalicelib.services.privacy.legal.disclosures import DisclosureInput
from chalicelib.services.privacy.requests import requests
from chalicelib.services.support import desk, support
from chalicelib.store.read import open_company
from tests.attaching import enclose
from tests.privacy.worlds import Books, Turned
from tests.rows import put_row

NOW = timedelta(0)
LATER = timedelta(hours=1)
"""Longer than a claim and a first retry last."""
SOON = timedelta(minutes=11)
AFTER_GRACE = timedelta(days=31)
YEARS = timedelta(days=5 * 366 + 2)
AFTER_TERM = date(2037, 1, 1)
"""The first day on which records of 2026 may go."""


@dataclass(frozen=True)
class Case:
    """`prepare` makes a company with work for `job`, which is run at each of `moments`."""

    name: str
    job: str
    prepare: Callable[[Turned], Books]
    moments: tuple[timedelta | date, ...] = (NOW,)
    kind: str = ""
    """The kind of a privacy request."""
    steps: tuple[str, ...] = ()
    """The name of the workflow that it goes through, and the steps that it begins."""

    def shifts(self, world: Turned) -> tuple[timedelta, ...]:
        """The moments, after the world's now."""
        return tuple(moment if isinstance(moment, timedelta) else until(moment, world) for moment in self.moments)

    def work(self, books: Books, late: timedelta = NOW) -> None:
        """Run the job at its moments, `late` by so much."""
        world = books.world
        assert isinstance(world, Turned)
        world.offset = NOW  # where a killed run left it, no day is due
        for moment in self.shifts(world):
            world.offset = moment + late
            report = run(world, named(self.job), now=world.now(), left=within(120))
            assert not report.failures, report.failures
        world.offset = NOW


def stocked(world: Turned, *, small: bool = True, owners: int = 1) -> Books:
    """A company with a mark of its own. It uses the default template: its own would take half a second a page."""
    books = Books(world, mark=f"Crash{world.random(5).hex()}", small=small, owners=owners)
    put(books, replace(books.profile, template=None))
    return books


def put(books: Books, *rows: Record) -> None:
    """Rows as they are stored, read without the product."""
    for row in rows:
        put_row(books.world.store, row)


def account(*, waive: bool) -> Callable[[Turned], Books]:
    """A whole account confirmed for deletion, with objects under every prefix."""

    def prepare(world: Turned) -> Books:
        books = stocked(world, small=not waive)
        books.confirmed(waive=waive)
        return books

    return prepare


def person(which: str) -> Callable[[Turned], Books]:
    """One person's data confirmed for deletion."""

    def prepare(world: Turned) -> Books:
        books = stocked(world, small=False, owners=2)
        subject = {"customer": books.customer, "supplier": books.supplier, "member": books.owners[1]}[which]
        books.confirmed(subject)
        return books

    return prepare


def unconfirmed(world: Turned) -> Books:
    """A deletion that nobody confirms."""
    books = stocked(world)
    books.asked()
    return books


def blocked_at_last(world: Turned) -> Books:
    """An export that an account's block overtakes."""
    books = access()(world)
    books.confirmed()
    return books


def access(*, of_customer: bool = False) -> Callable[[Turned], Books]:
    """An access request, confirmed."""

    def prepare(world: Turned) -> Books:
        books = stocked(world)
        subject = books.customer if of_customer else None
        id = requests.ask(world, books.call(), books.owner(), "access", subject).outcome.id
        requests.confirm(world, books.call(), books.owner(), id)
        return books

    return prepare


def rectified(world: Turned) -> Books:
    """A customer's data put right: documents that say otherwise are counted, and the owners are told."""
    books = stocked(world)
    requests.ask(world, books.call(), books.owner(), "rectification", books.customer, {"phone": "0522000000"})
    Case("", "outbox", stocked).work(books)  # until its owners are told it is looked at again and again
    return books


def watched_over(end: str | None = None) -> Callable[[Turned], Books]:
    """A request whose deadline is watched; ended by an operator while the watch is still there."""

    def prepare(world: Turned) -> Books:
        books = stocked(world)
        id = requests.ask(world, books.call(), books.owner(), "rectification", None).outcome.id
        (watch,) = [row for row in world.store.query("requests", books.id).records if row.KIND == "deadline"]
        if end:
            (request,) = world.store.records([PrivacyRequest.ref(books.id, id)])
            assert isinstance(request, PrivacyRequest)
            transitions.close_by_operator(world, request, "refused", "opr_1", reason="asked_twice")
            put(books, watch)
        return books

    return prepare


def bulk(world: Turned) -> Books:
    """Drafts queued for a bulk issue, two to a transaction (`issuing.BULK` is patched by the test)."""
    books = stocked(world)
    drafts = [books.drafted(books.new("inv"), books.customer) for _ in range(3)]
    books.commit(*drafts)
    issuing.issue_many(world.store, books.call("issue_many"), INVOICE, [draft.id for draft in drafts])
    return books


def to_render(world: Turned) -> Books:
    """An issued invoice whose page is to be rendered."""
    books = stocked(world)
    books.commit(messages=[_message(books, "render", books.invoice)])
    return books


def to_mail(world: Turned) -> Books:
    """A letter that is to be sent."""
    books = stocked(world)
    to = f"{books.mark}@help.example"
    written = write(books.call(), to, "fr", "support_opened", thread="thr_1", date="26 novembre 2026")
    books.commit(written.letter, messages=[written.message])
    return books


def to_notify(world: Turned) -> Books:
    """Owners who are to be told of a request."""
    books = stocked(world, owners=2)
    books.confirmed()
    return books


def _message(books: Books, task: str, *about: str) -> Message:
    return Message(id=books.new("out"), due_at=books.at, task=task, about=about, **books.stamps)


def lapsed(world: Turned) -> Books:
    """Books of two financial years, the first past its term in `TEN_YEARS`, with a payment that stays a year longer."""
    from tests.privacy.test_retention import Ledger

    books = Ledger(world, per_year=1, years=(2026, 2027), mark=f"Crash{world.random(5).hex()}")
    invoice = books.by_year[2026][0]
    paid: dict[str, Any] = {"invoice": invoice, "amount": Decimal(1), "method": "cash", **books.stamps}
    late = Payment(id=books.new("pay"), date=date(2027, 2, 1), **paid)
    put(books, late, Balance(id=invoice, paid=Decimal(1), **books.stamps))
    return books


def until(day: date, world: Turned) -> timedelta:
    """The shift of the world's clock after which a day in Casablanca has begun."""
    return midnight(day) + timedelta(minutes=1) - world.now()


def left_over(world: Turned) -> Books:
    """The payments of an invoice that has left."""
    books = stocked(world)
    gone = books.new("inv")
    paid: dict[str, Any] = {"invoice": gone, "amount": Decimal(1), "method": "cash", **books.stamps}
    put(books, Payment(id=books.new("pay"), date=date(2026, 12, 31), **paid))
    put(books, Balance(id=gone, paid=Decimal(1), **books.stamps))
    put(books, OrphanedPayments(id=gone, due_at=books.at, **books.stamps))
    term = new_schedule(books.profile, books.at)
    put(books, replace(term, swept=date(2026, 12, 31), due_at=midnight(date(2038, 1, 1))))
    return books


def proven(world: Turned) -> Books:
    """Proofs of each kind: a person's erasure, a refused request, a released hold, a disclosure, an acceptance."""
    books = stocked(world)
    books.confirmed(books.customer)
    Case("", "requests", stocked, (NOW, SOON)).work(books)
    hold = holds.place(world, books.id, "tax audit 7", "opr_1")
    holds.release(world, books.id, hold.id, "opr_1")
    told = DisclosureInput(
        kind="lawful_demand",
        recipient="DGI",
        basis="CGI, art. 214",
        data=("document.content",),
        disclosed_on=today(books.at),
    )
    disclosures.record(world, books.id, told, "opr_1")
    books.commit(
        Acceptance(
            id=books.new("acc"),
            member=books.owners[0],
            policy_version="2026-04-02",
            due_at=books.at + YEARS - LATER,
            **books.stamps,
        )
    )
    return books


def helped(*, closed: bool) -> Callable[[Turned], Books]:
    """A thread with an attached file: closed, or waiting for its first answer."""

    def prepare(world: Turned) -> Books:
        books = stocked(world)
        writer = support.ThreadMember(books.owners[0], owner=True, email=None)
        opened = support.open_thread(world, books.call(), writer, "fr", "Impression", "Bonjour.")
        enclose(world, opened.outcome.thread)
        if closed:
            desk.close(world, books.id, opened.outcome.thread.id, "opr_1")
        return books

    return prepare


def orphaned(world: Turned) -> Books:
    """Files that were stored for a commit which never came."""
    books = stocked(world)
    keys = tuple(f"{prefixes.upload_of(books.id, 'thr_1')}n{number}.pdf" for number in range(2))
    for key in keys:
        world.files.put(key, b"%PDF", "application/pdf")
    ends = int(books.at.timestamp()) + 10**6
    put(books, Upload(id=books.new("upl"), keys=keys, due_at=books.at, expires_at=ends, **books.stamps))
    return books


def to_watch(world: Turned) -> Books:
    """A company whose journal is verified by night."""
    books = stocked(world)
    put(books, new_evidence(books.id, world.now()))
    return books


def to_verify(world: Turned) -> Books:
    """A full pass over a company's ledger, asked for."""
    books = stocked(world)
    requested.request(world, open_company(world.store, books.id), books.call())
    return books


DELETION = ("deletion", "begin", "count", "erase", "finish", "look_again")
ACCESS = ("access export", "begin", "gather", "finish")
RECTIFICATION = ("rectification", "count", "finish")


def cases() -> tuple[Case, ...]:
    """All of them; at least one for each job."""
    return (
        Case("page", "outbox", to_render),
        Case("mail", "outbox", to_mail),
        Case("notice", "outbox", to_notify),
        Case("issue", "bulk", bulk, steps=("bulk issue", "issue")),
        Case("night", "evidence", to_watch, (_days(1.5),)),
        Case("full pass", "bulk", to_verify, steps=("full pass", "check")),
        Case("account", "requests", account(waive=True), (NOW, SOON), "deletion", DELETION),
        Case(
            "account in grace",
            "requests",
            account(waive=False),
            (*map(_days, (24, 29.5, 30.1)), AFTER_GRACE),
            "deletion",
            DELETION,
        ),
        Case("customer", "requests", person("customer"), (NOW, SOON), "deletion", DELETION),
        Case("supplier", "requests", person("supplier"), (NOW, SOON), "deletion", DELETION),
        Case("member", "requests", person("member"), (NOW, SOON), "deletion", DELETION),
        Case("lapse", "requests", unconfirmed, (_days(8),)),
        Case("access", "requests", access(), kind="access", steps=ACCESS),
        Case("access of a customer", "requests", access(of_customer=True), steps=ACCESS),
        Case("access overtaken", "requests", blocked_at_last, steps=("access export", "refuse")),
        Case("rectification", "requests", rectified, (NOW, SOON), "rectification", RECTIFICATION),
        Case("deadline near", "deadlines", watched_over(), (_days(9),)),
        Case("deadline past", "deadlines", watched_over(), (_days(12),)),
        Case("deadline over", "deadlines", watched_over("refused"), (_days(9),)),
        Case("financial year", "retention", lapsed, (AFTER_TERM,)),
        Case("leftover", "retention", left_over, (AFTER_TERM,)),
        Case("proofs", "proofs", proven, (YEARS,), steps=DELETION),  # its preparation erases a customer
        Case("thread ends", "support", helped(closed=True), (_days(732),)),
        Case("late answer", "support", helped(closed=False), (_days(4),)),
        Case("orphans", "uploads", orphaned, (_days(1),)),
    )


def _days(days: float) -> timedelta:
    return timedelta(days=days)
