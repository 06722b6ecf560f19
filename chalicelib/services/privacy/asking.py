"""Who asks about personal data and what he may, and how a request is shown."""

from dataclasses import dataclass
from typing import Any

import msgspec

from chalicelib.domain.correction import Correction
from chalicelib.domain.errors import Forbidden, NotFound
from chalicelib.domain.member import owner_mark
from chalicelib.domain.request import OPEN, Request, digest
from chalicelib.services.documents import instant
from chalicelib.services.privacy import receipts
from chalicelib.store.wire import SORT, Store

URL = "/v1/privacy/requests"


@dataclass(frozen=True)
class Asker:
    """Who asks: an opaque id, the role of a member (None: a key), the sign-in's subject, and whether identity was
    proven again just now."""

    id: str
    role: str | None
    subject: str | None = None
    proven: bool = False

    def about(self, subject: str | None) -> str | None:
        """Whom a request concerns that names nobody: the company, or a member who is no owner."""
        return self.id if subject is None and self.role not in (None, "owner") else subject

    def require(self, subject: str | None) -> None:
        """Owners and the company's own keys ask about anybody, other members about themselves. Raises Forbidden."""
        if self.role not in (None, "owner") and subject != self.id:
            raise Forbidden(scope="")

    def follows(self, request: Request) -> bool:
        """Whether the request may be shown: to whom may ask it, and to who asked it or owned the account then, although
        the account is gone or they are."""
        if self._owned(request) or (self.subject and request.asker == digest(request.id, self.subject)):
            return True
        return self.role == "owner" or self.id in (request.subject, request.asked_by) or self._is_key

    def may_stop(self, request: Request) -> None:
        """An owner may, also one who was removed since or shortly before; who is none stops only what is about himself
        or not yet verified. Raises Forbidden."""
        own = request.asked_by == self.id and (request.subject == self.id or request.verified_at is None)
        if self.role != "owner" and not own and not self._owned(request):
            raise Forbidden(scope="")

    def _owned(self, request: Request) -> bool:
        return bool(self.subject) and owner_mark(request.company, self.subject or "") in request.owners

    @property
    def _is_key(self) -> bool:
        return self.role is None and self.id.startswith("key_")


def show(request: Request) -> dict[str, Any]:
    """A request as the API shows it."""
    when = {name: getattr(request, name) for name in ("grace_until", "verified_at", "closed_at")}
    return {
        "id": request.id,
        "object": "privacy_request",
        "kind": request.kind,
        "status": request.status,
        "affects": request.affects,
        "subject": request.subject,
        "due": instant(request.deadline),
        **{name: instant(at) if at else None for name, at in when.items()},
        "reason": request.reason,
        "steps": [receipts.told(measure) | {"done": measure.done} for measure in request.measures],
        "last_trace": request.last_trace.isoformat() if request.last_trace else None,
        "receipt": f"{URL}/{request.id}/receipt" if request.receipt else None,
        "download": f"{URL}/{request.id}/download" if _handed_out(request) else None,
        "dry_run": False,
        "awaiting_details": _awaited(request),
        "documents": f"{URL}/{request.id}/documents" if _put_right(request) else None,
        "recipients": list(request.recipients),
        "version": request.version,
        "created_at": instant(request.created_at),
        "updated_at": instant(request.updated_at),
    }


def present_correction(row: Correction) -> dict[str, Any]:
    """What was put right, and when."""
    return {
        "id": row.id,
        "object": "correction",
        "subject": row.subject,
        "record": row.record,
        "values": msgspec.json.decode(row.values),
        "corrected_at": instant(row.created_at),
    }


def _awaited(request: Request) -> dict[str, Any] | None:
    """Since when the clock stands, and what is missing."""
    if request.awaiting_since is None:
        return None
    return {"since": instant(request.awaiting_since), "missing": list(request.missing)}


def _put_right(request: Request) -> bool:
    """Whether issued documents may go on saying what was corrected."""
    return request.kind == "rectification" and any(measure.action == "keep" for measure in request.measures)


def _handed_out(request: Request) -> bool:
    """Whether an archive was made for it; how long it is kept is the download's to say."""
    return (request.kind, request.status) == ("access", "completed")


def found(store: Store, company: str, asker: Asker, id: str) -> Request:
    """A request that the asker may see. Raises NotFound."""
    (request,) = store.records([Request.ref(company, id)])
    if not isinstance(request, Request) or not asker.follows(request):
        raise NotFound
    return request


def was_owner(store: Store, company: str, subject: str) -> bool:
    """Whether somebody who is no member may still stop an account's deletion that is under way. Raises Busy."""
    mark, after = owner_mark(company, subject), None
    while True:
        page = store.query("requests", company, SORT.startswith("request#"), after=after, descending=True)
        rows = (row for row in page.records if isinstance(row, Request))
        if any(row.status in OPEN and mark in row.owners for row in rows):
            return True
        if (after := page.next) is None:
            return False
