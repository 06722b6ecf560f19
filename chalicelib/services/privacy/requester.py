"""The requester of a privacy request and their permissions."""

from dataclasses import dataclass

from chalicelib.domain.companies.member import owner_digest
from chalicelib.domain.errors import Forbidden, NotFound, RequestSettled
from chalicelib.domain.privacy.request import OPEN, OVER, PrivacyRequest, digest
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.wire import Store


@dataclass(frozen=True)
class Requester:
    """The requester: an opaque id, a member's role (None: an API key), the sign-in's subject, and whether identity was
    proven again just now."""

    id: str
    role: str | None
    subject: str | None = None
    proven: bool = False

    def about(self, subject: str | None) -> str | None:
        """The default subject of a request: None (the company) for owners and keys, the member's own id otherwise."""
        return self.id if subject is None and self.role not in (None, "owner") else subject

    def require(self, subject: str | None) -> None:
        """Owners and API keys request for any subject, other members for themselves. Raises Forbidden."""
        if self.role not in (None, "owner") and subject != self.id:
            raise Forbidden(scope="")

    def follows(self, request: PrivacyRequest) -> bool:
        """Whether the requester may see the request. It is visible to everybody who may make it, to its author, and to
        the account's owners at that time, even if they or the account are gone."""
        if self._owned(request) or (self.subject and request.asker == digest(request.id, self.subject)):
            return True
        return self.role == "owner" or self.id in (request.subject, request.asked_by) or self._is_key

    def may_stop(self, request: PrivacyRequest) -> None:
        """Require permission to stop a request. Owners may, also recent former owners. Others stop only requests about
        themselves or not yet verified. Raises Forbidden."""
        own = request.asked_by == self.id and (request.subject == self.id or request.verified_at is None)
        if self.role != "owner" and not own and not self._owned(request):
            raise Forbidden(scope="")

    def _owned(self, request: PrivacyRequest) -> bool:
        return bool(self.subject) and owner_digest(request.company, self.subject or "") in request.owners

    @property
    def _is_key(self) -> bool:
        return self.role is None and self.id.startswith("key_")


def find_request(store: Store, company: str, requester: Requester, id: str) -> PrivacyRequest:
    """A request that the requester may see. Raises NotFound."""
    (request,) = store.records([PrivacyRequest.ref(company, id)])
    if not isinstance(request, PrivacyRequest) or not requester.follows(request):
        raise NotFound
    return request


def open_request(snapshot: Snapshot, requester: Requester, id: str) -> PrivacyRequest:
    """A request that the requester may see and that is not over. Raises NotFound, RequestSettled."""
    request = snapshot.get(PrivacyRequest, id)
    if request is None or not requester.follows(request):
        raise NotFound
    if request.status in OVER:
        raise RequestSettled(status=request.status)
    return request


def was_owner(store: Store, company: str, subject: str) -> bool:
    """Whether a former member may still stop a running deletion of the account. Raises Busy."""
    owner, rows = owner_digest(company, subject), store.all_of(PrivacyRequest, company, descending=True)
    return any(row.status in OPEN and owner in row.owners for row in rows)
