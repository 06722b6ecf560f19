"""The requests of a client who uses a backup of a company with toys."""

import io
import zipfile
from dataclasses import dataclass
from typing import Any

from chalicelib.jobs.runner import run_scheduled
from tests.backup.worlds import Books
from tests.conftest import Shop


@dataclass(frozen=True)
class BackedUp:
    """A company that makes backups."""

    books: Books

    @property
    def shop(self) -> Shop:
        """The company behind the application."""
        return self.books.shop

    @property
    def company(self) -> str:
        """The company's id."""
        return self.books.company


def read(shop: Shop, path: str, **query: Any) -> Any:
    """The JSON at an address."""
    got = shop.owner.get(path, query=query)
    assert got.status == 200, got.text
    return got.json


def job_of(shop: Shop, path: str, body: Any) -> dict[str, Any]:
    """The one outcome of a backup's job, asked for over HTTP and run."""
    begun = shop.owner.post(path, body)
    assert begun.status == 202, begun.text
    run_scheduled(shop.world, "restores")
    job = read(shop, f"/v1/jobs/{begun.json['id']}")
    assert job["status"] == "completed", job
    outcome: dict[str, Any] = job["outcomes"][0]
    return outcome


def unzipped(content: bytes) -> zipfile.ZipFile:
    """A ZIP file that is complete."""
    archive = zipfile.ZipFile(io.BytesIO(content))
    assert archive.testzip() is None
    return archive


def downloaded(shop: Shop, backup: str) -> zipfile.ZipFile:
    """A backup as a plain ZIP file."""
    path = f"/v1/backups/{backup}/download"
    waiting = shop.owner.get(path)
    if waiting.status == 202:
        run_scheduled(shop.world, "restores")
        waiting = shop.owner.get(path)
    assert waiting.status == 303, waiting.text
    key = waiting.headers["location"].partition("?")[0].partition(f"{shop.world.files.bucket}/")[2]
    return unzipped(shop.world.files.read(key))
