"""Replies of calls that the product repeats itself: a job's step, or a page without idempotency keys."""

from dataclasses import replace
from typing import Any, TypeVar

import msgspec

from chalicelib.domain.call import Call, Reply
from chalicelib.domain.companies.company import Head
from chalicelib.domain.entity import Record
from chalicelib.domain.errors import NotFound
from chalicelib.store.decision import Committed

R = TypeVar("R", bound=Record)


def remembering_id(call: Call) -> Call:
    """The call with a reply that holds the id of its value."""

    def present(value: Any, _: Head) -> Reply:
        return Reply(body=msgspec.json.encode({"id": value.id}))

    return replace(call, present=present)


def id_of(committed: Committed[R]) -> str:
    """The id of the record that a call made. It also works for a repeated call: each reply about a record holds its id.
    Raises NotFound if the person in the reply was erased since."""
    if committed.value is not None:
        return committed.value.id
    if committed.reply.body is None:
        raise NotFound
    id: str = msgspec.json.decode(committed.reply.body)["id"]
    return id
