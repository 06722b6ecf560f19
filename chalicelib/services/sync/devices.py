"""The register of devices: made by their first pull, listed, named and revoked.

A new device, a name and a revocation are commits. What a pull notes is bookkeeping: it never advances the company's
clock, and it is written at most once a day unless the schema or the role changed (ADR 0094).
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from chalicelib.domain.call import Call
from chalicelib.domain.entity import Record
from chalicelib.domain.errors import NotFound, SynchronisationOff, invalid
from chalicelib.domain.sync.device import MOST_DEVICES, MOST_OF_MEMBER, SEEN_EVERY, Device, Holder, holder_digest
from chalicelib.domain.sync.sync_errors import DeviceRevoked, DeviceTaken
from chalicelib.policy.ends import expires_at
from chalicelib.store import bookkeeping
from chalicelib.store.decision import SYSTEM_WHILE_OPEN, Committed, Decision
from chalicelib.store.read import Reader
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.transaction import transact
from chalicelib.store.wire import Store


def find(store: Store, company: str, id: str, holder: Holder) -> Device | None:
    """The device of a person; None for an unknown one. Raises DeviceRevoked for a revoked device, and for that of a
    person who left. Raises DeviceTaken for another member's, NotFound for a stranger."""
    ref = Device.ref(company, id)
    return checked(store.batch([ref]).get(ref), company, holder)


def checked(row: Record | None, company: str, holder: Holder) -> Device | None:
    """The device in a row that was read at its address, as `find` has it."""
    device = row if isinstance(row, Device) else None
    own = device is not None and device.holder == holder_digest(company, holder.user)
    if device is not None and own and (device.revoked_at is not None or holder.role is None):
        raise DeviceRevoked
    if holder.role is None:
        raise NotFound
    if device is not None and not own:
        raise DeviceTaken
    return device


def register(reader: Reader, call: Call, id: str, holder: Holder, version: int) -> Device:
    """Add a device at its first pull. Above MOST_OF_MEMBER or MOST_DEVICES, it replaces the device that was unseen for
    longest. Raises SynchronisationOff, and InvalidContent if all of them are revoked."""
    known = [*reader.store.all_of(Device, reader.company)]
    own = [device for device in known if device.member == holder.member]
    full = own if len(own) >= MOST_OF_MEMBER else known if len(known) >= MOST_DEVICES else []
    longest = sorted((device for device in full if device.revoked_at is None), key=lambda device: device.seen_at)
    assert holder.role is not None  # noqa: S101 — `find` refuses a person who is no member

    new = call.make(
        Device,
        id=id,
        member=holder.member,
        holder=holder_digest(reader.company, holder.user),
        role=holder.role,
        schema_version=version,
        pulled=reader.head.clock,
        seen_at=call.at,
        expires_at=expires_at(Device, call.at),
    )

    def decide_device(snapshot: Snapshot) -> Decision[Device]:
        if not snapshot.head.cloud_sync:
            raise SynchronisationOff
        if present := checked(snapshot.get(Device, id), reader.company, holder):
            return Decision(present)
        if full and not longest:
            raise invalid("/device", "too_many", max=len(full))
        return Decision(new, new=(new,), deletes=tuple(longest[:1]))

    return transact(reader.store, call, [new.key], decide_device, SYSTEM_WHILE_OPEN).outcome


def note(store: Store, device: Device, at: datetime, salt: bytes, **changes: Any) -> None:
    """Note a pull on the device's row: once a day, and when the schema or the role differs. `register` notes the first
    one. A row that was changed meanwhile, or deleted, stays as it is."""
    changed = any(getattr(device, name) != value for name, value in changes.items() if name != "pulled")
    if not changed and at - device.seen_at < SEEN_EVERY:
        return
    noted = device.edited(at, **changes, seen_at=at, expires_at=expires_at(Device, at))
    bookkeeping.swap(store, noted, device, salt)


def registered(reader: Reader, holder: Holder) -> list[Device]:
    """The devices that a member sees, the newest first: an owner all, another member their own."""
    devices = reader.store.all_of(Device, reader.company, descending=True)
    return [device for device in devices if sees(holder, device)]


def one(reader: Reader, id: str, holder: Holder) -> Device:
    """A device that a member sees. Raises NotFound."""
    return _seen(reader.get(Device, id), holder)


def rename(store: Store, call: Call, id: str, holder: Holder, label: str | None) -> Committed[Device]:
    """Give a device a name. Raises NotFound, StaleVersion, CloudStorageOff."""

    def decide_name(snapshot: Snapshot) -> Decision[Device]:
        named = _seen(snapshot.get(Device, id), holder).edited(call.at, label=label)
        return Decision(named, puts=(named,))

    return transact(store, call, [Device.ref(call.company, id)], decide_name)


def revoke(store: Store, call: Call, id: str, holder: Holder) -> Committed[Device]:
    """Revoke a device: at its next pull it is told to wipe its copy. Its row stays, because it proves the revocation. A
    second revocation changes nothing. Raises NotFound, StaleVersion, CloudStorageOff."""

    def decide_revocation(snapshot: Snapshot) -> Decision[Device]:
        device = _seen(snapshot.get(Device, id), holder)
        if device.revoked_at is not None:
            return Decision(device)
        revoked = device.edited(call.at, revoked_at=call.at, expires_at=expires_at(Device, call.at))
        return Decision(revoked, puts=(revoked,))

    return transact(store, call, [Device.ref(call.company, id)], decide_revocation)


def of_member(store: Store, company: str, member: str) -> list[Device]:
    """The devices of a member. Raises Busy."""
    return [device for device in store.all_of(Device, company) if device.member == member]


def left(devices: Iterable[Device], at: datetime) -> tuple[Device, ...]:
    """The devices of a member who leaves: revoked, and without anything that names the member."""
    return tuple(
        device.edited(
            at, member=None, label=None, revoked_at=device.revoked_at or at, expires_at=expires_at(Device, at)
        )
        for device in devices
    )


def sees(holder: Holder, device: Device) -> bool:
    """Whether a member sees a device."""
    return holder.role == "owner" or (device.member is not None and device.member == holder.member)


def _seen(device: Device | None, holder: Holder) -> Device:
    if device is None or not sees(holder, device):
        raise NotFound
    return device
