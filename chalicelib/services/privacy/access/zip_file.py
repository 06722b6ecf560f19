"""The ZIP of an access export: JSON and CSV tables, documents' pages and files, written and sent in bounded pieces
(files/zips.py)."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from chalicelib.domain.companies.company import Company
from chalicelib.domain.language import Language
from chalicelib.domain.privacy.request import Measure, PrivacyRequest
from chalicelib.files import prefixes
from chalicelib.files.zips import Pieces, Sent
from chalicelib.services.exports.page import index
from chalicelib.services.exports.removal import schedule_removal
from chalicelib.services.exports.tables import ZipProgress, send
from chalicelib.services.exports.tables import advance as tabulated
from chalicelib.services.privacy.access.contents import ExportKind, kinds
from chalicelib.store.read import Reader
from chalicelib.workflow.deadline import Deadline

if TYPE_CHECKING:
    from chalicelib.wiring import World

PART_LIMIT = 250_000_000


def advance(world: "World", request: PrivacyRequest, reader: Reader, after: str, deadline: Deadline) -> str | None:
    """Write the next pieces of the ZIP's tables, or upload its next part; return the next cursor."""
    written = msgspec.json.decode(after, type=ZipProgress) if after else ZipProgress()
    pieces = _pieces(world, request)
    if written.sent is None:
        keys = list(world.files.list(parts_of(request)))
        kinds = {kind_of(step).name: i for i, step in enumerate(request.measures) if step.store == "table"}

        def chunks(name: str, after: str) -> Iterator[tuple[list[str], str]]:
            own = f"{parts_of(request)}{kinds[name]:02d}-"
            for key in (key for key in keys if key.startswith(own) and key > after):
                yield world.files.read(key, PART_LIMIT).decode().split("\n"), key

        written = tabulated(written, pieces, list(kinds), chunks, deadline)
        if written.table == len(kinds):
            counts = [(name, request.measures[i].found or 0) for name, i in kinds.items()]
            written = _ended(world, request, reader, keys, written, counts)
        return msgspec.json.encode(written).decode()
    left = send(written, pieces, prefixes.export(request.company, request.id), deadline)
    return msgspec.json.encode(left).decode() if left else None


def _ended(
    world: "World",
    request: PrivacyRequest,
    reader: Reader,
    keys: list[str],
    written: ZipProgress,
    counts: list[tuple[str, int]],
) -> ZipProgress:
    """Add the index page, and register the archive's deletion at its term. The ZIP is then ready to upload."""
    files: list[str] = []
    lost: list[str] = []
    for key in (key for key in keys if key.endswith(".names")):
        more, missing = json.loads(world.files.read(key, PART_LIMIT))
        files, lost = files + more, lost + missing
    at, language = request.verified_at or request.created_at, language_of(reader)
    page = index(_name(reader), counts, files, lost, at, language, request.affects)
    pieces = _pieces(world, request)
    member = pieces.finish(written.member, {"index.html": page})
    schedule_removal(world, request)
    return replace(written, member=replace(member, objects=pieces.count()), sent=Sent())


def put_part(world: "World", request: PrivacyRequest, part: str, contents: dict[str, bytes], lost: list[str]) -> None:
    """Put files into a piece of the ZIP, with the list of their names and of missing files."""
    if contents:
        number = part.removeprefix(parts_of(request))
        _pieces(world, request).store_complete(f"9{number}", contents)
    if contents or lost:
        names = json.dumps([list(contents), lost]).encode()
        world.files.put(f"{part}.names", names, "application/json", only_if_absent=False)


def _pieces(world: "World", request: PrivacyRequest) -> Pieces:
    return Pieces(world.files, f"{parts_of(request)}zip/", request.verified_at or request.created_at)


def kind_of(step: Measure) -> ExportKind:
    return {(kind.cls.TABLE, kind.cls.KIND): kind for kind in kinds()}[step.place, step.kinds[0]]


def parts_of(request: PrivacyRequest) -> str:
    return prefixes.export_parts(request.company, request.id)


def _profile(reader: Reader) -> Company | None:
    (profile,) = reader.of([Company.ref(reader.company)])
    return profile if isinstance(profile, Company) else None


def language_of(reader: Reader) -> Language:
    profile = _profile(reader)
    return profile.language if profile else "fr"


def _name(reader: Reader) -> str:
    profile = _profile(reader)
    return profile.name if profile else reader.company
