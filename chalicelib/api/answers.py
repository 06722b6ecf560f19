"""Answers: the representation of a domain value, stored for repeated calls and returned to them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import msgspec

from chalicelib.api.redaction import REDACTED, redact
from chalicelib.domain.call import Call, Reply
from chalicelib.domain.clock import instant
from chalicelib.domain.companies.company import Head
from chalicelib.files.objects import LINK_SECONDS, Link
from chalicelib.services.representation.body import Body
from chalicelib.store.decision import Committed

Representation = Callable[[Any, Head], Body]
"""A representation of a value, given the company's head."""
ROOT: Final = "/v1"
LINK_LIFE: Final = f"{LINK_SECONDS // 60} minutes"
"""The lifetime of a link to a file, in the words of the API's description."""


@dataclass(frozen=True)
class Answer:
    """An HTTP status, a representation, and the address of the new resource. `secret` is merged into the first body and
    never stored: a repeated call does not get it. `array` is sent instead of the body where another product's protocol
    demands a list. `headers` are added to those of every answer. `page` is the HTML that a browser gets instead of the
    body."""

    body: Body
    status: int = 200
    location: str | None = None
    secret: Body | None = field(default=None, repr=False)
    replayed: bool = False
    array: list[Body] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    page: str | None = None


Presenter = Callable[[Any, Head], Answer]


def address(*parts: str) -> str:
    """The path of a resource. Every address in an answer is made here."""
    return "/".join((ROOT, *parts))


def shown(show: Representation) -> Presenter:
    """Present with status 200."""
    return lambda value, head: Answer(show(value, head))


def created(show: Representation, *parts: str) -> Presenter:
    """Present with status 201, at the address from `parts` and the body's id."""
    return lambda value, head: Answer(body := show(value, head), 201, address(*parts, body["id"]))


def deleted(record: Any, head: Head | None = None) -> Body:  # noqa: ARG001 — a representation's signature
    """The representation of a deletion."""
    return {"id": record.id, "object": record.KIND, "deleted": True}


def listed(url: str, data: Iterable[Body], *, more: bool = False, **further: Any) -> Body:
    """One page of a list."""
    return {"object": "list", "data": list(data), "has_more": more, "url": url, **further}


def signed(link: Link, *, accept: str) -> Answer:
    """A redirect to a signed URL, or the URL itself for clients that send `Accept: application/json`."""
    if "application/json" not in accept:
        return Answer({}, status=303, location=link.url)
    return Answer({"url": link.url, "expires_at": instant(link.expires_at)})


def size(body: Body) -> int:
    """The size of a representation in bytes."""
    return len(msgspec.json.encode(body))


def presenting(call: Call, present: Presenter) -> Call:
    """The call with its presenter."""

    def reply(value: Any, head: Head) -> Reply:
        answer = present(value, head)
        secret = msgspec.json.encode(answer.secret) if answer.secret is not None else None
        return Reply(answer.status, msgspec.json.encode(answer.body), answer.location, secret)

    return replace(call, present=reply)


def answer(committed: Committed[Any]) -> Answer:
    """The answer of a committed call, or the stored answer of the first call with its key. Persons who were erased
    since are redacted."""
    reply = committed.reply
    body = dict(REDACTED) if reply.body is None else msgspec.json.decode(reply.body)
    if committed.attempts == 0 and committed.head is not None:
        body = redact(body, committed.head)
    secret = msgspec.json.decode(reply.secret) if reply.secret is not None else None
    return Answer(body, reply.status, reply.location, secret, committed.replayed)
