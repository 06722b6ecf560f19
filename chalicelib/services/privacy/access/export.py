"""Access to the data of an account or a person: collect what the policy exports in bounded pieces, then write one ZIP.

The request's measures are the steps, and its cursor is the position in the present step (`part:where`). The job's own
bookkeeping stores both. A piece depends on the cursor alone, so a repeated piece replaces its earlier output.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Final

from chalicelib.domain.attachments.attachment import Attached, Attachment, DocumentAttachment
from chalicelib.domain.clock import today
from chalicelib.domain.companies.company import Head
from chalicelib.domain.contact.support import SupportMessage
from chalicelib.domain.documents.model import Issued
from chalicelib.domain.documents.registry import by_kind, document_types
from chalicelib.domain.errors import CompanyRestoring, DocumentBlocked, InvalidContent, NotFound, RendererUnavailable
from chalicelib.domain.privacy.erased import is_erased
from chalicelib.domain.privacy.request import Measure, PrivacyRequest, moved
from chalicelib.files import prefixes
from chalicelib.policy.load import current
from chalicelib.services.attachments.rows import copies as copies_of
from chalicelib.services.documents.printing import page_of
from chalicelib.services.mail.notifications import notice
from chalicelib.services.privacy import receipts, transitions
from chalicelib.services.privacy.access import terms, zip_file
from chalicelib.services.privacy.access.contents import (
    ExportKind,
    Line,
    Reading,
    concerns,
    documents_for,
    kinds_for,
    serialize,
)
from chalicelib.services.privacy.access.parts import parts_of, put_rows
from chalicelib.services.privacy.access.zip_file import kind_of, language_of, put_part
from chalicelib.store.decision import SYSTEM_WHILE_OPEN, Decision
from chalicelib.store.read import Reader
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.transaction import transact
from chalicelib.store.wire import SORT, start_after
from chalicelib.workflow.deadline import Deadline
from chalicelib.workflow.engine import Workflow, Written

if TYPE_CHECKING:
    from chalicelib.wiring import World

ROWS, PAGE, PAGES, FILES = 200, 50, 20, 50
"""The limits of a piece: rows, rows of a query, documents rendered or fetched, files copied."""
PIECE_BYTES = 8_000_000
"""A piece of rows also ends at this size."""
BLOCKED = "account_blocked"
COPIED = (prefixes.LOGOS, prefixes.UPLOADS, prefixes.PAPERS)
"""Uploaded files. Pages of documents are rendered again if they are not stored."""
ATTACHED = (
    (prefixes.UPLOADS, (SupportMessage.KIND,)),
    (prefixes.UPLOADS, (Attachment.KIND,)),
    (prefixes.PAPERS, (DocumentAttachment.KIND,)),
)
"""The files of one person, by the kind of row that names them."""
PRINTED = document_types()
"""The kinds of documents whose pages an export holds."""


class _ExportContext:
    """A request, and whether its account may still be read."""

    def __init__(self, world: "World", request: PrivacyRequest) -> None:
        (head,) = world.store.records([Head.ref(request.company)])
        self.world, self.request = world, request
        self.head = head if isinstance(head, Head) else None

    def reader(self) -> Reader:
        """A reader of the company."""
        assert self.head is not None  # noqa: S101 — the step before says so
        return Reader(self.world.store, self.request.company, self.head)


def _step_of(context: _ExportContext, request: PrivacyRequest) -> str:
    if context.head is None or context.head.state != "active":
        return "refuse"
    if request.status == "verified":
        return "begin"
    return "finish" if all(step.done for step in request.measures) else "gather"


def _refuse(context: _ExportContext, request: PrivacyRequest, _: Deadline) -> Written[PrivacyRequest]:
    """Refuse the request of an account blocked in the meantime. After a restore the request is tried again."""
    if context.head is not None and context.head.state == "restoring":
        raise CompanyRestoring
    _clear(context.world, request)
    context.world.files.delete(prefixes.export(request.company, request.id))
    return Written(transitions.close(context.world, request, "refused", reason=BLOCKED))


def _gather(context: _ExportContext, request: PrivacyRequest, deadline: Deadline) -> PrivacyRequest:
    at = next(i for i, step in enumerate(request.measures) if not step.done)
    return _piece(context.world, request, at, context.reader(), deadline)


def _finish(context: _ExportContext, request: PrivacyRequest, _: Deadline) -> Written[PrivacyRequest]:
    _clear(context.world, request)
    return Written(transitions.close(context.world, request, "completed", notice="ready"))


def steps(subject: str | None) -> tuple[Measure, ...]:
    """The steps of the export of an account or of one person, in order."""
    printed = [document_type for document_type in PRINTED if document_type in documents_for(subject)]
    tables = [
        Measure(place=k.cls.TABLE, kinds=(k.cls.KIND,), store="table", match="all", action="keep")
        for k in kinds_for(subject)
    ]
    pages = [
        Measure(place=prefixes.PDF, kinds=(document_type.kind,), store="files", match="all", action="keep")
        for document_type in printed
    ]
    copied = [
        Measure(place=place, kinds=kinds, store="files", match="all", action="keep")
        for place, kinds in (ATTACHED if subject is not None else [(place, ()) for place in COPIED])
    ]
    archive = Measure(place=prefixes.EXPORTS, store="files", match="all", action="keep")
    return (*(replace(step, found=0) for step in (*tables, *pages, *copied)), archive)


def _begin(context: _ExportContext, request: PrivacyRequest, _: Deadline) -> Written[PrivacyRequest]:
    world = context.world
    call = world.call(request.company, request.asked_by, "privacy_run", key=f"{request.id}:run")
    receipt = receipts.acknowledge(world, call, request)

    def decide_begin(snapshot: Snapshot) -> Decision[PrivacyRequest | None]:
        now = snapshot.get(PrivacyRequest, request.id)
        if now is None or now.status != "verified":
            return Decision(now)
        running = moved(
            now, "running", call.at, measures=steps(now.subject), policy_version=current().version, receipt=True
        )
        told = notice(call, "acknowledged", now.id)
        return Decision(running, puts=(running,), new=(receipt,), messages=(told,))

    return Written(transact(world.store, call, [request.key], decide_begin, SYSTEM_WHILE_OPEN).outcome)


def _piece(world: "World", request: PrivacyRequest, at: int, reader: Reader, deadline: Deadline) -> PrivacyRequest:
    """The request after the next piece of its step `at`."""
    step = request.measures[at]
    number, _, after = (request.cursor or "0:").partition(":")
    part = f"{parts_of(request)}{at:02d}-{int(number):06d}"
    if step.place == prefixes.EXPORTS:
        where = zip_file.advance(world, request, reader, after, deadline)
        found = int(where is None)
    elif step.store == "table":
        found, where = _rows(world, request, kind_of(step), part, after, reader)
    elif step.place == prefixes.PDF:
        found, where = _printed(world, request, step.kinds[0], part, after, reader)
    elif request.subject is not None:
        found, where = _attached(world, request, step, part, after, reader)
    else:
        found, where = _copied(world, request, step.place, part, after, reader)
    counted = replace(step, found=(step.found or 0) + found, done=where is None)
    measures = (*request.measures[:at], counted, *request.measures[at + 1 :])
    return replace(request, measures=measures, cursor=f"{int(number) + 1}:{where}" if where is not None else None)


def _rows(
    world: "World", request: PrivacyRequest, kind: ExportKind, part: str, after: str, reader: Reader
) -> tuple[int, str | None]:
    """Write the next rows of a kind; return their number and the next cursor."""
    reading = Reading(
        request.company,
        reader.head,
        frozenset(filter(None, (request.asked_by, request.confirmed_by))),
        request.subject,
        today(request.verified_at or request.created_at),
        language_of(reader, request),
        terms.retention(world.store, request.company) if request.subject else None,
    )
    lines: list[Line] = []
    read = size = 0
    where: str | None = after
    while where is not None and read < ROWS and size < PIECE_BYTES:
        start = start_after(request.company, where) if where else None
        page = world.store.query(kind.cls.TABLE, request.company, SORT.startswith(kind.prefix), after=start, limit=PAGE)
        new = serialize(world.store, kind, page.records, reading)
        lines += new
        read += len(page.records)
        size += sum(len(line.text) for line in new)
        where = page.next["sort"]["S"] if page.next else None
    if lines:
        put_rows(world, part, lines, reading.retention is not None)
    return len(lines), where


def _printed(
    world: "World", request: PrivacyRequest, kind: str, part: str, after: str, reader: Reader
) -> tuple[int, str | None]:
    """Put the pages of the next issued documents into a part. The part lists documents that cannot be rendered."""
    start = start_after(reader.company, after) if after else None
    table = by_kind(kind).issued.TABLE
    page = world.store.query(table, reader.company, SORT.startswith(f"{kind}#"), after=start, limit=PAGES)
    pages: dict[str, bytes] = {}
    lost: list[str] = []
    for row in page.records:
        if not isinstance(row, Issued) or not concerns(row, request.subject):
            continue
        try:
            filename, key = page_of(world, reader, kind, row.id)
            pages[f"pdf/{filename.removesuffix('.pdf')}-{row.id}.pdf"] = world.files.read(key)
        except (DocumentBlocked, InvalidContent, RendererUnavailable, NotFound):
            lost.append(row.id)
    put_part(world, request, part, pages, lost)
    return len(pages), page.next["sort"]["S"] if page.next else None


def _copied(
    world: "World", request: PrivacyRequest, prefix: str, part: str, after: str, reader: Reader
) -> tuple[int, str | None]:
    """Copy the next of the company's files under a prefix into a part. It lists the papers that are blocked."""
    own = prefixes.of_company(prefix, reader.company)
    keys = [*islice((key for key in world.files.list(own) if key > after), FILES + 1)]
    where = keys[FILES - 1] if len(keys) > FILES else None
    blocked = _blocked(reader, prefix, own, keys[:FILES])
    names = {key: f"{prefix}{key.removeprefix(own)}" for key in keys[:FILES] if key not in blocked}
    contents = {name: world.files.read(key) for key, name in names.items()}
    put_part(world, request, part, contents, sorted(set(blocked.values())))
    return len(contents), where


def _blocked(reader: Reader, prefix: str, own: str, keys: Sequence[str]) -> dict[str, str]:
    """The papers among these files that are blocked, because their document's other party was erased, with the id of
    their attachment. They are disclosed on a lawful demand alone."""
    if prefix != prefixes.PAPERS or not keys:
        return {}
    ids = {key: key.removeprefix(own).partition("/")[0] for key in keys}
    rows = reader.many(DocumentAttachment, sorted(set(ids.values())))
    erased = {row.id for row in rows if row and is_erased(reader.head, row.party or "")}
    return {key: id for key, id in ids.items() if id in erased}


def _attached(
    world: "World", request: PrivacyRequest, step: Measure, part: str, after: str, reader: Reader
) -> tuple[int, str | None]:
    """Copy the files of a person's next attachments into a part, or of a member's messages and the operator's answers
    to them."""
    start = start_after(reader.company, after) if after else None
    kind, prefix = step.kinds[0] if step.kinds else SupportMessage.KIND, step.place
    table = "ledger" if prefix == prefixes.PAPERS else "workspace"
    page = world.store.query(table, reader.company, SORT.startswith(f"{kind}#"), after=start, limit=PAGE)
    own = prefixes.of_company(prefix, reader.company)
    rows = [row for row in page.records if isinstance(row, Attached | SupportMessage)]
    contents: dict[str, bytes] = {}
    lost: list[str] = []
    for id, key in [(row.id, key) for row in rows if concerns(row, request.subject) for key in _files_of(row)]:
        try:
            contents[f"{prefix}{key.removeprefix(own)}"] = world.files.read(key)
        except NotFound:
            lost.append(id)
    put_part(world, request, part, contents, lost)
    return len(contents), page.next["sort"]["S"] if page.next else None


def _files_of(row: Attached | SupportMessage) -> list[str]:
    """The keys of the files of an attachment that is ready, or of a message."""
    if isinstance(row, SupportMessage):
        return [attached.key for attached in row.attachments]
    return list(copies_of(row)[:1]) if row.state == "ready" else []


def _clear(world: "World", request: PrivacyRequest) -> None:
    for key in list(world.files.list(parts_of(request))):
        world.files.delete(key)


WORKFLOW: Final = Workflow(
    name="access export",
    context=_ExportContext,
    load=lambda context: context.request,
    row=lambda _, request: request,
    step_of=_step_of,
    steps={"refuse": _refuse, "begin": _begin, "gather": _gather, "finish": _finish},
)
"""An access export. Its own row is the state. No refusal ends it: an alarm tells an operator when its deadline is
near."""
