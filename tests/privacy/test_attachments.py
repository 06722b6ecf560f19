"""Attachments follow their owner's rule: erased with a person, exported, archived and purged with their document."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from chalicelib.domain.attachments.attachment import Attachment, DocumentAttachment
from chalicelib.domain.clock import midnight
from chalicelib.domain.contact.support import Thread
from chalicelib.domain.errors import Busy
from chalicelib.files import prefixes
from chalicelib.jobs.backups import EXPIRY_JOB
from chalicelib.jobs.catalogue import named
from chalicelib.jobs.job import within
from chalicelib.jobs.runner import run
from chalicelib.policy.ends import row_end
from chalicelib.services.archive import statutory
from chalicelib.services.attachments import settling, uploading
from chalicelib.services.attachments.rows import Used, copies, counted, used
from chalicelib.store.wire import SORT
from tests.attaching import PDF, announced, attach, fetched, picture, put
from tests.client import Client
from tests.conftest import Shop
from tests.crash import Work, prove
from tests.privacy.test_access import archive_of, rows
from tests.privacy.test_cloud_off import leave
from tests.privacy.test_erased_persons import carry, erased, person

URL = "/v1/privacy/requests"


def _work(shop: Shop, *jobs: str, after: timedelta = timedelta(minutes=1)) -> None:
    for number, job in enumerate(jobs):
        at = shop.world.now() + after + timedelta(seconds=number)
        assert run(shop.world, named(job), now=at, left=within(60)).failures == []


def _versions(shop: Shop, *under: str) -> list[str]:
    """The keys of every version and delete marker of the company below these prefixes."""
    client, found = shop.world.files.client, []
    for prefix in under:
        own = prefixes.of_company(prefix, shop.company)
        page = client.list_object_versions(Bucket=shop.world.files.bucket, Prefix=own)
        found += [each["Key"] for each in (*page.get("Versions", ()), *page.get("DeleteMarkers", ()))]
    return found


def _attachments(shop: Shop, table: str) -> list[str]:
    found = shop.world.store.all(table, shop.company, SORT.startswith("attachment#"))
    return sorted(row.id for row in found if isinstance(row, Attachment | DocumentAttachment))


def _counts(shop: Shop) -> tuple[Used, Used]:
    """The stored counts of the company's attachments, and the counts of their rows."""
    stored, found = used(shop.world.store, shop.company), counted(shop.world.store, shop.company)
    assert stored.version > 0
    return replace(stored, version=0), found


def issued_with(shop: Shop, content: bytes, **changes: Any) -> dict[str, Any]:
    """An attachment of a draft that was issued, in the ledger."""
    draft = shop.draft(**changes)["id"]
    done = attach(shop.owner, draft, content, "bon.pdf" if content == PDF else "photo.jpg")
    assert shop.owner.post(f"/v1/invoices/{draft}/issue").status == 200
    _work(shop, "outbox", "uploads", "uploads")
    return done


def test_the_photographs_of_an_erased_customer_are_erased_with_them(shop: Shop) -> None:
    gone = person(shop)
    own = attach(shop.owner, gone, picture(colour="red"))
    of_draft = attach(shop.owner, shop.draft(customer=gone)["id"], picture(colour="green"))
    stays = attach(shop.owner, shop.customer, picture(colour="blue"))
    _work(shop, "uploads")
    id = erased(shop, gone, carried=True)
    for each in (own, of_draft):
        assert shop.owner.get(f"/v1/attachments/{each['id']}").status == 404
        assert not [key for key in _versions(shop, prefixes.UPLOADS, prefixes.INCOMING) if each["id"] in key]
    assert fetched(shop.owner, stays["id"]).status == 200
    steps = shop.owner.get(f"{URL}/{id}").json["steps"]
    assert [step["removed"] for step in steps if "attachment" in step["kinds"] and step["action"] == "delete"] == [2]
    stored, found = _counts(shop)
    assert (stored, stored.files) == (found, 1)


def test_a_quota_counts_the_rows_before_it_refuses(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A purge does not write the counts."""
    monkeypatch.setattr(uploading, "MOST_FILES", 2)
    issued_with(shop, PDF)
    attach(shop.owner, shop.customer, picture(colour="blue"))
    full = announced(shop.owner, shop.customer, picture(colour="red"))
    assert (full.status, full.json["code"]) == (409, "attachment_quota")
    _work(shop, "retention", after=timedelta(days=12 * 366))
    assert (_attachments(shop, "ledger"), _counts(shop)[0].files, _counts(shop)[1].files) == ([], 2, 1)
    assert announced(shop.owner, shop.customer, picture(colour="red")).status == 201
    stored, found = _counts(shop)
    assert (stored, stored.files) == (found, 2)


def test_the_papers_of_an_erased_customers_documents_are_blocked(shop: Shop) -> None:
    gone = person(shop)
    done = issued_with(shop, PDF, customer=gone)
    erased(shop, gone)
    for part in ("content", "thumbnail"):
        got = shop.owner.get(f"/v1/attachments/{done['id']}/{part}")
        assert (got.status, got.json["code"]) == (409, "document_blocked")
    assert shop.owner.get(f"/v1/attachments/{done['id']}").json["name"] is None
    carry(shop)
    assert _attachments(shop, "ledger") == [done["id"]]
    assert len([key for key in _versions(shop, prefixes.PAPERS) if done["id"] in key]) == 1


def test_a_draft_takes_its_files_to_another_customer(shop: Shop) -> None:
    gone, draft = person(shop), shop.draft()["id"]
    done = attach(shop.owner, draft, picture())
    moved = shop.owner.patch(f"/v1/invoices/{draft}", {"customer": gone}, "*")
    assert moved.status == 200, moved.text
    _work(shop, "outbox", "uploads")
    erased(shop, shop.customer, carried=True)
    assert shop.owner.get(f"/v1/attachments/{done['id']}").status == 200
    erased(shop, gone, carried=True)
    assert shop.owner.get(f"/v1/attachments/{done['id']}").status == 404


def test_an_access_export_has_the_persons_files_and_no_others(shop: Shop) -> None:
    other = person(shop)
    mine = attach(shop.owner, shop.customer, picture(colour="red"))
    paper, theirs = issued_with(shop, PDF), attach(shop.owner, other, picture(colour="blue"))
    id = str(shop.owner.post(URL, {"kind": "access", "subject": shop.customer}).json["id"])
    shop.owner.post(f"{URL}/{id}/confirm", {})
    _work(shop, "requests")
    archive = archive_of(shop, id)
    assert [row["id"] for row in rows(archive, "attachments")] == [mine["id"]]
    assert [row["id"] for row in rows(archive, "document_attachments")] == [paper["id"]]
    names = [name for name in archive.namelist() if name.startswith((prefixes.UPLOADS, prefixes.PAPERS))]
    assert [archive.read(name) for name in names if paper["id"] in name] == [PDF]
    assert [name for name in names if mine["id"] in name]
    assert not [name for name in archive.namelist() if theirs["id"] in name]


def test_a_deleted_account_leaves_the_papers_of_its_documents(shop: Shop) -> None:
    attach(shop.owner, shop.customer, picture(colour="red"))
    paper = issued_with(shop, PDF)
    id = str(shop.owner.post(URL, {"kind": "deletion"}).json["id"])
    confirmed = shop.owner.post(f"{URL}/{id}/confirm", {})
    assert confirmed.status == 200, confirmed.text
    for days in (24.0, 29.5, 30.1, 30.2):
        _work(shop, "requests", after=timedelta(days=days))
    assert (_attachments(shop, "workspace"), _attachments(shop, "ledger")) == ([], [paper["id"]])
    assert _versions(shop, prefixes.UPLOADS, prefixes.INCOMING) == []
    assert len(_versions(shop, prefixes.PAPERS)) == 1


def test_an_erasure_waits_for_papers_on_their_way(shop: Shop) -> None:
    draft = shop.draft()["id"]
    attach(shop.owner, draft, PDF, "bon.pdf")
    settling.require_settled(shop.world, shop.company)
    assert shop.owner.post(f"/v1/invoices/{draft}/issue").status == 200
    for job in ("outbox", "uploads"):
        with pytest.raises(Busy):
            settling.require_settled(shop.world, shop.company)
        _work(shop, job)
    settling.require_settled(shop.world, shop.company)


def test_a_company_that_leaves_the_cloud_keeps_papers_and_support(shop: Shop) -> None:
    attach(shop.owner, shop.customer, picture(colour="red"))
    thread = shop.owner.post("/v1/support", {"subject": "Aide", "text": "Voici."}).json["id"]
    helped, paper = attach(shop.owner, thread, picture(colour="green")), issued_with(shop, PDF)
    leave(shop)
    run(shop.world, EXPIRY_JOB, now=shop.world.now(), left=within(60))
    assert (_attachments(shop, "workspace"), _attachments(shop, "ledger")) == ([helped["id"]], [paper["id"]])
    assert {key.split("/")[2] for key in _versions(shop, prefixes.UPLOADS)} == {helped["id"]}
    assert fetched(shop.owner, helped["id"]).status == 200
    assert shop.owner.get(f"/v1/attachments/{paper['id']}/content").json["code"] == "cloud_storage_off"


def test_the_file_of_a_thread_is_its_members_and_ends_with_it(shop: Shop) -> None:
    clerk, other = shop.member("clerk"), shop.member("clerk")
    thread = clerk.post("/v1/support", {"subject": "Aide", "text": "Voici."}).json["id"]
    done = attach(clerk, thread, picture())

    def seen(client: Client) -> list[int]:
        paths = (f"/{done['id']}", f"/{done['id']}/content")
        return [client.get(f"/v1/attachments{path}").status for path in paths] + [
            client.get("/v1/attachments", query={"owner": thread}).status
        ]

    assert (seen(clerk), seen(shop.owner), seen(other)) == ([200, 303, 200], [200, 303, 200], [404, 404, 404])
    assert clerk.post(f"/v1/support/{thread}/close").status == 200
    late = shop.owner.post(
        "/v1/attachments",
        {"owner": thread, "name": "a.pdf", "content_type": "application/pdf", "bytes": 9, "sha256": "9f" * 32},
    )
    assert (late.status, late.json["code"]) == (409, "thread_closed")
    _work(shop, "uploads")
    ends = row_end(Thread, shop.world.now()) + timedelta(days=1) - shop.world.now()
    _work(shop, "support", "uploads", after=ends)
    assert (
        _attachments(shop, "workspace"),
        list(shop.world.files.list(prefixes.of_company(prefixes.UPLOADS, shop.company))),
    ) == ([], [])


def test_the_archive_holds_a_locked_copy_of_a_paper(new_shop: Callable[..., Shop]) -> None:
    shop = new_shop()
    assert shop.owner.patch("/v1/settings", {"cloud": {"backup": True}}, "*").status == 200
    paper = issued_with(shop, PDF)
    assert shop.owner.post("/v1/backups", {}).status == 202
    _work(shop, "backups")
    _work(shop, "backups")
    name = prefixes.archived(shop.company, paper["id"])
    assert shop.world.archive.exists(name)
    assert PDF not in shop.world.archive.read(name)
    assert shop.world.archive.locked_until(name) == midnight(date(shop.today.year + 11, 1, 1))
    assert statutory.fetch(shop.world, shop.company, paper["id"]) == (paper["id"], PDF)


def test_settling_survives_a_crash_at_every_call(shop: Shop) -> None:
    world = shop.world
    clients = [world.store.connection.client, world.files.client]
    colours = iter(f"rgb({number}, 0, 0)" for number in range(256))

    def prepare() -> str:
        draft: str = shop.draft()["id"]
        attach(shop.owner, draft, picture(colour=next(colours)))
        assert shop.owner.post(f"/v1/invoices/{draft}/issue").status == 200
        return draft

    def state(draft: str) -> Any:
        found = list(world.store.all("ledger", shop.company, SORT.startswith("attachment#")))
        papers = [row for row in found if isinstance(row, DocumentAttachment) and row.owner == draft]
        places = [world.files.exists(key) for row in papers for key in (*copies(row), *copies(row, frozen=False))]
        return len(papers), places

    def settle(draft: str) -> None:
        settling.settle(world, shop.company, draft)

    crashes = prove(clients, Work(prepare=prepare, begin=settle, resume=settle, state=state))
    assert crashes >= 6


def _backed_up(shop: Shop) -> None:
    assert shop.owner.post("/v1/backups", {}).status == 202
    _work(shop, "backups")
    _work(shop, "backups")


def test_a_photograph_is_locked_once_its_document_is_issued(new_shop: Callable[..., Shop]) -> None:
    """Not while it is a draft's; and also a credit note's, one that is added later, and one that was sent late."""
    shop = new_shop()
    assert shop.owner.patch("/v1/settings", {"cloud": {"backup": True}}, "*").status == 200
    draft, content = shop.draft()["id"], picture(colour="blue")
    of_draft, late = attach(shop.owner, draft, picture()), announced(shop.owner, draft, content, "b.jpg").json
    _backed_up(shop)
    locked = shop.world.archive.exists
    assert not locked(prefixes.archived(shop.company, of_draft["id"]))
    assert shop.owner.post(f"/v1/invoices/{draft}/issue").status == 200
    assert shop.owner.delete(f"/v1/attachments/{of_draft['id']}", "*").json["code"] == "attachment_fixed"
    _work(shop, "outbox", "uploads")
    note = shop.owner.post(f"/v1/invoices/{draft}/credit", {}).json["id"]
    of_note = attach(shop.owner, note, PDF, "retour.pdf")
    _backed_up(shop)
    assert put(late, content) == 200
    assert shop.owner.post(f"/v1/attachments/{late['id']}/complete").json["status"] == "ready"
    added = attach(shop.owner, draft, picture(colour="red"))
    assert [locked(prefixes.archived(shop.company, each["id"])) for each in (late, added)] == [False, False]
    _backed_up(shop)
    for each in (of_draft, of_note, late, added):
        name = prefixes.archived(shop.company, each["id"])
        assert shop.world.archive.locked_until(name) == midnight(date(shop.today.year + 11, 1, 1))
        assert statutory.fetch(shop.world, shop.company, each["id"])[1] == fetched(shop.owner, each["id"]).data


def test_a_paper_whose_file_is_lost_does_not_stop_the_archive(new_shop: Callable[..., Shop]) -> None:
    shop = new_shop()
    assert shop.owner.patch("/v1/settings", {"cloud": {"backup": True}}, "*").status == 200
    lost = issued_with(shop, PDF)
    for key in list(shop.world.files.list(prefixes.of_company(prefixes.PAPERS, shop.company))):
        shop.world.files.delete(key)
    paper = issued_with(shop, picture())
    _backed_up(shop)
    assert shop.world.archive.exists(prefixes.archived(shop.company, paper["id"]))
    assert not shop.world.archive.exists(prefixes.archived(shop.company, lost["id"]))
