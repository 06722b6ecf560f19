"""The clock of the local service, and the addresses that move it and show the mail."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from chalicelib.api.request_errors import Malformed, MethodNotAllowed
from chalicelib.clocks import Clock
from chalicelib.domain.errors import InvalidContent
from local.clock import LATEST, ServiceClock
from local.controls import Controls
from local.mailbox import page

LATER = datetime(2029, 1, 30, 10, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
CAPTURED = {
    "MessageId": "1@email.amazonses.com",
    "Source": "service@facture.example",
    "To": ["me@example.ma"],
    "CC": [],
    "BCC": [],
    "Subject": "Votre code",
    "BodyText": "123456",
    "BodyHtml": None,
    "Timestamp": 1.0,
    "Type": "v2.SendEmail",
}


@pytest.fixture
def clock(tmp_path: Path) -> ServiceClock:
    """A clock that shows the real time."""
    return ServiceClock(tmp_path / "clock.json")


def shows_the_real_time(clock: ServiceClock) -> bool:
    """Whether the clock is not moved."""
    return abs(clock.now() - Clock().now()) < MINUTE


def test_it_moves_forward_and_goes_on_from_there(clock: ServiceClock) -> None:
    assert shows_the_real_time(clock)
    clock.move(LATER)
    assert LATER <= clock.now() < LATER + MINUTE
    clock.move(LATER + timedelta(days=400))
    assert LATER + timedelta(days=400) <= clock.now() < LATER + timedelta(days=400) + MINUTE


@pytest.mark.parametrize("to", [LATER - MINUTE, LATEST + MINUTE, datetime.min.replace(tzinfo=UTC)])
def test_it_refuses_to_go_back_or_beyond_the_dates_of_documents(clock: ServiceClock, to: datetime) -> None:
    clock.move(LATER)
    with pytest.raises(InvalidContent) as refusal:
        clock.move(to)
    assert [(fault.pointer, fault.code) for fault in refusal.value.faults] == [("/now", "out_of_range")]
    assert LATER <= clock.now() < LATER + MINUTE


def test_a_restart_keeps_it(clock: ServiceClock, tmp_path: Path) -> None:
    clock.move(LATER)
    again = ServiceClock(tmp_path / "clock.json")
    assert again.moved
    assert LATER <= again.now() < LATER + MINUTE
    again.reset()
    assert shows_the_real_time(again)
    assert shows_the_real_time(ServiceClock(tmp_path / "clock.json"))


def test_an_empty_object_returns_to_the_real_time(clock: ServiceClock) -> None:
    controls = Controls(clock, list)
    assert controls.answer("POST", "/clock", b'{"now": "2029-01-30T11:00:00+01:00"}')["now"][:17] == "2029-01-30T10:00:"
    assert controls.answer("POST", "/clock", b"{}")["now"][:10] == str(Clock().now().date())
    assert shows_the_real_time(clock)


@pytest.mark.parametrize("body", [None, b"", b"nonsense", b"\xff"])
def test_a_body_that_is_no_json_moves_nothing(clock: ServiceClock, body: bytes | None) -> None:
    clock.move(LATER)
    with pytest.raises(Malformed):
        Controls(clock, list).answer("POST", "/clock", body)
    assert clock.moved


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({"now": "2029-01-30"}, "/now", "bad_instant"),
        ({"now": 5}, "/now", "wrong_type"),
        ({"to": "2029-01-30T10:00:00Z"}, "/to", "unknown_field"),
        ([], "", "wrong_type"),
    ],
)
def test_a_fault_in_the_body_is_named(clock: ServiceClock, body: object, pointer: str, code: str) -> None:
    with pytest.raises(InvalidContent) as refusal:
        Controls(clock, list).answer("POST", "/clock", json.dumps(body).encode())
    assert [(fault.pointer, fault.code) for fault in refusal.value.faults] == [(pointer, code)]
    assert not clock.moved


@pytest.mark.parametrize(("method", "path"), [("GET", "/clock"), ("POST", "/mailbox"), ("DELETE", "/clock")])
def test_another_method_is_refused(clock: ServiceClock, method: str, path: str) -> None:
    with pytest.raises(MethodNotAllowed):
        Controls(clock, list).answer(method, path, b"{}")


def test_the_page_of_the_mailbox_reads_nothing_of_a_mail_as_html() -> None:
    mail = {"to": ["a&b@example.ma"], "from": "x@y.ma", "subject": "<script>1</script>", "text": "</pre><b>فاتورة</b>"}
    html = page([mail, mail | {"subject": "the newest"}]).decode()
    assert "<script>" not in html
    assert "&lt;script&gt;1&lt;/script&gt;" in html
    assert "&lt;/pre&gt;&lt;b&gt;فاتورة" in html
    assert html.index("the newest") < html.index("&lt;script")
    assert "No mail was sent" in page([]).decode()


def test_the_mailbox_shows_each_mail(clock: ServiceClock) -> None:
    assert Controls(clock, lambda: [CAPTURED]).answer("GET", "/mailbox", None) == {
        "data": [
            {
                "id": "1@email.amazonses.com",
                "from": "service@facture.example",
                "to": ["me@example.ma"],
                "subject": "Votre code",
                "text": "123456",
            }
        ]
    }
