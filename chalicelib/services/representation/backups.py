"""Backups."""

from chalicelib.domain.backups.backup import Backup
from chalicelib.domain.clock import instant
from chalicelib.domain.companies.company import Head
from chalicelib.services.representation.body import Body


def present_backup(backup: Backup, head: Head | None = None) -> Body:  # noqa: ARG001 — a common signature
    """A backup. `bytes` is its size in storage."""
    cut, verified, drilled = (
        instant(at) if at else None for at in (backup.cut_at, backup.verified_at, backup.drilled_at)
    )
    return {
        "id": backup.id,
        "object": "backup",
        "status": backup.status,
        "tier": backup.tier,
        "counts": backup.counts,
        "bytes": backup.size,
        "clock": backup.clock,
        "cut_at": cut,
        "expires_at": instant(backup.due_at),
        "verified_at": verified,
        "drill": backup.drill,
        "drilled_at": drilled,
        "failure": backup.failure,
        "version": backup.version,
        "created_at": instant(backup.created_at),
        "updated_at": instant(backup.updated_at),
    }
