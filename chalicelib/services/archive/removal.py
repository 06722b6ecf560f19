"""The end of the statutory archive: a document leaves it with its row in the ledger, the company's key with the last of
them. The bucket's lifecycle, up to a year later, is the net."""

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

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
STATUTORY: Final = ("register#", *(f"{made.kind}#" for made in document_types() if made.fiscal), "payment#")
"""Rows of the ledger that the law makes us keep, each with a term of its own."""


def remove(world: "World", company: str, hashes: Iterable[str]) -> None:
    """Delete the originals of documents, by their hashes, whose term is over (CGI art. 211), before their rows go:
    after a crash, it finds them gone. One that is locked for longer, by a term that was promised when it was put, stays
    for the bucket's own rule. Raises Busy."""
    (archived,) = world.store.records([Archived.ref(company)])
    for digest in hashes if archived is not None else ():
        key = prefixes.archived(company, digest)
        try:
            until = world.archive.locked_until(key)
        except NotFound:
            continue
        if until > world.wall_now():  # S3 keeps the lock, whatever the time of this run
            log.info("an archived document stays until its lock ends", extra={"company": company, "ref": digest})
            continue
        world.archive.remove(key)


def last_key(world: "World", company: str) -> tuple[Record, ...]:
    """The rows of a closed company's statutory keys, once nothing is left that they open: neither a record of the
    ledger nor an object of the archive. Raises Busy."""
    (head,) = world.store.records([Head.ref(company)])
    if not isinstance(head, Head) or head.state != "closed":
        return ()
    left = (world.store.query("ledger", company, SORT.startswith(prefix), limit=1).records for prefix in STATUTORY)
    if any(left):
        return ()
    keys = world.store.query("journal", company, SORT.startswith(f"{StatutoryKey.KIND}#")).records
    if not keys or world.archive.holds(prefixes.of_company(prefixes.ARCHIVE, company)):
        return ()
    return tuple(keys)
