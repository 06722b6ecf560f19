"""The replay of erasures and corrections that happened after a backup, on each of its rows before the write.

Erased persons stay erased, at any time, because their ids are never used again. Corrections after the backup's clock
apply. Records purged at the end of their statutory term do not return.
"""

import datetime as dt
from dataclasses import dataclass, fields, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from chalicelib.domain.attachments.attachment import Attachment
from chalicelib.domain.companies.company import RetentionSchedule
from chalicelib.domain.documents.credit_entry import CreditEntry, Refund
from chalicelib.domain.documents.model import Issued
from chalicelib.domain.documents.payment import Payment
from chalicelib.domain.documents.register import RegisterEntry
from chalicelib.domain.documents.registry import by_kind
from chalicelib.domain.entity import Record
from chalicelib.domain.privacy.correction import Correction, applied
from chalicelib.domain.privacy.erased import unnamed
from chalicelib.domain.privacy.request import Tombstone
from chalicelib.services.attachments.owners import is_thread
from chalicelib.store.conflicts import patiently

if TYPE_CHECKING:
    from chalicelib.wiring import World


@dataclass(frozen=True)
class Replay:
    """The erased subjects of a company, the corrections after a clock (oldest first, by the row's kind and the
    subject), and the day through which statutory records were purged."""

    erased: frozenset[str] = frozenset()
    corrections: tuple[Correction, ...] = ()
    swept: dt.date | None = None

    @property
    def digest(self) -> str:
        """A digest of the replay. Equal digests mean that nobody was erased or corrected in between."""
        facts = [*sorted(self.erased), *(row.id for row in self.corrections), str(self.swept)]
        return sha256("\x1f".join(facts).encode()).hexdigest()[:32]

    def replayed(self, record: Record) -> Record | None:
        """The row as it may be restored; None for an erased person's row, for a purged record, and for a file of a
        support thread: a thread ends on a promised day, and no backup returns it."""
        if record.TABLE != "workspace":
            return None if self.expired(record) else record
        if self.erases(record) or _of_thread(record):
            return None
        for correction in self.corrections:
            if correction.record == record.KIND and correction.subject == record.id:
                record = applied(record, correction)
        return self.unnamed(record)

    def erases(self, record: Record) -> bool:
        """Whether the row is deleted with an erased person: their own, or an attachment that concerns them."""
        return record.id in self.erased or (isinstance(record, Attachment) and self.names(record))

    def unnamed(self, record: Record) -> Record:
        """The row without references to erased persons, as their erasure leaves it."""
        changes: dict[str, Any] = unnamed(record, [name for name in self._pointing(record) if name != "id"])
        return replace(record, **changes) if changes else record

    def names(self, record: Record) -> bool:
        """Whether the row belongs to an erased person or references one."""
        return bool(self._pointing(record))

    def _pointing(self, record: Record) -> list[str]:
        values = ((field.name, getattr(record, field.name)) for field in fields(record))
        return [name for name, value in values if isinstance(value, str) and value in self.erased]

    def expired(self, record: Record) -> bool:
        """Whether the record's statutory term has ended (CGI art. 211) and the purge has deleted it."""
        day = dated(record)
        return self.swept is not None and day is not None and day <= self.swept


def _of_thread(record: Record) -> bool:
    return isinstance(record, Attachment) and is_thread(record.owner)


def dated(record: Record) -> dt.date | None:
    """The day from which a record's statutory term counts; None for a record that depends on another."""
    if isinstance(record, Issued):
        return by_kind(record.KIND).dated(record)
    if isinstance(record, RegisterEntry):
        return record.issue_date
    if isinstance(record, CreditEntry | Refund):
        return record.last_date
    return record.date if isinstance(record, Payment) else None


def since(world: "World", company: str, clock: int) -> Replay:
    """The replay for a company's backup of `clock`. Raises Busy."""
    tombstones = (row.subject for row in world.store.all_of(Tombstone, company, read=patiently))
    right = [*world.store.all_of(Correction, company, read=patiently)]
    (schedule,) = patiently(lambda: world.store.records([RetentionSchedule.ref(company)]))
    later = tuple(sorted((row for row in right if row.clock > clock), key=lambda row: row.clock))
    return Replay(frozenset(tombstones), later, schedule.swept if isinstance(schedule, RetentionSchedule) else None)
