"""The turns of a company's writers. While many write at once, each takes a number and commits in its turn.

The head's clock decides every commit. A turn is a hint about the order and never a lock: whoever holds a number may
die, be refused, or find that its commit exists already. So a writer who sees no progress goes on out of turn
(ADR 0084).

Only calls of clients take numbers. A company without simultaneous writers has no queue, and its writes cost nothing
more.
"""

import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

import msgspec
from pynamodb.exceptions import GetError, UpdateError
from pynamodb.expressions.operand import Path

from chalicelib.domain.call import Call
from chalicelib.domain.companies.company import Head
from chalicelib.domain.journal import WriterQueue
from chalicelib.store import conflicts
from chalicelib.store.failures import is_passing
from chalicelib.store.wire import Store
from chalicelib.store.write_path import WritePath

RECENT: Final = timedelta(milliseconds=300)
"""How long after a commit in turn a new writer takes a number at once. Later it first tries without one."""
PLACE, NEXT, LONGEST_SLEEP = 0.008, 0.002, 0.4
"""Seconds: the shortest estimate of one place in the queue, the pause of the next in line, and the longest sleep. On a
slow machine, a place is as long as the writer's shortest read."""
STALL, STALL_READS, LATER, MOST_PLACES = 0.08, 12, 0.1, 16
"""A writer goes on out of turn after 0.08 s without progress, or 12 times its last read if this is longer. It waits a
tenth longer for each place further behind, up to 16, so that the next in line goes first."""
HASTY = 4
"""A writer that loses in its turn tries again at once, because the others wait for it. After 4 attempts it pauses."""


@dataclass
class Turn:
    """A number in the queue, and the progress of the queue as this writer has seen it. The progress must outlive a
    read: a writer that forgot it at each read would wait for a dead one for ever."""

    number: int
    served: int
    moved: float = field(default_factory=time.monotonic)

    def seen(self, served: int) -> int:
        """Note the last number that has committed. Return how many numbers are ahead."""
        if served > self.served:
            self.served, self.moved = served, time.monotonic()
        return self.number - 1 - self.served

    def stalled(self, ahead: int, took: float) -> bool:
        """Tell whether the queue has not moved for too long. `took` is the duration of the last read in seconds."""
        patience = max(STALL, STALL_READS * took) * (1 + LATER * (min(ahead, MOST_PLACES) - 1))
        return time.monotonic() - self.moved > patience


@dataclass
class WriterTurn:
    """A writer in the line of its company, from `started` until `deadline` (monotonic seconds). `place` is its estimate
    of one place in the queue."""

    store: Store
    call: Call
    path: WritePath
    started: float
    deadline: float
    turn: Turn | None = None
    place: float = LONGEST_SLEEP

    @property
    def queues(self) -> bool:
        """Whether this writer may take a number."""
        return self.call.by_client

    def joins(self, head: Head | None, attempts: int, took: float) -> bool:
        """Take a number if a race was lost, or if another writer committed in turn a moment ago. True: the writer has
        slept and must read again."""
        if head is None or self.turn is not None or not self.queues or time.monotonic() >= self.deadline:
            return False
        if not attempts and not self._crowded(head):
            return False
        number = self._number(head)
        self.turn = None if number is None else Turn(number, head.served)
        return self.waits(head, took)

    def waits(self, head: Head | None, took: float) -> bool:
        """Sleep until it is nearly this writer's turn. `took` is the duration of its read. True: read again. False: go
        on, because it is its turn, it has no number, the queue does not move, or its patience ends."""
        self.place = max(PLACE, min(self.place, took))
        if head is None or self.turn is None:
            return False
        ahead = self.turn.seen(head.served)
        while ahead > 0 and time.monotonic() < self.deadline and not self.turn.stalled(ahead, took):
            time.sleep(NEXT if ahead == 1 else min(LONGEST_SLEEP, (ahead - 1) * self.place))
            if ahead <= 2:
                return True
            ahead = self.turn.seen(self._served())
        return False

    def lost(self, attempts: int, took: float) -> None:
        """Pause after a lost attempt of `took` seconds. A number in the queue replaces the pause after the first loss,
        and the pauses of the first attempts in turn."""
        if attempts > (1 if self.turn is None else HASTY) or not self.queues:
            conflicts.pause(attempts, took, self.deadline)

    def marks(self, head: Head) -> dict[str, Any]:
        """The attributes of the next head that let the next writer go on."""
        if self.turn is None:
            return {}
        return {"served": max(head.served, self.turn.number), "served_at": self._now}

    @property
    def _now(self) -> Any:
        return self.call.at + timedelta(seconds=time.monotonic() - self.started)

    def _crowded(self, head: Head) -> bool:
        return head.served_at is not None and abs(self._now - head.served_at) < RECENT

    def _number(self, head: Head) -> int | None:
        """Take the next number; None if DynamoDB does not answer. A new row continues after the numbers that have
        committed."""
        from chalicelib.policy.ends import expires_at  # Only a crowd loads the policy here.

        self.path.require("update", WriterQueue.TABLE, WriterQueue.KIND)
        ref, at = WriterQueue.ref(self.call.company), msgspec.to_builtins(self.call.at)
        created = {"_kind": WriterQueue.KIND, "id": self.call.company, "version": 1, "created_at": at}
        actions = [Path(name).set(Path(name) | value) for name, value in created.items()]
        actions += [
            Path("updated_at").set(at),
            Path("expires_at").set(expires_at(WriterQueue, self.call.at)),
            Path("tail").set((Path("tail") | head.served) + 1),
        ]
        update = self.store.connection.update_item
        try:
            row = update(self.store.names[ref.table], ref.company, ref.sort, actions, return_values="UPDATED_NEW")
        except UpdateError as error:
            if is_passing(error):
                return None
            raise
        return int(row["Attributes"]["tail"]["N"])

    def _served(self) -> int:
        """The last number that has committed, by a read that no transaction can refuse; 0 if DynamoDB does not
        answer."""
        ref = Head.ref(self.call.company)
        table = self.store.names[ref.table]
        try:
            row = self.store.connection.get_item(
                table, ref.company, ref.sort, consistent_read=True, attributes_to_get=["served"]
            )
        except GetError as error:
            if is_passing(error):
                return 0
            raise
        return int(row.get("Item", {}).get("served", {"N": "0"})["N"])
