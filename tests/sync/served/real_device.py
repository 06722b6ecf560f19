"""A device of the simulation that is real: the reference client in Node, behind the interface of the model."""

import json
from collections.abc import Callable, Mapping
from typing import Any, cast

import pytest

from tests.client import Got
from tests.sync.served.company import Wire
from tests.sync.served.node_device import NodeDevice
from tests.sync.simulation.model import ModelDevice, Row, Unsent, Wiped
from tests.sync.simulation.network import Lost, Network, Refused, Sent


class RealDevice(ModelDevice):
    """A device in a process of its own. Its rows are read from it after each step."""

    LIBRARY = "watermelondb"

    def __init__(self, id: str, network: Network, published: Mapping[str, Any], fetch: Callable[[str], bytes]) -> None:
        super().__init__(id, network, published, fetch)
        client = network.client
        port = cast("Wire", client.gateway).port
        url = f"http://127.0.0.1:{port}"
        opened: dict[str, Any] = {"url": url, "token": client.token, "company": client.company, "published": published}
        self.node = NodeDevice.start(self.LIBRARY, device=id, **opened)
        self.offered: list[Any] = []

    def update(self, published: Mapping[str, Any]) -> None:
        """Install the app of a newer schema."""
        self.published = published
        self.node.do("update", published=published)
        self.refresh()

    def create(self, table: str, id: str, cells: Mapping[str, Any]) -> None:
        """Add a row."""
        self.node.do("create", table=table, id=id, content=dict(cells))
        self.refresh()

    def edit(self, table: str, id: str, cells: Mapping[str, Any]) -> bool:
        """Change columns of a row. Returns whether the library takes the change."""
        self.node.do("edit", table=table, id=id, content=dict(cells))
        self.refresh()
        return True

    def remove(self, table: str, id: str) -> None:
        """Delete a row."""
        self.node.do("remove", table=table, id=id)
        self.refresh()

    def refresh(self) -> None:
        """Read the whole copy."""
        dump = self.node.do("dump")
        self.tables = {
            name: {raw["id"]: self.row(raw) for raw in rows if not raw.get("_deleted")}
            for name, rows in dump["tables"].items()
        }
        self.deleted = {name: set(dump["deleted"].get(name, ())) for name in self.tables}
        self.unsent = [Unsent(raw["table_name"], raw["row_id"], self.content(raw)) for raw in dump["unsent"]]
        self.clock = dump["clock"]
        self.offered = dump["offered"]

    @staticmethod
    def row(raw: Mapping[str, Any]) -> Row:
        """A row with its marks."""
        cells = {name: value for name, value in raw.items() if name not in ("_status", "_changed", "_deleted")}
        return Row(cells, raw.get("_status", "synced"), set(filter(None, raw.get("_changed", "").split(","))))

    @staticmethod
    def content(raw: Mapping[str, Any]) -> Mapping[str, Any]:
        """The cells of a row of `unsent`."""
        found: Mapping[str, Any] = json.loads(raw["content"])
        return found

    def sync(self, *, crash: bool = False) -> None:
        """Synchronise, with the faults of the network's plan. Raises Lost, Refused, Wiped."""
        done = self.node.do("sync", faults=self.network.plan, crash=crash)
        self.network.plan = []
        self._note(done["delivered"])
        self.refresh()
        if done["refused"] == "device_revoked":
            raise Wiped
        if done["refused"] == "no_answer":
            if not crash:
                raise Lost
        elif done["refused"]:
            raise Refused(0, {"code": done["refused"]})

    def deliver_late(self) -> None:
        """The requests that were delayed arrive."""
        self._note(self.node.do("deliver_late")["delivered"])

    def stop(self) -> None:
        """End the process."""
        self.node.stop()

    @staticmethod
    def rows_in(answer: Mapping[str, Any]) -> int:
        """The number of rows and deletions that a pull brought."""
        return sum(len(part) for lists in answer["changes"].values() for part in lists.values())

    def _note(self, delivered: list[dict[str, Any]]) -> None:
        """Note the requests that reached the service. The marks of the rows are those before the synchronisation."""
        for each in delivered:
            got = Got(each["status"], {}, each["answer"])
            self.network.delivered(Sent(each["path"], each["body"], self._changed_in(each["body"])), got)
            if got.status == 200 and each["path"].endswith("/pull"):
                self.received += self.rows_in(got.json)

    def _changed_in(self, body: Mapping[str, Any]) -> dict[tuple[str, str], tuple[str, ...]]:
        changed = {}
        for table, lists in body.get("changes", {}).items():
            for row in lists["created"]:
                changed[table, row["id"]] = tuple(self.given(table, row))
            for row in lists["updated"]:
                known = self.tables[table].get(row["id"])
                changed[table, row["id"]] = tuple(known.changed) if known else ()
        return changed


class RxdbDevice(RealDevice):
    """A device with RxDB. It does not say what is pending, and the client protects the rows that the app only reads."""

    LIBRARY = "rxdb"

    def edit(self, table: str, id: str, cells: Mapping[str, Any]) -> bool:
        """Change columns of a row, unless it is read-only."""
        return self._allowed(table, id, lambda: RealDevice.edit(self, table, id, cells))

    def remove(self, table: str, id: str) -> None:
        """Delete a row, unless it is read-only."""
        self._allowed(table, id, lambda: RealDevice.remove(self, table, id))

    def _allowed(self, table: str, id: str, write: Callable[[], object]) -> bool:
        if not self._fixed(table, id):
            write()
            return True
        with pytest.raises(AssertionError, match="this row is read-only"):
            write()
        return False

    def ask(self, id: str, draft: str, at: str) -> None:
        """Ask for the number of a draft, with the clock that the client knows."""
        self.node.do("issue", document=draft)
        self.refresh()

    def pending(self) -> set[tuple[str, str]]:
        """Nothing: what is refused is in `unsent` at once."""
        return set()

    @staticmethod
    def row(raw: Mapping[str, Any]) -> Row:
        """A row, without the clock of its document."""
        return Row({name: value for name, value in raw.items() if name not in ("clock", "_deleted")})

    @staticmethod
    def rows_in(answer: Mapping[str, Any]) -> int:
        """The number of documents that a pull brought."""
        return len(answer["documents"])
