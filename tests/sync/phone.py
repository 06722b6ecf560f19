"""A device as the tests use it: it pulls, and applies what it gets to its own copy."""

import gzip
import json
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from urllib.request import Request, urlopen

from chalicelib.domain.ids import derived_id
from chalicelib.domain.sync.tables import TABLES
from tests.client import Client, Got

_NUMBERS = count(1)
Copy = dict[str, dict[str, dict[str, Any]]]


def device_id() -> str:
    """A new id, as a device chooses it."""
    return derived_id("dev", "test", str(next(_NUMBERS)))


@dataclass
class Phone:
    """A device of the member behind `client`. `copy` holds its rows by table and id."""

    client: Client
    id: str = field(default_factory=device_id)
    clock: int | None = None
    copy: Copy = field(default_factory=lambda: {table.name: {} for table in TABLES})

    def ask(self, **further: Any) -> Got:
        """Send one pull."""
        body = {"last_pulled_at": self.clock, "schema_version": 1, "device": self.id, **further}
        return self.client.post("/v1/sync/pull", body)

    def page(self, **further: Any) -> dict[str, Any]:
        """Pull one page, and apply it."""
        got = self.ask(**further)
        assert got.status == 200, got.text
        body: dict[str, Any] = self.download(got.json) if "url" in got.json else got.json
        assert type(body["timestamp"]) is int
        assert body["timestamp"] >= max(1, self.clock or 0)
        self._apply(body)
        return body

    def pull(self, **further: Any) -> list[dict[str, Any]]:
        """Pull every page."""
        pages = [self.page(**further)]
        while pages[-1]["more"]:
            pages.append(self.page())
        return pages

    def download(self, answer: dict[str, Any]) -> dict[str, Any]:
        """The JSON behind the address of a large answer."""
        with urlopen(Request(answer["url"])) as file:
            assert file.headers["Content-Encoding"] == "gzip"
            content: dict[str, Any] = json.loads(gzip.decompress(file.read()))
        return content

    def _apply(self, body: dict[str, Any]) -> None:
        changes = body["changes"]
        if body.get("experimentalStrategy") == "replacement":
            self.copy = {name: {} for name in self.copy}
        for name, table in changes.items():
            rows = [*table["created"], *table["updated"]]
            ids = [row["id"] for row in rows]
            assert len({*ids, *table["deleted"]}) == len(ids) + len(table["deleted"]), "an id appears once"
            for row in rows:
                self.copy[name][row["id"]] = row
            for id in table["deleted"]:
                self.copy[name].pop(id, None)
        self.clock = body["timestamp"]


def touched(page: dict[str, Any]) -> dict[str, dict[str, list[str]]]:
    """The ids of a page, by table and way, without what is empty."""
    return {
        name: ways
        for name, table in page["changes"].items()
        if (
            ways := {
                way: [row if isinstance(row, str) else row["id"] for row in rows] for way, rows in table.items() if rows
            }
        )
    }
