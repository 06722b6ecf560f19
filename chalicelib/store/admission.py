"""The state of a company that allows a business transaction."""

from datetime import timedelta

from chalicelib.domain.call import Call
from chalicelib.domain.companies.company import fenced_for, require_open
from chalicelib.domain.errors import CloudStorageOff, NotFound
from chalicelib.store import conflicts
from chalicelib.store.decision import WritePolicy
from chalicelib.store.snapshot import Snapshot


def fence_seconds(snapshot: Snapshot, call: Call, waited: float) -> float:
    """The seconds that the company's writers wait for the cutoff of a backup. `waited` is the time that this writer has
    waited."""
    at = call.at + timedelta(seconds=waited)
    return fenced_for(snapshot.head, at) if snapshot.founded and waited < conflicts.PATIENCE_SECONDS else 0.0


def require_writable(snapshot: Snapshot, policy: WritePolicy) -> None:
    """Raise NotFound, CompanyBlocked or CloudStorageOff unless the policy allows a write now."""
    if not snapshot.founded:
        if policy.founding:
            return
        raise NotFound
    head = snapshot.head
    if not policy.while_blocked:
        require_open(head)
    if policy.business and not (head.cloud_sync or head.cloud_backup):
        raise CloudStorageOff
