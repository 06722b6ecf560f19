"""Members and invitations in the API's form."""

from datetime import UTC, datetime

from chalicelib.domain.clock import instant
from chalicelib.domain.companies.company import Head
from chalicelib.domain.companies.invitation import Invitation
from chalicelib.domain.companies.member import Member
from chalicelib.domain.entity import Record
from chalicelib.services.representation.body import Body
from chalicelib.services.representation.records import present_record


def present_member(row: Record, head: Head | None = None) -> Body:  # noqa: ARG001 — a representation's signature
    """A membership, or an invitation in the form of one. The subject of an invited person is not known."""
    ends: str | None = None
    user: Body = {}
    if isinstance(row, Invitation):
        ends = instant(datetime.fromtimestamp(row.expires_at, UTC))
        user = {"user": None, "invited": False}
    status = "invited" if ends else "active"
    return {**present_record(row), "object": Member.KIND, **user, "status": status, "invitation_ends_at": ends}
