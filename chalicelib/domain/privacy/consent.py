"""A member's consents: the accepted policy version, and the choices that can be changed at any time.

Marketing and personalised advertising need a yes. Diagnostics hold no personal data and run until a no (law 09-08 art.
9–10: opposition is free and immediate).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal

from chalicelib.domain.entity import Record, entity, kept, value

Choosable = Literal["ads_personalised", "marketing", "diagnostics"]
DEFAULTS: Final[Mapping[Choosable, bool]] = {"ads_personalised": False, "marketing": False, "diagnostics": True}
"""The default answers of a member who made no choice."""


@value
class Choice:
    """The last answer to one question."""

    kind: Choosable = kept("consent.choice")
    granted: bool = kept("consent.choice")
    chosen_at: datetime = kept("consent.choice")


@entity("consent", table="identity", prefix="mem")
class Consent(Record):
    """A member's choices. Its id is the membership's; both are deleted together."""

    policy_version: str | None = kept("consent.choice", default=None)
    """The last version of the privacy policy that the member accepted."""
    accepted_at: datetime | None = kept("consent.choice", default=None)
    choices: tuple[Choice, ...] = kept("consent.choice", default=())


@entity("acceptance", table="requests", prefix="acc", sort="acceptance#{member}#{policy_version}")
class Acceptance(Record):
    """Proof that a member accepted a version: an opaque id, a version and an instant. It is kept longer than the
    membership. The first one of a member also proves what else they accepted then; rows of before lack it."""

    member: str = kept("consent.proof")
    policy_version: str = kept("consent.proof")
    due: str | None = kept("consent.proof", default="proofs")
    due_at: datetime = kept("consent.proof")
    """The end of its term."""
    attempts: int = kept("consent.proof", default=0)
    old_enough: bool | None = kept("consent.proof", default=None)
    """The person stated that they are 13 or older. Their age is not asked for."""
    joined: bool | None = kept("consent.proof", default=None)
    """The invited person agreed to join the company."""


def chosen(consent: Consent | None, kind: Choosable) -> Choice | None:
    """The member's own answer, None where there is none."""
    return next((choice for choice in consent.choices if choice.kind == kind), None) if consent else None


def granted(consent: Consent | None, kind: Choosable) -> bool:
    """Tell whether the member agrees, by their own answer or by default."""
    own = chosen(consent, kind)
    return own.granted if own else DEFAULTS[kind]


def with_choice(consent: Consent, kind: Choosable, yes: bool, at: datetime) -> tuple[Choice, ...]:
    """The choices after a new answer to one question."""
    others = tuple(choice for choice in consent.choices if choice.kind != kind)
    return (*others, Choice(kind=kind, granted=yes, chosen_at=at))
