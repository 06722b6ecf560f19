"""Counts that the commit of the counted act puts itself. A repeated or refused act is not counted, and two concurrent
acts count twice. `services.codes` counts acts without a commit."""

from hashlib import sha256
from typing import Final

from chalicelib.domain.call import Call
from chalicelib.domain.contact.code import Tally
from chalicelib.domain.errors import Quota, TooManyRequests
from chalicelib.policy.ends import expires_at
from chalicelib.store.snapshot import Snapshot

DAY: Final = 86_400


def by_company(snapshot: Snapshot, call: Call, name: str, most: int) -> Tally:
    """The count of the company's acts of this name in a day, plus one. Raises TooManyRequests beyond `most`."""
    return counted(snapshot, call, name, "company", Quota(name, most, DAY))


def counted(snapshot: Snapshot, call: Call, what: str, who: str, quota: Quota) -> Tally:
    """The count of `what` by `who` plus one. Raises TooManyRequests beyond the quota."""
    id = sha256(f"{what}\x1f{call.company}\x1f{who}".encode()).hexdigest()
    now, seen = int(call.at.timestamp()), snapshot.get(Tally, id)
    if seen is None or seen.expires_at <= now:
        until = min(now + quota.seconds, expires_at(Tally, call.at))
        return call.make(Tally, id=id, count=1, expires_at=until)
    if seen.count >= quota.most:
        raise TooManyRequests(retry_after=seen.expires_at - now, quota=quota)
    return seen.edited(call.at, count=seen.count + 1)
