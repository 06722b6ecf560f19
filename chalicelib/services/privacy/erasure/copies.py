"""The copies that may hold an erased person: backups, exports and the archive, each with its end.

They are encrypted or belong to others, so nobody searches them for one person. The receipt names each copy that was
begun before the erasure. A restore of a backup repeats the erasure (`services/backup`), and an export that was begun
before is not handed out any more.
"""

from collections.abc import Iterator
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from chalicelib.domain.backups.archive import Archived
from chalicelib.domain.backups.backup import Backup
from chalicelib.domain.clock import today
from chalicelib.domain.contact.support import Upload
from chalicelib.domain.entity import Record, Ref
from chalicelib.domain.journal import JobRow
from chalicelib.domain.privacy.request import PrivacyRequest
from chalicelib.files import prefixes
from chalicelib.policy.ends import end

if TYPE_CHECKING:
    from chalicelib.wiring import World


def copies_of(world: "World", request: PrivacyRequest) -> list[dict[str, Any]]:
    """The copies that a receipt of one person's erasure names, backups first. Raises Busy."""
    before = request.verified_at or request.created_at
    return [*_backups(world, request.company, before), *_exports(world, request, before), *_archive(world, request)]


def _copy(place: str, id: str | None, ends_on: date | None, how: str) -> dict[str, Any]:
    """One copy. `how`: expires (deleted at the end of its term) or locked (kept by law until then, then deleted)."""
    return {"place": place, "id": id, "ends_on": ends_on.isoformat() if ends_on else None, "how": how}


def _backups(world: "World", company: str, before: datetime) -> Iterator[dict[str, Any]]:
    for backup in world.store.all_of(Backup, company):
        if backup.created_at <= before:
            yield _copy(prefixes.BACKUPS[backup.tier], backup.id, today(backup.due_at), "expires")


def _exports(world: "World", request: PrivacyRequest, before: datetime) -> Iterator[dict[str, Any]]:
    """The archives of access requests and jobs. Another person's export does not hold this person."""
    own = prefixes.of_company(prefixes.EXPORTS, request.company)
    names = (key.removeprefix(own).partition("/")[0].partition(".")[0] for key in world.files.list(own))
    for id in sorted(set(names)):
        made_for, removal = world.store.records([_source(request.company, id), _removal(request.company, id)])
        if _may_hold(made_for, request.subject, before):
            ends = removal.due_at if isinstance(removal, Upload) else end("file.export", before)
            yield _copy(prefixes.EXPORTS, id, today(ends), "expires")


def _source(company: str, id: str) -> Ref:
    return PrivacyRequest.ref(company, id) if id.startswith(PrivacyRequest.PREFIX) else JobRow.ref(company, id)


def _removal(company: str, id: str) -> Ref:
    return Upload.ref(company, f"{Upload.PREFIX}_{id.partition('_')[2]}")


def _may_hold(made_for: Record | None, subject: str | None, before: datetime) -> bool:
    if made_for is not None and made_for.created_at > before:
        return False
    return not isinstance(made_for, PrivacyRequest) or made_for.subject in (None, subject)


def _archive(world: "World", request: PrivacyRequest) -> Iterator[dict[str, Any]]:
    """The statutory archive, if the company has one and the law keeps documents of this person there."""
    (archived,) = world.store.records([Archived.ref(request.company)])
    held = any(m.found for m in request.measures if (m.store, m.place, m.match) == ("table", "ledger", "reference"))
    if isinstance(archived, Archived) and held:
        until = max((m.until for m in request.measures if m.place == prefixes.ARCHIVE and m.until), default=None)
        yield _copy(prefixes.ARCHIVE, None, until, "locked")
