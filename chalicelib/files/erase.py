"""Erase objects: every version, delete marker and unfinished upload of one company under a prefix.

`PREFIXES` lists the prefixes that an erasure may touch. The statutory archive and
the files of issued documents are not among them.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from chalicelib.domain.errors import Busy
from chalicelib.files.objects import Files, refusals
from chalicelib.files.prefixes import BACKUPS, EXPORTS, IMPORTS, INCOMING, LOGOS, PDF, SYNC, UPLOADS, of_company

PREFIXES: Final = (EXPORTS, IMPORTS, INCOMING, LOGOS, PDF, SYNC, UPLOADS, *BACKUPS.values())


class NotErasable(Exception):
    """A defect: an erasure touches objects below a prefix that is not on its list. Nothing is deleted."""

    code = "not_erasable"


def count(files: Files, prefix: str, company: str) -> int:
    """Count versions, delete markers and unfinished uploads. Raises Busy."""
    under = of_company(prefix, company)
    return sum(len(page) for page in _versions(files, under)) + sum(len(page) for page in _uploads(files, under))


def count_within(files: Files, prefix: str, company: str, pages: int) -> int | None:
    """Count them if `pages` listings of each, with up to 1,000 entries, reach the end. Otherwise return None. Raises
    Busy."""
    under, found = of_company(prefix, company), 0
    for listing in (_versions(files, under), _uploads(files, under)):
        found += sum(len(page) for page in islice(listing, pages))
        if next(listing, None) is not None:
            return None
    return found


def erase(files: Files, prefix: str, company: str) -> bool:
    """Delete a page of them. Return True when a listing found nothing, and False when more may be left. Raises Busy."""
    return _erase(files, of_company(prefix, company))


def erase_file(files: Files, key: str) -> None:
    """Delete every version of one file. Raises Busy."""
    while not _erase(files, key):
        continue


def _erase(files: Files, under: str) -> bool:
    if not under.startswith(PREFIXES):
        raise NotErasable(f"an erasure may not delete {under}: add its prefix to the list first")
    gone = 0
    for uploads in _uploads(files, under):
        for upload in uploads:
            with refusals():
                files.client.abort_multipart_upload(Bucket=files.bucket, Key=upload["Key"], UploadId=upload["UploadId"])
            gone += 1
    for versions in _versions(files, under):
        if not versions:
            continue
        with refusals():
            answer = files.client.delete_objects(Bucket=files.bucket, Delete={"Quiet": True, "Objects": versions})
        if answer.get("Errors"):
            raise Busy
        return False
    return not gone


def _versions(files: Files, under: str) -> Iterator[list[dict[str, str]]]:
    for page in files.pages("list_object_versions", under):
        found = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
        yield [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in found]


def _uploads(files: Files, under: str) -> Iterator[list[dict[str, Any]]]:
    for page in files.pages("list_multipart_uploads", under):
        # A store might ignore the prefix of this listing, so another company's uploads are skipped here.
        yield [upload for upload in page.get("Uploads", ()) if upload["Key"].startswith(under)]
