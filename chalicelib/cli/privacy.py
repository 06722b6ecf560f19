"""Commands for privacy: requests, receipts, legal holds, and the effect of a shortened term."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chalicelib.cli import arguments, rectification
from chalicelib.cli.output import CannotRun, show
from chalicelib.domain.errors import Busy, NotFound, Refusal
from chalicelib.store import bookkeeping

if TYPE_CHECKING:
    from chalicelib.domain.privacy.request import RequestStatus
    from chalicelib.wiring import World


def add_to(nouns: Any) -> None:
    """Add the `privacy` commands."""
    verbs = arguments.noun(nouns, "privacy", "requests, receipts and legal holds")
    listed = arguments.verb(verbs, "requests", requests, "list a company's requests, newest first")
    listed.add_argument("company", metavar="COMPANY")
    for name, command, summary in (
        ("complete", complete, "close a request that an operator carried out"),
        ("refuse", refuse, "close a request that is refused"),
    ):
        verb = arguments.verb(verbs, name, command, summary)
        verb.add_argument("company", metavar="COMPANY")
        verb.add_argument("request", metavar="REQUEST")
        if name == "refuse":
            verb.add_argument("--reason", required=True, help="a code without personal data")
        arguments.add_operator(verb)
    handed = arguments.verb(verbs, "receipt", receipt, "print a request's receipt, for a proven owner")
    handed.add_argument("company", metavar="COMPANY")
    handed.add_argument("request", metavar="REQUEST")
    check = arguments.verb(verbs, "verify-receipt", verify_receipt, "check a receipt offline")
    check.add_argument("file", type=Path, metavar="FILE")
    check.add_argument("--key", type=Path, metavar="PEM", help="the published key, instead of the key in the receipt")
    hold = arguments.verb(verbs, "hold", place_hold, "place a legal hold: nothing of the company is erased")
    hold.add_argument("company", metavar="COMPANY")
    hold.add_argument("--reason", required=True, help="the reason, without personal data")
    arguments.add_operator(hold)
    free = arguments.verb(verbs, "release", release_hold, "release a legal hold")
    free.add_argument("company", metavar="COMPANY")
    free.add_argument("hold", metavar="HOLD")
    arguments.add_operator(free)
    held = arguments.verb(verbs, "holds", list_holds, "list a company's legal holds")
    held.add_argument("company", metavar="COMPANY")
    term = arguments.verb(
        verbs, "preview-term", preview_term, "count the documents that a shorter statutory term would delete today"
    )
    term.add_argument("period", metavar="PERIOD", help="ISO 8601, such as P5Y")
    adopt = arguments.verb(verbs, "adopt-term", adopt_term, "put the policy's shortened term into force for a company")
    adopt.add_argument("company", metavar="COMPANY")
    rectification.add_to(verbs)


def requests(world: "World", options: argparse.Namespace) -> int:
    """List every request of a company."""
    from chalicelib.services.privacy.requester import Requester
    from chalicelib.services.privacy.requests.requests import listing
    from chalicelib.services.representation.requests import request_row

    shown, _ = listing(world, options.company, Requester("operator", "owner"), 100, None)
    for request in shown:
        body = request_row(request)
        show(**{name: body[name] for name in ("id", "kind", "status", "affects", "subject", "due", "reason")})
    return 0


def complete(world: "World", options: argparse.Namespace) -> int:
    """Close a verified request that an operator carried out."""
    return _close(world, options, "completed", None)


def refuse(world: "World", options: argparse.Namespace) -> int:
    """Refuse a request."""
    return _close(world, options, "refused", options.reason)


def _close(world: "World", options: argparse.Namespace, to: "RequestStatus", reason: str | None) -> int:
    from chalicelib.domain.privacy.request import PrivacyRequest
    from chalicelib.services.privacy.transitions import close_by_operator

    (request,) = world.store.records([PrivacyRequest.ref(options.company, options.request)])
    if not isinstance(request, PrivacyRequest):
        raise CannotRun("no such request")
    try:
        done = close_by_operator(world, request, to, options.by, reason=reason)
    except Busy as error:
        raise CannotRun("the database is busy or cannot be reached; try again", 3) from error
    except Refusal as error:
        raise CannotRun(f"{error.code}: it is {request.status}, a {request.kind}") from error
    show(request=request.id, status=to if done else request.status)
    return 0 if done else 1


def receipt(world: "World", options: argparse.Namespace) -> int:
    """Print a receipt in the API's form."""
    from chalicelib.api.presenters.privacy import present_receipt
    from chalicelib.services.privacy.requester import Requester
    from chalicelib.services.privacy.requests.requests import receipt as found

    try:
        signed = found(world, options.company, Requester("operator", "owner"), options.request)
    except NotFound as error:
        raise CannotRun("no such request, or it has no receipt") from error
    show(**present_receipt(signed, world.keys.pem))
    return 0


def verify_receipt(world: "World", options: argparse.Namespace) -> int:  # noqa: ARG001 — a command's signature
    """Verify a receipt offline."""
    from chalicelib.outside.keys import BadSignature
    from chalicelib.services.privacy.receipts import check

    try:
        document = json.loads(options.file.read_text("utf-8"))
        key = check(document, options.key.read_text("utf-8") if options.key else None)
    except (OSError, ValueError) as error:
        raise CannotRun(f"{options.file}: {type(error).__name__}") from error
    except BadSignature as error:
        show(valid=False, reason=str(error))
        return 1
    show(valid=True, key=key, trusted=bool(options.key), request=document["content"]["request"])
    return 0


def place_hold(world: "World", options: argparse.Namespace) -> int:
    """Place a hold."""
    from chalicelib.services.privacy.legal.holds import place

    try:
        hold = place(world, options.company, options.reason, options.by)
    except NotFound as error:
        raise CannotRun("no such company") from error
    show(hold=hold.id, company=hold.company)
    return 0


def release_hold(world: "World", options: argparse.Namespace) -> int:
    """Release a hold."""
    from chalicelib.services.privacy.legal.holds import release

    try:
        release(world, options.company, options.hold, options.by)
    except NotFound as error:
        raise CannotRun("no such hold in force") from error
    show(hold=options.hold, released=True)
    return 0


def list_holds(world: "World", options: argparse.Namespace) -> int:
    """List every hold of a company."""
    from chalicelib.services.privacy.legal.holds import holds

    for hold in holds(world, options.company):
        show(hold=hold.id, reason=hold.reason, by=hold.actor, placed=hold.created_at, released=hold.released_at)
    return 0


def preview_term(world: "World", options: argparse.Namespace) -> int:
    """Print the records that every company would lose today."""
    from chalicelib.domain.clock import today
    from chalicelib.domain.companies.company import RetentionSchedule
    from chalicelib.policy.terms import Period, TermError
    from chalicelib.services.retention import purge

    try:
        period = Period.parse(options.period)
    except TermError as error:
        raise CannotRun(str(error)) from error
    now, total = world.now(), 0
    for schedule in bookkeeping.all_scheduled(world.store, RetentionSchedule.TABLE, "retention"):
        if isinstance(schedule, RetentionSchedule) and (count := purge.preview(world, schedule, period, today(now))):
            show(company=schedule.company, documents=count)
            total += count
    show(period=str(period), documents=total)
    return 0


def adopt_term(world: "World", options: argparse.Namespace) -> int:
    """Put the policy's term into force."""
    from chalicelib.domain.companies.company import RetentionSchedule
    from chalicelib.policy.load import current
    from chalicelib.policy.schedules import statutory
    from chalicelib.services.retention.purge import adopt

    (schedule,) = world.store.records([RetentionSchedule.ref(options.company)])
    if not isinstance(schedule, RetentionSchedule):
        raise CannotRun("no such company")
    adopt(world, schedule)
    show(company=schedule.company, period=str(statutory(current())))
    return 0
