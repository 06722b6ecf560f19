"""Commands for rectification: for a person who asked the operator, and to ask for missing details."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chalicelib.api.presenters.privacy import present_request
from chalicelib.cli import arguments
from chalicelib.cli.output import CannotRun, show
from chalicelib.domain.errors import Busy, Refusal

if TYPE_CHECKING:
    from chalicelib.domain.privacy.request import PrivacyRequest
    from chalicelib.services.privacy.requests.requester import Requester
    from chalicelib.wiring import World

COMMANDS = {
    "rectify": "correct a party, a member or the company for somebody who asked; what is issued stays and is listed",
    "ask-details": "ask the company for what a rectification leaves open: the deadline stands until it answers",
    "details": "say what is right in a rectification that was left open",
}


def add_to(verbs: Any) -> None:
    """Add the commands to the verbs of `privacy`."""
    made = {}
    for name, does in (("rectify", rectify), ("ask-details", ask_details), ("details", details)):
        verb = made[name] = arguments.verb(verbs, name, does, COMMANDS[name])
        verb.add_argument("company", metavar="COMPANY")
        if name != "rectify":
            verb.add_argument("request", metavar="REQUEST")
        if name != "ask-details":
            verb.add_argument("file", type=Path, metavar="FILE", help="JSON: the right values by attribute")
        arguments.add_operator(verb)
    made["rectify"].add_argument("--subject", metavar="ID", help="a party's or member's id; the company without it")
    made["ask-details"].add_argument(
        "--missing", required=True, metavar="NAMES", help="the attributes whose right values are missing, by commas"
    )


def rectify(world: "World", options: argparse.Namespace) -> int:
    """Make a request and carry it out at once."""
    from chalicelib.services.privacy.requests import requests

    right = _read(options.file, options.subject)
    call = world.call(options.company, options.by, "privacy_rectify", key=f"rectify-{world.random(12).hex()}")
    requester = _operator(options.by)
    return _print_request(
        lambda: requests.ask(world, call, requester, "rectification", options.subject, right, capped=False).outcome
    )


def ask_details(world: "World", options: argparse.Namespace) -> int:
    """Ask for missing details."""
    from chalicelib.services.privacy.rectification import rectification

    missing = arguments.names(options.missing)
    return _print_request(
        lambda: rectification.ask_details(world, options.company, options.request, missing, options.by)
    )


def details(world: "World", options: argparse.Namespace) -> int:
    """Give the correct values."""
    from chalicelib.domain.privacy.request import PrivacyRequest
    from chalicelib.services.privacy.rectification import rectification

    (request,) = world.store.records([PrivacyRequest.ref(options.company, options.request)])
    if not isinstance(request, PrivacyRequest):
        raise CannotRun("no such request")
    right = _read(options.file, request.subject)
    call = world.call(options.company, options.by, "privacy_details", key=f"details-{world.random(12).hex()}")
    requester = _operator(options.by)
    return _print_request(lambda: rectification.answer(world, call, requester, request.id, right).outcome)


def _operator(by: str) -> "Requester":
    """The operator as the requester. They have checked the person's identity before."""
    from chalicelib.services.privacy.requests.requester import Requester

    return Requester(by, "owner", proven=True)


def _read(file: Path, subject: str | None) -> dict[str, Any]:
    """Read the correct values, validated as the API validates them."""
    from chalicelib.api.rectification import validated
    from chalicelib.domain.privacy.request import affected

    if affected(subject) is None:
        raise CannotRun(f"{subject}: nobody's id", 2)
    try:
        return validated(subject, json.loads(file.read_text("utf-8")))
    except (OSError, ValueError) as error:
        raise CannotRun(f"{file}: {type(error).__name__}", 2) from error
    except Refusal as refused:
        raise CannotRun(_faults(refused), 2) from refused


def _print_request(does: Callable[[], "PrivacyRequest"]) -> int:
    try:
        body = present_request(does())
    except Busy as error:
        raise CannotRun("the database is busy or cannot be reached; try again", 3) from error
    except Refusal as refused:
        raise CannotRun(_faults(refused)) from refused
    show(**{name: body[name] for name in ("id", "status", "subject", "due", "awaiting_details", "documents")})
    return 0


def _faults(refused: Refusal) -> str:
    return "; ".join(f"{fault.pointer}: {fault.code}" for fault in refused.faults) or refused.code
