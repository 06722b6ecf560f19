"""A device as measured: WatermelonDB 0.28 with the reference client, in Python. The tests in Node use the real ones."""

import gzip
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.sync.simulation.network import Network, Refused, Sent

Status = Literal["synced", "created", "updated"]
Ids = dict[str, list[str]]
MOST_REVIVED = 100
MOST_RETRIES = 50


class Wiped(Exception):
    """The device was revoked, and its copy is gone."""


@dataclass
class Row:
    """A row of the device: its cells, and the columns that the person changed since the last sync."""

    cells: dict[str, Any]
    status: Status = "synced"
    changed: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Unsent:
    """Cells that the person typed and the server's state replaced."""

    table: str
    id: str
    cells: Mapping[str, Any]


@dataclass
class Pushed:
    """The outcome of a push: how many rows were sent, and the refused ones as (table, id, deletes)."""

    sent: int = 0
    refused: list[tuple[str, str, bool]] = field(default_factory=list)


class ModelDevice:
    """The copy of one device. `published` is the schema; `fetch` reads an answer that is given as a file."""

    keeps_unsent = True
    resolves_per_column = True

    def __init__(self, id: str, network: Network, published: Mapping[str, Any], fetch: Callable[[str], bytes]) -> None:
        self.id = id
        self.network = network
        self.published = published
        self.fetch = fetch
        self.erase()

    @property
    def version(self) -> int:
        """The schema version of the app."""
        version: int = self.published["version"]
        return version

    @property
    def writes(self) -> dict[str, str]:
        """The tables, and what a device may do with their rows."""
        return {table["name"]: table["writes"] for table in self.published["tables"]}

    def erase(self) -> None:
        """Begin with an empty copy."""
        self.tables: dict[str, dict[str, Row]] = {name: {} for name in self.writes}
        self.deleted: dict[str, set[str]] = {name: set() for name in self.writes}
        self.clock: int | None = None
        self.unsent: list[Unsent] = []
        self.migration: dict[str, Any] | None = None
        self.received = 0
        """Rows and deletions that pulls have brought."""

    # What the person does

    def update(self, published: Mapping[str, Any]) -> None:
        """Install the app of a newer schema. The next pull brings what the device did not have."""
        before, self.published = self.version, published
        columns = [
            {"table": table["name"], "columns": [each["name"] for each in table["columns"] if each["since"] > before]}
            for table in published["tables"]
        ]
        for table in columns:
            for row in self.tables[table["table"]].values():
                row.cells = dict.fromkeys(table["columns"]) | row.cells
        if self.clock:
            self.migration = {"from": before, "tables": [], "columns": [each for each in columns if each["columns"]]}

    def create(self, table: str, id: str, cells: Mapping[str, Any]) -> None:
        """Add a row."""
        empty = dict.fromkeys(self.columns(table))
        self.tables[table][id] = Row({"id": id} | empty | dict(cells), "created")

    def edit(self, table: str, id: str, cells: Mapping[str, Any]) -> bool:
        """Change columns of a row. Returns whether the library takes the change."""
        row = self.tables[table][id]
        row.changed |= {name for name, value in cells.items() if row.cells.get(name) != value}
        row.cells |= cells
        if row.status == "synced" and row.changed:
            row.status = "updated"
        return True

    def remove(self, table: str, id: str) -> None:
        """Delete a row. The deletion is sent even if the server never saw the row."""
        del self.tables[table][id]
        self.deleted[table].add(id)

    def ask(self, id: str, draft: str, at: str) -> None:
        """Ask for the number of a draft."""
        self.create("issue_requests", id, {"document_id": draft, "seen_clock": self.clock or 0, "requested_at": at})

    def given(self, table: str, cells: Mapping[str, Any]) -> list[str]:
        """The columns of a new row that have a value and that a device may state."""
        (found,) = (each for each in self.published["tables"] if each["name"] == table)
        return [each["name"] for each in found["columns"] if each["writable"] and cells.get(each["name"]) is not None]

    def columns(self, table: str) -> list[str]:
        """The columns of a table in the device's schema."""
        (found,) = (each for each in self.published["tables"] if each["name"] == table)
        return [each["name"] for each in found["columns"]]

    def pending(self) -> set[tuple[str, str]]:
        """The rows that wait to be sent."""
        return {entry[:2] for entry in self._entries()}

    def deliver_late(self) -> None:
        """The requests that were delayed arrive."""
        self.network.deliver_late()

    def stop(self) -> None:
        """End the device."""

    # One synchronisation

    def sync(self, *, crash: bool = False) -> None:
        """Pull everything, push what is pending, pull what the push changed. `crash`: the app ends after the pull.
        Raises Lost, Refused, Wiped."""
        try:
            self.pull_all({})
            if crash:
                return
            pushed = self.push_with_retry()
            if pushed.sent:
                self.pull_all(self._to_revive(pushed))
        except Refused as refused:
            if refused.code == "device_revoked" and refused.body["wipe"] is True:
                self.erase()
                raise Wiped from None
            raise

    def pull_all(self, revive: Ids) -> None:
        """Pull until the service has no more."""
        replace, more = False, True
        while more:
            try:
                more = self.pull_page(replace, revive)
                replace, revive = False, {}
            except Refused as refused:
                if refused.code == "replacement_preparing":
                    continue
                if refused.code != "push_first" or replace:
                    raise
                self.push(before_replacement=True)
                replace = True

    def pull_page(self, replace: bool, revive: Ids) -> bool:
        """Pull once. Returns whether there is more."""
        body = {
            "last_pulled_at": self.clock,
            "schema_version": self.version,
            "migration": self.migration,
            "device": self.id,
            "replace": replace,
            "revive": revive,
        }
        answer = self.network.post(Sent("/v1/sync/pull", body))
        if "url" in answer:
            answer = json.loads(gzip.decompress(self.fetch(answer["url"])))
        if self.keeps_unsent:
            self.unsent += self._lost(answer)
        self._apply(answer)
        self.migration = None
        timestamp = answer["timestamp"]
        assert isinstance(timestamp, int)
        assert timestamp >= max(1, self.clock or 0)  # a clock that goes back would be accepted silently
        self.clock = timestamp
        return bool(answer["more"])

    def push_with_retry(self) -> Pushed:
        """Push. When the service asks for a pull, pull and push again: once, and as long as it makes progress."""
        before = len(self.pending())
        for attempt in range(MOST_RETRIES):
            try:
                return self.push()
            except Refused as refused:
                left = len(self.pending())
                if refused.code not in ("sync_conflict", "pull_first") or (attempt and left >= before):
                    raise
                before = left
                self.pull_all({})
        raise AssertionError("the push never ends")

    def push(self, *, before_replacement: bool = False) -> Pushed:
        """Send everything that is pending, in one request."""
        pushed = Pushed()
        entries = self._entries()
        while entries:
            changes, changed = self._changes(entries, partial=before_replacement)
            body = {
                "changes": changes,
                "last_pulled_at": self.clock,
                "schema_version": self.version,
                "device": self.id,
            }
            try:
                answer = self.network.post(Sent("/v1/sync/push", body, changed))
            except Refused as refused:
                others = self._without_conflicts(entries, refused) if before_replacement else entries
                if len(others) == len(entries):
                    if before_replacement and refused.status not in (401, 429) and refused.code != "device_revoked":
                        return pushed
                    raise
                entries = others
                continue
            pushed.sent += len(entries)
            rejected = answer["experimentalRejectedIds"]
            pushed.refused = [entry for entry in entries if entry[1] in rejected.get(entry[0], ())]
            self._mark_sent([entry for entry in entries if entry not in pushed.refused])
            break
        return pushed

    def _entries(self) -> list[tuple[str, str, bool]]:
        edited = [(name, id, False) for name, rows in self.tables.items() for id in rows if rows[id].status != "synced"]
        return edited + [(name, id, True) for name in reversed(self.deleted) for id in sorted(self.deleted[name])]

    def _changes(self, entries: Iterable[tuple[str, str, bool]], *, partial: bool) -> tuple[dict[str, Any], Any]:
        """The rows to send, and the columns that the person changed. `partial`: an update states only these."""
        changes: dict[str, dict[str, list[Any]]] = {}
        changed = {}
        for table, id, deletes in entries:
            lists = changes.setdefault(table, {"created": [], "updated": [], "deleted": []})
            if deletes:
                lists["deleted"].append(id)
                continue
            row = self.tables[table][id]
            whole = not partial or row.status == "created"
            lists[row.status].append(
                {name: cell for name, cell in row.cells.items() if whole or name == "id" or name in row.changed}
            )
            changed[table, id] = tuple(row.changed if row.status == "updated" else self.given(table, row.cells))
        return changes, changed

    def _without_conflicts(self, entries: list[tuple[str, str, bool]], refused: Refused) -> list[tuple[str, str, bool]]:
        named = {(each["table"], each["id"]) for each in refused.body.get("conflicts", ())}
        return [entry for entry in entries if entry[:2] not in named]

    def _mark_sent(self, entries: Iterable[tuple[str, str, bool]]) -> None:
        for table, id, deletes in entries:
            if deletes:
                self.deleted[table].discard(id)
            else:
                self.tables[table][id] = Row(self.tables[table][id].cells)

    def _to_revive(self, pushed: Pushed) -> Ids:
        found: Ids = {}
        for table, id, deletes in pushed.refused:
            if deletes or self._fixed(table, id):
                found[table] = [*found.get(table, []), id][:MOST_REVIVED]
        return found

    # What WatermelonDB does with an answer

    def _locked(self, table: str, remote: Mapping[str, Any]) -> bool:
        """Whether the server's row replaces the device's row."""
        return self.writes[table] != "all" or bool(remote.get("read_only"))

    def _fixed(self, table: str, id: str) -> bool:
        """Whether the person may not change this row."""
        return self.writes[table] == "nothing" or bool(self.tables[table][id].cells.get("read_only"))

    def _lost(self, answer: Mapping[str, Any]) -> list[Unsent]:
        """The pending edits that the answer replaces."""
        found = []
        replaces = "experimentalStrategy" in answer
        for name, rows in self.tables.items():
            changes = answer["changes"].get(name, {"created": [], "updated": [], "deleted": []})
            remotes = {remote["id"]: remote for remote in (*changes["created"], *changes["updated"])}
            for id, row in rows.items():
                remote = remotes.get(id)
                columns = {each for each in row.changed if remote is None or remote.get(each) != row.cells[each]}
                gone = id in changes["deleted"] or (replaces and row.status == "updated")
                if columns and (self._locked(name, remote) if remote else gone):
                    found.append(Unsent(name, id, {each: row.cells[each] for each in columns}))
        return found

    def _apply(self, answer: Mapping[str, Any]) -> None:
        replaces = "experimentalStrategy" in answer
        for name, changes in answer["changes"].items():
            rows, pending = self.tables[name], self.deleted[name]
            sent = [remote["id"] for remote in (*changes["created"], *changes["updated"])]
            assert len({*sent, *changes["deleted"]}) == len(sent) + len(changes["deleted"])
            self.received += len(sent) + len(changes["deleted"])
            if replaces:
                for id in [id for id, row in rows.items() if row.status != "created" and id not in sent]:
                    del rows[id]
                pending -= {id for id in pending if id not in sent}
            for id in changes["deleted"]:
                rows.pop(id, None)
                pending.discard(id)
            for remote in changes["created"]:
                pending.discard(remote["id"])
                self._merge(name, remote)
            for remote in changes["updated"]:
                if remote["id"] not in pending:
                    self._merge(name, remote)

    def _merge(self, table: str, remote: Mapping[str, Any]) -> None:
        """Take the server's row. The columns that the person changed stay, except in a row that is locked."""
        known = {name: remote[name] for name in ("id", *self.columns(table))}  # every column is always there
        row = self.tables[table].get(remote["id"])
        if row is None or self._locked(table, remote) or row.status == "synced" or not self.resolves_per_column:
            self.tables[table][remote["id"]] = Row(known)
        else:
            row.cells = known | {name: row.cells[name] for name in row.changed}
