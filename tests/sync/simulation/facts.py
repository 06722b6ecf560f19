"""The facts of a simulation: the values that the server accepted, and what each person typed.

The invariants compare it with the end.
"""

import json
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from tests.client import Got
from tests.sync.simulation.network import Sent

Cell = tuple[str, str, str]
"""Table, id and column."""
REDUCED = "lines/discount"
"""The cell of the discounts in the lines of a draft. An app of the first schema does not state them."""
FROZEN = ("number", "issue_date", "lines", "totals", "buyer")
"""Columns of an issued document that never change."""


def discounts(lines: str) -> list[str | None]:
    """The rates of discount on the lines of a draft."""
    return [(line.get("discount") or {}).get("percent") for line in json.loads(lines)]


@dataclass
class Facts:
    """The facts of one run. `accepted`: the last value that the server took for a cell, from anybody. `typed`: by
    device, the last value that its person typed and that has no known end yet."""

    accepted: dict[Cell, Any] = field(default_factory=dict)
    typed: dict[str, dict[Cell, Any]] = field(default_factory=dict)
    refused: dict[str, set[tuple[str, str]]] = field(default_factory=dict)
    """By device: the rows that an answer which it read has refused."""
    unexplained: list[str] = field(default_factory=list)
    """Refused rows without a reason in the answer."""
    frozen: dict[str, str] = field(default_factory=dict)
    """The content of each issued document when somebody first saw it."""
    last_sent: Sent | None = None
    last_clock: int | None = None
    changed_documents: list[str] = field(default_factory=list)
    by_others: dict[str, list[int]] = field(default_factory=dict)
    """The clocks of the commits by which somebody on the web changed each row."""
    repeated: list[str] = field(default_factory=list)
    """Requests whose second delivery made a commit."""

    def type(self, device: str, table: str, id: str, cells: Mapping[str, Any]) -> None:
        """A person typed these values on a device."""
        self.typed.setdefault(device, {}).update({(table, id, name): value for name, value in cells.items()})

    def give_up(self, device: str, table: str, id: str) -> None:
        """The person deleted the row, so what they typed in it is over."""
        typed = self.typed.setdefault(device, {})
        for cell in [cell for cell in typed if cell[:2] == (table, id)]:
            del typed[cell]

    def web(self, table: str, id: str, cells: Mapping[str, Any], clock: int) -> None:
        """Another person wrote these values on the web, in the commit of this clock."""
        for name, value in cells.items():
            self._accept(table, id, name, value)
        self.by_others.setdefault(id, []).append(clock)

    def _accept(self, table: str, id: str, name: str, value: Any, version: int = 2) -> None:
        """The server took this value of a cell from somebody who knows a schema version."""
        self.accepted[table, id, name] = value
        if name == "lines" and version > 1:
            self.accepted[table, id, REDUCED] = discounts(value)

    def copy(self) -> "Facts":
        """A copy of the facts of now."""
        return deepcopy(self)

    def recovered(self, earlier: "Facts") -> None:
        """The server has gone back to an earlier time. The devices have not."""
        self.accepted, self.frozen, self.by_others = earlier.accepted, earlier.frozen, earlier.by_others
        self.refused = earlier.refused

    def delivered(self, sent: Sent, got: Got) -> None:
        """A request of a device reached the service."""
        if got.status != 200:
            return
        if "/rxdb/" in sent.path:
            self._replicated(sent, got.json)
            return
        if self.last_sent is sent and "clock" in got.json and got.json["clock"] != self.last_clock:
            self.repeated.append(sent.path)
        self.last_sent, self.last_clock = sent, got.json.get("clock")
        if sent.path.endswith("/push"):
            self._pushed(sent, got.json)
        elif "changes" in got.json:
            self._pulled(got.json["changes"])

    def _replicated(self, sent: Sent, answer: Any) -> None:
        """A request in the dialect of RxDB: an answer to a push has the documents that were not taken."""
        _, table, verb = sent.path.rsplit("/", 2)
        if verb == "pull":
            rows = [row for row in answer["documents"] if not row["_deleted"]]
            if table == "documents":
                self._pulled({table: {"created": [], "updated": rows}})
            return
        left = {row["id"] for row in answer}
        typed = self.typed.setdefault(sent.body["device"], {})
        for each in sent.body["rows"]:
            new, assumed = each["newDocumentState"], each.get("assumedMasterState") or {}
            if new["_deleted"] or new["id"] in left:
                continue
            for name, value in new.items():
                if value != assumed.get(name) and name not in ("id", "clock", "_deleted"):
                    self._accept(table, new["id"], name, value, sent.body["schema_version"])
                    if typed.get((table, new["id"], name)) == value:
                        del typed[table, new["id"], name]

    def _pushed(self, sent: Sent, answer: Mapping[str, Any]) -> None:
        device = sent.body["device"]
        rejected = {(table, id) for table, ids in answer["experimentalRejectedIds"].items() for id in ids}
        explained = {(each["table"], each["id"]) for each in answer["results"] if each["code"]}
        self.unexplained += [f"{table}/{id}" for table, id in sorted(rejected - explained)]
        self.refused.setdefault(device, set()).update(rejected)
        rows = {
            (table, row["id"]): row
            for table, lists in sent.body["changes"].items()
            for row in (*lists["created"], *lists["updated"])
        }
        typed = self.typed.setdefault(device, {})
        for (table, id), columns in sent.changed.items():
            if (table, id) in rejected:
                continue
            for name in columns:
                value = rows[table, id][name]
                self._accept(table, id, name, value, sent.body["schema_version"])
                if typed.get((table, id, name)) == value:
                    del typed[table, id, name]

    def _pulled(self, changes: Mapping[str, Any]) -> None:
        lists = changes.get("documents", {"created": [], "updated": []})
        for row in (*lists["created"], *lists["updated"]):
            now = json.dumps({name: row[name] for name in FROZEN}, sort_keys=True)
            if self.frozen.setdefault(row["id"], now) != now:
                self.changed_documents.append(row["id"])
