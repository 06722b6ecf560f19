"""The addresses under `/_local` by which a developer moves the clock and reads the mail. AWS has neither."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from pydantic import ValidationError

from chalicelib.api.fields import Instant, Model
from chalicelib.api.request_errors import Malformed, MethodNotAllowed
from chalicelib.domain.clock import instant
from chalicelib.domain.errors import InvalidContent
from chalicelib.services.inputs.faults import faults_of
from local.clock import ServiceClock

CLOCK_PATH: Final = "/clock"
MAILBOX_PATH: Final = "/mailbox"
METHODS: Final[Mapping[str, str]] = {CLOCK_PATH: "POST", MAILBOX_PATH: "GET"}


class ClockMove(Model):
    """The time to which the clock moves. Without `now`, the clock returns to the real time."""

    now: Instant | None = None


class Controls:
    """Answer requests to `METHODS`. `mails` returns the mails that the engine captured, oldest first."""

    def __init__(self, clock: ServiceClock, mails: Callable[[], list[dict[str, Any]]]) -> None:
        self._clock, self._mails = clock, mails

    def answer(self, method: str, path: str, body: bytes | None) -> dict[str, Any]:
        """Return the body of the answer. Raises MethodNotAllowed, Malformed, InvalidContent."""
        if method != METHODS[path]:
            raise MethodNotAllowed(allow=[METHODS[path]])
        return self._moved(body or b"") if path == CLOCK_PATH else {"data": [shown(mail) for mail in self._mails()]}

    def _moved(self, body: bytes) -> dict[str, Any]:
        to = read_move(body).now
        if to is None:
            self._clock.reset()
        else:
            self._clock.move(to)
        return {"now": instant(self._clock.now())}


def read_move(body: bytes) -> ClockMove:
    """Return the body of a request to move the clock. An empty body is no `{}`, so that it never moves time back."""
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        raise Malformed from None
    try:
        return ClockMove.model_validate_json(body)
    except ValidationError as error:
        raise InvalidContent(*faults_of(error)) from None


def shown(mail: Mapping[str, Any]) -> dict[str, Any]:
    """Return a mail as the mailbox shows it."""
    return {
        "id": mail["MessageId"],
        "from": mail["Source"],
        "to": mail["To"],
        "subject": mail["Subject"],
        "text": mail["BodyText"],
    }
