"""The way of tests through an export over HTTP."""

import io
import zipfile
from typing import Any
from urllib.request import urlopen

from chalicelib.jobs.runner import run_scheduled
from tests.client import Client
from tests.conftest import Shop


def begun(client: Client, kinds: list[str], form: str, **more: Any) -> str:
    """The id of the job of a new export."""
    got = client.post("/v1/exports", {"kinds": kinds, "format": form, **more})
    assert got.status == 202, got.text
    return str(got.json["id"])


def run(shop: Shop) -> None:
    """Run the job on exports until nothing is due."""
    while run_scheduled(shop.world, "exports").applied:
        continue


def job(shop: Shop, id: str) -> dict[str, Any]:
    """The job as the API shows it."""
    body: dict[str, Any] = shop.owner.get(f"/v1/jobs/{id}").json
    return body


def content(shop: Shop, id: str) -> bytes:
    """The file of an export that is over."""
    got = shop.owner.get(f"/v1/exports/{id}", accept="application/json")
    assert got.status == 200, (got.status, got.text, got.headers)
    with urlopen(got.json["url"]) as answered:
        found: bytes = answered.read()
    return found


def exported(shop: Shop, kinds: list[str], form: str, **more: Any) -> bytes:
    """The file of a new export."""
    id = begun(shop.owner, kinds, form, **more)
    run(shop)
    found = job(shop, id)
    assert found["status"] == "completed", found
    assert found["done"] == found["total"] == found["outcomes"][0]["counts"]["rows"], found
    return content(shop, id)


def members(file: bytes) -> dict[str, bytes]:
    """The files of a ZIP, which is sound."""
    with zipfile.ZipFile(io.BytesIO(file)) as packed:
        assert packed.testzip() is None
        return {name: packed.read(name) for name in packed.namelist()}
