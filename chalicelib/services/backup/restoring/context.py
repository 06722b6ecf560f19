"""The input of a restore, and the context of its steps."""

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Literal

import msgspec

from chalicelib.domain.errors import Forbidden
from chalicelib.domain.journal import JobRow
from chalicelib.domain.privacy.disclosure import Disclosure
from chalicelib.services.backup.format.archive import Archive, open_archive
from chalicelib.services.backup.format.kinds import LEDGER, NAMES, chosen, row_kinds
from chalicelib.services.backup.restoring import copy, replay
from chalicelib.services.backup.restoring.batches import RestoreProgress, SelectedRows
from chalicelib.services.backup.restoring.steps import Into

if TYPE_CHECKING:
    from chalicelib.wiring import World


@dataclass(frozen=True)
class RestoreInput:
    """The input of a restore's job: a backup of the job's company, the target company, and the kinds (None: all). An
    operator may set the new company's `owner` (a token's subject), and the recorded `disclosure` that a blocked or
    closed company requires."""

    backup: str
    into: Literal["same", "new"] = "same"
    kinds: tuple[str, ...] | None = None
    dry_run: bool = False
    reason: str | None = None
    operator: bool = False
    owner: str | None = None
    disclosure: str | None = None
    progress: RestoreProgress = field(default_factory=RestoreProgress)

    def company(self, job: JobRow) -> str:
        """The company that receives the rows: the job's own, or a new one whose id depends on the job's."""
        return copy.company_of(job.id) if self.into == "new" else job.company

    def encoded(self) -> bytes:
        """The input as the job's row stores it."""
        return msgspec.json.encode(self)


def input_of(job: JobRow) -> RestoreInput:
    """The input of a job."""
    return msgspec.json.decode(job.inputs, type=RestoreInput)


@dataclass(frozen=True)
class RestoreContext:
    """The context of a restore's steps."""

    world: "World"
    job: JobRow
    inputs: RestoreInput

    @classmethod
    def of(cls, world: "World", job: JobRow) -> "RestoreContext":
        """The context of a job's row."""
        return cls(world, job, input_of(job))

    @property
    def source(self) -> str:
        """The company of the backup."""
        return self.job.company

    @property
    def company(self) -> str:
        """The company that receives the rows."""
        return self.inputs.company(self.job)

    @property
    def into(self) -> Into:
        """The target of the rows."""
        return Into(self.world, self.world.store, self.company, self.job.id, self.job.actor)

    def archive(self) -> Archive:
        """The backup. Raises NotFound, Busy, and the errors of a damaged backup."""
        return open_archive(self.world, self.source, self.inputs.backup)

    def kinds(self) -> tuple[str, ...]:
        """The selected names. Under a disclosure only statutory records: it does not cover the company's other data."""
        names = chosen(self.inputs.kinds, anew=self.inputs.into == "new")
        return tuple(name for name in names if name in LEDGER) if self.inputs.disclosure else names

    def total(self, archive: Archive) -> int:
        """The number of rows to process: an upper bound if only one kind of numbered document is selected."""
        names = {NAMES[row_kind] for row_kind in row_kinds(self.kinds())}
        return sum(number for name, number in archive.manifest.counts.items() if name in names)

    def selected_rows(self, archive: Archive) -> SelectedRows:
        """The selected rows, with the replay of later erasures and corrections."""
        since = replay.since(self.world, self.source, archive.manifest.clock)
        rekeyed = partial(copy.rekeyed, source=self.source, company=self.company)
        return SelectedRows(archive, self.source, row_kinds(self.kinds()), since, rekeyed)


def require_disclosed(world: "World", inputs: RestoreInput, company: str) -> None:
    """Require a recorded lawful demand for all data of a blocked or closed company. Only an operator has one. Raises
    Forbidden, Busy."""
    if not (inputs.operator and inputs.disclosure):
        raise Forbidden(scope="")
    (row,) = world.store.records([Disclosure.ref(company, inputs.disclosure)])
    if not isinstance(row, Disclosure) or row.kind != "lawful_demand" or row.subject is not None:
        raise Forbidden(scope="")
