"""What a restore was asked for, and the context in which its steps run."""

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Literal

import msgspec

from chalicelib.domain.errors import Forbidden
from chalicelib.domain.journal import JobRow
from chalicelib.domain.privacy.disclosure import Disclosure
from chalicelib.services.backup.format.archive import Archive, open_archive
from chalicelib.services.backup.format.kinds import LEDGER, NAMES, chosen, places
from chalicelib.services.backup.restoring import copy, replay
from chalicelib.services.backup.restoring.batches import Progress, Walk
from chalicelib.services.backup.restoring.steps import Into

if TYPE_CHECKING:
    from chalicelib.wiring import World


@dataclass(frozen=True)
class RestoreInput:
    """What a restore's job was asked, as its `inputs` say it: which backup of the job's company, into where, which
    kinds (None: all). An operator may name the new company's `owner` (a token's subject), and the recorded `disclosure`
    without which a blocked or closed company is left alone."""

    backup: str
    into: Literal["same", "new"] = "same"
    kinds: tuple[str, ...] | None = None
    dry_run: bool = False
    reason: str | None = None
    operator: bool = False
    owner: str | None = None
    disclosure: str | None = None
    progress: Progress = field(default_factory=Progress)

    def company(self, job: JobRow) -> str:
        """The company that rows are put into: the job's own, or one that is made, whose id follows from the job's."""
        return copy.company_of(job.id) if self.into == "new" else job.company

    def encoded(self) -> bytes:
        """As the job's row keeps it."""
        return msgspec.json.encode(self)


def input_of(job: JobRow) -> RestoreInput:
    """What the job was asked, and how far it is."""
    return msgspec.json.decode(job.inputs, type=RestoreInput)


@dataclass(frozen=True)
class RestoreContext:
    """A restore as its steps need it."""

    world: "World"
    job: JobRow
    asked: RestoreInput

    @classmethod
    def of(cls, world: "World", job: JobRow) -> "RestoreContext":
        """The context of a job's row."""
        return cls(world, job, input_of(job))

    @property
    def source(self) -> str:
        """The company whose backup it is."""
        return self.job.company

    @property
    def company(self) -> str:
        """The company that rows are put into."""
        return self.asked.company(self.job)

    @property
    def into(self) -> Into:
        """Where rows are put."""
        return Into(self.world, self.world.store, self.company, self.job.id, self.job.actor)

    def archive(self) -> Archive:
        """The backup. Raises NotFound, Busy, and what is wrong with it."""
        return open_archive(self.world, self.source, self.asked.backup)

    def kinds(self) -> tuple[str, ...]:
        """The names chosen. Under a disclosure only what the law keeps: the rest is the company's own, or nobody's."""
        names = chosen(self.asked.kinds, anew=self.asked.into == "new")
        return tuple(name for name in names if name in LEDGER) if self.asked.disclosure else names

    def total(self, archive: Archive) -> int:
        """How many rows of the backup may be chosen: an upper bound where one kind of number was left out."""
        names = {NAMES[place] for place in places(self.kinds())}
        return sum(number for name, number in archive.manifest.counts.items() if name in names)

    def walk(self, archive: Archive) -> Walk:
        """Through the rows chosen, each held against what happened since."""
        since = replay.since(self.world, self.source, archive.manifest.clock)
        rekeyed = partial(copy.rekeyed, source=self.source, company=self.company)
        return Walk(archive, self.source, places(self.kinds()), since, rekeyed)


def require_disclosed(world: "World", asked: RestoreInput, company: str) -> None:
    """A blocked or closed company is handed out only to an operator, under a recorded lawful demand that concerns all
    of it. Raises Forbidden, Busy."""
    if not (asked.operator and asked.disclosure):
        raise Forbidden(scope="")
    (row,) = world.store.records([Disclosure.ref(company, asked.disclosure)])
    if not isinstance(row, Disclosure) or row.kind != "lawful_demand" or row.subject is not None:
        raise Forbidden(scope="")
