"""On whose behalf AWS is asked: of one company, while a job works on it; else of the function itself (docs/adr/0059).

It follows the context and not the client, so that one connection serves every company and no caller can forget it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol


class Signer(Protocol):
    """Credentials as botocore signs with them."""

    def get_frozen_credentials(self) -> Any:
        """The key, its secret and its token, of one moment."""


@dataclass(frozen=True)
class Session:
    """Credentials that reach one company's rows and objects only, for one job, until `ends` (aware); and, where the job
    puts what it does into a company, those of `into`: the same one, or one that it makes."""

    job: str
    company: str
    credentials: Signer
    ends: datetime
    into: str | None = None


_current: ContextVar[Session | None] = ContextVar("session", default=None)


def current() -> Session | None:
    """The session that this context asks under; None: the function's own role."""
    return _current.get()


@contextmanager
def under(session: Session | None) -> Iterator[None]:
    """Ask AWS under this session within the `with` block; under None, as the function itself."""
    token = _current.set(session)
    try:
        yield
    finally:
        _current.reset(token)


def sign(request: Any, **_: Any) -> None:
    """botocore's event `before-sign`: whoever this context works for signs. Each try of a request is signed anew."""
    if session := current():
        signing = request.context.get("signing", {})
        request.context["signing"] = {**signing, "request_credentials": session.credentials}


def confined(client: Any) -> Any:
    """The client, whose calls are made under the session of whoever makes them."""
    service = client.meta.service_model.service_id.hyphenize()
    client.meta.events.register(f"before-sign.{service}", sign, unique_id="session")
    return client
