"""The answer to a device's pull: the checks of the device, then a page, a replacement, or a file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from chalicelib.domain.call import Call
from chalicelib.domain.errors import ClockTooOld, SynchronisationOff, invalid
from chalicelib.domain.sync.device import Device, Holder
from chalicelib.domain.sync.sync_errors import ClientSchemaTooOld, PushFirst
from chalicelib.domain.sync.tables import OLDEST_SCHEMA, SCHEMA_VERSION
from chalicelib.files.objects import Link
from chalicelib.services.commits import KnownRows, few_entries
from chalicelib.services.sync import devices, parcel, replacing
from chalicelib.services.sync import pull as pages
from chalicelib.services.sync.pull import Migration, Pulled, View
from chalicelib.store.read import Reader
from chalicelib.store.wire import Store

if TYPE_CHECKING:
    from chalicelib.wiring import World


@dataclass(frozen=True)
class PullRequest:
    """A pull. `after` is the device's clock; 0 before its first pull. `replace`: the device has pushed what it had, and
    takes everything anew. `revive` are ids by table that it wants back."""

    device: str
    version: int
    after: int = 0
    replace: bool = False
    migration: Migration | None = None
    revive: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


Answered = Pulled | Link


def check_version(version: int) -> None:
    """Raises ClientSchemaTooOld for a version that is no longer answered, InvalidContent for one that does not exist
    yet."""
    if version < OLDEST_SCHEMA:
        raise ClientSchemaTooOld(oldest=OLDEST_SCHEMA)
    if version > SCHEMA_VERSION:
        raise invalid("/schema_version", "out_of_range", min=OLDEST_SCHEMA, max=SCHEMA_VERSION)


def pull(world: "World", reader: Reader, call: Call, holder: Holder, request: PullRequest) -> Answered:
    """Answer a pull, and note it on the device's row. Raises SynchronisationOff, DeviceRevoked, DeviceTaken,
    ClientSchemaTooOld, PushFirst before a replacement, and ReplacementPreparing during one."""
    device, known = enter(reader, call, holder, request)
    view = View(device.id, request.version, empty=not request.after)
    answer = _answer(world, reader, call, view, request, known)
    note(reader, call, device, holder, request, answer.clock if isinstance(answer, Pulled) else reader.head.clock)
    return answer


def enter(reader: Reader, call: Call, holder: Holder, request: PullRequest) -> tuple[Device, KnownRows]:
    """The device of a pull, made by its first one, and the journal's entries if they are few. One call reads them.
    Raises SynchronisationOff, DeviceRevoked, DeviceTaken, ClientSchemaTooOld, PushFirst."""
    ref = Device.ref(reader.company, request.device)
    entries = few_entries(reader.company, request.after, reader.head.clock)
    known = reader.batch([ref, *entries])
    device = devices.checked(known.get(ref), reader.company, holder)
    if not reader.head.cloud_sync:
        raise SynchronisationOff
    check_version(request.version)
    if device is None:
        return devices.register(reader, call, request.device, holder, request.version), known
    if device.role != holder.role and request.after and not request.replace:
        raise PushFirst
    return device, known


def note(reader: Reader, call: Call, device: Device, holder: Holder, request: PullRequest, clock: int) -> None:
    """Note a pull up to a clock on the device's row."""
    noted = {"schema_version": request.version, "role": holder.role, "pulled": clock}
    devices.note(reader.store, device, call.at, call.random("device"), **noted)


def refuse_leaver(store: Store, company: str, device: str, holder: Holder) -> None:
    """Refuse the pull of a person who is no member. Raises DeviceRevoked for their own device, NotFound otherwise."""
    devices.find(store, company, device, holder)


def _answer(world: "World", reader: Reader, call: Call, view: View, request: PullRequest, known: KnownRows) -> Answered:
    if request.replace:
        return replacing.replacement(world, reader, call, view)
    try:
        pulled = pages.since(reader, view, request.after, known=known)
    except ClockTooOld:
        if request.after:
            raise PushFirst from None
        return replacing.replacement(world, reader, call, view)  # The journal's beginning was purged.
    if request.migration:
        pulled = pages.with_migration(reader, view, pulled, request.migration)
    pulled = pages.with_revived(reader, view, pulled, request.revive)
    if not pulled.large:
        return pulled
    return parcel.store(world, reader.company, view.device, [msgspec.json.encode(pulled.body())])
