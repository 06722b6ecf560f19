"""The verification that a client reads at once: a series, the journal since the last anchor, and the last full pass."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from chalicelib.domain.errors import NotFound
from chalicelib.domain.evidence import BEGINNING, Evidence, Verdict
from chalicelib.services.documents import register
from chalicelib.services.documents.register import ChainFault, ChainVerification
from chalicelib.services.evidence import live
from chalicelib.services.evidence.recording import evidence_of, noted
from chalicelib.store.read import Reader

if TYPE_CHECKING:
    from chalicelib.wiring import World

MOST_COMMITS: Final = 300
"""Commits since the last anchor that a request reads. With more, the night's pass reads them."""


@dataclass(frozen=True)
class Verification:
    """A part of a series, the daily pass (None: it did not run), and the row of the last full pass."""

    series: ChainVerification
    daily: Verdict | None
    last_full: Evidence | None

    @property
    def verified(self) -> bool:
        """Whether nothing contradicts the register: neither this pass nor the last full one."""
        full = self.last_full
        return (
            self.series.fault is None
            and (self.daily is None or self.daily.verified)
            and (full is None or not full.full_found)
        )


def verify(world: "World", reader: Reader, name: str | None, year: int, *, after: int) -> Verification:
    """Verify a part of a series. Its first part also makes the daily pass. Raises NotFound, Busy."""
    row = evidence_of(world, reader.company)
    try:
        found = register.verify(reader, name, year, after=after)
    except NotFound:
        found = _emptied(reader)
    since = noted(row) or BEGINNING
    daily = None
    if not after and reader.head.clock - since.clock <= MOST_COMMITS:
        *_, proof = live.daily(world, reader.company, since)
        daily = proof.verdict
    return Verification(found, daily, row)


def _emptied(reader: Reader) -> ChainVerification:
    """The verification of a series that is not there although the company has issued documents. Raises NotFound."""
    issued = any(numbered.last for numbered in reader.head.numbered)
    if not issued or register.series(reader):
        raise NotFound
    return ChainVerification("", 0, complete=True, next=None, fault=ChainFault(1, "ledger_emptied"), hash="")
