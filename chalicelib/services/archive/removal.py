"""Removal from the statutory archive. An original is deleted together with its ledger row, and the company's key with
the last original. The bucket's lifecycle rule deletes what remains, up to a year later."""

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from chalicelib.domain.attachments.attachment import DocumentAttachment
from chalicelib.domain.backups.archive import Archived
from chalicelib.domain.backups.backup import StatutoryKey
from chalicelib.domain.companies.company import Head
from chalicelib.domain.documents.registry import document_types
from chalicelib.domain.entity import Record
from chalicelib.domain.errors import NotFound
from chalicelib.files import prefixes
from chalicelib.store.wire import SORT

if TYPE_CHECKING:
    from chalicelib.wiring import World

log = logging.getLogger("facture.backups")
STATUTORY: Final = (
    "register#",
    *(f"{document_type.kind}#" for document_type in document_types() if document_type.fiscal),
    "attachment#",
    "payment#",
    "credit_entry#",
    "refund#",
)
"""Prefixes of the ledger rows that the law requires, each with its own term."""


def archived_name(paper: DocumentAttachment) -> str:
    """The name of an attachment in the archive: its id, in place of a document's hash."""
    return paper.id


def remove(world: "World", company: str, hashes: Iterable[str]) -> None:
    """Delete the originals of documents past their term (CGI art. 211), by hash, before their rows go. A retry ignores
    deleted originals. An original locked for a longer term, promised when it was stored, stays until the bucket's
    lifecycle rule. Raises Busy."""
    (archived,) = world.store.records([Archived.ref(company)])
    for digest in hashes if archived is not None else ():
        key = prefixes.archived(company, digest)
        try:
            until = world.archive.locked_until(key)
        except NotFound:
            continue
        if until > world.archive.clock.now():  # S3 enforces the lock by its own time, and the world's may be moved.
            log.info("an archived document stays until its lock ends", extra={"company": company, "ref": digest})
            continue
        world.archive.remove(key)


def last_key(world: "World", company: str) -> tuple[Record, ...]:
    """The rows of a closed company's statutory keys, once no ledger record and no archived object needs them. Raises
    Busy."""
    (head,) = world.store.records([Head.ref(company)])
    if not isinstance(head, Head) or head.state != "closed":
        return ()
    left = (world.store.query("ledger", company, SORT.startswith(prefix), limit=1).records for prefix in STATUTORY)
    if any(left):
        return ()
    keys = (*world.store.all_of(StatutoryKey, company),)
    if not keys or world.archive.holds(prefixes.of_company(prefixes.ARCHIVE, company)):
        return ()
    return keys
