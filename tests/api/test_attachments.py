"""Attachments: announced, uploaded once, checked, cleaned and kept; they follow their document into the ledger."""

from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from io import BytesIO
from typing import Any

import pytest
import urllib3
from PIL import Image

from chalicelib.domain.attachments import attachment as limits
from chalicelib.domain.attachments.attachment import Attachment, AttachmentUsage, DocumentAttachment
from chalicelib.files import prefixes, uploads
from chalicelib.jobs.catalogue import named
from chalicelib.jobs.job import within
from chalicelib.jobs.runner import run
from chalicelib.services.attachments import uploading
from chalicelib.wiring import World
from tests.attaching import HEIC, PDF, PLACE, announced, attach, fetched, picture, put
from tests.conftest import Shop

EICAR = b"%PDF-1.7\nEICAR-STANDARD-ANTIVIRUS-TEST-FILE!\n%%EOF\n"


def _work(world: World, *jobs: str, after: timedelta = timedelta(0)) -> None:
    for number, job in enumerate(jobs):
        at = world.now() + after + timedelta(seconds=number)  # later than what the job before makes due
        report = run(world, named(job), now=at, left=within(60))
        assert report.failures == []


def _keys(shop: Shop, prefix: str) -> list[str]:
    return list(shop.world.files.list(prefixes.of_company(prefix, shop.company)))


def _usage(shop: Shop) -> tuple[int, int]:
    (row,) = shop.world.store.records([AttachmentUsage.ref(shop.company)])
    assert isinstance(row, AttachmentUsage)
    return row.files, row.bytes


def _rows(shop: Shop, id: str) -> list[bool]:
    """Whether the workspace and the ledger have the attachment."""
    refs = [cls.ref(shop.company, id) for cls in (Attachment, DocumentAttachment)]
    return [row is not None for row in shop.world.store.records(refs)]


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_a_picture_is_kept_upright_and_without_metadata(shop: Shop, form: str) -> None:
    sent = picture(form) if form != "PNG" else picture(form, xmp=None)
    assert PLACE in sent
    draft = shop.draft()["id"]
    done = attach(shop.owner, draft, sent, f"Reçu n° 1.{'jpg' if form == 'JPEG' else form.lower()}")
    assert (done["owner"], done["kept_type"], done["sha256"]) == (draft, "image/jpeg", sha256(sent).hexdigest())
    got = fetched(shop.owner, done["id"])
    assert (got.headers["content-type"], len(got.data)) == ("image/jpeg", done["kept_bytes"])
    assert got.headers["content-disposition"].startswith("attachment; ")
    assert PLACE not in got.data
    with Image.open(BytesIO(got.data)) as kept:
        assert (kept.size, dict(kept.getexif()), "icc_profile" in kept.info) == ((32, 64), {}, False)
    small = fetched(shop.owner, done["id"], "thumbnail")
    assert small.headers["content-type"] == "image/webp"
    assert PLACE not in small.data
    redirected = shop.owner.get(f"/v1/attachments/{done['id']}/content")
    assert (redirected.status, "X-Amz-Signature" in redirected.headers["location"]) == (303, True)


def test_a_picture_of_an_iphone_becomes_a_jpeg_without_its_place(shop: Shop) -> None:
    assert PLACE in HEIC
    done = attach(shop.owner, shop.customer, HEIC, "IMG_0001.heic")
    got = fetched(shop.owner, done["id"])
    assert (got.headers["content-type"], PLACE in got.data) == ("image/jpeg", False)
    assert 'filename="IMG_0001.jpg"' in got.headers["content-disposition"]
    other = announced(shop.owner, shop.draft()["id"], HEIC, "IMG_0001.jpg").json
    assert put(other, HEIC) == 200
    done = shop.owner.post(f"/v1/attachments/{other['id']}/complete").json
    assert (done["status"], done["reason"]) == ("refused", "wrong_type")


def test_a_large_picture_is_bounded(shop: Shop) -> None:
    done = attach(shop.owner, shop.customer, picture(size=(5_000, 3_000)))
    with Image.open(BytesIO(fetched(shop.owner, done["id"]).data)) as kept:
        assert max(kept.size) == 2_400
    with Image.open(BytesIO(fetched(shop.owner, done["id"], "thumbnail").data)) as small:
        assert max(small.size) == 320


def test_a_pdf_is_kept_byte_for_byte_and_served_as_a_download(shop: Shop) -> None:
    done = attach(shop.owner, shop.draft()["id"], PDF, "facture.pdf")
    got = fetched(shop.owner, done["id"])
    assert got.data == PDF
    assert got.headers["content-type"] == "application/pdf"
    assert got.headers["content-disposition"].startswith("attachment; ")
    assert shop.owner.get(f"/v1/attachments/{done['id']}/thumbnail").status == 404


def test_the_original_is_deleted(shop: Shop, world: World) -> None:
    attach(shop.owner, shop.draft()["id"], picture())
    _work(world, "uploads", after=timedelta(minutes=1))
    assert _keys(shop, prefixes.INCOMING) == []
    assert len(_keys(shop, prefixes.UPLOADS)) == 2


REFUSED: dict[str, tuple[str, bytes, str]] = {
    "a text called .jpg": ("x.jpg", b"no picture at all", "wrong_type"),
    "a PDF called .jpg": ("x.jpg", PDF, "wrong_type"),
    "a PNG called .jpg": ("x.jpg", picture("PNG"), "wrong_type"),
    "half a picture": ("x.jpg", picture(size=(900, 900))[:1500], "not_readable"),
    "a PDF without an end": ("x.pdf", PDF[:-7], "not_readable"),
    "a PDF with a password": ("x.pdf", PDF.replace(b"/Type", b"/Encrypt 3 0 R/Type"), "not_readable"),
    "a PDF of 101 pages": ("x.pdf", PDF.replace(b"%%EOF", b"<</Type /Page>>" * 101 + b"%%EOF"), "too_many_pages"),
    "a virus": ("x.pdf", EICAR, "malware"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_file_is_refused_with_its_reason_and_nothing_is_kept(shop: Shop, world: World, what: str) -> None:
    name, content, reason = REFUSED[what]
    done = attach(shop.owner, shop.customer, content, name, expect="refused")
    assert done["reason"] == reason
    assert _keys(shop, prefixes.UPLOADS) == []
    got = shop.owner.get(f"/v1/attachments/{done['id']}/content")
    assert (got.status, got.json["code"]) == (409, "attachment_not_ready")
    assert shop.owner.post(f"/v1/attachments/{done['id']}/complete").json == done | {"upload": None}
    assert _usage(shop) == (1, 0)
    _work(world, "uploads", after=timedelta(hours=25))
    assert (_keys(shop, prefixes.INCOMING), _usage(shop)) == ([], (0, 0))
    assert shop.owner.get(f"/v1/attachments/{done['id']}").status == 404


FAULTS: dict[str, tuple[dict[str, Any], tuple[str, str]]] = {
    "another extension": ({"name": "photo.png"}, ("/name", "extension_of_another_type")),
    "no extension": ({"name": "photo"}, ("/name", "extension_of_another_type")),
    "a drawing": ({"content_type": "image/svg+xml"}, ("/content_type", "not_one_of")),
    "a picture above 15 MB": ({"bytes": 15_000_001}, ("/bytes", "out_of_range")),
    "a PDF above 10 MB": (
        {"name": "a.pdf", "content_type": "application/pdf", "bytes": 10_000_001},
        ("/bytes", "attachment_too_large"),
    ),
    "an item": ({"owner": "itm_01JDCZ7V0ZK3M5N6P7Q8R9S0TA"}, ("/owner", "unknown_owner")),
    "a missing draft": ({"owner": "inv_01JDCZ7V0ZK3M5N6P7Q8R9S0TA"}, ("/owner", "unknown_owner")),
    "a name with a control character": ({"name": "a\x07.jpg"}, ("/name", "control_character")),
    "a long name": ({"name": "a" * 120 + ".jpg"}, ("/name", "too_long")),
}


@pytest.mark.parametrize("what", FAULTS)
def test_an_announcement_is_refused(shop: Shop, what: str) -> None:
    changes, fault = FAULTS[what]
    clock = shop.clock
    got = announced(shop.owner, shop.customer, picture(), changes=changes)
    assert (got.status, got.codes[0]) == (422, fault), got.text
    assert shop.clock == clock


def test_a_name_is_stored_in_nfc_without_direction_marks(shop: Shop) -> None:
    got = announced(shop.owner, shop.customer, picture(), "rec\u0327u\u202egpj.jpg")
    assert got.json["name"] == "re\u00e7ugpj.jpg"


def test_the_same_file_is_the_same_attachment(shop: Shop) -> None:
    content = picture()
    first = attach(shop.owner, shop.customer, content)
    clock, files = shop.clock, _keys(shop, prefixes.UPLOADS)
    again = announced(shop.owner, shop.customer, content, "another-name.jpg")
    assert (again.status, again.json) == (201, first)
    done = shop.owner.post(f"/v1/attachments/{first['id']}/complete")
    assert (done.status, done.json) == (200, first)
    assert (shop.clock, _keys(shop, prefixes.UPLOADS), _usage(shop)[0]) == (clock, files, 1)


def test_a_file_belongs_to_one_owner(shop: Shop) -> None:
    content = picture()
    one, other = attach(shop.owner, shop.customer, content), attach(shop.owner, shop.draft()["id"], content)
    assert one["id"] != other["id"]


def test_a_device_resumes_an_upload(shop: Shop) -> None:
    content = picture()
    expected = announced(shop.owner, shop.customer, content).json
    got = shop.owner.post(f"/v1/attachments/{expected['id']}/complete")
    assert (got.status, got.json["code"]) == (409, "not_uploaded")
    (listed,) = shop.owner.get("/v1/attachments", query={"owner": shop.customer}).json["data"]
    assert (listed["status"], listed["upload"]) == ("expected", None)
    read = shop.owner.get(f"/v1/attachments/{expected['id']}").json
    assert put(read, content) == 200
    assert put(expected, content) == 412
    assert shop.owner.post(f"/v1/attachments/{expected['id']}/complete").json["status"] == "ready"


def test_a_repeated_announcement_has_a_new_address(shop: Shop) -> None:
    content = picture()
    body = {"owner": shop.customer, "name": "a.jpg", "content_type": "image/jpeg", "bytes": len(content)}
    body |= {"sha256": sha256(content).hexdigest()}
    first = shop.owner.post("/v1/attachments", body, key="once")
    again = shop.owner.post("/v1/attachments", body, key="once")
    assert (first.json["id"], first.json["status"]) == (again.json["id"], again.json["status"])
    assert put(again.json, content) == 200


def test_the_scan_may_take_its_time(shop: Shop, world: World) -> None:
    content = picture()
    made = announced(shop.owner, shop.customer, content).json
    assert put(made, content) == 200
    (key,) = _keys(shop, prefixes.INCOMING)
    world.files.client.delete_object_tagging(Bucket=world.files.bucket, Key=key)
    for _ in range(2):
        got = shop.owner.post(f"/v1/attachments/{made['id']}/complete", key="again")
        assert (got.status, got.json["status"]) == (202, "checking")
    tags = {"TagSet": [{"Key": uploads.SCAN_TAG, "Value": uploads.CLEAN}]}
    world.files.client.put_object_tagging(Bucket=world.files.bucket, Key=key, Tagging=tags)
    _work(world, "uploads", after=uploading.SCAN_TIME + timedelta(minutes=1))
    assert shop.owner.get(f"/v1/attachments/{made['id']}").json["status"] == "ready"
    assert (_keys(shop, prefixes.INCOMING), len(_keys(shop, prefixes.UPLOADS))) == ([], 2)


@pytest.mark.parametrize("uploaded", [False, True])
def test_a_file_that_nobody_completes_is_deleted_after_a_day(shop: Shop, world: World, uploaded: bool) -> None:
    content = picture()
    made = announced(shop.owner, shop.customer, content).json
    if uploaded:
        assert put(made, content) == 200
    _work(world, "uploads", after=timedelta(hours=23))
    assert shop.owner.get(f"/v1/attachments/{made['id']}").status == 200
    _work(world, "uploads", after=timedelta(hours=25))
    assert shop.owner.get(f"/v1/attachments/{made['id']}").status == 404
    assert (_keys(shop, prefixes.INCOMING), _usage(shop)) == ([], (0, 0))
    assert attach(shop.owner, shop.customer, content)["id"] == made["id"]


def test_attachments_follow_their_draft_into_the_ledger(shop: Shop, world: World) -> None:
    draft = shop.draft()["id"]
    done, late = attach(shop.owner, draft, picture()), announced(shop.owner, draft, PDF, "bon.pdf").json
    assert shop.owner.post(f"/v1/invoices/{draft}/issue").status == 200
    _work(world, "outbox", "uploads")
    assert (_rows(shop, done["id"]), _rows(shop, late["id"])) == ([False, True], [False, True])
    assert (_keys(shop, prefixes.UPLOADS), len(_keys(shop, prefixes.PAPERS))) == ([], 2)
    assert fetched(shop.owner, done["id"]).status == 200
    assert put(late, PDF) == 200
    assert shop.owner.post(f"/v1/attachments/{late['id']}/complete").json["status"] == "ready"
    assert fetched(shop.owner, late["id"]).data == PDF
    _work(world, "uploads", after=timedelta(minutes=1))
    assert (_keys(shop, prefixes.UPLOADS), len(_keys(shop, prefixes.PAPERS))) == ([], 3)
    assert fetched(shop.owner, late["id"]).data == PDF
    got = shop.owner.delete(f"/v1/attachments/{done['id']}", "*")
    assert (got.status, got.json["code"]) == (409, "attachment_fixed")


def test_a_file_is_fixed_with_the_issue_itself(shop: Shop) -> None:
    draft = shop.draft()["id"]
    done = attach(shop.owner, draft, picture())
    assert shop.owner.post(f"/v1/invoices/{draft}/issue").status == 200
    assert shop.owner.delete(f"/v1/attachments/{done['id']}", "*").json["code"] == "attachment_fixed"
    assert fetched(shop.owner, done["id"]).status == 200


def test_an_issued_document_takes_files(shop: Shop, world: World) -> None:
    done = attach(shop.owner, shop.issued()["id"], picture())
    assert _rows(shop, done["id"]) == [False, True]
    _work(world, "uploads", after=timedelta(minutes=1))
    assert (_keys(shop, prefixes.UPLOADS), len(_keys(shop, prefixes.PAPERS))) == ([], 2)


def test_a_deleted_attachment_goes_with_its_files(shop: Shop, world: World) -> None:
    content = picture()
    done = attach(shop.owner, shop.draft()["id"], content)
    assert shop.owner.delete(f"/v1/attachments/{done['id']}", "*").json == {
        "id": done["id"],
        "object": "attachment",
        "deleted": True,
    }
    assert shop.owner.get(f"/v1/attachments/{done['id']}").status == 404
    again = attach(shop.owner, done["owner"], content)
    _work(world, "uploads", after=timedelta(minutes=1))
    assert again["id"] == done["id"]
    assert len(_keys(shop, prefixes.UPLOADS)) == 2
    assert fetched(shop.owner, again["id"]).status == 200


@pytest.mark.parametrize("kind", ["draft", "customer"])
def test_attachments_end_with_their_owner(shop: Shop, world: World, kind: str) -> None:
    owner = shop.draft()["id"] if kind == "draft" else shop.customer
    done = attach(shop.owner, owner, picture())
    url = f"/v1/invoices/{owner}" if kind == "draft" else f"/v1/customers/{owner}"
    assert shop.owner.delete(url, "*").status == 200
    _work(world, "outbox", "uploads", "uploads", after=timedelta(minutes=1))
    assert shop.owner.get(f"/v1/attachments/{done['id']}").status == 404
    assert (_keys(shop, prefixes.UPLOADS), _usage(shop)) == ([], (0, 0))


def test_a_member_needs_the_scope_of_the_owner(shop: Shop) -> None:
    done = attach(shop.owner, shop.customer, picture())
    viewer, (key, _) = shop.member("viewer"), shop.key("attachments.read", "attachments.write", "documents.read")
    assert viewer.get(f"/v1/attachments/{done['id']}").status == 200
    assert announced(viewer, shop.customer, picture()).status == 403
    assert viewer.delete(f"/v1/attachments/{done['id']}", "*").status == 403
    assert key.get(f"/v1/attachments/{done['id']}").status == 403
    assert announced(key, shop.draft()["id"], picture()).status == 403


def test_another_company_sees_nothing(new_shop: Callable[..., Shop]) -> None:
    one, other = new_shop(), new_shop()
    done = attach(one.owner, one.customer, picture())
    for part in ("", "/content", "/thumbnail"):
        assert other.owner.get(f"/v1/attachments/{done['id']}{part}").status == 404
    assert other.owner.post(f"/v1/attachments/{done['id']}/complete").status == 404
    assert announced(other.owner, one.customer, picture()).codes == [("/owner", "unknown_owner")]


def test_quotas_name_their_limit(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (limits.MOST_OF_OWNER, limits.MOST_FILES, limits.MOST_BYTES) == (20, 10_000, 5_000_000_000)
    contents = [picture(colour=colour) for colour in ("red", "green", "blue")]
    for content in contents[:2]:
        assert announced(shop.owner, shop.customer, content).status == 201
    for name, most, said in (("MOST_OF_OWNER", 2, "2"), ("MOST_FILES", 2, "2"), ("MOST_BYTES", 2_000, "GB")):
        with monkeypatch.context() as patch:
            patch.setattr(uploading, name, most)
            got = announced(shop.owner, shop.customer, contents[2])
        assert (got.status, got.json["code"], said in got.json["detail"]) == (409, "attachment_quota", True)
    assert announced(shop.owner, shop.customer, contents[2]).status == 201


def test_devices_see_the_metadata(shop: Shop) -> None:
    before = shop.clock
    done = attach(shop.owner, shop.customer, picture())
    page = shop.owner.get("/v1/changes", query={"after": str(before)}).json
    (change,) = [each for each in page["data"] if each["kind"] == "attachment"]
    assert (change["op"], change["object"]) == ("put", {k: v for k, v in done.items() if k != "upload"})


def test_the_change_feed_does_not_name_the_file_of_a_request_for_help(shop: Shop) -> None:
    """A thread belongs to one member, and every member reads the feed."""
    thread = shop.owner.post("/v1/support", {"subject": "Aide", "text": "Voir la photo"}).json["id"]
    before = shop.clock
    attach(shop.owner, thread, picture(), "mon-passeport.jpg")
    kept = attach(shop.owner, shop.customer, picture())["id"]
    changes = shop.member("viewer").get("/v1/changes", query={"after": str(before), "limit": "100"}).json["data"]
    assert [each["id"] for each in changes if each["kind"] == "attachment"] == [kept]


def test_the_bucket_takes_no_second_file(shop: Shop) -> None:
    content = picture()
    made = announced(shop.owner, shop.customer, content).json
    assert put(made, picture(colour="red")) == 400
    assert put(made, content) == 200
    upload = made["upload"]
    assert urllib3.request("DELETE", upload["url"], headers=upload["headers"]).status == 403


def test_a_list_needs_its_owner(shop: Shop) -> None:
    got = shop.owner.get("/v1/attachments")
    assert (got.status, got.codes) == (422, [("/query/owner", "missing")])
