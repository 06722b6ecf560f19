"""Calls whose decisions carry the answer itself, for tests of the transaction."""

from typing import Any

from chalicelib.api.answers import Answer, presenting
from chalicelib.api.answers import answer as answer_of
from chalicelib.domain.call import Call
from chalicelib.domain.companies.company import Head

__all__ = ["Answer", "answer_of", "answering"]


def _as_it_is(value: Any, _: Head) -> Answer:
    return value if isinstance(value, Answer) else Answer({})


def answering(call: Call) -> Call:
    """The call; a decision's value that is an answer is its reply."""
    return presenting(call, _as_it_is)
