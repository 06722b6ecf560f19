"""Erasing objects: every version, every delete marker and every unfinished upload of one company under a prefix."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from chalicelib.domain.errors import Busy
from chalicelib.files.objects import Files, refusals
from chalicelib.files.prefixes import of_company


def count(files: Files, prefix: str, company: str) -> int:
    """How many versions, delete markers and unfinished uploads there are. Raises Busy."""
    own = of_company(prefix, company)
    return sum(len(page) for page in _versions(files, own)) + sum(len(page) for page in _uploads(files, own))


def count_within(files: Files, prefix: str, company: str, pages: int) -> int | None:
    """The same, where `pages` listings of each (up to 1,000 entries a listing) reach to the end; else None. Raises
    Busy."""
    own, found = of_company(prefix, company), 0
    for listing in (_versions(files, own), _uploads(files, own)):
        found += sum(len(page) for page in islice(listing, pages))
        if next(listing, None) is not None:
            return None
    return found


def erase(files: Files, prefix: str, company: str) -> bool:
    """Delete a page of them. True once a listing found nothing left; False: call again. Raises Busy."""
    return _erase(files, of_company(prefix, company))


def erase_file(files: Files, key: str) -> None:
    """Delete every version of one file. Raises Busy."""
    while not _erase(files, key):
        continue


def _erase(files: Files, own: str) -> bool:
    gone = 0
    for uploads in _uploads(files, own):
        for upload in uploads:
            with refusals():
                files.client.abort_multipart_upload(Bucket=files.bucket, Key=upload["Key"], UploadId=upload["UploadId"])
            gone += 1
    for versions in _versions(files, own):
        if not versions:
            continue
        with refusals():
            answer = files.client.delete_objects(Bucket=files.bucket, Delete={"Quiet": True, "Objects": versions})
        if answer.get("Errors"):
            raise Busy
        return False
    return not gone


def _versions(files: Files, own: str) -> Iterator[list[dict[str, str]]]:
    for page in files.pages("list_object_versions", own):
        found = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
        yield [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in found]


def _uploads(files: Files, own: str) -> Iterator[list[dict[str, Any]]]:
    for page in files.pages("list_multipart_uploads", own):
        # A listing by prefix is trusted with nothing: what is not the company's is not touched.
        yield [upload for upload in page.get("Uploads", ()) if upload["Key"].startswith(own)]
