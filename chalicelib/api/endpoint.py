"""The first entry point: an `Endpoint` describes one operation of the API. It is made once in a noun's module and never
changes.

Validation, authorisation, the OpenAPI document and the test matrix all read the same tuple (`api.catalogue.ENDPOINTS`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel

from chalicelib.api.answers import Answer, Presenter, presenting
from chalicelib.domain.call import Call
from chalicelib.domain.errors import ProofNeeded, Refusal, TooLarge
from chalicelib.domain.language import Language
from chalicelib.domain.privacy.request import FRESH

if TYPE_CHECKING:
    from chalicelib.store.read import Reader
    from chalicelib.wiring import World

Scope = Literal[
    "company.read",
    "company.write",
    "members.read",
    "members.write",
    "keys.read",
    "keys.write",
    "parties.read",
    "parties.write",
    "items.read",
    "items.write",
    "imports.read",
    "imports.write",
    "exports.read",
    "exports.write",
    "documents.read",
    "documents.write",
    "documents.issue",
    "payments.write",
    "register.read",
    "changes.read",
    "attachments.read",
    "attachments.write",
    "devices.read",
    "devices.write",
    "devices.push",
    "backups.read",
    "backups.write",
    "backups.restore",
    "consents.read",
    "consents.write",
    "support.read",
    "support.write",
    "privacy.read",
    "privacy.write",
]
PUBLIC: Literal["PUBLIC"] = "PUBLIC"
"""No token is needed. A public route states it, because `scope` has no default."""
SIGNED_IN: Literal["SIGNED_IN"] = "SIGNED_IN"
"""A person's token without a company: to sign up, or to list one's companies."""


@dataclass(frozen=True)
class Actor:
    """The authenticated caller: their scopes, and the kind of token.

    `id` is the opaque id of the membership or the key; the journal keeps it for the statutory term. `subject` is the
    issuer's name for a person and is kept in the membership only.
    """

    id: str
    kind: Literal["user", "api_key", "nobody"]
    scopes: frozenset[str]
    subject: str = ""
    role: str | None = None
    email: str | None = None
    signed_in_at: datetime | None = None
    maker: str | None = None
    """The membership of the person who made an API key."""
    last_used_on: date | None = None
    """The day of an API key's last use, as its row states it."""

    @property
    def bearer(self) -> str:
        """The person or the API key whom an answer is for. A person keeps theirs when a membership begins or ends."""
        return self.subject or self.id

    @property
    def member(self) -> str:
        """The membership that answers for the caller: a person's own, or that of an API key's maker."""
        return self.maker or self.id


@dataclass(frozen=True)
class RequestContext:
    """One validated request. `call` is set for verbs that write; `reader` and `company` are set where a company is
    named."""

    world: "World"
    actor: Actor
    company: str
    reader: "Reader | None"
    path: Mapping[str, str]
    query: Any
    body: Any
    call: Call | None
    if_match: str
    accept: str
    language: Language
    at: datetime
    source: str = ""
    """The address that the request came from, for rate limits. It is never stored or logged unhashed."""
    idempotency_key: str | None = None
    """The key that the client sent."""

    @property
    def open(self) -> "Reader":
        """The reader of the company. The guard makes it for every endpoint with a company scope."""
        if self.reader is None:
            raise LookupError("this endpoint has no company")
        return self.reader

    @property
    def writing(self) -> Call:
        """The call of a verb that writes. The pipeline makes it."""
        if self.call is None:
            raise LookupError("this endpoint does not write")
        return self.call

    def presenting(self, present: Presenter) -> Call:
        """The call of a verb that writes, with the presenter `present`."""
        return presenting(self.writing, present)


def require_fresh(context: RequestContext) -> None:
    """Require a person who signed in recently (`FRESH`). Raises ProofNeeded."""
    since = context.actor.signed_in_at
    if context.actor.kind != "user" or since is None or context.at - since > FRESH:
        raise ProofNeeded


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One operation of the API.

    `request_model`, `query` and `response_model` are the models of the body, the query string and the answer. `status`
    is the usual status; `also` are other statuses with the same shape. `errors` are the refusals beyond those that the
    other fields imply (an undeclared one fails in tests). `form`: a page without scripts sends it. `recognises`: it is
    public, but it identifies a member who sends a token. `while_blocked`: it concerns the block itself, so it answers
    for a blocked or closed company, without its reader. `in_cloud`: it reads issued documents, which are blocked for
    their term while both cloud switches are off. `too_large` is the refusal of a body that is too long. `wipes`: it
    lets a person through who is no member any more, without scopes and without a reader, so that it can tell their
    device to wipe its copy. `of_job`: its path names a job, so a member of several companies need not name the company:
    the one that has the job is meant. `page`: a browser (`Accept: text/html`) gets a page instead.
    """

    method: Literal["GET", "POST", "PATCH", "PUT", "DELETE"]
    path: str
    scope: Scope | Literal["PUBLIC", "SIGNED_IN"]
    handler: Callable[[RequestContext], Answer]
    summary: str
    request_model: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    response_model: type[BaseModel] | None = None
    status: int = 200
    also: tuple[int, ...] = ()
    errors: tuple[type[Refusal], ...] = ()
    idempotent: bool = False
    if_match: bool = False
    media: str = "application/json"
    form: bool = False
    recognises: bool = False
    while_blocked: bool = False
    in_cloud: bool = False
    too_large: type[TooLarge] = TooLarge
    wipes: bool = False
    of_job: bool = False
    page: bool = False
    tag: str = ""
