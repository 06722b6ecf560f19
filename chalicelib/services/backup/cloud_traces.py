"""The short-lived rows of business data that a company leaves when it disables the cloud: imports, jobs, answers,
requests of devices, and marks of files."""

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Final

from chalicelib.domain.contact.support import Upload
from chalicelib.domain.entity import Record
from chalicelib.domain.imports.model import TASKS as IMPORT_TASKS
from chalicelib.domain.imports.model import Import
from chalicelib.domain.journal import IdempotencyRecord, JobRow
from chalicelib.domain.privacy.request import PrivacyRequest
from chalicelib.domain.sync.outcomes import IssueRequest
from chalicelib.files import prefixes
from chalicelib.services.attachments import rows
from chalicelib.store.erase import erase_row

if TYPE_CHECKING:
    from chalicelib.wiring import World

AT_ONCE: Final = 100
"""Rows deleted in one part."""


def erase_imports(world: "World", company: str) -> None:
    """Delete the imports, and their jobs that are not over. Raises Busy."""
    for row in [*world.store.all_of(Import, company)]:
        erase_row(world.store, row.key)
    for job in [*world.store.all_of(JobRow, company)]:
        if job.task in IMPORT_TASKS and job.due is not None:
            erase_row(world.store, job.key)


def erase_traces(world: "World", job: JobRow) -> bool:
    """Delete some rows that quote or name deleted data, of before the switch went off; True once there are none.
    Answers after it quote none. Files are gone before. Raises Busy."""
    found = [*islice(_traces(world, job), AT_ONCE)]
    for row in found:
        erase_row(world.store, row.key)
    return not found


def _traces(world: "World", job: JobRow) -> Iterator[Record]:
    store, company = world.store, job.company
    yield from (row for row in store.all_of(IdempotencyRecord, company) if row.created_at < job.created_at)
    yield from store.all_of(IssueRequest, company)
    for row in store.all_of(JobRow, company):
        # A job that still runs is refused its next step. Its row ends at its term.
        if row.due is None and row.id != job.id and row.created_at <= job.created_at:
            yield row
    yield from (row for row in store.all_of(Upload, company) if not _is_needed(world, row))


def _is_needed(world: "World", mark: Upload) -> bool:
    """Whether a mark moves the files of an issued document, ends an upload to a row that stays, or deletes an access
    export, which belongs to a person."""
    if mark.owner is not None:
        return True
    if mark.attachment is not None:
        return rows.find(world.store, mark.company, mark.attachment) is not None
    own = f"{prefixes.of_company(prefixes.EXPORTS, mark.company)}{PrivacyRequest.PREFIX}_"
    return any(key.startswith(own) for key in mark.keys)
