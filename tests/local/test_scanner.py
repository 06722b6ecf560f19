"""The local S3 accepts a signed upload as S3 does: one exact file, once, in time; it scans it and serves it clean."""

import time
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from itertools import count

import pytest
import urllib3
from botocore.exceptions import ClientError

from chalicelib.files import prefixes, uploads
from chalicelib.files.uploads import SignedUpload
from chalicelib.wiring import World

CONTENT = b"\xff\xd8\xff a photograph"
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
_NUMBERS = count(1)


def _signed(world: World, content: bytes = CONTENT) -> tuple[str, SignedUpload]:
    key = prefixes.incoming("cmp_scanner", f"att_{next(_NUMBERS)}")
    return key, uploads.sign(world.files, key, "image/jpeg", len(content), sha256(content).hexdigest())


def _put(signed: SignedUpload, content: bytes = CONTENT, url: str = "", **headers: str | None) -> int:
    changed = {name.replace("_", "-"): value for name, value in headers.items()}
    sent = {name: value for name, value in {**signed.headers, **changed}.items() if value is not None}
    return urllib3.request("PUT", url or signed.link.url, body=content, headers=sent, retries=False).status


def _exists(world: World, key: str) -> bool:
    return list(world.files.list(key)) == [key]


def test_the_exact_file_is_accepted_once(world: World) -> None:
    key, signed = _signed(world)
    assert _put(signed) == 200
    assert world.files.read(key) == CONTENT
    assert _put(signed) == 412
    assert _put(signed, CONTENT[::-1]) == 412
    assert world.files.read(key) == CONTENT


WRONG: dict[str, tuple[int, Callable[[SignedUpload], int]]] = {
    "a longer file": (403, lambda signed: _put(signed, CONTENT + b"more")),
    "a shorter file": (403, lambda signed: _put(signed, CONTENT[:-1])),
    "another file of this size": (400, lambda signed: _put(signed, CONTENT[::-1])),
    "another file with its own hash": (
        403,
        lambda signed: _put(
            signed, CONTENT[::-1], x_amz_checksum_sha256=b64encode(sha256(CONTENT[::-1]).digest()).decode()
        ),
    ),
    "no hash": (403, lambda signed: _put(signed, x_amz_checksum_sha256=None)),
    "another type": (403, lambda signed: _put(signed, Content_Type="text/html")),
    "no type": (403, lambda signed: _put(signed, Content_Type=None)),
    "an overwrite": (403, lambda signed: _put(signed, If_None_Match=None)),
    "a tampered signature": (403, lambda signed: _put(signed, url=signed.link.url[:-4] + "0000")),
    "a tampered key": (403, lambda signed: _put(signed, url=signed.link.url.replace("/att_", "/att_9"))),
    "a longer validity": (
        403,
        lambda signed: _put(signed, url=signed.link.url.replace("X-Amz-Expires=600", "X-Amz-Expires=6000")),
    ),
    "no signature": (403, lambda signed: _put(signed, url=signed.link.url.partition("?")[0])),
    "a tag of its own": (403, lambda signed: _put(signed, x_amz_tagging="GuardDutyMalwareScanStatus=NO_THREATS_FOUND")),
    "a copy of another object": (403, lambda signed: _put(signed, x_amz_copy_source="/another-files/incoming/x")),
    "metadata that nobody signed": (403, lambda signed: _put(signed, x_amz_meta_name="x")),
    "a POST of a form": (403, lambda signed: urllib3.request("POST", signed.link.url, body=CONTENT).status),
}


@pytest.mark.parametrize("what", WRONG)
def test_anything_else_is_refused_and_nothing_is_stored(world: World, what: str) -> None:
    key, signed = _signed(world)
    status, send = WRONG[what]
    assert send(signed) == status
    assert not _exists(world, key)


def test_an_expired_address_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "UPLOAD_SECONDS", 1)
    key, signed = _signed(world)
    time.sleep(2.1)
    assert _put(signed) == 403
    assert not _exists(world, key)


def test_nobody_reads_an_object_without_a_signature(world: World) -> None:
    key, signed = _signed(world)
    assert _put(signed) == 200
    plain = signed.link.url.partition("?")[0]
    assert urllib3.request("GET", plain).status == 403
    assert urllib3.request("DELETE", plain).status == 403
    assert _exists(world, key)


def test_a_clean_file_is_read_and_a_threat_is_not(world: World) -> None:
    key, signed = _signed(world)
    assert _put(signed) == 200
    assert uploads.scan_result(world.files, key) == "clean"
    bad, signed = _signed(world, EICAR)
    assert _put(signed, EICAR) == 200
    assert uploads.scan_result(world.files, bad) == "threat"
    with pytest.raises(ClientError, match=r"403|AccessDenied"):
        world.files.read(bad)


def test_a_file_without_the_tag_is_not_read(world: World) -> None:
    key, signed = _signed(world)
    assert _put(signed) == 200
    world.files.client.delete_object_tagging(Bucket=world.files.bucket, Key=key)
    assert uploads.scan_result(world.files, key) == "pending"
    with pytest.raises(ClientError, match=r"403|AccessDenied"):
        world.files.read(key)
