"""Passes as the API, jobs and the auditor's tool show them."""

from typing import Any

from chalicelib.domain.clock import instant
from chalicelib.domain.evidence import Evidence, EvidenceFault, Verdict


def present_fault(fault: EvidenceFault) -> dict[str, Any]:
    """A fault."""
    return {"code": fault.code, "kind": fault.kind, "id": fault.id, "clock": fault.clock}


def present_verdict(found: Verdict) -> dict[str, Any]:
    """A verdict as the API, a job and the auditor's tool show it."""
    return {
        "ran": "full",
        "verified": found.verified,
        "clock": found.clock,
        "chain": found.chain,
        "entries": found.entries,
        "rows": found.rows,
        "from_anchor": found.from_anchor,
        "anchored": found.anchored,
        "found": found.found,
        "faults": [present_fault(fault) for fault in found.faults],
    }


def present_last_full(row: Evidence) -> dict[str, Any] | None:
    """The last full pass that the company's row notes."""
    if row.full_at is None:
        return None
    return {
        "at": instant(row.full_at),
        "clock": row.full_clock,
        "verified": not row.full_found,
        "rows": row.full_rows,
        "from_anchor": row.full_from_anchor,
        "found": row.full_found,
        "code": row.full_code,
        "recovered_at": instant(row.recovered_at) if row.recovered_at else None,
    }
