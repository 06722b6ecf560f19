"""The AWS credentials of the current context: one company's while a job works on it, otherwise the function's
(docs/adr/0059).

They belong to the context and not to the client. One connection serves every company, and no caller can forget them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol


class Signer(Protocol):
    """Credentials that botocore can sign with."""

    def get_frozen_credentials(self) -> Any:
        """The key, its secret and its token at one moment."""


@dataclass(frozen=True)
class Session:
    """Credentials of one job for one company's rows and objects, until `ends` (aware). `into` is the company that the
    job writes to: the same one, or a company that it makes."""

    job: str
    company: str
    credentials: Signer
    ends: datetime
    into: str | None = None


_current: ContextVar[Session | None] = ContextVar("session", default=None)


def current() -> Session | None:
    """The session of this context; None means the function's own role."""
    return _current.get()


@contextmanager
def under(session: Session | None) -> Iterator[None]:
    """Use this session for AWS requests within the `with` block; None means the function's own role."""
    token = _current.set(session)
    try:
        yield
    finally:
        _current.reset(token)


def sign(request: Any, **_: Any) -> None:
    """Handle botocore's event `before-sign`: sign with the context's session. Each retry is signed again."""
    if session := current():
        signing = request.context.get("signing", {})
        request.context["signing"] = {**signing, "request_credentials": session.credentials}


def confined(client: Any) -> Any:
    """Register the context's session with the client, and return the client."""
    service = client.meta.service_model.service_id.hyphenize()
    client.meta.events.register(f"before-sign.{service}", sign, unique_id="session")
    return client
