"""The bucket of files: put once, look, read, hand out for a few minutes, delete."""

import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cached_property
from http import HTTPStatus
from typing import IO, Any, NamedTuple
from urllib.parse import parse_qs, quote, urlsplit

from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    HTTPClientError,
    IncompleteReadError,
    ReadTimeoutError,
    ResponseStreamingError,
)
from botocore.exceptions import ConnectionError as Unconnected

from chalicelib.domain.errors import Busy, NotFound, TooLarge
from chalicelib.session import confined
from chalicelib.settings import Settings

CONNECT_SECONDS, READ_SECONDS, ATTEMPTS = 2, 8, 3
LINK_SECONDS = 300
"""How long a link lives. It dies with the credentials of the role that made it, so each is made when asked for."""
LIMIT = 10_000_000
"""Bytes that are read into memory unless the caller says otherwise."""
MEDIA = {
    "pdf": "application/pdf",
    "png": "image/png",
    "jpg": "image/jpeg",
    "xml": "application/xml",
    "zip": "application/zip",
}
PASSING = frozenset({"SlowDown", "RequestTimeout", "ConditionalRequestConflict", "Throttling", "RequestTimeTooSkewed"})
LOST = (Unconnected, HTTPClientError, IncompleteReadError, ReadTimeoutError, ResponseStreamingError)


class UploadOver(Exception):
    """An upload was ended or given up before."""


class Link(NamedTuple):
    """A signed URL, and the instant (UTC) at which it ends."""

    url: str
    expires_at: datetime


class Files:
    """The objects of one stage, encrypted under `key_id` (a KMS key) where there is one. Safe to share between threads.

    Every method raises Busy when S3 is throttled or does not answer.
    """

    def __init__(self, settings: Settings, key_id: str | None = None) -> None:
        self.settings = settings
        self.bucket = settings.files_bucket
        self._encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key_id} if key_id else {}

    @cached_property
    def client(self) -> Any:
        """S3."""
        import boto3

        endpoint = self.settings.endpoint_of("s3")
        config = Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            signature_version="s3v4",
            retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
            s3={"addressing_style": "path" if endpoint else "virtual"},
        )
        return confined(boto3.client("s3", region_name=self.settings.region, endpoint_url=endpoint, config=config))

    def put(self, key: str, content: bytes | IO[bytes], content_type: str, *, only_if_absent: bool = True) -> bool:
        """Store an object, of bytes or of a file sent as it is read. False, and nothing is changed, when there is one
        and `only_if_absent`."""
        condition = {"IfNoneMatch": "*"} if only_if_absent else {}
        return self._put(Key=key, Body=content, ContentType=content_type, **condition)

    def _put(self, **arguments: Any) -> bool:
        """Store an object. Return False when the `IfNoneMatch` of the arguments meets an object."""
        with refusals():
            try:
                self.client.put_object(Bucket=self.bucket, **arguments, **self._encryption)
            except ClientError as error:
                if _code(error) == "PreconditionFailed":
                    return False
                raise
        return True

    def begin(self, key: str, content_type: str) -> str:
        """Begin an upload in parts; its id. One that is never ended the bucket gives up by itself."""
        with refusals():
            answer = self.client.create_multipart_upload(
                Bucket=self.bucket, Key=key, ContentType=content_type, **self._encryption
            )
        return str(answer["UploadId"])

    def part(self, key: str, upload: str, number: int, content: bytes) -> str:
        """Send a part of an upload (from 1), or send it again; its tag. Raises UploadOver."""
        with refusals(), _uploading():
            answer = self.client.upload_part(
                Bucket=self.bucket, Key=key, UploadId=upload, PartNumber=number, Body=content
            )
        return str(answer["ETag"])

    def end(self, key: str, upload: str, tags: Sequence[str]) -> None:
        """Make the parts one object. Raises UploadOver."""
        parts = [{"ETag": tag, "PartNumber": number} for number, tag in enumerate(tags, 1)]
        with refusals(), _uploading():
            self.client.complete_multipart_upload(
                Bucket=self.bucket, Key=key, UploadId=upload, MultipartUpload={"Parts": parts}
            )

    def exists(self, key: str) -> bool:
        """Whether there is an object. Needs the right to list it."""
        try:
            with refusals(), self._absence(key):
                self.client.head_object(Bucket=self.bucket, Key=key)
        except NotFound:
            return False
        return True

    def read(self, key: str, limit: int = LIMIT, **version: str) -> bytes:
        """An object's content. Raises NotFound, and TooLarge above `limit` bytes without reading it."""
        with refusals():
            with self._absence(key):
                answer = self.client.get_object(Bucket=self.bucket, Key=key, **version)
            with answer["Body"] as body:
                if answer["ContentLength"] > limit:
                    raise TooLarge(limit=limit)
                content: bytes = body.read()
        return content

    @contextmanager
    def _absence(self, key: str) -> Iterator[None]:
        """S3 hides that an object is not there behind 403 from whoever may not list. Whether a right that is bound to
        prefixes counts for it is nowhere written: a list of this one key tells a refusal from an absence."""
        try:
            yield
        except ClientError as error:
            if _status(error) != HTTPStatus.FORBIDDEN:
                raise
            found = self.client.list_objects_v2(Bucket=self.bucket, Prefix=key, MaxKeys=1).get("Contents", ())
            if any(each["Key"] == key for each in found):
                raise
            raise NotFound from error

    def url(self, key: str, filename: str, seconds: int = LINK_SECONDS) -> Link:
        """A link by which anybody may read the object. The object need not exist.

        It is saved as `filename`, in whatever script; its type is said by its extension and is never HTML.
        """
        extension = key.rpartition(".")[2]
        link: str = self.client.generate_presigned_url(
            "get_object",
            Params={
                "Bucket": self.bucket,
                "Key": key,
                "ResponseContentDisposition": disposition(filename),
                "ResponseContentType": MEDIA.get(extension, "application/octet-stream"),
            },
            ExpiresIn=seconds,
        )
        # The signer has its own clock: what it signed is what S3 will go by.
        signed = parse_qs(urlsplit(link).query)["X-Amz-Date"][0]
        begins = datetime.strptime(signed, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        return Link(link, begins + timedelta(seconds=seconds))

    def delete(self, key: str) -> None:
        """Delete an object; one that is not there is no error. Old versions stay for as long as the policy says."""
        with refusals():
            self.client.delete_object(Bucket=self.bucket, Key=key)

    def list(self, prefix: str) -> Iterator[str]:
        """Every key that begins with `prefix`, in order, a page at a time."""
        for page in self.pages("list_objects_v2", prefix):
            yield from (entry["Key"] for entry in page.get("Contents", ()))

    def pages(self, operation: str, prefix: str) -> Iterator[dict[str, Any]]:
        """Yield the pages of a listing operation under a prefix."""
        pages = iter(self.client.get_paginator(operation).paginate(Bucket=self.bucket, Prefix=prefix))
        while True:
            with refusals():
                page = next(pages, None)
            if page is None:
                return
            yield page


def disposition(filename: str) -> str:
    """A Content-Disposition that saves as `filename`: plain ASCII for old clients, the true name after RFC 5987."""
    kept = (c for c in filename if unicodedata.category(c)[0] != "C" and c not in '/\\"')
    name = "".join(kept).strip(" .") or "document"
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().strip(" .")
    stem, _, extension = plain.rpartition(".")
    if not stem:  # nothing of the name is ASCII but perhaps its extension
        plain = f"document.{extension}" if "." in name and extension else "document"
    return f"attachment; filename=\"{plain.replace('%', '_')}\"; filename*=UTF-8''{quote(name, safe='')}"


def _status(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def _uploading() -> Iterator[None]:
    """Within `refusals`: what S3 says of an upload that it does not know any more."""
    try:
        yield
    except ClientError as error:
        if _code(error) == "NoSuchUpload":
            raise UploadOver from error
        raise


@contextmanager
def refusals() -> Iterator[None]:
    """S3's errors as ours, where they are a caller's business; any other is a defect and is raised as it is."""
    try:
        yield
    except LOST as error:
        raise Busy from error
    except ClientError as error:
        if _code(error) in {"NoSuchKey", "404"}:
            raise NotFound from error
        if _status(error) >= 500 or _code(error) in PASSING:
            raise Busy from error
        raise
