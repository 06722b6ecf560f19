"""Disable the cloud: after the last switch goes off, delete business data and backups. Statutory records stay.

The profile's identity and support threads stay, as for a company that never turned a switch on. Its bank account, its
contact, its logo, its template and its settings go, because they serve documents only. Each commit requires that the
switches are still off: turning one on stops the deletion at that point.
"""

from dataclasses import dataclass, fields, replace
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import msgspec

from chalicelib.domain.attachments.attachment import Attachment
from chalicelib.domain.backups.backup import Backup, KeyDestruction, WorkingKey
from chalicelib.domain.call import Call
from chalicelib.domain.companies.company import Company, Head
from chalicelib.domain.companies.template import EarlierTemplate
from chalicelib.domain.contact.support import Thread
from chalicelib.domain.entity import Record
from chalicelib.domain.ids import derived_id
from chalicelib.domain.imports.model import Import
from chalicelib.domain.journal import JobRow
from chalicelib.files import erase as files
from chalicelib.files import prefixes
from chalicelib.policy.ends import first_day_gone
from chalicelib.services.attachments.owners import is_thread
from chalicelib.services.attachments.rows import files_of
from chalicelib.services.attachments.settling import require_settled
from chalicelib.services.backup.cloud_traces import erase_imports, erase_traces
from chalicelib.services.earlier_templates import replaced
from chalicelib.services.job_rows import new_job
from chalicelib.services.retention import key_destruction
from chalicelib.store.decision import SYSTEM_STEP, Decision
from chalicelib.store.erase import census, erase_row
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.transaction import transact
from chalicelib.store.wire import Store
from chalicelib.workflow.deadline import Deadline
from chalicelib.workflow.engine import DONE, Failure, Workflow
from chalicelib.workflow.failure import StepFailed

if TYPE_CHECKING:
    from chalicelib.wiring import World

TASK: Final = "leave_the_cloud"
DUE: Final = "expiry"
"""The job that runs the deletion: it deletes data, so a legal hold stops it."""
TOGETHER: Final = 60
"""Rows deleted in one commit."""
PAGES: Final = 40
KEPT_KINDS: Final = frozenset(
    {Company.KIND, EarlierTemplate.KIND, Thread.KIND, "support_message", "backup_plan", "drill_plan"}
)
BUSINESS_RULES: Final = frozenset({"company.bank", "company.contact", "company.settings"})
ACCOUNT_ATTRIBUTES: Final = frozenset(
    {"financial_year_end", "identities_bind_from", "language", "policy_version", "vat_basis"}
)
"""Settings that stay: the account's mail, its consent and the records that the law makes us keep depend on them."""
FILES: Final = (prefixes.PDF, prefixes.SYNC, prefixes.IMPORTS, *prefixes.BACKUPS.values())


class SwitchedOn(StepFailed):
    """A switch is on again: stop the deletion."""

    code = "switched_on"


def going(store: Store, company: str) -> dict[str, int]:
    """The number of rows of each kind that turning the last switch off would delete. Raises Busy."""
    found, after = census(store, "workspace", company, pages=PAGES)
    while after is not None:
        more, after = census(store, "workspace", company, after=after, pages=PAGES)
        found += more
    found[Import.KIND] = sum(1 for _ in store.all_of(Import, company))
    return {kind: count for kind, count in sorted(found.items()) if count and kind not in KEPT_KINDS}


def has_documents(head: Head) -> bool:
    """Whether the company has numbered a document. A first number that it only set does not count."""
    return any(each.last is not None for each in head.numbered)


def account_of(company: Company) -> Company:
    """The profile without what only documents need: each such attribute has its default again. The numberings stay: no
    function but the purge deletes rows of the ledger, which has the series."""
    reset: dict[str, Any] = {
        field.name: field.default
        for field in fields(company)
        if field.metadata.get("rule") in BUSINESS_RULES and field.name not in ACCOUNT_ATTRIBUTES
    }
    return replace(company, **reset)


def running(store: Store, company: str) -> JobRow | None:
    """The deletion that has not ended. Raises Busy."""
    jobs = store.all_of(JobRow, company)
    return next((job for job in jobs if job.task == TASK and job.due is not None), None)


def queued(call: Call) -> JobRow:
    """The deletion job, for the commit that turns the last switch off."""
    return new_job(call, DUE, TASK, id=derived_id(JobRow.PREFIX, TASK, call.company, call.id))


@dataclass(frozen=True)
class Disabling:
    """The deletion of a company's business data, with the number of deleted rows and of those that it began with."""

    done: int
    total: int = 0
    step: str = "erase"
    failure: str | None = None


@dataclass(frozen=True)
class _DisablingContext:
    world: "World"
    job: JobRow


def _erase(context: _DisablingContext, state: Disabling, _: Deadline) -> Disabling:
    """Delete the next part: first rows, then files, then stored replies, and the keys last."""
    world, job = context.world, context.job
    require_settled(world, job.company)
    if not state.total:
        state = replace(state, total=state.done + sum(going(world.store, job.company).values()))
    if gone := _rows(world, job):
        return replace(state, done=state.done + gone)
    _profile(world, job)
    if not _files(world, job.company) or not erase_traces(world, job):
        return state
    _keys(world, job)
    return replace(state, step=DONE)


def _failed(_: _DisablingContext, state: Disabling, failure: Failure) -> Disabling:
    """Stop if a switch is on again. Any other failure is retried: the deletion must finish."""
    if not isinstance(failure, SwitchedOn):
        raise failure
    return replace(state, step=DONE, failure=failure.code)


def _row(context: _DisablingContext, state: Disabling) -> JobRow:
    complete = {"outcome": "complete", "counts": {"rows": state.done}}
    outcome = {"outcome": "failed", "code": state.failure} if state.failure else complete
    over = state.step == DONE
    return context.job.progressed(
        over=over,
        failed=state.failure is not None,
        outcomes=msgspec.json.encode([outcome] if over else []),
        done=state.done,
        total=state.done if over else max(state.done, state.total),
    )


WORKFLOW: Final = Workflow(
    name="disabling of the cloud",
    context=_DisablingContext,
    load=lambda context: Disabling(context.job.done, context.job.total),
    row=_row,
    steps={"erase": _erase},
    failed=_failed,
)


def _rows(world: "World", job: JobRow) -> int:
    """Delete one commit of rows; return their number."""
    printed = _has_documents(world, job.company)
    going = (row for row in world.store.all("workspace", job.company) if not _stays(row, printed=printed))
    if found := tuple(islice(going, TOGETHER)):
        for key in [key for row in found if isinstance(row, Attachment) for key in files_of(row)]:
            files.erase_file(world.files, key)
        _commit(world, job, found)
    return len(found)


def _has_documents(world: "World", company: str) -> bool:
    """Whether the company has numbered documents, which are printed with its logo and its earlier templates."""
    (head,) = world.store.records([Head.ref(company)])
    return isinstance(head, Head) and has_documents(head)


def _stays(row: Record, *, printed: bool) -> bool:
    """Whether a row does not depend on the switches. The files of a support thread stay with it."""
    if isinstance(row, EarlierTemplate):
        return printed
    return row.KIND in KEPT_KINDS or (isinstance(row, Attachment) and is_thread(row.owner))


def _profile(world: "World", job: JobRow) -> None:
    """Reduce the profile to the account. Issued documents are printed with the template of their issue, which
    stays."""

    def decide_profile(snapshot: Snapshot) -> Decision:
        _require_off(snapshot.head)
        company = snapshot.get(Company)
        if company is None or account_of(company) == company:
            return Decision()
        after = account_of(company).edited(call.at)
        earlier = replaced(company, after, call) if has_documents(snapshot.head) else ()
        return Decision(puts=(after, *earlier))

    call = world.call(job.company, job.actor, TASK, key=f"{job.id}:{world.random(8).hex()}")
    transact(world.store, call, [Company.ref(job.company)], decide_profile, SYSTEM_STEP)


def _files(world: "World", company: str) -> bool:
    """Delete one listing of pages, logos that no document shows, backups and their downloads; True once there are none.
    Rows of backups are deleted after their objects, rows of imports before: an import that still runs then deletes what
    it has stored since."""
    erase_imports(world, company)
    logos = () if _has_documents(world, company) else (prefixes.LOGOS,)
    if not all(files.erase(world.files, prefix, company) for prefix in (*FILES, *logos)):
        return False
    # A downloaded backup is a copy of a backup. An access export belongs to a person, and is deleted at its term.
    files.erase_file(world.files, f"{prefixes.of_company(prefixes.EXPORTS, company)}{JobRow.PREFIX}_")
    for row in [*world.store.all_of(Backup, company)]:
        erase_row(world.store, row.key)
    return True


def _keys(world: "World", job: JobRow) -> None:
    """Destroy the working keys, so that no copy of a backup can be decrypted. The next backup creates new keys."""
    keys = (*world.store.all_of(WorkingKey, job.company),)
    planned = key_destruction.plan_destruction(world, job.company, job.id, world.now())
    known = world.store.records([KeyDestruction.ref(job.company, end.id) for end in planned])
    new = tuple(_with_end(end) for end, row in zip(planned, known, strict=True) if row is None)
    if keys:
        _commit(world, job, keys, new)


def _with_end(destruction: KeyDestruction) -> KeyDestruction:
    """The destruction, due at the end of its own term: no privacy request ends it."""
    return replace(destruction, due="proofs", due_at=first_day_gone("request.proof", destruction.created_at))


def _commit(world: "World", job: JobRow, deletes: tuple[Record, ...], new: tuple[Record, ...] = ()) -> None:
    def decide_erasure(snapshot: Snapshot) -> Decision:
        _require_off(snapshot.head)
        return Decision(deletes=deletes, new=new)

    call = world.call(job.company, job.actor, TASK, key=f"{job.id}:{world.random(8).hex()}")
    transact(world.store, call, [], decide_erasure, SYSTEM_STEP)


def _require_off(head: Head) -> None:
    if head.cloud_sync or head.cloud_backup:
        raise SwitchedOn
