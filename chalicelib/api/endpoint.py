"""The first door: an `Endpoint` is how somebody asks. Built once in a noun's module, data afterwards.

Validation, authorisation, the OpenAPI document and the test matrix all read the same tuple (`api.catalogue.ENDPOINTS`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel

from chalicelib.api.answers import Answer, Presenter, Shown, presenting
from chalicelib.domain.call import Call
from chalicelib.domain.errors import ProofNeeded, Refusal
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
    "documents.read",
    "documents.write",
    "documents.issue",
    "payments.write",
    "register.read",
    "changes.read",
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
"""No token at all. A public route says so; `scope` has no default."""
SIGNED_IN: Literal["SIGNED_IN"] = "SIGNED_IN"
"""A person's token, but no company yet: signing up, listing one's companies."""


@dataclass(frozen=True)
class Actor:
    """Who asks, after the guard: what they may do, and what kind of token proved it.

    `id` is the membership's or the key's, opaque; the journal keeps it for ten years. `subject` is the issuer's name
    for a person and is kept in the membership alone.
    """

    id: str
    kind: Literal["user", "api_key", "nobody"]
    scopes: frozenset[str]
    subject: str = ""
    role: str | None = None
    email: str | None = None
    signed_in_at: datetime | None = None


@dataclass(frozen=True)
class RequestContext:
    """One validated request. `call` is set on verbs that write, `reader` and `company` where a company is named."""

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
    language: Literal["fr", "ar", "en"]
    at: datetime
    source: str = ""
    """The address that the request came from, to count by; never stored or logged as it is."""

    @property
    def open(self) -> "Reader":
        """The reader of the company; the guard made it for every endpoint with a company scope."""
        if self.reader is None:
            raise LookupError("this endpoint has no company")
        return self.reader

    @property
    def writing(self) -> Call:
        """The call of a verb that writes; the pipeline made it."""
        if self.call is None:
            raise LookupError("this endpoint does not write")
        return self.call

    def presenting(self, present: Presenter, version: Shown | None = None) -> Call:
        """The call of a verb that writes, whose outcome `present` shows. `If-Match` names the `version` that a value
        must still have."""
        return presenting(self.writing, present, version, self.if_match)


def require_fresh(context: RequestContext) -> None:
    """Raises ProofNeeded unless a person asks who has signed in within ten minutes."""
    since = context.actor.signed_in_at
    if context.actor.kind != "user" or since is None or context.at - since > FRESH:
        raise ProofNeeded


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """How somebody asks. `takes`, `query` and `gives` are the models of body, query string and answer; `status` is the
    usual answer's, `also` those of its other answers of the same shape; `errors` the refusals it may give beyond those
    that its other fields imply (an undeclared one fails in tests). `form` is sent by
    a page without script; `recognises` is public and still knows a member who shows a token;
    `while_blocked` is about the block itself and answers for a blocked or closed company, without its reader;
    `in_cloud` reads issued documents, which are blocked for their term while both cloud switches are off."""

    method: Literal["GET", "POST", "PATCH", "PUT", "DELETE"]
    path: str
    scope: Scope | Literal["PUBLIC", "SIGNED_IN"]
    does: Callable[[RequestContext], Answer]
    summary: str
    takes: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    gives: type[BaseModel] | None = None
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
    tag: str = ""
