"""The whole local service after its clock was moved: requests, tokens, schedules, and the mail that it sends."""

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from html import escape
from pathlib import Path
from typing import Any

import jwt
import pytest
from playwright.sync_api import Browser

from tests.e2e.browser import AXE, Reader, needs_a_browser
from tests.e2e.person import CUSTOMER, LINE, Person, demonstration, signed_in, signed_up
from tests.e2e.serving import Answer, Served, assert_problem

PATIENCE = 30.0
DAY = timedelta(days=1)
INVOICE_DAY = datetime(2029, 1, 30, 10, tzinfo=UTC)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A service of its own, because the tests move its clock."""
    with Served.running(tmp_path_factory.mktemp("moved")) as service:
        yield service


def until(what: Callable[[], Any]) -> Any:
    """The result, once there is one."""
    end = time.monotonic() + PATIENCE
    while not (found := what()):
        assert time.monotonic() < end, "it does not come"
        time.sleep(0.2)
    return found


def move(served: Served, to: datetime, **headers: str) -> Answer:
    """Ask for a time."""
    return served.request("POST", "/_local/clock", json.dumps({"now": to.isoformat()}).encode(), **headers)


def clock_of(person: Person) -> datetime:
    """The instant at which a person's token was signed."""
    claims = jwt.decode(person.token, options={"verify_signature": False})
    return datetime.fromtimestamp(claims["iat"], UTC)


def now_of(served: Served) -> datetime:
    """The service's instant, to the second."""
    return clock_of(signed_in(served, "clock"))


def mails(served: Served, to: str) -> list[dict[str, Any]]:
    """The mails to an address."""
    return [mail for mail in served.request("GET", "/_local/mailbox").json()["data"] if mail["to"] == [to]]


def test_an_invoice_has_the_day_to_which_the_clock_was_moved(served: Served) -> None:
    before = signed_in(served, "merchant")
    answer = move(served, INVOICE_DAY)
    assert (answer.status, answer.json()["now"][:17]) == (200, "2029-01-30T10:00:")
    after = signed_up(served, "merchant")
    assert timedelta() <= clock_of(after) - INVOICE_DAY < timedelta(minutes=1)
    assert_problem(before.ask("GET", "/v1/invoices"), 401)
    customer = after.must("POST", "/v1/customers", CUSTOMER)["id"]
    draft = after.must("POST", "/v1/invoices", {"customer": customer, "lines": [LINE]})
    issued = after.must("POST", f"/v1/invoices/{draft['id']}/issue", {})
    assert (issued["issue_date"], "2029" in issued["number"]) == ("2029-01-30", True)


def test_a_scheduled_job_runs_when_the_clock_passes_its_time(served: Served) -> None:
    tomorrow = now_of(served) + DAY
    key = demonstration(served)
    assert move(served, tomorrow).status == 200

    def made() -> list[dict[str, Any]]:
        return [each for each in key.must("GET", "/v1/backups")["data"] if each["created_at"] >= tomorrow.isoformat()]

    (backup,) = until(made)
    assert move(served, now_of(served) + timedelta(minutes=2)).status == 200  # the job that makes it has its turn
    until(lambda: key.must("GET", f"/v1/backups/{backup['id']}")["status"] == "complete")


def test_the_clock_never_goes_back(served: Served) -> None:
    now = now_of(served)
    refused = move(served, now - DAY, Accept_Language="fr")
    assert_problem(refused, 422)
    assert refused.headers["content-language"] == "fr"
    assert [(each["pointer"], each["code"]) for each in refused.json()["errors"]] == [("/now", "out_of_range")]
    assert now_of(served) >= now
    wrong = served.request("GET", "/_local/clock")
    assert_problem(wrong, 405)
    assert wrong.headers["allow"] == "POST"


def test_the_mailbox_shows_the_mail_that_was_sent(served: Served) -> None:
    me = signed_up(served, "mailed")
    address = "mailed@example.ma"
    asked = me.must("POST", "/v1/privacy/requests", {"kind": "access"})
    me.must("POST", f"/v1/privacy/requests/{asked['id']}/code", {})
    (mail, *_) = until(lambda: mails(served, address))
    assert mail.keys() == {"id", "from", "to", "subject", "text"}
    assert mail["from"] == "service@facture.example"


def test_the_mailbox_has_a_page_for_browsers(served: Served) -> None:
    me = signed_up(served, "reader")
    asked = me.must("POST", "/v1/privacy/requests", {"kind": "access"})
    me.must("POST", f"/v1/privacy/requests/{asked['id']}/code", {})
    (mail, *_) = until(lambda: mails(served, "reader@example.ma"))
    page = served.request("GET", "/_local/mailbox", Accept="text/html,application/xhtml+xml,*/*;q=0.8")
    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert f">{escape(mail['subject'])}</h2>" in page.body.decode()
    assert escape(mail["text"]) in page.body.decode()


@needs_a_browser
def test_the_page_of_the_mailbox_is_accessible_and_fits_a_telephone(served: Served, browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 375, "height": 700})
    reader = Reader(page)
    page.goto(f"http://127.0.0.1:{served.port}/_local/mailbox")
    assert page.title() == f"Mailbox ({page.locator('article').count()}) – Facture"
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    assert [found["id"] for found in AXE.run(page).response["violations"]] == []
    assert reader.complaints == []


@pytest.mark.parametrize("path", ["/_local/clock", "/_local/mailbox"])
def test_a_web_page_reaches_neither(served: Served, path: str) -> None:
    method = "POST" if path.endswith("clock") else "GET"
    assert_problem(served.request(method, path, Origin="http://evil.example"), 403)
    assert_problem(served.request(method, path, Host="evil.example"), 403)


def test_a_restart_keeps_the_clock_and_an_empty_object_returns_to_the_real_time(tmp_path: Path) -> None:
    first = Served.start(tmp_path, "tests.e2e.tiny_service")
    assert move(first, INVOICE_DAY).status == 200
    assert first.stop() == 0
    second = Served.start(tmp_path, "tests.e2e.tiny_service")
    assert now_of(second) >= INVOICE_DAY
    assert second.request("POST", "/_local/clock", b"{}").status == 200
    assert abs(now_of(second) - datetime.now(UTC)) < timedelta(minutes=1)
    assert second.stop() == 0
