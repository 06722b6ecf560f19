"""The cloud switches of a company: synchronisation and backup."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from chalicelib.domain.backups.backup import Backup, BackupPlan, DrillPlan
from chalicelib.domain.call import Call
from chalicelib.domain.companies.company import Company, Head
from chalicelib.domain.entity import Record
from chalicelib.domain.errors import Busy, NotFound, WorkspaceNotEmpty
from chalicelib.domain.imports.model import Import
from chalicelib.domain.journal import JobRow
from chalicelib.domain.sync.device import Device
from chalicelib.domain.sync.outcomes import SyncNotice
from chalicelib.services.backup import disable_cloud
from chalicelib.services.backup.create import plans
from chalicelib.services.sync import forgetting
from chalicelib.store.decision import ACCOUNT, Committed, Decision
from chalicelib.store.read import Reader
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.transaction import transact
from chalicelib.store.wire import Store

LOOKS = 5
"""Times that `switch` reads the company before it answers Busy."""
PLANS = (BackupPlan, DrillPlan)


@dataclass(frozen=True)
class CloudSwitches:
    """The head with the new switches, the job that erases business data, and the rows to erase by kind."""

    head: Head
    job: JobRow | None = None
    goes: Mapping[str, int] | None = None
    erasing: JobRow | None = None
    """The job of an earlier change that still erases."""


@dataclass(frozen=True)
class _Observed:
    """The company at a clock: whether it has only its account, no import and no backup, its devices, and whether
    notices name some."""

    clock: int
    empty: bool
    devices: tuple[Device, ...]
    notices: bool


class _Unobserved(Exception):
    """The workspace and the devices must be read at the same clock as the decision."""


def switches(reader: Reader) -> CloudSwitches:
    """The switches, and the job that still erases after the last one was turned off. Raises Busy."""
    head = reader.head
    erasing = None if head.cloud_sync or head.cloud_backup else disable_cloud.running(reader.store, reader.company)
    return CloudSwitches(head, erasing=erasing)


def switching_off(reader: Reader, changes: Mapping[str, bool]) -> CloudSwitches:
    """Preview the switches: the new head, and the business data to erase if no switch stays on. Raises Busy."""
    switches = {f"cloud_{name}": on for name, on in changes.items()}
    after = reader.head.edited(reader.head.updated_at, **switches)
    stays = after.cloud_sync or after.cloud_backup
    goes = {} if stays else disable_cloud.going(reader.store, reader.company)
    return CloudSwitches(after, goes=goes)


def switch(store: Store, call: Call, changes: Mapping[str, bool], *, erase: bool = False) -> Committed[CloudSwitches]:
    """Turn `sync` or `backup` on or off. Raises StaleVersion. Raises WorkspaceNotEmpty if no switch would stay on while
    business data is stored: an offline company stores nothing. With `erase`, a job erases that data. Turning `backup`
    on creates the backup plans. Turning `sync` off deletes the rows of all devices, and a job the notices to them."""
    observed: _Observed | None = None
    for _ in range(LOOKS):
        try:
            decide = _switching(call, changes, observed, erase=erase)
            return transact(store, call, [cls.ref(call.company) for cls in PLANS], decide, ACCOUNT)
        except _Unobserved:
            observed = _observe(store, call.company)
    raise Busy


def _switching(
    call: Call, changes: Mapping[str, bool], observed: _Observed | None, *, erase: bool
) -> Callable[[Snapshot], Decision[CloudSwitches]]:
    def decide_switch(snapshot: Snapshot) -> Decision[CloudSwitches]:
        head = snapshot.head
        switches = {f"cloud_{name}": on for name, on in changes.items()}
        after = head.edited(call.at, **switches)
        leaves = (head.cloud_sync or head.cloud_backup) and not (after.cloud_sync or after.cloud_backup)
        seen = _Observed(head.clock, empty=True, devices=(), notices=False)
        if (head.cloud_sync and not after.cloud_sync) or (leaves and not erase):
            if observed is None or observed.clock != head.clock:
                raise _Unobserved
            seen = observed
        if leaves and not erase and not seen.empty:
            raise WorkspaceNotEmpty
        state = {"cloud_sync": after.cloud_sync, "cloud_backup": after.cloud_backup}
        new_plans, ended = plans.following(snapshot, call.at, on=after.cloud_backup)
        job = disable_cloud.queued(call) if leaves and erase else None
        jobs = [*([job] if job else ()), *([forgetting.queued(call)] if seen.notices and not after.cloud_sync else ())]
        new = (*new_plans, *jobs)
        devices = () if after.cloud_sync else seen.devices
        return Decision(CloudSwitches(after, job), new=new, deletes=(*ended, *devices), head=state)

    return decide_switch


def _is_account(row: Record) -> bool:
    """Whether the row has nothing that an erasure removes from a profile."""
    return not isinstance(row, Company) or disable_cloud.account_of(row) == row


def _observe(store: Store, company: str) -> _Observed:
    """The company as of its clock before the queries."""
    (head,) = store.records([Head.ref(company)])
    if not isinstance(head, Head):
        raise NotFound
    own = (Company, *PLANS)
    rows = store.query("workspace", company, limit=len(own) + 1).records
    others = (next(store.all_of(cls, company), None) for cls in (Import, Backup))
    empty = all(isinstance(row, own) and _is_account(row) for row in rows) and all(row is None for row in others)
    notices = next(store.all_of(SyncNotice, company), None) is not None
    return _Observed(head.clock, empty, tuple(store.all_of(Device, company)), notices)
