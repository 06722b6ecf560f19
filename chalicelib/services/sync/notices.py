"""Notices about refused rows. A device shows them; they repeat no content of the row."""

import re
from collections.abc import Sequence
from typing import Final

from chalicelib.domain.ids import derived_id
from chalicelib.domain.sync.outcomes import SyncNotice
from chalicelib.domain.sync.push import Rejection
from chalicelib.domain.sync.tables import BY_NAME
from chalicelib.policy.ends import expires_at
from chalicelib.services.sync.examine import PushRequest
from chalicelib.store.decision import DEVICE, Decision
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.transaction import transact

TOGETHER: Final = 90
_ROW_ID: Final = re.compile(r"[a-zA-Z0-9_.-]{1,64}")


def put_notices(request: PushRequest, rejected: Sequence[Rejection]) -> int:
    """Put a notice for each refused row that a device can have, unless it has the same one. Returns the clock then, 0
    without a new notice. Raises Busy."""
    refused = {_id(request, each): each for each in rejected if _is_named(each)}
    refs = [SyncNotice.ref(request.company, id) for id in refused]
    known = {row.id for row in request.store.batch(refs).values()}
    new = [id for id in refused if id not in known]
    clock = 0
    for at in range(0, len(new), TOGETHER):
        clock = _put(request, {id: refused[id] for id in new[at : at + TOGETHER]})
    return clock


def _is_named(rejected: Rejection) -> bool:
    """Whether the row has a place on a device: a known table, and an id that WatermelonDB accepts. Any other text may
    be a name or whatever an app made of it, and is stored nowhere."""
    return rejected.table in BY_NAME and _ROW_ID.fullmatch(rejected.id) is not None


def _id(request: PushRequest, rejected: Rejection) -> str:
    """The same id for the same refusal, so that a row that is pushed again and again has one notice."""
    parts = (request.company, request.device, rejected.table, rejected.id, rejected.code, rejected.pointer or "")
    return derived_id(SyncNotice.PREFIX, *parts)


def _put(request: PushRequest, refused: dict[str, Rejection]) -> int:
    call = request.new_call()

    def decide_notices(snapshot: Snapshot) -> Decision[None]:
        found = snapshot.find(SyncNotice, *refused)
        missing = [id for id, notice in zip(refused, found, strict=True) if notice is None]
        return Decision(
            new=tuple(
                call.make(
                    SyncNotice,
                    id=id,
                    device=request.device,
                    table_name=refused[id].table,
                    row_id=refused[id].id,
                    code=refused[id].code,
                    pointer=refused[id].pointer,
                    expires_at=expires_at(SyncNotice, call.at),
                )
                for id in missing
            )
        )

    reads = [SyncNotice.ref(request.company, id) for id in refused]
    return transact(request.store, call, reads, decide_notices, DEVICE).clock
