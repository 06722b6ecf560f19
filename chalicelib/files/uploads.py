"""Uploads by clients: a signed request for one exact file, and the result of the malware scan of what arrived."""

from base64 import b64encode
from collections.abc import Mapping
from datetime import timedelta
from typing import Final, Literal, NamedTuple

from chalicelib.domain.errors import NotFound
from chalicelib.files.objects import Files, Link, begins, refusals

UPLOAD_SECONDS: Final = 600
SCAN_TAG: Final = "GuardDutyMalwareScanStatus"
"""The tag that GuardDuty Malware Protection puts on a scanned object."""
CLEAN: Final = "NO_THREATS_FOUND"
THREAT: Final = "THREATS_FOUND"
Scan = Literal["clean", "threat", "failed", "pending"]


class SignedUpload(NamedTuple):
    """A PUT request that S3 accepts once, for one exact file: the link, and the headers that must be sent with it. Each
    client sends `Content-Length` by itself."""

    link: Link
    headers: Mapping[str, str]


def sign(files: Files, key: str, content_type: str, size: int, sha256: str) -> SignedUpload:
    """Return a signed PUT of exactly `size` bytes of this type and SHA-256 (hex), to a key that must not exist yet. S3
    refuses any other request."""
    checksum = b64encode(bytes.fromhex(sha256)).decode()
    url: str = files.client.generate_presigned_url(
        "put_object",
        Params={
            "Bucket": files.bucket,
            "Key": key,
            "ContentLength": size,
            "ContentType": content_type,
            "ChecksumSHA256": checksum,
            "IfNoneMatch": "*",
        },
        ExpiresIn=UPLOAD_SECONDS,
    )
    headers = {
        "Content-Type": content_type,
        "If-None-Match": "*",
        "x-amz-checksum-sha256": checksum,
    }
    return SignedUpload(Link(url, begins(url) + timedelta(seconds=UPLOAD_SECONDS)), headers)


def arrived(files: Files, key: str) -> bool:
    """Whether a client has uploaded the object. Raises Busy."""
    try:
        scan_result(files, key)
    except NotFound:
        return False
    return True


def scan_result(files: Files, key: str) -> Scan:
    """Return the result of an object's malware scan. Raises NotFound, Busy."""
    with refusals(), files.absence(key):
        found = files.client.get_object_tagging(Bucket=files.bucket, Key=key)["TagSet"]
    status = next((tag["Value"] for tag in found if tag["Key"] == SCAN_TAG), None)
    if status is None:
        return "pending"
    return "clean" if status == CLEAN else "threat" if status == THREAT else "failed"


def move(files: Files, source: str, target: str) -> None:
    """Move an object to another key of the bucket. Safe to repeat: a missing source was moved before. Raises Busy."""
    if copy(files, source, target):
        files.delete(source)


def copy(files: Files, source: str, target: str) -> bool:
    """Copy an object within the bucket. Return False when the source does not exist. Raises Busy."""
    place = {"Bucket": files.bucket, "Key": source}
    try:
        with refusals(), files.absence(source):
            files.client.copy_object(Bucket=files.bucket, Key=target, CopySource=place, **files.encryption)
    except NotFound:
        return False
    return True
