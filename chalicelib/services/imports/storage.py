"""The objects of an import: the uploaded file, the analysis, the file of refusals, and what an undo needs."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import msgspec

from chalicelib.domain.call import Call
from chalicelib.domain.contact.support import Upload
from chalicelib.domain.entity import Record
from chalicelib.domain.errors import NotFound
from chalicelib.domain.ids import derived_id
from chalicelib.domain.imports.model import MOST_BYTES, Import
from chalicelib.files import prefixes
from chalicelib.policy.ends import end, expires_at
from chalicelib.store import codec

if TYPE_CHECKING:
    from chalicelib.wiring import World

_FILE: Final = "file"
_ANALYSIS: Final = "analysis.json"
REFUSALS: Final = "refusals.csv"
_MADE: Final = "made-"
_JSON: Final = "application/json"
MOST_MADE_BYTES: Final = 8_000_000


def file_key(imported: Import) -> str:
    """The key of the uploaded file."""
    return _key(imported, _FILE)


def refusals_key(imported: Import) -> str:
    """The key of the file of refusals."""
    return _key(imported, REFUSALS)


def _key(imported: Import, name: str) -> str:
    return prefixes.import_of(imported.company, imported.id) + name


def content_of(world: "World", imported: Import) -> bytes:
    """The uploaded file. Raises NotFound, TooLarge, Busy."""
    return world.files.read(file_key(imported), MOST_BYTES)


def put_analysis(world: "World", imported: Import, analysis: Mapping[str, Any], refusals: bytes) -> None:
    """Store what an analysis found in the values of the file. Raises Busy."""
    world.files.put(_key(imported, _ANALYSIS), msgspec.json.encode(analysis), _JSON, only_if_absent=False)
    world.files.put(refusals_key(imported), refusals, "text/csv", only_if_absent=False)


def analysis_of(world: "World", imported: Import) -> dict[str, Any] | None:
    """The findings of the analysis; None once it is deleted. Raises Busy."""
    try:
        found: dict[str, Any] = msgspec.json.decode(world.files.read(_key(imported, _ANALYSIS)))
    except NotFound:
        return None
    return found


def put_made(world: "World", imported: Import, start: int, new: Sequence[str], before: Sequence[Record]) -> None:
    """Store, before a commit, what undoes it: the ids of new records, and the records before their change. A repeated
    run keeps the first. Raises Busy."""
    rows = [msgspec.json.encode(codec.to_row(record, b"")).decode() for record in before]
    content = msgspec.json.encode({"new": list(new), "before": rows})
    world.files.put(_key(imported, f"{_MADE}{start:06}.json"), content, _JSON)


def forget_made(world: "World", imported: Import, start: int) -> None:
    """Forget what undoes a commit that was not made. Raises Busy."""
    world.files.delete(_key(imported, f"{_MADE}{start:06}.json"))


def made_keys(world: "World", imported: Import) -> list[str]:
    """The keys of what undoes the commit, in the order of the rows. Raises Busy."""
    return list(world.files.list(_key(imported, _MADE)))


def made(world: "World", key: str) -> tuple[list[str], list[Record]]:
    """The ids of new records and the records before their change, of one commit. Raises NotFound, Busy."""
    content = msgspec.json.decode(world.files.read(key, MOST_MADE_BYTES))
    rows = [msgspec.json.decode(row) for row in content["before"]]
    return content["new"], [codec.from_row("workspace", row) for row in rows]


def delete_values(world: "World", imported: Import) -> None:
    """Delete the uploaded file and what the analysis found in it. Raises Busy."""
    for name in (_FILE, _ANALYSIS, REFUSALS):
        world.files.delete(_key(imported, name))


def delete_all(world: "World", imported: Import) -> None:
    """Delete every object of the import. Raises Busy."""
    for key in _all(world, imported):
        world.files.delete(key)


def _all(world: "World", imported: Import) -> Iterator[str]:
    return world.files.list(prefixes.import_of(imported.company, imported.id))


def removal(call: Call, imported: Import) -> Upload:
    """The row that deletes every object of the import a day after the call. There is one for each import."""
    at = end("file.import", call.at)
    return call.make(
        Upload,
        id=derived_id(Upload.PREFIX, imported.id),
        keys=(prefixes.import_of(imported.company, imported.id),),
        due_at=at,
        expires_at=expires_at(Upload, at),
    )
