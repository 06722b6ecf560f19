"""Deleting an account from the public page, killed around each AWS call from the first form to the receipt.

Somebody whose page did not come sends the form again, and the scheduled jobs run again: the account ends the same.
"""

import re
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.companies.member import Member
from chalicelib.domain.privacy.request import Receipt
from chalicelib.jobs.catalogue import named
from chalicelib.jobs.job import within
from chalicelib.jobs.runner import run
from chalicelib.services import codes
from chalicelib.services.privacy.requests import account_page
from chalicelib.services.privacy.requests.account_page import DeletionOutcome
from tests import crash
from tests.crash import Work, prove
from tests.jobs.conftest import empty
from tests.mailbox import mails
from tests.privacy.crashes import AFTER_GRACE, LATER, NOW, cases, put, stocked
from tests.privacy.endings import told
from tests.privacy.worlds import Books, Turned

SECOND = timedelta(seconds=1)
IN_GRACE = next(case for case in cases() if case.name == "account in grace")


@dataclass
class Leaver:
    """An owner before the page: what they have seen of it so far."""

    books: Books
    email: str
    source: str
    code: str | None = None
    outcomes: tuple[DeletionOutcome, ...] = ()
    late: timedelta = SECOND
    """How long after now the mails are sent: after a crash, when what was begun is taken up again."""

    @property
    def world(self) -> Turned:
        assert isinstance(self.books.world, Turned)
        return self.books.world

    def page(self) -> None:
        """Both forms, or what is left of them: a form whose page did not come is sent again."""
        if self.code is None:
            account_page.send_code(self.world, self.email, self.source, "fr")
            self.code = self._mailed()
        found = account_page.delete(self.world, self.email, self.code, self.source)
        if not found:  # it was done, and the page that says so was lost: a code asked for anew says what there is
            self.code = None
            account_page.send_code(self.world, self.email, self.source, "fr")
            self.code = self._mailed()
            found = account_page.delete(self.world, self.email, self.code, self.source)
        self.outcomes = tuple(found)

    def sent(self) -> None:
        """Send the mails of the commits."""
        run(self.world, named("outbox"), now=self.world.now() + self.late, left=within(60))

    def _mailed(self) -> str:
        self.sent()
        found = " ".join(mail.subject for mail in mails(self.world, self.email))
        return str(re.findall(r"[0-9]{4}(?: [0-9]{4}){3}", found)[-1])


@pytest.fixture
def page_world(alone: Turned, monkeypatch: pytest.MonkeyPatch) -> Turned:
    """The job finds what this module made, and nothing else."""
    alone.start_in_the_morning()
    for table in alone.store.names.values():
        empty(alone, table)
    _ = alone.keys.public_key  # read once a process
    return alone


def clients(world: Turned) -> list[Any]:
    return [world.store.connection.client, world.files.client, world.keys.client, world.mailer.client]


def leaver(world: Turned) -> Leaver:
    """A company whose owner has an address that the page finds."""
    for table in world.store.names.values():
        empty(world, table)
    world.offset = NOW
    books = stocked(world)
    email = f"{books.mark}@page.example".lower()
    (owner,) = world.store.records([Member.ref(books.id, user=f"sub-{books.owners[0]}")])
    assert isinstance(owner, Member)
    put(books, replace(owner, email=email, email_key=codes.email_key(world.settings, email)))
    return Leaver(books, email, source=f"source of {books.mark}")


def ended(who: Leaver) -> list[str]:
    """All that is left, with the mailed codes masked. The receipt exists at most once."""
    receipts = [row for row in who.world.store.query("requests", who.books.id).records if isinstance(row, Receipt)]
    assert len(receipts) <= 1
    return sorted({re.sub(r"[0-9]{4}(?: [0-9]{4}){3}", "code", line) for line in told(who.books)})


def again(who: Leaver) -> None:
    """Send the form again, as a person who saw no page does, then send the waiting mails."""
    who.late = LATER
    if not who.outcomes:
        who.page()
    assert [outcome.what for outcome in who.outcomes] in (["account"], ["already"])
    who.sent()


def test_killed_at_any_call_of_the_page_the_account_is_blocked_once(page_world: Turned) -> None:
    def state(who: Leaver) -> list[str]:
        who.sent()
        return ended(who)

    work = Work(lambda: leaver(page_world), Leaver.page, again, state)
    assert prove(clients(page_world), work) > 40


def test_from_the_form_to_the_receipt(page_world: Turned) -> None:
    """With `--every-call` killed anywhere on the whole way; else once at the end of the page, since the page's calls
    are killed at above and the grace's in `test_crashes.py`."""

    def whole(who: Leaver) -> None:
        who.page()
        who.sent()
        IN_GRACE.work(who.books)

    def state(who: Leaver) -> list[str]:
        who.world.offset, who.late = AFTER_GRACE, LATER
        who.sent()  # the mail that all is done, which a run after a crash may have sent already
        who.world.offset = NOW
        return ended(who)

    def later(who: Leaver) -> None:
        again(who)
        IN_GRACE.work(who.books, LATER)

    work = Work(lambda: leaver(page_world), whole, later, state)
    if crash.every_call:
        assert prove(clients(page_world), work) > 200
        return
    undisturbed = leaver(page_world)
    whole(undisturbed)
    expected = state(undisturbed)
    assert any("requests/receipt" in line for line in expected)
    cut = leaver(page_world)
    cut.page()
    cut.outcomes = ()
    later(cut)
    assert state(cut) == expected
