"""Uploads by a client that does not follow the protocol: out of order, at once, too late, under hostile names."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from chalicelib.domain.errors import NotFound
from chalicelib.files import prefixes, uploads
from chalicelib.services.attachments import rows, uploading
from chalicelib.wiring import World
from tests.api.test_attachments import EICAR, _keys, _usage, _work
from tests.attaching import PDF, announced, attach, fetched, picture, put
from tests.conftest import Shop
from tests.privacy.test_erased_persons import erased, person


def _tagged(world: World, key: str, value: str) -> None:
    tags = {"TagSet": [{"Key": uploads.SCAN_TAG, "Value": value}]}
    world.files.client.put_object_tagging(Bucket=world.files.bucket, Key=key, Tagging=tags)


def test_a_file_that_is_sent_again_after_its_completion_changes_nothing(shop: Shop, world: World) -> None:
    content = picture()
    made = announced(shop.owner, shop.customer, content).json
    assert put(made, content) == 200
    done = shop.owner.post(f"/v1/attachments/{made['id']}/complete").json
    assert put(made, content) == 412
    _work(world, "uploads", after=timedelta(minutes=1))
    kept = fetched(shop.owner, done["id"]).data
    assert put(made, picture(colour="red")) == 400
    assert put(made, content) == 200  # The signed address is valid for ten minutes. S3 deletes the object after a day.
    assert shop.owner.post(f"/v1/attachments/{made['id']}/complete").json == done
    assert fetched(shop.owner, done["id"]).data == kept


def test_completions_at_once_keep_one_copy(shop: Shop) -> None:
    content = picture()
    made = announced(shop.owner, shop.customer, content).json
    assert put(made, content) == 200
    with ThreadPoolExecutor(4) as pool:
        got = list(pool.map(lambda _: shop.owner.post(f"/v1/attachments/{made['id']}/complete"), range(4)))
    bodies = [each.json for each in got]
    assert {each.status for each in got} == {200}
    assert all(body == bodies[0] for body in bodies)
    assert (bodies[0]["status"], _usage(shop)) == ("ready", (1, bodies[0]["kept_bytes"]))
    assert len(_keys(shop, prefixes.UPLOADS)) == 2


def test_announcements_at_once_do_not_exceed_a_quota(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploading, "MOST_FILES", 3)
    attach(shop.owner, shop.customer, PDF, "a.pdf")
    contents = [picture(colour=f"rgb({number}, 0, 0)") for number in range(0, 250, 50)]
    with ThreadPoolExecutor(5) as pool:
        got = list(pool.map(lambda content: announced(shop.owner, shop.customer, content), contents))
    assert sorted(each.status for each in got) == [201, 201, 409, 409, 409]
    assert _usage(shop)[0] == 3


def test_a_quota_counts_from_the_announcement_and_is_freed(
    shop: Shop, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a deletion, by a smaller copy, and by the end of what nobody completed."""
    content = picture(size=(900, 900))
    monkeypatch.setattr(uploading, "MOST_BYTES", len(content) + len(PDF) - 1)
    made = announced(shop.owner, shop.customer, content).json
    assert announced(shop.owner, shop.customer, PDF, "a.pdf").json["code"] == "attachment_quota"
    assert shop.owner.delete(f"/v1/attachments/{made['id']}", "*").status == 200
    assert _usage(shop) == (0, 0)
    assert announced(shop.owner, shop.customer, PDF, "a.pdf").status == 201
    assert announced(shop.owner, shop.customer, content).json["code"] == "attachment_quota"
    _work(world, "uploads", after=timedelta(hours=25))
    assert _usage(shop) == (0, 0)
    done = attach(shop.owner, shop.customer, content)
    assert done["kept_bytes"] < done["bytes"]
    assert announced(shop.owner, shop.customer, PDF, "a.pdf").status == 201


@pytest.mark.parametrize(("tag", "reason"), [("THREATS_FOUND", "malware"), ("UNSUPPORTED", "not_scanned")])
def test_a_file_is_never_served_before_its_scan_ends(shop: Shop, world: World, tag: str, reason: str) -> None:
    made = announced(shop.owner, shop.customer, EICAR, "a.pdf").json
    assert put(made, EICAR) == 200
    (key,) = _keys(shop, prefixes.INCOMING)
    world.files.client.delete_object_tagging(Bucket=world.files.bucket, Key=key)
    for minutes in (0, 11, 22):  # The scan ends late: the job looks at it too.
        assert shop.owner.post(f"/v1/attachments/{made['id']}/complete").status == 202
        assert shop.owner.get(f"/v1/attachments/{made['id']}/content").json["code"] == "attachment_not_ready"
        assert _keys(shop, prefixes.UPLOADS) == []
        _work(world, "uploads", after=timedelta(minutes=minutes))
    _tagged(world, key, tag)
    _work(world, "uploads", after=timedelta(hours=3))
    found = shop.owner.get(f"/v1/attachments/{made['id']}").json
    assert (found["status"], found["reason"]) == ("refused", reason)
    assert shop.owner.get(f"/v1/attachments/{made['id']}/content").json["code"] == "attachment_not_ready"
    _work(world, "uploads", after=timedelta(hours=25))
    assert (_keys(shop, prefixes.UPLOADS), _keys(shop, prefixes.INCOMING)) == ([], [])


def test_a_scan_that_never_ends_keeps_nothing(shop: Shop, world: World) -> None:
    made = announced(shop.owner, shop.customer, PDF, "a.pdf").json
    assert put(made, PDF) == 200
    (key,) = _keys(shop, prefixes.INCOMING)
    world.files.client.delete_object_tagging(Bucket=world.files.bucket, Key=key)
    assert shop.owner.post(f"/v1/attachments/{made['id']}/complete").status == 202
    _work(world, "uploads", after=timedelta(hours=25))
    assert shop.owner.get(f"/v1/attachments/{made['id']}").status == 404
    assert (_keys(shop, prefixes.UPLOADS), _keys(shop, prefixes.INCOMING), _usage(shop)) == ([], [], (0, 0))


NAMES: dict[str, tuple[str, Any]] = {
    "a path": ("../../etc/passwd.pdf", 'filename="etcpasswd.pdf"'),
    "a path of Windows": ("C:\\temp\\a.pdf", "a.pdf"),
    "a quotation mark": ('a".pdf"; filename="x.pdf', None),
    "a direction mark": ("fac\u202efdp.pdf", None),
    "a line separator": ("a\u2028b.pdf", None),
    "an Arabic name": ("فاتورة.pdf", "filename*=UTF-8''"),
}


@pytest.mark.parametrize("what", NAMES)
def test_a_name_is_only_shown(shop: Shop, what: str) -> None:
    """It is no part of a key, and it cannot end the header of the download."""
    name, header = NAMES[what]
    got = announced(shop.owner, shop.customer, PDF, name)
    if got.status == 422:
        assert got.codes[0][0] == "/name"
        return
    assert put(got.json, PDF) == 200
    assert shop.owner.post(f"/v1/attachments/{got.json['id']}/complete").json["status"] == "ready"
    keys = [*_keys(shop, prefixes.UPLOADS), *_keys(shop, prefixes.INCOMING)]
    assert all(name not in key for key in keys)
    sent = fetched(shop.owner, got.json["id"]).headers["content-disposition"]
    assert sent.startswith("attachment; filename=")
    assert sent.count('"') == 2
    assert not {"\u202e", "\u2028", "/", "\\", "\n"} & set(sent.replace("UTF-8''", "").partition("filename*")[0])
    assert header is None or header in sent


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("a\0.pdf", "control_character"),
        ("a" * 300 + ".pdf", "too_long"),
        ("a.pdf.exe", "extension_of_another_type"),
    ],
)
def test_a_name_is_refused(shop: Shop, name: str, code: str) -> None:
    got = announced(shop.owner, shop.customer, PDF, "a.pdf", {"name": name})
    assert (got.status, got.codes) == (422, [("/name", code)])


def test_a_pdf_with_a_script_is_a_download_of_one_type(shop: Shop) -> None:
    """It is kept as it is, and no browser opens it under an origin of ours."""
    assert b"/JavaScript" in PDF
    done = attach(shop.owner, shop.customer, PDF, "facture.html.pdf")
    got = fetched(shop.owner, done["id"])
    assert (got.data, got.headers["content-type"]) == (PDF, "application/pdf")
    assert got.headers["content-disposition"].startswith("attachment; ")


def test_a_page_behind_a_photograph_is_not_kept(shop: Shop) -> None:
    page = b"<html><script>alert(document.domain)</script></html>"
    done = attach(shop.owner, shop.customer, picture(comment=page) + page)
    got = fetched(shop.owner, done["id"])
    assert (got.headers["content-type"], page in got.data) == ("image/jpeg", False)
    with Image.open(BytesIO(got.data)) as kept:
        assert kept.size == (32, 64)


def test_a_completion_that_a_deletion_overtakes_leaves_nothing(
    shop: Shop, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The function cleans the file while another call deletes the attachment."""
    content = picture()
    made = announced(shop.owner, shop.customer, content).json
    assert put(made, content) == 200
    row = rows.find(world.store, shop.company, made["id"])
    assert shop.owner.delete(f"/v1/attachments/{made['id']}", "*").status == 200
    _work(world, "uploads", after=timedelta(minutes=1))
    assert put(made, content) == 200
    with monkeypatch.context() as patch:
        patch.setattr(rows, "find", lambda *_: row)
        call = world.call(shop.company, "mem_1", "attachments_complete", key="overtaken")
        with pytest.raises(NotFound):
            uploading.complete(world, call, made["id"])
    assert len(_keys(shop, prefixes.UPLOADS)) == 2
    _work(world, "uploads", after=timedelta(hours=25))
    assert (_keys(shop, prefixes.UPLOADS), _keys(shop, prefixes.INCOMING)) == ([], [])


@pytest.mark.parametrize("how", ["deleted", "erased"])
@pytest.mark.parametrize("sent", [False, True])
def test_a_file_that_comes_after_the_end_of_its_owner_is_not_kept(
    shop: Shop, world: World, how: str, sent: bool
) -> None:
    """A device uploads the photographs of a day without network, and the owner is gone meanwhile."""
    owner, content = person(shop), picture()
    made = announced(shop.owner, owner, content).json
    if sent:
        assert put(made, content) == 200
    if how == "deleted":
        assert shop.owner.delete(f"/v1/customers/{owner}", "*").status == 200
        _work(world, "outbox", "uploads", "uploads", after=timedelta(minutes=1))
    else:
        erased(shop, owner, carried=True)
        _work(world, "uploads", after=timedelta(minutes=1))
    assert put(made, content) == 200
    assert shop.owner.post(f"/v1/attachments/{made['id']}/complete").status == 404
    assert announced(shop.owner, owner, content).codes == [("/owner", "unknown_owner")]
    _work(world, "uploads", after=timedelta(hours=25))
    assert (_keys(shop, prefixes.UPLOADS), _keys(shop, prefixes.INCOMING)) == ([], [])
