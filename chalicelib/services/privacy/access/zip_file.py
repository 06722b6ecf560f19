"""The ZIP of an access export: JSON and CSV tables, documents' pages and files, written and sent in bounded pieces
(files/zips.py)."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from chalicelib.domain.companies.company import Company
from chalicelib.domain.language import Language
from chalicelib.domain.privacy.disclosure import Disclosure
from chalicelib.domain.privacy.request import Measure, PrivacyRequest
from chalicelib.files import prefixes
from chalicelib.files.zips import Pieces, Sent
from chalicelib.services.exports.page import index
from chalicelib.services.exports.removal import schedule_removal
from chalicelib.services.exports.tables import Chunks, Form, ZipProgress, send
from chalicelib.services.exports.tables import advance as tabulated
from chalicelib.services.mail.notifications import person_language
from chalicelib.services.privacy.access import parts, readable, terms
from chalicelib.services.privacy.access.contents import ExportKind, kinds
from chalicelib.services.privacy.access.first_page import Archive, first_page, rows_of_disclosures
from chalicelib.services.privacy.access.parts import PART_LIMIT, parts_of
from chalicelib.services.privacy.access.readable import ReadTable
from chalicelib.store.read import Reader
from chalicelib.workflow.deadline import Deadline

if TYPE_CHECKING:
    from chalicelib.wiring import World

FORMS = 2
"""The readable forms of a person's tables: a page and a CSV."""


def advance(world: "World", request: PrivacyRequest, reader: Reader, after: str, deadline: Deadline) -> str | None:
    """Write the next pieces of the ZIP's tables, or upload its next part; return the next cursor."""
    written = msgspec.json.decode(after, type=ZipProgress) if after else _begun(request)
    pieces = _pieces(world, request)
    if written.sent is None:
        keys = list(world.files.list(parts_of(request)))
        kinds = {kind_of(step).name: i for i, step in enumerate(request.measures) if step.store == "table"}
        begins = {name: f"{parts_of(request)}{i:02d}-" for name, i in kinds.items()}

        def chunks(name: str, after: str) -> Iterator[tuple[list[str], str]]:
            return parts.rows_of(world, keys, begins[name], after)

        def dated(name: str, after: str) -> Iterator[tuple[list[str], str]]:
            return parts.dated_rows_of(world, keys, begins[name], after)

        read = {name: ReadTable(name, kind_of(request.measures[i]).cls) for name, i in kinds.items()}
        forms = _readable(language_of(reader, request), read, dated)[: written.forms]
        written = tabulated(written, pieces, list(kinds), chunks, deadline, forms)
        if written.table == len(kinds):
            counts = [(name, request.measures[i].found or 0) for name, i in kinds.items()]
            written = _ended(world, request, reader, keys, written, counts)
        return msgspec.json.encode(written).decode()
    left = send(written, pieces, prefixes.export(request.company, request.id), deadline)
    return msgspec.json.encode(left).decode() if left else None


def _begun(request: PrivacyRequest) -> ZipProgress:
    return ZipProgress(forms=FORMS if request.subject else 0)


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
    at, language = request.verified_at or request.created_at, language_of(reader, request)
    if not written.forms:
        page = index(_name(reader), counts, files, lost, at, language, request.affects)
    else:
        page = _first_page(world, request, reader, keys, counts, files, lost)
    pieces = _pieces(world, request)
    member = pieces.finish(written.member, {"index.html": page})
    schedule_removal(world, request)
    return replace(written, member=replace(member, objects=pieces.count()), sent=Sent())


def _readable(language: Language, tables: Mapping[str, ReadTable], dated: Chunks) -> tuple[Form, ...]:
    """The forms of a person's tables in their language."""

    def page(name: str, lines: Sequence[str], _: Sequence[str], first: bool, last: bool) -> bytes:
        return readable.table_page(language, tables[name], lines, first=first, last=last)

    def sheet(name: str, lines: Sequence[str], columns: Sequence[str], first: bool, _: bool) -> bytes:
        return readable.sheet(language, tables[name], lines, columns, first=first)

    return Form(readable.page_path, dated, page), Form(readable.sheet_path, dated, sheet)


def _first_page(
    world: "World",
    request: PrivacyRequest,
    reader: Reader,
    keys: Sequence[str],
    counts: Sequence[tuple[str, int]],
    files: Sequence[str],
    missing: Sequence[str],
) -> bytes:
    """The first page of a person's archive."""
    found = [(i, kind_of(step)) for i, step in enumerate(request.measures) if step.store == "table"]
    begin = next((f"{parts_of(request)}{i:02d}-" for i, kind in found if kind.cls is Disclosure), None)
    lines = next(parts.rows_of(world, keys, begin, ""), ([], ""))[0] if begin else []
    days = [parts.days_of(world, key).rules for key in keys if key.endswith(parts.DAYS)]
    return first_page(
        Archive(
            request=request,
            company=_profile(reader),
            language=language_of(reader, request),
            at=request.verified_at or request.created_at,
            retention=terms.retention(world.store, request.company),
            counts=counts,
            classes={kind.name: (kind.cls.TABLE, kind.cls.KIND) for _, kind in found},
            days=terms.merged(days),
            disclosures=rows_of_disclosures(lines),
            files=files,
            missing=missing,
            region=world.settings.region,
        )
    )


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


def _profile(reader: Reader) -> Company | None:
    (profile,) = reader.of([Company.ref(reader.company)])
    return profile if isinstance(profile, Company) else None


def language_of(reader: Reader, request: PrivacyRequest) -> Language:
    """The language of the archive: the person's, or that of an account."""
    return person_language(request, _profile(reader))


def _name(reader: Reader) -> str:
    profile = _profile(reader)
    return profile.name if profile else reader.company
