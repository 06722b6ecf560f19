"""The bucket of files: store, read, link and delete objects."""

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
"""The lifetime of a link. It also ends with the credentials of its role, so a new link is made for each request."""
LIMIT = 10_000_000
"""The most bytes that are read into memory by default."""
MEDIA = {
    "pdf": "application/pdf",
    "png": "image/png",
    "jpg": "image/jpeg",
    "webp": "image/webp",
    "xml": "application/xml",
    "zip": "application/zip",
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "jsonl": "application/x-ndjson",
    "json": "application/json",
}
PASSING = frozenset({"SlowDown", "RequestTimeout", "ConditionalRequestConflict", "Throttling", "RequestTimeTooSkewed"})
LOST = (Unconnected, HTTPClientError, IncompleteReadError, ReadTimeoutError, ResponseStreamingError)


class UploadOver(Exception):
    """The upload was completed or aborted before."""


class Link(NamedTuple):
    """A signed URL, and the instant (UTC) at which it ends."""

    url: str
    expires_at: datetime


class Files:
    """The objects of one stage, encrypted with the KMS key `key_id` if it is given. Safe to share between threads.

    Every method raises Busy when S3 is throttled or does not answer.
    """

    def __init__(self, settings: Settings, key_id: str | None = None) -> None:
        self.settings = settings
        self.bucket = settings.files_bucket
        self.encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key_id} if key_id else {}

    @cached_property
    def client(self) -> Any:
        """The boto3 client of S3."""
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
        """Store an object from bytes, or from a file that is sent as it is read.

        With `only_if_absent`, return False and change nothing when the object exists.
        """
        condition = {"IfNoneMatch": "*"} if only_if_absent else {}
        return self._put(Key=key, Body=content, ContentType=content_type, **condition)

    def put_gzipped(self, key: str, content: IO[bytes], content_type: str) -> None:
        """Store a gzipped object. A client that downloads it decompresses it by itself."""
        self._put(Key=key, Body=content, ContentType=content_type, ContentEncoding="gzip")

    def _put(self, **arguments: Any) -> bool:
        """Store an object. Return False when the `IfNoneMatch` of the arguments meets an object."""
        with refusals():
            try:
                self.client.put_object(Bucket=self.bucket, **arguments, **self.encryption)
            except ClientError as error:
                if _code(error) == "PreconditionFailed":
                    return False
                raise
        return True

    def begin(self, key: str, content_type: str) -> str:
        """Begin a multipart upload and return its id. A lifecycle rule aborts an upload that is never completed."""
        with refusals():
            answer = self.client.create_multipart_upload(
                Bucket=self.bucket, Key=key, ContentType=content_type, **self.encryption
            )
        return str(answer["UploadId"])

    def part(self, key: str, upload: str, number: int, content: bytes) -> str:
        """Send a part of an upload (from 1), or repeat it. Return its tag. Raises UploadOver."""
        with refusals(), _uploading():
            answer = self.client.upload_part(
                Bucket=self.bucket, Key=key, UploadId=upload, PartNumber=number, Body=content
            )
        return str(answer["ETag"])

    def end(self, key: str, upload: str, tags: Sequence[str]) -> None:
        """Complete an upload. Raises UploadOver."""
        parts = [{"ETag": tag, "PartNumber": number} for number, tag in enumerate(tags, 1)]
        with refusals(), _uploading():
            self.client.complete_multipart_upload(
                Bucket=self.bucket, Key=key, UploadId=upload, MultipartUpload={"Parts": parts}
            )

    def exists(self, key: str) -> bool:
        """Whether an object exists. Needs permission to list it."""
        try:
            with refusals(), self.absence(key):
                self.client.head_object(Bucket=self.bucket, Key=key)
        except NotFound:
            return False
        return True

    def read(self, key: str, limit: int = LIMIT, **version: str) -> bytes:
        """Return an object's content. Raises NotFound, and TooLarge above `limit` bytes without reading it."""
        with refusals():
            with self.absence(key):
                answer = self.client.get_object(Bucket=self.bucket, Key=key, **version)
            with answer["Body"] as body:
                if answer["ContentLength"] > limit:
                    raise TooLarge(limit=limit)
                content: bytes = body.read()
        return content

    @contextmanager
    def absence(self, key: str) -> Iterator[None]:
        """Distinguish a missing object from a refused one. S3 answers 403 for a missing object without permission to
        list.

        AWS does not document whether a permission on prefixes counts for this answer, so this lists the one key.
        """
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
        """Return a link with which anyone can read the object. The object need not exist.

        A browser saves the object as `filename`. The media type follows the key's extension and is never HTML.
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
        return Link(link, begins(link) + timedelta(seconds=seconds))

    def delete(self, key: str) -> None:
        """Delete an object. A missing object is no error. Old versions stay as long as the policy says."""
        with refusals():
            self.client.delete_object(Bucket=self.bucket, Key=key)

    def list(self, prefix: str) -> Iterator[str]:
        """Yield every key that begins with `prefix`, in order."""
        for page in self.pages("list_objects_v2", prefix):
            yield from (entry["Key"] for entry in page.get("Contents", ()))

    def pages(self, operation: str, prefix: str, **arguments: str) -> Iterator[dict[str, Any]]:
        """Yield the pages of a listing operation under a prefix."""
        pages = iter(self.client.get_paginator(operation).paginate(Bucket=self.bucket, Prefix=prefix, **arguments))
        while True:
            with refusals():
                page = next(pages, None)
            if page is None:
                return
            yield page


def begins(link: str) -> datetime:
    """Return the instant from which a signed URL counts. The signer has its own clock, and S3 counts from the signed
    time."""
    signed = parse_qs(urlsplit(link).query)["X-Amz-Date"][0]
    return datetime.strptime(signed, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def disposition(filename: str) -> str:
    """Return a Content-Disposition that saves as `filename`: plain ASCII for old clients, the true name by RFC 5987."""
    kept = (c for c in filename if unicodedata.category(c)[0] != "C" and c not in '/\\"')
    name = "".join(kept).strip(" .") or "document"
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().strip(" .")
    stem, _, extension = plain.rpartition(".")
    if not stem:  # the name has no ASCII character, or only its extension has
        plain = f"document.{extension}" if "." in name and extension else "document"
    return f"attachment; filename=\"{plain.replace('%', '_')}\"; filename*=UTF-8''{quote(name, safe='')}"


def _status(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def _uploading() -> Iterator[None]:
    """Raise UploadOver for an upload that S3 no longer knows. Use it within `refusals`."""
    try:
        yield
    except ClientError as error:
        if _code(error) == "NoSuchUpload":
            raise UploadOver from error
        raise


@contextmanager
def refusals() -> Iterator[None]:
    """Raise Busy and NotFound for S3's errors that a caller can handle. Any other error is a defect and passes."""
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
