"""Diagnostics: a fixed shape, nothing personal in any disguise, ninety days, and a member's no."""

import base64
import hashlib
import json
from datetime import timedelta
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest

from chalicelib.cli.main import main
from chalicelib.domain.contact.diagnostics import AREAS, PLACES, DiagnosticsBatch, disguised, looks_personal, partition
from chalicelib.services import codes
from chalicelib.services.support import diagnostics
from chalicelib.wiring import World
from local.gateway import Gateway
from tests.client import Client
from tests.conftest import Shop

GOOD: dict[str, Any] = {
    "app_version": "1.4.2",
    "os": "android",
    "os_version": "15.1",
    "events": [
        {"code": "crash.invoice_editor", "count": 3, "signature": "ab" * 16},
        {"code": "slow.list_opening", "count": 2, "milliseconds": 900},
    ],
}


@pytest.fixture
def anybody(gateway: Gateway) -> Client:
    """Somebody without a token."""
    return Client(gateway)


def _stored(world: World) -> list[DiagnosticsBatch]:
    found = world.store.query("transient", partition(world.now().date())).records
    return [row for row in found if isinstance(row, DiagnosticsBatch)]


def test_a_batch_is_kept_without_its_sender(shop: Shop, world: World) -> None:
    before = {row.id for row in _stored(world)}
    got = shop.owner.post("/v1/diagnostics", GOOD)
    assert (got.status, got.json["stored"]) == (200, True)
    (batch,) = [row for row in _stored(world) if row.id not in before]
    assert (batch.app_version, batch.os, batch.os_version) == ("1.4.2", "android", "15")
    assert [(event.code, event.count) for event in batch.events] == [
        ("crash.invoice_editor", 3),
        ("slow.list_opening", 2),
    ]
    assert (batch.created_at.minute, batch.created_at.second) == (0, 0)
    assert (batch.expires_at - batch.created_at.timestamp()) == 90 * 86_400
    member = shop.owner.get("/v1/consents").json["id"]
    raw = json.dumps(world.store.get([batch.key])[0], default=str)
    assert shop.company not in raw
    assert member not in raw
    assert "127.0.0.1" not in raw


PERSONAL = (
    "jean.dupont@exemple.ma",
    "JEAN@EXEMPLE",
    "0612345678",
    "06 12 34 56 78",
    "+212 6-12-34-56-78",
    "٠٦١٢٣٤٥٦٧٨",
    "002136093000040",
    "00 21 36 09 30 000 40",
    "007780000123456789012345",
    "BE123456",
    "192.168.1.14",
    "2001:db8:0:1::17",
    "fp_live_x",
    "https://x.example/?a=b",
    "the invoice of Atlas did not open",
    "eyJhbGciOiJ9.e30.x",
)


@pytest.mark.parametrize("text", PERSONAL)
@pytest.mark.parametrize("place", ["code", "signature", "app_version", "os_version", "a new member", "a member's name"])
def test_a_batch_that_may_hold_personal_data_is_refused(anybody: Client, world: World, text: str, place: str) -> None:
    sent = json.loads(json.dumps(GOOD))
    if place in ("code", "signature"):
        sent["events"][1][place] = text
    elif place in ("app_version", "os_version"):
        sent[place] = text
    elif place == "a new member":
        sent["events"][0]["note"] = text
    else:
        sent[text] = 1
    before = len(_stored(world))
    got = anybody.post("/v1/diagnostics", sent)
    assert (got.status, got.codes, len(_stored(world))) == (422, [("", "personal_data")], before)
    assert text not in got.text


@pytest.mark.parametrize("number", [612345678, 2136093000040])
def test_a_number_may_be_a_person_too(anybody: Client, number: int) -> None:
    sent = GOOD | {"events": [{"code": "slow.start", "milliseconds": number}]}
    assert anybody.post("/v1/diagnostics", sent).codes == [("", "personal_data")]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"events": []}, "/events"),
        ({"events": [{"code": "crash.x"}]}, "/events/0/code"),
        ({"events": [{"code": "jean.dupont"}]}, "/events/0/code"),
        ({"events": [{"code": "crash.start"}, {"code": "crash.jean_dupont"}]}, "/events/1/code"),
        ({"events": [{"code": "crash.call_me_at_noon"}]}, "/events/0/code"),
        ({"events": [{"code": "crash.start_jean"}]}, "/events/0/code"),
        ({"events": [{"code": "crash.start\n"}]}, "/events/0/code"),
        ({"os": "windows"}, "/os"),
        ({"events": [{"code": "crash.start", "count": 0}]}, "/events/0/count"),
        ({"events": [{"code": "crash.start", "signature": "abc"}]}, "/events/0/signature"),
        ({"app_version": "1.4.2-jean"}, "/app_version"),
        ({"device_id": "x"}, "/device_id"),
        ({"events": [{"code": "crash.start", "message": "x"}]}, "/events/0/message"),
        ({"events": [{"code": "crash.start"}] * 51}, "/events"),
    ],
)
def test_the_shape_is_fixed(anybody: Client, change: dict[str, Any], pointer: str) -> None:
    got = anybody.post("/v1/diagnostics", GOOD | change)
    assert (got.status, [at for at, _ in got.codes]) == (422, [pointer])


@pytest.mark.parametrize("text", ["crash.invoice_editor", "1.4.2", "15", "android", "slow.list_opening", "600000"])
def test_the_applications_own_words_are_accepted(text: str) -> None:
    assert not looks_personal(text)


def test_every_name_of_the_closed_lists_is_taken(anybody: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnostics, "limit", lambda *_, **__: None)
    names = [f"{area}.{place}" for area, place in zip_longest(AREAS, PLACES, fillvalue="crash")]
    for start in range(0, len(names), 50):
        events = [{"code": name} for name in names[start : start + 50]]
        assert anybody.post("/v1/diagnostics", GOOD | {"events": events}).status == 200
    assert not any(looks_personal(name) for name in names)


def test_the_lists_are_documented() -> None:
    page = (Path(__file__).parents[2] / "docs/privacy.md").read_text("utf-8")
    assert [name for name in (*AREAS, *PLACES) if f"`{name}`" not in page] == []


def test_a_member_who_opposes_leaves_nothing(shop: Shop, world: World) -> None:
    shop.owner.post("/v1/consents", {"kind": "diagnostics", "granted": False})
    before = len(_stored(world))
    got = shop.owner.post("/v1/diagnostics", GOOD)
    assert (got.status, got.json["stored"], len(_stored(world))) == (200, False, before)
    shop.owner.post("/v1/consents", {"kind": "diagnostics", "granted": True})
    assert shop.owner.post("/v1/diagnostics", GOOD).json["stored"] is True


def test_one_source_cannot_flood(anybody: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnostics, "MOST", 1)
    monkeypatch.setattr(diagnostics, "limit", _counting(codes.limit))
    assert anybody.post("/v1/diagnostics", GOOD).status == 200
    refused = anybody.post("/v1/diagnostics", GOOD)
    assert (refused.status, refused.json["code"]) == (429, "too_many_requests")
    assert refused.headers["retry-after"] == "3600"


def _counting(allow: Any) -> Any:
    """Count apart from the other tests, which come from the same address."""
    return lambda world, what, who, **limits: allow(world, what + " of this test", who, **limits)


def test_the_operator_sees_counts(
    anybody: Client, world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    version = "9.87.1"
    for _ in range(3):
        anybody.post("/v1/diagnostics", GOOD | {"app_version": version})
    assert main(["diagnostics", "summary", "--days", "1"], lambda: world) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    own = [line for line in lines if line["app_version"] == version]
    assert [(line["code"], line["times"], line["batches"]) for line in own] == [
        ("crash.invoice_editor", 9, 3),
        ("slow.list_opening", 6, 3),
    ]
    assert own[0]["signatures"] == [["ab" * 16, 9]]
    assert own[1]["milliseconds"] == 900


def test_after_ninety_days_nothing_is_shown_although_the_rows_are_there(world: World, anybody: Client) -> None:
    anybody.post("/v1/diagnostics", GOOD | {"app_version": "7.7.7"})
    last, over = (world.now() + timedelta(days=days) for days in (89, 91))
    assert any(line.app_version == "7.7.7" for line in diagnostics.summary(world, 91, last))
    assert not any(line.app_version == "7.7.7" for line in diagnostics.summary(world, 365, over))
    assert any(row.app_version == "7.7.7" for row in _stored(world))


def test_personal_data_is_refused_in_every_encoding(shop: Shop) -> None:
    for hidden in ("zineb@effacable.example", "0612345678", "002136093000040"):
        for said in (hidden, base64.b64encode(hidden.encode()).decode(), hidden.encode().hex(), hidden[::-1]):
            for event in ({"code": f"crash.{said}", "count": 1}, {"code": "crash.home", "count": 1, said: 1}):
                sent = {"app_version": "1.0.0", "os": "android", "os_version": "14", "events": [event]}
                assert shop.owner.post("/v1/diagnostics", sent).status == 422, said


@pytest.mark.parametrize(
    "hidden",
    [
        "00000000000000000002136093000040",
        "0612345678".ljust(32, "a"),
        b"zineb@effacable.example".hex().ljust(64, "0"),
        b"zineb@fac.maXYZW".hex(),
        "0" + b"zineb@effacable.ma".hex() + "f" * 7 + "e" * 7 + "d" * 7 + "c" * 6,
    ],
)
def test_a_signature_that_encodes_personal_data_is_refused(shop: Shop, hidden: str) -> None:
    assert len(hidden) in (32, 64)
    event = {"code": "crash.home", "count": 1, "signature": hidden}
    sent = {"app_version": "1.0.0", "os": "android", "os_version": "14", "events": [event]}
    refused = shop.owner.post("/v1/diagnostics", sent)
    assert (refused.status, refused.json["errors"][0]["code"]) == (422, "personal_data")


def test_signatures_of_real_stacks_are_accepted() -> None:
    stacks = [hashlib.sha256(f"main.dart:{n}".encode()).hexdigest() for n in range(2_000)]
    assert sum(map(disguised, stacks)) <= 2
    assert not any(disguised(hashlib.md5(f"{n}".encode(), usedforsecurity=False).hexdigest()) for n in range(2_000))
