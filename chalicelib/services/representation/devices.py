"""Devices that keep a copy of the company's data."""

from chalicelib.domain.clock import instant
from chalicelib.domain.companies.company import Head
from chalicelib.domain.sync.device import Device
from chalicelib.services.representation.body import Body


def present_device(device: Device, head: Head | None = None) -> Body:  # noqa: ARG001 — a common signature
    """A device. Its last pull is known to the day."""
    return {
        "id": device.id,
        "object": "device",
        "label": device.label,
        "member": device.member,
        "status": "revoked" if device.revoked_at else "active",
        "schema_version": device.schema_version,
        "last_pulled_at": device.pulled,
        "last_seen": instant(device.seen_at),
        "revoked_at": instant(device.revoked_at) if device.revoked_at else None,
        "version": device.version,
        "created_at": instant(device.created_at),
        "updated_at": instant(device.updated_at),
    }
