"""The limits of mails by company, by person and by address (ADR 0125).

A person and a company have a number of mailing acts a day; beyond, the act is refused. An act that takes power away, a
right of the law and a step of a job are never refused: there the mails are limited by address. An address gets a number
of notices of one company in a window. Further ones are held and sent as one mail at the window's end. So nobody floods
a mailbox, and nobody suppresses a notice by flooding it.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import msgspec

from chalicelib.domain.call import Call
from chalicelib.domain.contact.code import Tally, keyed
from chalicelib.domain.contact.letter import Letter
from chalicelib.domain.entity import Ref, new_row
from chalicelib.domain.errors import Busy, Quota
from chalicelib.domain.ids import derived_id
from chalicelib.domain.language import Language
from chalicelib.policy.ends import expires_at
from chalicelib.services import codes, tallies
from chalicelib.store import bookkeeping
from chalicelib.store.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from chalicelib.wiring import World

ACTS_OF_ONE: Final = 60
ACTS_OF_COMPANY: Final = 120
"""Mailing acts a day of one person in a company, and of all its persons."""
WINDOW: Final = 6 * 3600
TO_ONE: Final = 12
"""Notices of one company that an address gets in a window; then one more, with all others."""
MOST_HELD: Final = 50
"""Notices whose text is held for one address. Of further ones, the number is sent."""
RACES: Final = 5

Bound = Literal["acts", "codes", "requests", "removal"]
"""The limit of a verb that mails. `acts`: a number a day by person and by company, then 429. `codes`: a number of codes
by person, source, company or address, then 429. `requests`: the law demands that it works; the requests that it belongs
to are limited by person, then 429. `removal`: it takes power away, and each needs an act that gave it. All of
them: notices by address, then held."""

MAILING: Final["Mapping[str, Bound]"] = {
    "post_members": "codes",
    "post_invitations_accept": "acts",
    "patch_members_id": "acts",
    "delete_members_id": "removal",
    "post_support": "acts",
    "post_account_deletion": "codes",
    "post_privacy_requests_id_code": "codes",
    "post_privacy_requests": "requests",
    "post_privacy_requests_id_confirm": "requests",
    "post_privacy_requests_id_cancel": "requests",
    "post_privacy_requests_id_details": "requests",
}
"""Every operation of the API that mails. A test derives the operations from the code."""


def counted(snapshot: Snapshot, call: Call) -> tuple[Tally, Tally]:
    """The counts of the actor's and the company's mailing acts, for the commit of one more. Raises TooManyRequests."""
    return (
        tallies.counted(snapshot, call, "mails", call.actor, Quota("mails-by-person", ACTS_OF_ONE, tallies.DAY)),
        tallies.by_company(snapshot, call, "mails-by-company", ACTS_OF_COMPANY),
    )


class Notice(NamedTuple):
    """A mail to one address. Its reference is the same for each repetition."""

    to: str
    subject: str
    text: str
    language: Language
    reference: str


class Held(NamedTuple):
    """The held notices of one company to one address: references, and texts of at most MOST_HELD. They are sent from
    `until` on."""

    until: int
    references: list[str]
    texts: list[str]

    @property
    def more(self) -> int:
        """The notices whose text is not held."""
        return len(self.references) - len(self.texts)


Send = Callable[[Notice, "Sequence[str]", int], None]
"""Send a notice, together with the texts that were held for its address, and the number of further ones."""


def post(world: "World", company: str, notice: Notice, send: Send) -> datetime | None:
    """Send a notice, or hold it for the end of the window: then return None. The first notice above the limit waits in
    its message: return the instant at which it is due, and the held ones with it. Raises Busy."""
    slot = Letter.ref(company, _slot(world, company, notice.to))
    row, held = _hold(world, slot, notice)
    if row is None and held is not None:
        return None
    who = f"{company} {codes.email_key(world.settings, notice.to)}"
    left = codes.wait(world, "notices", who, most=TO_ONE, seconds=WINDOW, partition=company)
    if held is not None:
        send(notice, held.texts, held.more)
        bookkeeping.finish(world.store, slot)
        return None
    if left == 0:
        send(notice, (), 0)
        return None
    return _opened(world, company, notice, left)


def _slot(world: "World", company: str, to: str) -> str:
    return derived_id(Letter.PREFIX, "held", company, codes.email_key(world.settings, to) or "")


def _hold(world: "World", slot: Ref, notice: Notice) -> tuple[Letter | None, Held | None]:
    """Hold a notice if its address has a slot before its end: (None, what is held). Otherwise the slot that is over,
    with what it holds, or nothing."""
    for _ in range(RACES):
        (seen,) = world.store.records([slot])
        if not isinstance(seen, Letter):
            return None, None
        held, at = msgspec.json.decode(seen.values, type=Held), world.now()
        if held.until <= at.timestamp():
            return seen, held
        if notice.reference in held.references:
            return None, held
        after = Held(held.until, [*held.references, notice.reference], [*held.texts, notice.text][:MOST_HELD])
        if bookkeeping.swap(world.store, seen.edited(at, values=_encoded(after)), seen, world.random(16)):
            return None, after
    raise Busy


def _opened(world: "World", company: str, notice: Notice, left: int) -> datetime:
    """Open a slot for further notices to the address. Return its end."""
    at = world.now()
    until = int(at.timestamp()) + left
    slot = Letter(
        **new_row(company, _slot(world, company, notice.to), at),
        to=notice.to,
        language=notice.language,
        template="notices_held",
        values=_encoded(Held(until, [], [])),
        expires_at=expires_at(Letter, at),
    )
    bookkeeping.swap(world.store, slot, None, world.random(16))
    return datetime.fromtimestamp(until, UTC)


def _encoded(held: Held) -> bytes:
    return msgspec.json.encode(held)


def slots(world: "World", company: str) -> "Iterator[tuple[Letter, Held]]":
    """The letters that hold notices of a company, with what they hold. Raises Busy."""
    for letter in world.store.all_of(Letter, company):
        if letter.template == "notices_held":
            yield letter, msgspec.json.decode(letter.values, type=Held)


def sent_before(world: "World", company: str, notices: "Sequence[Notice]") -> set[Notice]:
    """Those of the notices that were noted as sent or held, because another one of their message waits. Raises Busy."""
    found = world.store.records([_mark(world, company, each) for each in notices]) if notices else []
    return {notice for notice, row in zip(notices, found, strict=True) if row is not None}


def note_sent(world: "World", company: str, notices: "Iterable[Notice]") -> None:
    """Note that these notices are sent or held, so that their message, which comes again, leaves them out. Raises
    Busy."""
    at = world.now()
    for notice in notices:
        id = _mark(world, company, notice).sort.partition("#")[2]
        mark = Tally(**new_row(company, id, at), count=1, expires_at=expires_at(Tally, at))
        bookkeeping.remember(world.store, mark, world.random(16))


def _mark(world: "World", company: str, notice: Notice) -> Ref:
    secret = codes.pepper(world.settings)
    return Tally.ref(company, keyed(secret, "mailed", notice.reference, notice.to))
