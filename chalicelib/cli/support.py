"""Commands for support: list the threads without a first answer, read, fetch a file, answer, make a privacy request,
close."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from chalicelib.cli import arguments
from chalicelib.cli.output import CannotRun, show
from chalicelib.domain.contact.support import JOB, Thread
from chalicelib.domain.errors import CompanyBlocked, Forbidden, InvalidContent, NotFound, ThreadClosed
from chalicelib.domain.file_errors import AttachmentNotReady
from chalicelib.domain.privacy.request import RequestKind
from chalicelib.domain.text import clean, shows_nothing
from chalicelib.services.attachments import rows
from chalicelib.services.representation.support import present_message, present_thread
from chalicelib.services.support import desk, support
from chalicelib.store import bookkeeping

if TYPE_CHECKING:
    from chalicelib.wiring import World


def add_to(nouns: Any) -> None:
    """Add the `support` commands."""
    verbs = arguments.noun(nouns, "support", "requests for help")
    arguments.verb(verbs, "waiting", listed, "list the threads without a first answer, the most urgent first")
    for name, command, summary in (
        ("read", read, "print a thread with its messages"),
        ("file", fetched, "write a file of a thread, which `read` names, to a new file"),
        ("answer", answered, "answer a thread with the text from standard input"),
        ("request", requested, "make the privacy request that a thread asks for; its author confirms it"),
        ("close", closed, "close a thread; its retention term begins"),
    ):
        verb = arguments.verb(verbs, name, command, summary)
        verb.add_argument("company")
        verb.add_argument("thread")
        if command is fetched:
            verb.add_argument("file", help="the id of an attachment, or the name of an older file")
            verb.add_argument("--to", type=Path, required=True, metavar="FILE")
        elif command is not read:
            arguments.add_operator(verb)
        if command is requested:
            verb.add_argument("--kind", required=True, choices=get_args(RequestKind))
            verb.add_argument("--account", action="store_true", help="about the whole account, which the author owns")


def listed(world: "World", options: argparse.Namespace) -> int:  # noqa: ARG001 — a command's signature
    """List the threads without a first answer: ids and deadlines, no content."""
    now = world.now()
    for row in bookkeeping.all_scheduled(world.store, Thread.TABLE, JOB):
        if isinstance(row, Thread) and row.status != "closed":
            show(
                company=row.company,
                thread=row.id,
                first_answer_by=row.first_answer_by,
                late=row.first_answer_by < now,
                messages=row.messages,
                language=row.language,
            )
    return 0


def read(world: "World", options: argparse.Namespace) -> int:
    """Print a thread and its messages."""
    (thread,) = world.store.records([Thread.ref(options.company, options.thread)])
    if not isinstance(thread, Thread):
        raise CannotRun("there is no such thread", 1)
    show(**present_thread(thread))
    files = {row.id: row for row in rows.of_owner(world.store, thread.company, thread.id)}
    for message in support.messages(world.store, thread):
        show(**present_message(message, files))
    return 0


def fetched(world: "World", options: argparse.Namespace) -> int:
    """Write a file that was scanned and cleaned. An existing file is not replaced."""
    try:
        content = desk.file(world, options.company, options.thread, options.file)
        with options.to.open("xb") as out:
            out.write(content)
    except (NotFound, AttachmentNotReady) as refused:
        raise CannotRun(f"refused: {refused.code}", 1) from refused
    except OSError as error:
        raise CannotRun(f"cannot write {options.to}: {error.strerror}", 2) from error
    show(file=options.file, bytes=len(content), to=options.to)
    return 0


def answered(world: "World", options: argparse.Namespace) -> int:
    """Answer with the text of standard input."""
    text = clean(sys.stdin.read())
    if shows_nothing(text):
        raise CannotRun("there is no answer on standard input", 2)
    try:
        show(**present_thread(desk.write_answer(world, options.company, options.thread, text, options.by).outcome))
    except (NotFound, ThreadClosed, CompanyBlocked, InvalidContent) as refused:
        raise CannotRun(f"refused: {refused.code}", 1) from refused
    return 0


def requested(world: "World", options: argparse.Namespace) -> int:
    """Make a privacy request for the author of a thread."""
    from chalicelib.services.privacy.requests.from_thread import ask_for_author

    try:
        made = ask_for_author(world, options.company, options.thread, options.kind, options.by, account=options.account)
    except (NotFound, Forbidden, CompanyBlocked, InvalidContent) as refused:
        raise CannotRun(f"refused: {refused.code}", 1) from refused
    show(request=made.id, kind=made.kind, status=made.status, subject=made.subject, due=made.deadline)
    return 0


def closed(world: "World", options: argparse.Namespace) -> int:
    """Close a thread."""
    try:
        show(**present_thread(desk.close(world, options.company, options.thread, options.by).outcome))
    except (NotFound, CompanyBlocked) as refused:
        raise CannotRun(f"refused: {refused.code}", 1) from refused
    return 0
