"""The world: settings and lazy clients. Only this module builds clients, and imports each library at its first use."""

import secrets
from collections.abc import Callable
from contextlib import AbstractContextManager
from copy import copy
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self, TypeVar, overload

from chalicelib import session
from chalicelib.clocks import Clock, RunClock
from chalicelib.domain.call import SYSTEM_KEY, Call
from chalicelib.settings import Settings
from chalicelib.store.wire import Store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.domain.entity import Record
    from chalicelib.files.archive import Locked
    from chalicelib.files.objects import Files
    from chalicelib.observability import Telemetry
    from chalicelib.outside.keys import Keys
    from chalicelib.outside.mail import Mailer
    from chalicelib.outside.sessions import Sessions
    from chalicelib.outside.sign_ins import SignIns
    from chalicelib.outside.tokens import Tokens
    from chalicelib.outside.vault import Vault
    from chalicelib.outside.wake import WakeQueue
    from chalicelib.render.renderer import Renderer
    from chalicelib.render.typst_renderer import TypstRenderer
    from chalicelib.store.drill import DrillStore


T = TypeVar("T")


class shared(cached_property[T]):  # noqa: N801 — a decorator, as `cached_property` is
    """A part of a world, built at its first use and shared with all worlds derived from it."""

    @overload
    def __get__(self, instance: None, owner: type[Any] | None = None) -> Self: ...

    @overload
    def __get__(self, instance: object, owner: type[Any] | None = None) -> T: ...

    def __get__(self, instance: object | None, owner: type[Any] | None = None) -> Self | T:
        """Return the part from the world that `instance` is derived from, or from itself."""
        if isinstance(instance, World) and instance.origin is not None and self.attrname is not None:
            part: T = getattr(instance.origin, self.attrname)
            return part
        return super().__get__(instance, owner)


class World:
    """All services that a verb may use, built from one `Settings`.

    `clock` returns the current instant and can be replaced. `random` returns the requested number of random bytes.
    """

    def __init__(
        self, settings: Settings, *, clock: Clock | None = None, random: Callable[[int], bytes] = secrets.token_bytes
    ) -> None:
        self.settings = settings
        self.clock = clock or Clock()
        self.origin: World | None = None
        self._random = random

    def at(self, now: datetime) -> Self:
        """Derive a world with the same parts and a clock that starts at `now`."""
        derived = copy(self)
        derived.clock, derived.origin = RunClock(now), self
        return derived

    @shared
    def store(self) -> Store:
        """The tables. Each commit publishes its business figures."""
        from chalicelib.figures import committed

        def on_commit(new: "Sequence[Record]", gone: "Sequence[Record]") -> None:
            if figures := committed(new, gone):
                self.telemetry.figures(figures)

        return Store(self.settings, on_commit)

    @shared
    def drills(self) -> "DrillStore":
        """The tables of drills. Each step of a drill uses them: a connection costs more than most steps."""
        from chalicelib.store.drill import DrillStore

        return DrillStore(self.settings)

    @shared
    def files(self) -> "Files":
        """The bucket of files."""
        from chalicelib.files.objects import Files

        return Files(self.settings)

    @shared
    def archive(self) -> "Locked":
        """The bucket of the statutory archive."""
        from chalicelib.files.archive import Locked

        return Locked(self.settings)

    def bucket(self, name: str) -> "Files":
        """The bucket with this name in the policy."""
        return self.archive if name == "archive" else self.files

    @shared
    def tokens(self) -> "Tokens":
        """The verifier of people's access tokens."""
        from chalicelib.outside.tokens import Tokens

        return Tokens(self.settings)

    @shared
    def telemetry(self) -> "Telemetry":
        """Logs, figures and spans. The first use configures JSON log lines without personal data."""
        from chalicelib.observability import telemetry

        return telemetry(self.settings)

    @shared
    def keys(self) -> "Keys":
        """The key that signs receipts."""
        from chalicelib.outside.keys import Keys

        return Keys(self.settings)

    @shared
    def vault(self) -> "Vault":
        """The wrapper of the data keys of backups."""
        from chalicelib.outside.vault import Vault

        return Vault(self.settings)

    @shared
    def typst(self) -> "TypstRenderer":
        """The standard renderer, with one warm compiler."""
        from chalicelib.render.typst_renderer import TypstRenderer

        return TypstRenderer()

    def renderer(self, template: str | None, *, trial: bool = False) -> "Renderer":
        """The renderer of a company's HTML template, or the standard one. A trial has less time."""
        if template is None:
            return self.typst
        from chalicelib.render.pdfkit_renderer import LIMITS, TRIAL, PdfkitRenderer

        return PdfkitRenderer(template, limits=TRIAL if trial else LIMITS)

    @shared
    def mailer(self) -> "Mailer":
        """The sender of all mail."""
        from chalicelib.outside.mail import Mailer

        return Mailer(self.settings)

    @shared
    def wake_queue(self) -> "WakeQueue":
        """The queue that wakes jobs."""
        from chalicelib.outside.wake import WakeQueue

        return WakeQueue(self.settings)

    @shared
    def sessions(self) -> "Sessions":
        """The issuer of sessions that confine a job to one company."""
        from chalicelib.outside.sessions import Sessions

        return Sessions(self.settings)

    @shared
    def sign_ins(self) -> "SignIns | None":
        """The sign-in accounts, or None if the settings name no pool."""
        if self.settings.user_pool is None:
            return None
        from chalicelib.outside.sign_ins import SignIns

        return SignIns(self.settings, self.settings.user_pool)

    def confined(self, job: str, company: str, into: str | None = None) -> AbstractContextManager[None]:
        """Use the job's session of this company within the block, for rows, objects and data keys. The session also
        reaches the company `into`, if any, and nothing else. Without a session role, requests use the function's role.
        Raises Busy."""
        if self.settings.session_role_of(job) is None:
            return session.under(None)
        return session.under(self.sessions.of(job, company, into))

    def wake(self, job: str) -> None:
        """Start a job before its schedule. A lost wake-up is harmless: the schedule starts the job later."""
        self.wake_queue.send(job)

    def now(self) -> datetime:
        """Return the clock's instant: UTC, to the millisecond."""
        return self.clock.now()

    def wall_now(self) -> datetime:
        """Return the instant of the real clock, also in a world derived for one run.

        Claims, fences and object locks use it, because other processes and S3 compare them with their own clocks.
        """
        return self.origin.wall_now() if self.origin else self.now()

    def random(self, size: int) -> bytes:
        """Return `size` random bytes."""
        return self._random(size)

    def call(
        self,
        company: str,
        actor: str,
        verb: str,
        *,
        key: str,
        request: str = "",
        at: datetime | None = None,
        former_key: str | None = None,
    ) -> Call:
        """Make a call that no client sent, such as a step of a job. `SYSTEM_KEY` begins its idempotency key.

        Without that prefix a client could send the same key first, and the step would be refused for ever.
        """
        own = SYSTEM_KEY + key
        return self.client_call(company, actor, verb, key=own, request=request, at=at, former_key=former_key)

    def client_call(
        self,
        company: str,
        actor: str,
        verb: str,
        *,
        key: str,
        request: str = "",
        at: datetime | None = None,
        former_key: str | None = None,
    ) -> Call:
        """Make a call under the idempotency key that a client sent, with its own id and randomness."""
        return Call(
            company=company,
            actor=actor,
            verb=verb,
            key=key,
            request=request,
            id=self.random(15).hex(),
            at=at or self.now(),
            seed=self.random(32),
            former_key=former_key,
        )
