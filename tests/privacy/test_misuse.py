"""Misuse of privacy requests by a malicious member, a former member, a stranger, or another company's owner."""

import io
import zipfile
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.companies.company import Head
from chalicelib.domain.contact.code import address_key
from chalicelib.domain.contact.support import Thread
from chalicelib.domain.errors import TooManyRequests
from chalicelib.domain.privacy.request import PrivacyRequest
from chalicelib.files import prefixes
from chalicelib.jobs.catalogue import named
from chalicelib.jobs.job import within
from chalicelib.jobs.runner import run
from chalicelib.services.privacy import limits, transitions
from chalicelib.services.privacy.legal import holds
from chalicelib.services.support import desk
from tests.attaching import attach, enclose, picture
from tests.client import Client, Got
from tests.conftest import Shop
from tests.privacy.worlds import Books, Turned

URL = "/v1/privacy/requests"


def _carry(shop: Shop) -> None:
    for minutes in (0, 11):
        run(shop.world, named("requests"), now=shop.world.now() + timedelta(minutes=minutes), left=within(60))


def asked(client: Client, **body: Any) -> str:
    made = client.post(URL, {"kind": "deletion"} | body)
    assert made.status == 201, made.text
    return str(made.json["id"])


def confirmed(client: Client, id: str, **body: Any) -> Got:
    return client.post(f"{URL}/{id}/confirm", body)


def state(shop: Shop) -> str:
    (head,) = shop.world.store.records([Head.ref(shop.company)])
    assert isinstance(head, Head)
    return head.state


def id_of(shop: Shop, user: str) -> str:
    return next(str(m["id"]) for m in shop.owner.get("/v1/members").json["data"] if m["user"] == user)


def test_a_stranger_reads_nothing_of_a_closed_company(shop: Shop) -> None:
    confirmed(shop.owner, asked(shop.owner), waive_grace=True)
    _carry(shop)
    assert state(shop) == "closed"
    stranger = Client(shop.owner.gateway, shop.issuer.token("never-signed-up"), shop.company)
    assert stranger.get("/v1/privacy/disclosures").status == 404
    assert stranger.get(URL).json.get("data", []) == []


def test_the_keys_of_an_erased_member_go_with_him(shop: Shop) -> None:
    owner = shop.member("owner", "co-owner-misuse")
    made = owner.post("/v1/api-keys", {"name": "x", "scopes": ["parties.read"]}).json
    key = Client(owner.gateway, made["key"])
    assert key.get("/v1/customers").status == 200
    assert confirmed(owner, asked(owner, subject=id_of(shop, "co-owner-misuse"))).status == 200
    assert key.get("/v1/customers").status == 401


STEPS = ("run", "complete", "workspace", "journal")
"""The names of a deletion's steps, as their keys state them."""


@pytest.mark.parametrize("whole", [False, True], ids=["a person", "an account"])
def test_a_client_that_sends_a_jobs_keys_stops_no_erasure(shop: Shop, *, whole: bool) -> None:
    id = asked(shop.owner) if whole else asked(shop.owner, subject=shop.customer)
    for step in STEPS:
        body = {"name": f"Blocker {step}", "kind": "consumer"}
        assert shop.owner.post("/v1/customers", body, idempotency_key=f"{id}:{step}").status == 201
    assert confirmed(shop.owner, id, waive_grace=whole).status == 200
    _carry(shop)
    (request,) = shop.world.store.records([PrivacyRequest.ref(shop.company, id)])
    assert isinstance(request, PrivacyRequest)
    assert (request.status, request.receipt) == ("completed", True)


def test_one_persons_deletion_leaves_the_others_files(shop: Shop) -> None:
    kept = prefixes.export(shop.company, "req_other")
    shop.world.files.put(kept, b"PK", "application/zip")
    viewer = shop.member("viewer")
    assert confirmed(viewer, asked(viewer)).status == 200
    _carry(shop)
    assert list(shop.world.files.list(prefixes.of_company(prefixes.EXPORTS, shop.company))) == [kept]


def _helped(client: Client, text: str, *colours: str) -> str:
    """A thread with a message that names pictures; its id."""
    id: str = client.post("/v1/support", {"subject": "s", "text": "Aide"}).json["id"]
    _says(client, id, text, *colours)
    return id


def _says(client: Client, thread: str, text: str, *colours: str) -> list[str]:
    files = [attach(client, thread, picture(colour=colour), f"{colour}.jpg")["id"] for colour in colours]
    got = client.post(f"/v1/support/{thread}/messages", {"text": text, "attachments": files})
    assert got.status == 201, got.text
    return files


def test_an_erased_members_attachments_are_deleted(shop: Shop) -> None:
    clerk = shop.member("clerk")
    thread = _helped(clerk, "t", "red")
    _enclosed(shop, thread)
    assert len(_kept(shop)) == 3
    assert confirmed(clerk, asked(clerk)).status == 200
    _carry(shop)
    assert _versions(shop) == []


def _enclosed(shop: Shop, thread: str) -> str:
    (row,) = shop.world.store.records([Thread.ref(shop.company, thread)])
    assert isinstance(row, Thread)
    return enclose(shop.world, row)


def _kept(shop: Shop) -> list[str]:
    return list(shop.world.files.list(prefixes.of_company(prefixes.UPLOADS, shop.company)))


def test_a_hold_keeps_a_person_too(shop: Shop) -> None:
    holds.place(shop.world, shop.company, "case 12", "op-1")
    refused = confirmed(shop.owner, asked(shop.owner, subject=shop.customer))
    assert (refused.status, refused.json["code"]) == (409, "under_hold")
    assert shop.owner.get(f"/v1/customers/{shop.customer}").status == 200


def test_nobody_is_erased_from_a_blocked_company(shop: Shop) -> None:
    shop.member("owner", "co-owner-blocked")
    person = asked(shop.owner, subject=id_of(shop, "co-owner-blocked"))
    assert confirmed(shop.owner, asked(shop.owner)).status == 200
    assert state(shop) == "blocked"
    assert confirmed(shop.owner, person).json["code"] == "already_blocked"


def test_an_operators_refusal_opens_the_company_again(shop: Shop) -> None:
    id = asked(shop.owner)
    confirmed(shop.owner, id, waive_grace=True)
    (request,) = shop.world.store.records([PrivacyRequest.ref(shop.company, id)])
    assert isinstance(request, PrivacyRequest)
    assert transitions.close_by_operator(shop.world, request, "refused", "opr_1", reason="fraud")
    assert state(shop) == "active"


def test_only_an_owner_stops_a_confirmed_request(shop: Shop) -> None:
    key, _ = shop.key("privacy.write")
    clerk = shop.member("clerk", "clerk-misuse")
    about = asked(shop.owner, subject=id_of(shop, "clerk-misuse"))
    assert clerk.post(f"{URL}/{about}/cancel").status == 403
    account = asked(shop.owner)
    confirmed(shop.owner, account)
    assert key.post(f"{URL}/{account}/cancel").status == 403
    assert state(shop) == "blocked"
    assert shop.owner.post(f"{URL}/{account}/cancel").status == 200
    assert state(shop) == "active"


@pytest.mark.parametrize(
    ("one", "other"), [("boss@straße.example", "boss@strasse.example"), ("\u212aa@x.example", "ka@x.example")]
)
def test_letters_that_only_look_alike_are_not_one_mailbox(one: str, other: str) -> None:
    assert address_key("p" * 32, one) != address_key("p" * 32, other)
    assert address_key("p" * 32, "A.B@X.Example ") == address_key("p" * 32, "a.b@x.example")


def _export(shop: Shop, client: Client, **body: Any) -> tuple[bytes, int]:
    """All that one person's archive holds, and how many files were attached."""
    export = asked(client, kind="access", **body)
    assert confirmed(client, export).status == 200
    _carry(shop)
    archive = zipfile.ZipFile(io.BytesIO(shop.world.files.read(prefixes.export(shop.company, export))))
    files = [name for name in archive.namelist() if name.startswith(prefixes.UPLOADS)]
    return b"".join(archive.read(name) for name in archive.namelist()), len(files)


def test_an_export_holds_only_the_requesters_messages_of_a_shared_thread(shop: Shop) -> None:
    clerk = shop.member("clerk")
    thread = _helped(clerk, "Clerk7Z", "red", "blue")
    _enclosed(shop, thread)
    _says(shop.owner, thread, "Owner7Z", "green")
    desk.write_answer(shop.world, shop.company, thread, "Support7Z", "opr_1")
    own, attached = _export(shop, clerk)
    assert (b"Clerk7Z" in own, b"Support7Z" in own, b"Owner7Z" in own, attached) == (True, True, False, 3)
    assert (b"red.jpg" in own, b"facture.pdf" in own, b"green.jpg" in own) == (True, True, False)
    me = shop.owner.get("/v1/members").json["data"][-1]["id"]
    theirs, attached = _export(shop, shop.owner, subject=me)
    assert (b"Owner7Z" in theirs, b"Clerk7Z" in theirs, b"Support7Z" in theirs, attached) == (True, False, False, 1)
    assert (b"green.jpg" in theirs, b"red.jpg" in theirs, b"facture.pdf" in theirs) == (True, False, False)


def test_an_erased_members_attachments_in_other_threads_are_deleted_and_no_others(shop: Shop) -> None:
    clerk, co = shop.member("clerk"), shop.member("owner", f"co-{shop.company}")
    thread = _helped(clerk, "t", "red")
    (mine,) = {key.split("/")[2] for key in _kept(shop)}
    older = _enclosed(shop, thread)
    _says(co, thread, "x", "blue")
    assert len(_kept(shop)) == 5
    gone = id_of(shop, f"co-{shop.company}")
    assert confirmed(shop.owner, asked(shop.owner, subject=gone)).status == 200
    _carry(shop)
    assert {key.split("/")[2] for key in _versions(shop)} == {mine, thread}
    assert [key.rpartition("/")[2] for key in _versions(shop) if thread in key] == [older]
    said = clerk.get(f"/v1/support/{thread}").json["messages"]
    assert [file["id"] or file["file"] for message in said for file in message["attachments"]] == [mine, older]


def test_a_repeated_announcement_leaves_the_erased_member_out(shop: Shop) -> None:
    """The erasure blocks at once; the job that deletes the stored answers runs later."""
    co = shop.member("owner", f"co-{shop.company}")
    thread = _helped(shop.owner, "t")
    file = {
        "owner": thread,
        "name": "passeport.pdf",
        "content_type": "application/pdf",
        "bytes": 9,
        "sha256": "9f" * 32,
    }
    assert co.post("/v1/attachments", file, idempotency_key="once").json["name"] == "passeport.pdf"
    gone = id_of(shop, f"co-{shop.company}")
    assert confirmed(shop.owner, asked(shop.owner, subject=gone)).status == 200
    again = co.post("/v1/attachments", file, idempotency_key="once")
    assert (again.status, "passeport" in again.text) == (404, False)


def _versions(shop: Shop) -> list[str]:
    files, own = shop.world.files, prefixes.of_company(prefixes.UPLOADS, shop.company)
    found = files.client.list_object_versions(Bucket=files.bucket, Prefix=own)
    return [each["Key"] for each in found.get("Versions", ())]


def test_a_stolen_key_asks_so_often_and_no_more_and_uses_up_nobodys_rights(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert limits.ASKED_A_DAY == 20
    monkeypatch.setattr(limits, "ASKED_A_DAY", 3)
    (key, _), (other, _) = shop.key("privacy.write"), shop.key("privacy.write")
    body = {"kind": "deletion", "subject": shop.customer}
    for number in range(3):
        assert key.post(URL, body, idempotency_key=f"asked-{number}").status == 201
    assert key.post(URL, body, idempotency_key="asked-0").status == 201, "a repetition is not one more"
    assert other.post(URL, body | {"dry_run": True}).status == 200, "the day's first use of a key is noted"
    before = shop.clock
    for stolen in (key, other):
        refused = stolen.post(URL, body)
        assert (refused.status, refused.json["code"]) == (429, "too_many_requests")
        assert 86_000 < int(refused.headers["retry-after"]) <= 86_400
    assert shop.clock == before
    assert shop.owner.post(URL, body).status == 201


def test_two_at_once_are_not_counted_as_one(vault: Turned, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.privacy.test_transitions import together

    monkeypatch.setattr(limits, "ASKED_A_DAY", 4)
    books = Books(vault, small=True)
    outcomes = together(*[books.asked] * 8)
    assert outcomes.count("too_many_requests") == 4
    vault.offset = timedelta(days=1, seconds=1)
    assert books.asked()
    vault.offset = timedelta(0)
    with pytest.raises(TooManyRequests):
        [books.asked() for _ in range(5)]


def test_dry_runs_are_counted_apart(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "TRIED_A_DAY", 2)
    clock, body = shop.clock, {"kind": "deletion", "dry_run": True}
    assert [shop.owner.post(URL, body).status for _ in range(3)] == [200, 200, 429]
    assert shop.clock == clock
    assert shop.owner.post(URL, {"kind": "deletion"}).status == 201


def test_a_hold_stops_a_deletion_and_nothing_else(shop: Shop) -> None:
    person, export = asked(shop.owner, subject=shop.customer), asked(shop.owner, kind="access")
    assert confirmed(shop.owner, person).status == 200
    holds.place(shop.world, shop.company, "case 13", "op-1")
    assert confirmed(shop.owner, export).status == 200
    _carry(shop)
    assert shop.owner.get(f"{URL}/{export}").json["status"] == "completed"
    assert shop.owner.get(f"{URL}/{person}").json["status"] == "verified"


def test_a_key_neither_confirms_a_request_nor_downloads_an_export(shop: Shop) -> None:
    key, _ = shop.key("privacy.read", "privacy.write", "parties.read", "backups.read")
    made = key.post(URL, {"kind": "access"})
    assert made.status == 201
    assert key.post(f"{URL}/{made.json['id']}/confirm", {"code": "00000000"}).json["code"] == "proof_needed"
    assert confirmed(shop.owner, made.json["id"]).status == 200
    _carry(shop)
    refused = key.get(f"{URL}/{made.json['id']}/download", accept="application/json")
    assert refused.json["code"] == "proof_needed"
