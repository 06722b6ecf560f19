"""Restoring a backup, into its company or a new one: a job of bounded parts, each of which may be repeated.

Everything is verified before anything is written. Then the company is shut (`restoring`), rows come back, registers are
verified, erased persons are searched for, and only when none is left it opens again. Whatever fails on the way leads to
that search too: a company is never shut for good by a restore (ADR 0043).
"""

import logging
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from chalicelib.domain.companies.company import Company, Head, Term, require_open
from chalicelib.domain.documents.model import Issued
from chalicelib.domain.documents.registry import document_types
from chalicelib.domain.entity import Record
from chalicelib.domain.errors import Forbidden, Refusal
from chalicelib.domain.journal import JobRow
from chalicelib.domain.privacy.disclosure import Disclosure
from chalicelib.files import prefixes
from chalicelib.services.backup.format.archive import Archive, open_archive
from chalicelib.services.backup.format.kinds import LEDGER, NAMES, chosen, places
from chalicelib.services.backup.restoring import copy, preview, replay, steps
from chalicelib.services.backup.restoring.batches import Progress, Walk
from chalicelib.services.backup.restoring.steps import Into, NotOurs
from chalicelib.store import due
from chalicelib.store.conflicts import patiently
from chalicelib.store.decision import RESTORE_BEGIN, SYSTEM_STEP, Decision
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.transaction import transact
from chalicelib.store.wire import SORT

if TYPE_CHECKING:
    from chalicelib.wiring import World

log = logging.getLogger("facture.backups")
NAME = "restores"
SHUT = ("rows", "logos", "registers")
"""Steps after which, whatever went wrong, erased persons are searched for before the company opens."""


@dataclass(frozen=True)
class Asked:
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


def asked_of(job: JobRow) -> Asked:
    """What the job was asked, and how far it is."""
    return msgspec.json.decode(job.inputs, type=Asked)


@dataclass(frozen=True)
class Errand:
    """A restore as its parts need it."""

    world: "World"
    job: JobRow
    asked: Asked

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


def advance(world: "World", job: JobRow) -> JobRow:
    """Do the next part of a restore, or of its preview; the job as it is then. Raises Busy, and what the search and the
    opening raise: those are tried again."""
    asked = asked_of(job)
    errand, progress = Errand(world, job, asked), asked.progress
    try:
        after = preview.step(errand, progress) if asked.dry_run else _step(errand, progress)
    except NotOurs:
        after = replace(progress, step="done", failure=NotOurs.code)
    except Refusal as refusal:
        if refusal.passing or progress.step in ("search", "open"):
            raise
        after = _failed(progress, refusal.code)
    return _kept(errand, after)


def _failed(progress: Progress, code: str) -> Progress:
    """Where nothing was written it ends; else the company is searched and opened first."""
    step = "search" if progress.step in SHUT else "done"
    return replace(progress, step=step, cursor=None, found=0, failure=code)


def _step(errand: Errand, progress: Progress) -> Progress:
    if progress.step == "registers":
        return steps.registers(errand.into, progress)
    if progress.step in ("search", "open"):
        since = replay.since(errand.world, errand.source, 0)
        if progress.step == "search":
            return steps.search(errand.into, since, progress)
        (head,) = patiently(lambda: errand.world.store.records([Head.ref(errand.source)]))
        return steps.reopen(errand.into, since, progress, head.erased if isinstance(head, Head) else None)
    return _from_archive(errand, errand.archive(), progress)


def _from_archive(errand: Errand, archive: Archive, progress: Progress) -> Progress:
    if progress.step == "verify":
        return progress.verified(archive, "begin", total=errand.total(archive))
    if progress.step == "begin":
        _begin(errand, archive)
        return replace(progress, step="rows")
    if progress.step == "rows":
        return steps.rows(errand.into, errand.walk(archive), progress)
    return _logos(errand, archive, progress)


def _begin(errand: Errand, archive: Archive) -> None:
    """Shut the company, or make the new one, shut. Raises CompanyBlocked (or Restoring), CloudStorageOff, Forbidden."""
    (head,) = patiently(lambda: errand.world.store.records([Head.ref(errand.source)]))
    if errand.asked.into == "new":
        _founding(errand, archive, head if isinstance(head, Head) else None)
        return
    call = errand.world.call(errand.source, errand.job.actor, "restore", key=f"{errand.job.id}:begin")

    def decide(snapshot: Snapshot) -> Decision:
        head = snapshot.head
        if head.restore == errand.job.id:
            return Decision()
        # Shut by a restore that nobody knows any more: whoever restores next opens it again.
        if head.state != "restoring" or not head.restore or snapshot.get(JobRow, head.restore) is not None:
            require_open(head)
        return Decision(head={"state": "restoring", "restore": errand.job.id})

    transact(errand.world.store, call, [], decide, RESTORE_BEGIN)


def _founding(errand: Errand, archive: Archive, source: Head | None) -> None:
    gone = source is None or source.state != "active"
    if gone:
        require_disclosed(errand.world, errand.asked, errand.source)
    asked, world = errand.asked, errand.world
    if asked.owner and not asked.operator:
        raise Forbidden(scope="")
    owner = copy.Owner(asked.owner) if asked.owner else copy.owner_of(world, errand.source, errand.job.actor)
    call = world.call(errand.company, errand.job.actor, "restore", key=f"{errand.job.id}:begin")
    term = _term(archive, errand.source)
    mode = copy.mode_of(source, gone=source is not None and source.state == "closed" and _follows(errand))
    copy.Founding(errand.job.id, mode, owner, term).found(world.store, call)


def _follows(errand: Errand) -> bool:
    """Whether this copy is the one that goes on where a closed company ended: a second one would give its numbers
    again. Its head remembers which."""
    call = errand.world.call(errand.source, errand.job.actor, "restore", key=f"{errand.job.id}:follow")

    def decide_follow(snapshot: Snapshot) -> Decision[str]:
        first = snapshot.head.restore or errand.job.id
        known = snapshot.head.restore is not None
        return Decision(first, head=None if known else {"restore": first})

    done = transact(errand.world.store, call, [], decide_follow, SYSTEM_STEP)
    return done.outcome == errand.job.id


def require_disclosed(world: "World", asked: Asked, company: str) -> None:
    """A blocked or closed company is handed out only to an operator, under a recorded lawful demand that concerns all
    of it. Raises Forbidden, Busy."""
    if not (asked.operator and asked.disclosure):
        raise Forbidden(scope="")
    (row,) = world.store.records([Disclosure.ref(company, asked.disclosure)])
    if not isinstance(row, Disclosure) or row.kind != "lawful_demand" or row.subject is not None:
        raise Forbidden(scope="")


def _term(archive: Archive, company: str) -> Term | None:
    """When the source's records are due to go: its copy's are due then too."""
    for line in archive.rows(("terms",)):
        record = line.record(company)
        return record if isinstance(record, Term) else None
    return None


def _logos(errand: Errand, archive: Archive, progress: Progress) -> Progress:
    """Put the pictures that are missing: each is named after its content's hash, so that one that is there is right."""
    if "company" in errand.kinds() or set(LEDGER) & set(errand.kinds()):
        for blob in archive.manifest.blobs:
            own = prefixes.own_logo(errand.company, blob.key)
            if own and archive.readable(blob.seal) and not errand.world.files.exists(own):
                media = "image/png" if own.endswith(".png") else "image/jpeg"
                errand.world.files.put(own, archive.blob(blob.key), media)
    if errand.asked.into == "new":
        _profile(errand)
    return replace(progress, step="registers", cursor=None)


def _profile(errand: Errand) -> None:
    """Give a company its profile where none came back: the working data may be beyond anybody's reach."""
    into = errand.into
    if into.store.records([Company.ref(into.company)])[0] is not None:
        return
    for made in (each for each in document_types() if each.fiscal and each.party == "buyer"):
        prefix = SORT.startswith(f"{made.kind}#")
        page = into.store.query(made.issued.ROOM, into.company, prefix, descending=True, limit=2)
        if last := next((row for row in page.records if isinstance(row, Issued)), None):
            profile = copy.profile_of(last, into.company, errand.world.now())
            into.commit([], lambda _: Decision(puts=(profile,)))  # noqa: B023 — called at once
            return


def _kept(errand: Errand, after: Progress) -> JobRow:
    """The job's row with its progress, and at its end with what came of it."""
    job, over = errand.job, after.step == "done"
    status = ("failed" if after.failure else "completed") if over else "running"
    if over and after.failure:
        log.error("restore failed: %s", after.failure, extra={"company": errand.company, "ref": job.id})
        errand.world.telemetry.figures({"RestoreFailed": 1})
    return job.edited(
        errand.world.now(),
        inputs=replace(errand.asked, progress=after).encoded(),
        status=status,
        outcomes=msgspec.json.encode(told(errand, after) if over else []),
        done=after.rows,
        total=after.total,
        due=None if over else NAME,
    )


def told(errand: Errand, progress: Progress) -> list[dict[str, Any]]:
    """What came of it, as the job shows it."""
    counts = {kind: preview.shown(own) for kind, own in progress.counts.items()}
    if progress.failure:
        return [{"outcome": "failed", "code": progress.failure, "kinds": counts}]
    if errand.asked.dry_run:
        return [{"would": counts}]
    return [{"company": errand.company, "kinds": counts}]


def _shut(world: "World", job: JobRow, asked: Asked) -> bool:
    """Whether a run that was killed had shut the company, and could not say so."""
    errand = Errand(world, job, asked)
    (head,) = world.store.records([Head.ref(errand.company)])
    return asked.progress.step == "begin" and isinstance(head, Head) and head.restore == job.id


def give_up(world: "World", work: Record) -> None:
    """Called before a row is buried: what shut a company turns into the search that opens it, with all its attempts
    anew. Only when that fails as well does the company stay shut, and somebody is told."""
    (job,) = world.store.records([work.key])
    if not isinstance(job, JobRow) or job.status in ("completed", "failed"):
        return
    asked = asked_of(job)
    progress, at = asked.progress, world.now()
    log.error("restore given up", extra={"company": job.company, "ref": job.id})
    world.telemetry.figures({"RestoreFailed": 1})
    if not asked.dry_run and (progress.step in SHUT or _shut(world, job, asked)):
        after = replace(progress, step="search", cursor=None, found=0, failure="given_up")
        again = job.edited(at, inputs=replace(asked, progress=after).encoded(), due_at=at)
        due.save(world.store, again, job, world.random(16))
    elif progress.step not in ("search", "open"):
        outcome = msgspec.json.encode([{"outcome": "failed", "code": "given_up"}])
        due.save(world.store, job.edited(at, status="failed", outcomes=outcome), job, world.random(16))
