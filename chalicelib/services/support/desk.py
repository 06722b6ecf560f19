"""Support for the operator and the scheduler: answer, mark late answers, close and delete threads."""

from typing import TYPE_CHECKING

from chalicelib.domain.companies.company import Company
from chalicelib.domain.companies.member import Member, proven_address
from chalicelib.domain.contact.support import Thread, answered, noted_late
from chalicelib.domain.entity import Record, Ref
from chalicelib.domain.errors import NotFound
from chalicelib.domain.file_errors import AttachmentNotReady
from chalicelib.files import prefixes
from chalicelib.policy.ends import row_end
from chalicelib.services.attachments import rows, settling
from chalicelib.services.mail import writing
from chalicelib.services.support.support import close_now, draft, messages, require_accepts_message
from chalicelib.store import bookkeeping
from chalicelib.store.decision import ACCOUNT, SYSTEM_STEP, Committed, Decision
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.transaction import transact
from chalicelib.store.wire import Store

if TYPE_CHECKING:
    from chalicelib.wiring import World


def write_answer(world: "World", company: str, id: str, text: str, by: str) -> Committed[Thread]:
    """Write the operator's answer (`by` is the operator's id) and mail the member. Raises NotFound, ThreadClosed,
    CompanyBlocked."""
    call = world.call(company, by, "support_answer", key=f"support-{world.random(12).hex()}")
    (found,) = world.store.records([Thread.ref(company, id)])
    if not isinstance(found, Thread):
        raise NotFound
    message = draft(call, found, None, text)
    email = _address(world.store, company, found.opened_by)
    posted = writing.write(call, email, found.language, "support_answered", thread=id) if email else None

    def decide_answer(snapshot: Snapshot) -> Decision[Thread]:
        thread = snapshot.get(Thread, id)
        if thread is None:
            raise NotFound
        require_accepts_message(thread)
        after = answered(thread, call.at)
        new: tuple[Record, ...] = (message, posted.letter) if posted else (message,)
        return Decision(after, puts=(after,), new=new, messages=(posted.message,) if posted else ())

    done = transact(world.store, call, [found.key], decide_answer, ACCOUNT)
    world.wake("outbox")
    return done


def close(world: "World", company: str, id: str, by: str) -> Committed[Thread]:
    """Close a thread as the operator. Raises NotFound, CompanyBlocked."""
    call = world.call(company, by, "support_close", key=f"support-{world.random(12).hex()}")
    return close_now(world.store, call, id)


def file(world: "World", company: str, id: str, name: str) -> bytes:
    """A file of a thread: that of an attachment (`name` is its id), or one that an earlier version stored within a
    message (its file name). Raises NotFound, AttachmentNotReady, Busy."""
    (thread,) = world.store.records([Thread.ref(company, id)])
    if not isinstance(thread, Thread):
        raise NotFound
    enclosed = {
        each.key.rpartition("/")[2]: each.key for row in messages(world.store, thread) for each in row.attachments
    }
    if name in enclosed:
        return world.files.read(enclosed[name])
    row = rows.find(world.store, company, name)
    if row is None or row.owner != id:
        raise NotFound
    if row.state != "ready":
        raise AttachmentNotReady
    return world.files.read(rows.copies(row)[0])


def _address(store: Store, company: str, member: str) -> str | None:
    (profile,) = store.records([Company.ref(company)])
    known = profile if isinstance(profile, Company) else None
    return next((proven_address(row, known) for row in store.all_of(Member, company) if row.id == member), None)


def note_late(world: "World", company: str, id: str) -> None:
    """Mark a thread whose first answer is late. An answered or closed thread does not change. Raises Busy."""
    call = world.call(company, "system", "support_late", key=f"late-{id}")

    def decide_late(snapshot: Snapshot) -> Decision[None]:
        now = snapshot.get(Thread, id)
        if now is None or now.overdue or now.first_answered_at or now.status == "closed":
            return Decision()
        if now.first_answer_by > call.at:  # Not `due_at`: the runner's claim has changed it.
            return Decision()
        return Decision(puts=(noted_late(now, call.at),))

    refs = [Thread.ref(company, id)]
    transact(world.store, call, refs, decide_late, SYSTEM_STEP)


def end(world: "World", company: str, id: str) -> None:
    """Delete a closed thread after its term: first its files, then its messages and itself in one commit. Ignores what
    is already deleted. Raises Busy."""
    (thread,) = world.store.records([Thread.ref(company, id)])
    if not isinstance(thread, Thread) or thread.closed_at is None:
        return
    # The policy's term was shorter when the thread was closed.
    if (ends := row_end(Thread, thread.closed_at)) > world.now():
        bookkeeping.save(world.store, thread.edited(world.now(), due_at=ends, attempts=0), thread, world.random(16))
        return
    said = messages(world.store, thread)
    for key in world.files.list(prefixes.upload_of(company, id)):
        world.files.delete(key)
    settling.remove_all(world, company, id)
    call = world.call(company, "system", "support_end", key=f"end-{id}")

    def decide_end(snapshot: Snapshot) -> Decision[None]:
        now = snapshot.get(Thread, id)
        if now is None or now.status != "closed":
            return Decision()
        return Decision(deletes=(now, *said))

    refs: list[Ref] = [thread.key]
    transact(world.store, call, refs, decide_end, SYSTEM_STEP)
