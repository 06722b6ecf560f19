"""Commands for rectification: correct a record at a person's request, ask for missing details, and enter them."""

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
    from chalicelib.services.privacy.requester import Requester
    from chalicelib.wiring import World

COMMANDS = {
    "rectify": "correct a party, a member or the company at a person's request; issued documents are only listed",
    "ask-details": "ask the company for missing details of a rectification; its deadline pauses until the answer",
    "details": "enter the missing details of a rectification",
}


def add_to(verbs: Any) -> None:
    """Add the commands to the verbs of `privacy`."""
    commands = {}
    for name, command in (("rectify", rectify), ("ask-details", ask_details), ("details", details)):
        verb = commands[name] = arguments.verb(verbs, name, command, COMMANDS[name])
        verb.add_argument("company", metavar="COMPANY")
        if name != "rectify":
            verb.add_argument("request", metavar="REQUEST")
        if name != "ask-details":
            verb.add_argument("file", type=Path, metavar="FILE", help="JSON: the correct values by attribute")
        arguments.add_operator(verb)
    commands["rectify"].add_argument("--subject", metavar="ID", help="a party or member (default: the company)")
    commands["ask-details"].add_argument(
        "--missing", required=True, metavar="NAMES", help="the attributes without a correct value, separated by commas"
    )


def rectify(world: "World", options: argparse.Namespace) -> int:
    """Make a request and carry it out at once."""
    from chalicelib.services.privacy.requests import requests

    corrections = _read(options.file, options.subject)
    call = world.call(options.company, options.by, "privacy_rectify", key=f"rectify-{world.random(12).hex()}")
    requester = _operator(options.by)
    return _print_request(
        lambda: (
            requests.ask(world, call, requester, "rectification", options.subject, corrections, capped=False).outcome
        )
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
    corrections = _read(options.file, request.subject)
    call = world.call(options.company, options.by, "privacy_details", key=f"details-{world.random(12).hex()}")
    requester = _operator(options.by)
    return _print_request(lambda: rectification.give_values(world, call, requester, request.id, corrections).outcome)


def _operator(by: str) -> "Requester":
    """The operator as the requester. They have checked the person's identity before."""
    from chalicelib.services.privacy.requester import Requester

    return Requester(by, "owner", proven=True)


def _read(file: Path, subject: str | None) -> dict[str, Any]:
    """Read the correct values, validated as the API validates them."""
    from chalicelib.api.corrections import validated
    from chalicelib.domain.privacy.request import affected

    if affected(subject) is None:
        raise CannotRun(f"{subject}: not the id of a person", 2)
    try:
        return validated(subject, json.loads(file.read_text("utf-8")))
    except (OSError, ValueError) as error:
        raise CannotRun(f"{file}: {type(error).__name__}", 2) from error
    except Refusal as refused:
        raise CannotRun(_faults(refused), 2) from refused


def _print_request(carry_out: Callable[[], "PrivacyRequest"]) -> int:
    """Carry out a command and print its request. A refusal becomes one line."""
    try:
        body = present_request(carry_out())
    except Busy as error:
        raise CannotRun("the database is busy or cannot be reached; try again", 3) from error
    except Refusal as refused:
        raise CannotRun(_faults(refused)) from refused
    show(**{name: body[name] for name in ("id", "status", "subject", "due", "awaiting_details", "documents")})
    return 0


def _faults(refused: Refusal) -> str:
    return "; ".join(f"{fault.pointer}: {fault.code}" for fault in refused.faults) or refused.code
