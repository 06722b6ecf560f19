"""The quotas of work that one request alone makes the printer do."""

from typing import TYPE_CHECKING, Final

from chalicelib.services import codes

if TYPE_CHECKING:
    from chalicelib.wiring import World

PAGES: Final = 60
MINUTE: Final = 60
"""Pages of a company that requests may let print in a minute. A page of 1,000 lines takes a second of a processor. A
stored page is not counted, nor is one that a job prints."""
TRIALS: Final = 30
HOUR: Final = 3600
"""Templates that a company may try in an hour. A trial may take 20 seconds."""


def count_page(world: "World", company: str) -> None:
    """Count a page that is about to be printed for a request. Raises TooManyRequests, Busy."""
    codes.limit(world, "pages", company, most=PAGES, seconds=MINUTE)


def count_trial(world: "World", company: str) -> None:
    """Count a template that is about to be tried. Raises TooManyRequests, Busy."""
    codes.limit(world, "template trials", company, most=TRIALS, seconds=HOUR)
