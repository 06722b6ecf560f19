"""Scenes: the content of all tables and buckets at one instant, read from the files of this directory.

A scene states all rows and objects, or what differs from another scene (`on`). Values are DynamoDB's own typed values;
bytes are in base64. Objects lie in `objects/` under the first digits of their SHA-256.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

PLACE = Path(__file__).parent
Row = Mapping[str, Mapping[str, Any]]
Key = tuple[str, str]


@dataclass(frozen=True)
class Stored:
    """An object in S3: its media type, and the name of the file that holds its content."""

    media: str
    file: str

    @property
    def content(self) -> bytes:
        """Its bytes."""
        return (PLACE / "objects" / self.file).read_bytes()


@dataclass(frozen=True)
class Scene:
    """Rows by table and key (company, sort), objects by bucket and key, at the instant `at` (aware)."""

    at: datetime
    rows: Mapping[str, Mapping[Key, Row]]
    objects: Mapping[str, Mapping[str, Stored]]

    @property
    def company(self) -> str:
        """The company of the scene; where a restore makes another one, the older one."""
        heads = [row for row in self.rows["journal"].values() if row["_kind"]["S"] == "head"]
        return str(min(heads, key=lambda head: str(head["created_at"]["S"]))["id"]["S"])

    def id(self, table: str, kind: str, **attributes: str) -> str:
        """The id of the one row of a kind, of those with these attributes (text)."""
        (found,) = [
            row["id"]["S"]
            for row in self.rows[table].values()
            if row["_kind"]["S"] == kind and all(row.get(name) == {"S": value} for name, value in attributes.items())
        ]
        return str(found)


@cache
def scene(name: str) -> Scene:
    """A scene by its file's name."""
    stated = json.loads((PLACE / "scenes" / f"{name}.json").read_text())
    under = scene(stated["on"]) if stated["on"] else None
    rows = {table: dict(own) for table, own in under.rows.items()} if under else {}
    objects = {bucket: dict(own) for bucket, own in under.objects.items()} if under else {}
    for table, keys in stated["gone"].items():
        for company, sort in keys:
            del rows[table][company, sort]
    for table, own in stated["rows"].items():
        rows.setdefault(table, {}).update({_key(row): _typed(row, b64decode) for row in own})
    for bucket, names in stated["lost"].items():
        for key in names:
            del objects[bucket][key]
    for bucket, own in stated["objects"].items():
        objects.setdefault(bucket, {}).update({key: Stored(*stored) for key, stored in own.items()})
    return Scene(datetime.fromisoformat(stated["at"]), rows, objects)


@cache
def keys() -> Mapping[str, str]:
    """Keys by the id of their row: an API key, and the data keys of backups in hex."""
    found: Mapping[str, str] = json.loads((PLACE / "keys.json").read_text())
    return found


@cache
def bodies(name: str) -> Mapping[str, Any]:
    """The API's JSON bodies in a scene, by address; `{"status": …}` where the status was not 200."""
    found: Mapping[str, Any] = json.loads((PLACE / "bodies" / f"{name}.json").read_text())
    return found


@cache
def answers(name: str) -> Sequence[Mapping[str, Any]]:
    """The requests that a scene remembers by their idempotency keys, each with the answer to its repetition."""
    found: Sequence[Mapping[str, Any]] = json.loads((PLACE / "answers" / f"{name}.json").read_text())
    return found


def as_then(now: Any, said: Any) -> Any:
    """A present body with only the members that the earlier body `said` has. A later version may add members; it may
    not change or lose one. The notices of a draft are calculated at each read, so a later version may have others. An
    earlier body has the key of a frozen logo, a present one the address of that picture."""
    if isinstance(now, dict) and isinstance(said, dict):
        kept = {name: as_then(value, said[name]) for name, value in now.items() if name in said}
        return kept | {"notices": said["notices"]} if said.get("status") == "draft" and "notices" in now else kept
    if isinstance(now, list) and isinstance(said, list) and len(now) == len(said):
        return [as_then(one, other) for one, other in zip(now, said, strict=True)]
    if isinstance(said, str) and said.startswith("logos/"):
        return said if now == f"/v1/company/logo?sha256={Path(said).stem}" else now
    return now


def plain(row: Row) -> dict[str, Any]:
    """A row as JSON can state it: bytes are in base64."""
    return _typed(row, lambda content: b64encode(content).decode())


def _key(row: Row) -> Key:
    return row["company"]["S"], row["sort"]["S"]


def _typed(row: Row, bytes_of: Callable[[Any], Any]) -> dict[str, dict[str, Any]]:
    """A copy of typed attribute values, each of type B changed by `bytes_of`."""
    return {name: _value(value, bytes_of) for name, value in row.items()}


def _value(value: Mapping[str, Any], bytes_of: Callable[[Any], Any]) -> dict[str, Any]:
    ((kind, content),) = value.items()
    if kind == "B":
        return {kind: bytes_of(content)}
    if kind == "M":
        return {kind: _typed(content, bytes_of)}
    if kind == "L":
        return {kind: [_value(part, bytes_of) for part in content]}
    return {kind: content}
