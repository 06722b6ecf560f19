"""Support: a thread with a deadline, files as attachments, an operator's answer, and an end after two years."""

import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import urllib3

from chalicelib.cli.main import main
from chalicelib.domain.contact.letter import Letter
from chalicelib.domain.contact.support import MOST_MESSAGES, SupportMessage, Thread
from chalicelib.files import prefixes, uploads
from chalicelib.jobs.catalogue import named
from chalicelib.jobs.job import within
from chalicelib.jobs.runner import run
from chalicelib.policy.ends import row_end
from chalicelib.services.attachments import uploading
from chalicelib.services.support import desk, support
from chalicelib.store import bookkeeping
from chalicelib.store.wire import SORT
from chalicelib.wiring import World
from tests.attaching import PDF, PLACE, announced, attach, enclose, fetched, picture, put
from tests.client import Client, Got
from tests.clocks import StoppedClock
from tests.conftest import Shop
from tests.crash import Work, prove
from tests.mailbox import mails, open_mailbox

HELP = {"subject": "Impression", "text": "La page reste blanche."}


def _opened(client: Client, **changes: Any) -> dict[str, Any]:
    got = client.post("/v1/support", HELP | changes)
    assert got.status == 201, got.text
    body: dict[str, Any] = got.json
    return body


@pytest.mark.parametrize(("named", "mailed"), [({}, "ar"), ({"language": "fr"}, "fr")])
def test_its_mails_are_in_the_companys_language(shop: Shop, named: dict[str, str], mailed: str) -> None:
    seen = shop.owner.get("/v1/company")
    assert shop.owner.patch("/v1/company", {"language": "ar"}, seen.etag).status == 200
    got = shop.owner.post("/v1/support", HELP | named, accept_language="en")
    letters = [row for row in shop.world.store.all("transient", shop.company) if isinstance(row, Letter)]
    assert got.json["language"] == mailed
    assert [row.language for row in letters if row.template == "support_opened"] == [mailed]


def _says(client: Client, thread: str, *files: str) -> Got:
    return client.post(f"/v1/support/{thread}/messages", {"text": "Voici.", "attachments": list(files)})


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
    id = _opened(one.owner)["id"]
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


def test_a_message_names_attachments_of_its_thread(shop: Shop) -> None:
    clerk = shop.member("clerk")
    opened = _opened(clerk)
    assert PLACE in picture()
    done = attach(clerk, opened["id"], picture(), "écran.jpg")
    got = _says(clerk, opened["id"], done["id"])
    assert got.status == 201, got.text
    (member,) = {message["by"] for message in got.json["messages"]}
    assert got.json["messages"][1]["attachments"] == [
        {
            "id": done["id"],
            "by": member,
            "file": None,
            "name": "écran.jpg",
            "media": "image/jpeg",
            "size": done["kept_bytes"],
            "status": "ready",
        }
    ]
    assert shop.owner.get(f"/v1/support/{opened['id']}").json == got.json
    content = fetched(shop.owner, done["id"]).data
    assert (len(content), PLACE in content) == (done["kept_bytes"], False)
    assert fetched(clerk, done["id"], "thumbnail").headers["content-type"] == "image/webp"
    assert shop.member("viewer").get(f"/v1/attachments/{done['id']}").status == 404


def test_a_message_names_a_file_whose_scan_is_not_over(shop: Shop, world: World) -> None:
    id, content = _opened(shop.owner)["id"], picture()
    made = announced(shop.owner, id, content).json
    assert put(made, content) == 200
    (key,) = world.files.list(prefixes.of_company(prefixes.INCOMING, shop.company))
    world.files.client.delete_object_tagging(Bucket=world.files.bucket, Key=key)
    assert shop.owner.post(f"/v1/attachments/{made['id']}/complete").status == 202
    (file,) = _says(shop.owner, id, made["id"]).json["messages"][1]["attachments"]
    assert (file["status"], file["media"], file["size"]) == ("checking", None, None)
    assert shop.owner.get(f"/v1/attachments/{made['id']}/content").json["code"] == "attachment_not_ready"
    tags = {"TagSet": [{"Key": uploads.SCAN_TAG, "Value": uploads.THREAT}]}
    world.files.client.put_object_tagging(Bucket=world.files.bucket, Key=key, Tagging=tags)
    assert shop.owner.post(f"/v1/attachments/{made['id']}/complete").json["reason"] == "malware"
    assert _files(shop.owner, id) == [(made["id"], "refused")]


def _files(client: Client, thread: str) -> list[tuple[str, str]]:
    """The files of the messages of a thread, with their states."""
    said = client.get(f"/v1/support/{thread}").json["messages"]
    return [(file["id"], file["status"]) for message in said for file in message["attachments"]]


def test_a_viewer_attaches_files_to_their_own_requests_alone(shop: Shop) -> None:
    viewer = shop.member("viewer")
    id, others = _opened(viewer)["id"], _opened(shop.owner)["id"]
    done = attach(viewer, id, picture())
    assert _says(viewer, id, done["id"]).status == 201
    assert viewer.delete(f"/v1/attachments/{done['id']}", "*").status == 200
    assert announced(viewer, others, picture()).status == 404
    assert announced(viewer, shop.customer, picture()).json["code"] == "forbidden"
    assert announced(viewer, shop.draft()["id"], picture()).json["code"] == "forbidden"


def test_a_deleted_attachment_is_shown_as_deleted(shop: Shop) -> None:
    id = _opened(shop.owner)["id"]
    done = attach(shop.owner, id, picture())
    assert _says(shop.owner, id, done["id"]).status == 201
    assert shop.owner.delete(f"/v1/attachments/{done['id']}", "*").status == 200
    (file,) = shop.owner.get(f"/v1/support/{id}").json["messages"][1]["attachments"]
    assert (file["id"], file["name"], file["status"]) == (done["id"], None, "deleted")


def _not_uploaded(shop: Shop, thread: str) -> str:
    id: str = announced(shop.owner, thread, picture()).json["id"]
    return id


def _refused(shop: Shop, thread: str) -> str:
    return str(attach(shop.owner, thread, b"%PDF-1.7 no end", "a.pdf", expect="refused")["id"])


NOT_ATTACHED: dict[str, Callable[[Shop, str], Any]] = {
    "a file that is not uploaded": _not_uploaded,
    "a file that was refused": _refused,
    "a file of a customer": lambda shop, _: attach(shop.owner, shop.customer, picture())["id"],
    "a file of another thread": lambda shop, _: attach(shop.owner, _opened(shop.owner)["id"], picture())["id"],
    "a missing file": lambda *_: "att_01JDCZ7V0ZK3M5N6P7Q8R9S0TA",
    "a file in base64": lambda *_: {"name": "a.pdf", "content": "JVBERi0="},
}


@pytest.mark.parametrize("what", NOT_ATTACHED)
def test_a_message_names_no_other_file(shop: Shop, what: str) -> None:
    id = _opened(shop.owner)["id"]
    kept = attach(shop.owner, id, picture(colour="red"))["id"]
    file, before = NOT_ATTACHED[what](shop, id), shop.clock
    assert _says(shop.owner, id, kept, file).codes == [("/attachments/1", "not_attached")]
    got = shop.owner.post("/v1/support", HELP | {"attachments": [file]})
    assert (got.status, got.codes, shop.clock) == (422, [("/attachments/0", "not_attached")], before)


def test_files_of_a_thread_count_for_the_quota(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploading, "MOST_OF_OWNER", 1)
    id = _opened(shop.owner)["id"]
    attach(shop.owner, id, picture())
    assert announced(shop.owner, id, picture(colour="red")).json["code"] == "attachment_quota"


def test_an_older_file_within_a_message_is_read(shop: Shop, world: World) -> None:
    opened = _opened(shop.owner)
    name = enclose(world, _there(shop, opened["id"]))
    (file,) = shop.owner.get(f"/v1/support/{opened['id']}").json["messages"][1]["attachments"]
    assert (file["file"], file["name"], file["id"], file["status"]) == (name, "facture.pdf", None, "ready")
    url = f"/v1/support/{opened['id']}/attachments"
    got = shop.owner.get(f"{url}/{name}", accept="application/json")
    answer = urllib3.request("GET", got.json["url"])
    assert (answer.data, len(answer.data)) == (PDF, file["size"])
    assert answer.headers["content-disposition"].startswith("attachment; ")
    assert shop.owner.get(f"{url}/{name}").status == 303
    assert shop.owner.get(f"{url}/another.pdf").status == 404
    assert shop.member("viewer").get(f"{url}/{name}").status == 404


def _there(shop: Shop, id: str) -> Thread:
    found = _thread(shop, id)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"text": ""}, ("/text", "too_short")),
        ({"subject": "x" * 201}, ("/subject", "too_long")),
        ({"text": "x" * 5001}, ("/text", "too_long")),
        ({"attachments": ["att_01JDCZ7V0ZK3M5N6P7Q8R9S0TA"] * 4}, ("/attachments", "too_many")),
        ({"attachments": ["cus_01JDCZ7V0ZK3M5N6P7Q8R9S0TA"]}, ("/attachments/0", "bad_format")),
        ({"attachments": [{"id": "x"}]}, ("/attachments/0", "wrong_type")),
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
    shop.join(subject, "clerk", email)
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


def test_the_desk_reads_the_files_of_a_thread(
    shop: Shop, world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    id = _opened(shop.owner)["id"]
    older = enclose(world, _there(shop, id))
    done = attach(shop.owner, id, picture())
    waiting, elsewhere = announced(shop.owner, id, PDF, "a.pdf").json, attach(shop.owner, shop.customer, picture())
    assert _says(shop.owner, id, done["id"]).status == 201
    capsys.readouterr()
    assert _cli(world, monkeypatch, "read", shop.company, id) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    files = [file["id"] or file["file"] for line in lines[1:] for file in line["attachments"]]
    assert files == [older, done["id"]]
    for number, name in enumerate(files):
        assert _cli(world, monkeypatch, "file", shop.company, id, name, "--to", str(tmp_path / str(number))) == 0
    assert (tmp_path / "0").read_bytes() == PDF
    assert (tmp_path / "1").read_bytes() == fetched(shop.owner, done["id"]).data
    for name, code in ((waiting["id"], 1), (elsewhere["id"], 1), ("none.pdf", 1)):
        assert _cli(world, monkeypatch, "file", shop.company, id, name, "--to", str(tmp_path / "x")) == code
    assert _cli(world, monkeypatch, "file", shop.company, "thr_x", older, "--to", str(tmp_path / "x")) == 1
    assert _cli(world, monkeypatch, "file", shop.company, id, older, "--to", str(tmp_path / "0")) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0", "1"]


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
    id, stays = _opened(shop.owner)["id"], _opened(shop.owner)["id"]
    for each in (id, stays):
        enclose(world, _there(shop, each))
        assert _says(shop.owner, each, attach(shop.owner, each, PDF, "a.pdf")["id"]).status == 201
    at = world.now() + timedelta(minutes=1)
    _work(world, "uploads", at)
    shop.owner.post(f"/v1/support/{id}/close")
    closed = _there(shop, id)
    before, after = closed.due_at - timedelta(seconds=1), closed.due_at + timedelta(seconds=1)
    _work(_turned(world, before), "support", before)
    desk.end(_turned(world, before), shop.company, id)
    assert shop.owner.get(f"/v1/support/{id}").status == 200
    assert len(_kept(shop)) == 4
    _work(_turned(world, after), "support", after)
    _work(_turned(world, after + timedelta(minutes=1)), "uploads", after + timedelta(minutes=1))
    assert shop.owner.get(f"/v1/support/{id}").status == 404
    rows = world.store.query("workspace", shop.company, SORT.startswith(f"support_message#{id}#")).records
    assert rows == []
    assert len(_kept(shop)) == 2
    assert list(world.files.list(prefixes.upload_of(shop.company, id))) == []
    assert _files(shop.owner, stays)[1][1] == "ready"


def _kept(shop: Shop) -> list[str]:
    return list(shop.world.files.list(prefixes.of_company(prefixes.UPLOADS, shop.company)))


@pytest.mark.parametrize(("closed", "end"), [("2026-11-23", "2028-11-23"), ("2028-02-29", "2030-02-28")])
def test_two_years_are_counted_on_the_calendar(closed: str, end: str) -> None:
    at = datetime.fromisoformat(closed).replace(tzinfo=UTC)
    assert row_end(Thread, at).date().isoformat() == end


def test_ending_a_thread_survives_a_crash_at_every_call(shop: Shop, world: World) -> None:
    made = iter(range(10**6))

    def prepare() -> str:
        number = next(made)
        opened: str = _opened(shop.owner, text=f"Numéro {number}.")["id"]
        enclose(world, _there(shop, opened))
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
