"""Support: a thread with a deadline, files that were looked at, an operator's answer, and an end after two years."""

import io
import json
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
import urllib3
from PIL import Image

from chalicelib.cli.main import main
from chalicelib.domain.contact.support import MOST_MESSAGES, SupportMessage, Thread, Upload
from chalicelib.files import prefixes
from chalicelib.jobs.catalogue import named
from chalicelib.jobs.job import within
from chalicelib.jobs.runner import run
from chalicelib.policy.ends import row_end
from chalicelib.services.support import desk, support
from chalicelib.store import bookkeeping
from chalicelib.store.wire import SORT
from chalicelib.wiring import World
from tests.client import Client
from tests.clocks import StoppedClock
from tests.conftest import Shop
from tests.crash import Work, prove
from tests.mailbox import mails, open_mailbox

HELP = {"subject": "Impression", "text": "La page reste blanche."}
PDF = b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def _picture(form: str = "PNG", **info: Any) -> bytes:
    file = BytesIO()
    Image.new("RGB", (64, 32), "teal").save(file, form, **info)
    return file.getvalue()


def _file(content: bytes, name: str = "ecran.png") -> dict[str, str]:
    return {"name": name, "content": b64encode(content).decode()}


def _opened(client: Client, *files: dict[str, str], **changes: Any) -> dict[str, Any]:
    got = client.post("/v1/support", HELP | changes | {"attachments": list(files)})
    assert got.status == 201, got.text
    body: dict[str, Any] = got.json
    return body


def _thread(shop: Shop, id: str) -> Thread | None:
    (found,) = shop.world.store.records([Thread.ref(shop.company, id)])
    return found if isinstance(found, Thread) else None


def _work(world: World, name: str, at: datetime | None = None) -> Any:
    return run(world, named(name), now=at or world.now(), left=within(60))


def test_a_thread_is_opened_with_its_deadline_and_followed(shop: Shop) -> None:
    opened = _opened(shop.owner, language="ar")
    assert (opened["status"], opened["language"], opened["messages_count"]) == ("open", "ar", 1)
    by, at = (datetime.fromisoformat(opened[name]) for name in ("first_answer_by", "created_at"))
    assert by - at == timedelta(days=3)
    assert [(m["from"], m["text"]) for m in opened["messages"]] == [("member", HELP["text"])]
    assert shop.owner.get(f"/v1/support/{opened['id']}").json == opened
    more = shop.owner.post(f"/v1/support/{opened['id']}/messages", {"text": "Toujours rien."})
    assert (more.status, len(more.json["messages"]), more.json["messages_count"]) == (201, 2, 2)
    assert shop.owner.get(f"/v1/support/{opened['id']}").json == more.json
    (listed,) = shop.owner.get("/v1/support").json["data"]
    assert (listed["id"], "messages" in listed) == (opened["id"], False)


def test_help_does_not_depend_on_cloud_storage(new_shop: Callable[..., Shop]) -> None:
    _opened(new_shop(cloud=False).owner)


def test_a_member_sees_their_own_and_an_owner_all(shop: Shop) -> None:
    clerk, viewer = shop.member("clerk"), shop.member("viewer")
    id = _opened(clerk)["id"]
    assert viewer.get(f"/v1/support/{id}").status == 404
    assert viewer.post(f"/v1/support/{id}/messages", {"text": "x"}).status == 404
    assert viewer.post(f"/v1/support/{id}/close").status == 404
    assert viewer.get("/v1/support").json["data"] == []
    assert [t["id"] for t in clerk.get("/v1/support").json["data"]] == [id]
    assert [t["id"] for t in shop.owner.get("/v1/support").json["data"]] == [id]
    assert shop.owner.get(f"/v1/support/{id}").status == 200
    key, _ = shop.key("company.read")
    assert key.get("/v1/support").status == 403


def test_another_company_sees_nothing(new_shop: Callable[..., Shop]) -> None:
    one, other = new_shop(), new_shop()
    id = _opened(one.owner, _file(_picture()))["id"]
    assert other.owner.get(f"/v1/support/{id}").status == 404
    assert other.owner.get("/v1/support").json["data"] == []


def test_a_closed_thread_takes_no_more(shop: Shop) -> None:
    id = _opened(shop.owner)["id"]
    closed = shop.owner.post(f"/v1/support/{id}/close")
    assert (closed.status, closed.json["status"], closed.json["closed_at"] is None) == (200, "closed", False)
    clock = shop.clock
    assert shop.owner.post(f"/v1/support/{id}/close").json["closed_at"] == closed.json["closed_at"]
    got = shop.owner.post(f"/v1/support/{id}/messages", {"text": "x"})
    assert (got.status, got.json["code"], shop.clock) == (409, "thread_closed", clock)


def test_a_thread_has_so_many_messages_and_no_more(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(support, "MOST_MESSAGES", 2)
    assert MOST_MESSAGES == 60
    id = _opened(shop.owner)["id"]
    assert shop.owner.post(f"/v1/support/{id}/messages", {"text": "x"}).status == 201
    assert shop.owner.post(f"/v1/support/{id}/messages", {"text": "x"}).codes == [("", "too_many")]


def test_a_picture_is_written_anew_without_its_metadata(shop: Shop) -> None:
    exif = Image.Exif()
    exif[0x010E] = "33.5731 N 7.5898 W"
    sent = _picture("JPEG", exif=exif, comment=b"of jane")
    opened = _opened(shop.owner, _file(sent, "photo.jpeg"))
    (found,) = opened["messages"][0]["attachments"]
    assert (found["name"], found["media"]) == ("photo.jpg", "image/jpeg")
    got = shop.owner.get(f"/v1/support/{opened['id']}/attachments/{found['file']}", accept="application/json")
    content = urllib3.request("GET", got.json["url"]).data
    assert len(content) == found["size"]
    assert b"33.5731" not in content
    assert b"of jane" not in content
    redirected = shop.owner.get(f"/v1/support/{opened['id']}/attachments/{found['file']}")
    assert (redirected.status, "X-Amz-Signature" in redirected.headers["location"]) == (303, True)
    assert shop.owner.get(f"/v1/support/{opened['id']}/attachments/another.jpg").status == 404
    other = shop.member("viewer")
    assert other.get(f"/v1/support/{opened['id']}/attachments/{found['file']}").status == 404


def test_a_plain_pdf_is_kept_as_it_is(shop: Shop) -> None:
    opened = _opened(shop.owner, _file(PDF, "facture.pdf"))
    (found,) = opened["messages"][0]["attachments"]
    assert (found["media"], found["size"]) == ("application/pdf", len(PDF))


HOSTILE = (
    (PDF.replace(b"/Type", b"/JavaScript(app.alert)/Type"), "attachment_active"),
    (PDF.replace(b"/Type", b"/OpenAction 2 0 R/Type"), "attachment_active"),
    (PDF.replace(b"/Type", b"/J#61vaScript 2 0 R/Type"), "attachment_active"),
    (PDF.replace(b"/Type", b"/Type/ObjStm/Type"), "attachment_active"),
    (PDF.replace(b"/Type", b"/Encrypt 3 0 R/Type"), "attachment_active"),
    (b"%PDF-1.7 no end", "attachment_not_readable"),
    (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "attachment_not_readable"),
    (b"\x89PNG\r\n\x1a\nnonsense", "attachment_not_readable"),
    (b"GIF89a" + b"\0" * 40, "attachment_not_readable"),
    (b"MZ\x90", "attachment_not_readable"),
    (b"", "attachment_not_readable"),
    (PDF + b" " * 524_300 + b"%%EOF", "attachment_too_large"),
)


@pytest.mark.parametrize(("content", "code"), HOSTILE)
def test_an_unsupported_file_is_refused_and_leaves_nothing(shop: Shop, world: World, content: bytes, code: str) -> None:
    before = shop.clock
    got = shop.owner.post("/v1/support", HELP | {"attachments": [_file(_picture()), _file(content)]})
    assert (got.status, got.codes, shop.clock) == (422, [("/attachments/1/content", code)], before)
    assert list(world.files.list(prefixes.of_company(prefixes.UPLOADS, shop.company))) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"text": ""}, ("/text", "too_short")),
        ({"subject": "x" * 201}, ("/subject", "too_long")),
        ({"text": "x" * 5001}, ("/text", "too_long")),
        ({"attachments": [_file(PDF)] * 4}, ("/attachments", "too_many")),
        ({"attachments": [{"name": "x", "content": "%"}]}, ("/attachments/0/content", "bad_base64")),
        ({"attachments": [{"name": "a\nb", "content": ""}]}, ("/attachments/0/name", "control_character")),
    ],
)
def test_an_invalid_support_request_is_refused(shop: Shop, change: dict[str, Any], fault: tuple[str, str]) -> None:
    got = shop.owner.post("/v1/support", HELP | change)
    assert (got.status, got.codes) == (422, [fault])


def _cli(world: World, monkeypatch: pytest.MonkeyPatch, *argv: str, text: str = "") -> int:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    return main(["support", *argv], lambda: world)


def test_the_member_is_notified_of_the_operators_answer(
    shop: Shop, world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    open_mailbox(world)
    email = f"helped-{shop.company}@shop.example".lower()
    subject = f"helped-{shop.company}"
    assert shop.owner.post("/v1/members", {"user": subject, "email": email, "role": "clerk"}).status == 201
    client = Client(shop.owner.gateway, shop.issuer.token(subject), shop.company)
    id = _opened(client, language="fr")["id"]
    capsys.readouterr()
    assert _cli(world, monkeypatch, "waiting") == 0
    waiting = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert id in [line["thread"] for line in waiting]
    assert HELP["text"] not in json.dumps(waiting)
    assert _cli(world, monkeypatch, "answer", shop.company, id, "--by", "opr_1", text="Réimprimez.\n") == 0
    got = client.get(f"/v1/support/{id}").json
    assert (got["status"], got["overdue"], got["messages"][1]["from"]) == ("answered", False, "support")
    assert got["messages"][1]["text"] == "Réimprimez."
    _work(world, "outbox")
    (told,) = mails(world, email)
    assert (told.subject, "Réimprimez" in told.text) == (f"Une réponse à votre demande {id}", False)
    capsys.readouterr()
    assert _cli(world, monkeypatch, "read", shop.company, id) == 0
    assert [json.loads(line)["object"] for line in capsys.readouterr().out.splitlines()] == [
        "support_thread",
        "support_message",
        "support_message",
    ]
    assert _cli(world, monkeypatch, "close", shop.company, id, "--by", "opr_1") == 0
    assert _cli(world, monkeypatch, "answer", shop.company, id, "--by", "opr_1", text="x") == 1
    assert _cli(world, monkeypatch, "answer", shop.company, id, "--by", "opr_1", text=" ") == 2
    assert _cli(world, monkeypatch, "read", shop.company, "thr_x") == 1


def test_a_late_first_answer_is_noted_once(shop: Shop, world: World) -> None:
    early, late = _opened(shop.owner)["id"], _opened(shop.owner)["id"]
    desk.write_answer(world, shop.company, early, "Bonjour.", "opr_1")
    at = world.now() + timedelta(days=3, minutes=1)
    turned = _turned(world, at)
    assert _work(turned, "support", at).failures == []
    assert [_thread(shop, id).overdue for id in (early, late)] == [False, True]  # type: ignore[union-attr]
    clock = shop.clock
    _work(turned, "support", at)
    assert shop.clock == clock
    desk.write_answer(turned, shop.company, late, "Pardon.", "opr_1")
    assert _thread(shop, late).overdue  # type: ignore[union-attr]


def _turned(world: World, at: datetime) -> World:
    """The same world, stopped at another instant."""
    return World(world.settings, clock=StoppedClock(at))


def test_a_closed_thread_ends_after_two_years_with_its_files(shop: Shop, world: World) -> None:
    id = _opened(shop.owner, _file(_picture()), _file(PDF))["id"]
    stays = _opened(shop.owner, _file(PDF))["id"]
    shop.owner.post(f"/v1/support/{id}/close")
    closed = _thread(shop, id)
    assert closed is not None
    before, after = closed.due_at - timedelta(seconds=1), closed.due_at + timedelta(seconds=1)
    _work(_turned(world, before), "support", before)
    desk.end(_turned(world, before), shop.company, id)
    assert shop.owner.get(f"/v1/support/{id}").status == 200
    assert len(list(world.files.list(prefixes.upload_of(shop.company, id)))) == 2
    _work(_turned(world, after), "support", after)
    assert shop.owner.get(f"/v1/support/{id}").status == 404
    rows = world.store.query("workspace", shop.company, SORT.startswith(f"support_message#{id}#")).records
    assert rows == []
    assert list(world.files.list(prefixes.upload_of(shop.company, id))) == []
    assert shop.owner.get(f"/v1/support/{stays}").status == 200
    assert len(list(world.files.list(prefixes.upload_of(shop.company, stays)))) == 1


@pytest.mark.parametrize(("closed", "end"), [("2026-11-23", "2028-11-23"), ("2028-02-29", "2030-02-28")])
def test_two_years_are_counted_on_the_calendar(closed: str, end: str) -> None:
    at = datetime.fromisoformat(closed).replace(tzinfo=UTC)
    assert row_end(Thread, at).date().isoformat() == end


def test_files_of_a_commit_that_never_came_are_deleted(
    shop: Shop, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = _opened(shop.owner, _file(PDF))["id"]
    with monkeypatch.context() as patch:
        patch.setattr(support, "transact", _dies)
        with pytest.raises(KeyboardInterrupt):
            shop.owner.post("/v1/support", HELP | {"attachments": [_file(_picture())]})
    stored = list(world.files.list(prefixes.of_company(prefixes.UPLOADS, shop.company)))
    assert len(stored) == 2
    _work(world, "uploads")
    assert len(list(world.files.list(prefixes.of_company(prefixes.UPLOADS, shop.company)))) == 2, "it may still come"
    at = world.now() + timedelta(hours=2)
    _work(_turned(world, at), "uploads", at)
    (kept,) = world.files.list(prefixes.of_company(prefixes.UPLOADS, shop.company))
    assert kept.startswith(prefixes.upload_of(shop.company, id))
    marks = world.store.query("transient", shop.company, SORT.startswith("upload#")).records
    assert [mark.due for mark in marks if isinstance(mark, Upload)] == [None]


def _dies(*_: Any, **__: Any) -> None:
    raise KeyboardInterrupt


def test_ending_a_thread_survives_a_crash_at_every_call(shop: Shop, world: World) -> None:
    made = iter(range(10**6))

    def prepare() -> str:
        number = next(made)
        opened: str = _opened(shop.owner, _file(PDF), text=f"Numéro {number}.")["id"]
        shop.owner.post(f"/v1/support/{opened}/close")
        return opened

    at = row_end(Thread, world.now()) + timedelta(days=1)
    turned = _turned(world, at)
    clients = [turned.store.connection.client, turned.files.client]

    def state(id: str) -> Any:
        rows = turned.store.query("workspace", shop.company, SORT.startswith(f"support_message#{id}#")).records
        return _thread(shop, id), rows, list(turned.files.list(prefixes.upload_of(shop.company, id)))

    crashes = prove(
        clients,
        Work(
            prepare=prepare,
            begin=lambda id: desk.end(turned, shop.company, id),
            resume=lambda id: desk.end(turned, shop.company, id),
            state=state,
        ),
    )
    assert crashes >= 10


def test_a_thread_ends_although_the_account_is_blocked(shop: Shop, world: World) -> None:
    from chalicelib.store.decision import ACCOUNT, Decision
    from chalicelib.store.transaction import transact

    id = _opened(shop.owner)["id"]
    shop.owner.post(f"/v1/support/{id}/close")
    call = world.call(shop.company, "mem_1", "test", key="block")
    transact(world.store, call, [], lambda _: Decision(head={"state": "blocked"}), ACCOUNT)
    at = row_end(Thread, world.now()) + timedelta(days=1)
    desk.end(_turned(world, at), shop.company, id)
    assert _thread(shop, id) is None


def test_due_threads_are_found_by_the_index(shop: Shop, world: World) -> None:
    id = _opened(shop.owner)["id"]
    far = world.now() + timedelta(days=30)
    found = bookkeeping.page(world.store, "workspace", "support", far).records
    assert id in [row.id for row in found]
    assert not [row for row in found if isinstance(row, SupportMessage)]
