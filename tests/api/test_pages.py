"""Public resources: health, the OpenAPI document and its page."""

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from chalicelib.api import pages
from chalicelib.wiring import World
from tests.api.pipeline import gateway_of
from tests.client import Client

if TYPE_CHECKING:
    from local.gateway import Gateway


def test_health(gateway: "Gateway") -> None:
    got = Client(gateway).get("/health")
    assert got.status == 200
    assert got.json == {
        "status": "ok",
        "build": "test",
        "stage": "test",
        "dependencies": {"dynamodb": "reachable", "s3": "reachable"},
    }


def test_health_names_the_unreachable_services(world: World) -> None:
    ill = World(replace(world.settings, files_bucket="no-such-bucket-here"))
    got = Client(gateway_of(ill, pages.ENDPOINTS)).get("/health")
    assert (got.status, got.json["status"]) == (503, "degraded")
    assert got.json["dependencies"] == {"dynamodb": "reachable", "s3": "unreachable"}


def test_health_does_not_wait_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "_PATIENCE_SECONDS", 0.1)
    hanging = threading.Event()
    found = pages.reachable({"well": lambda: None, "hanging": lambda: hanging.wait(60)})
    assert not hanging.is_set()
    hanging.set()
    assert found == {"well": "reachable", "hanging": "unreachable"}


def test_the_document_and_its_page(gateway: "Gateway") -> None:
    document = Client(gateway).get("/openapi.json")
    assert (document.status, document.json["openapi"]) == (200, "3.1.0")
    assert document.headers["content-type"] == "application/json"
    page = Client(gateway).get("/docs")
    assert page.status == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.text.startswith("<!doctype html>")
    again = Client(gateway).get("/docs", if_none_match=page.etag)
    assert (again.status, again.text) == (304, "")
