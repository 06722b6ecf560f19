"""Commands for diagnostics: counts, never single batches."""

import argparse
from typing import TYPE_CHECKING, Any

from chalicelib.cli import arguments
from chalicelib.cli.output import show
from chalicelib.services.support import diagnostics

if TYPE_CHECKING:
    from chalicelib.wiring import World


def add_to(nouns: Any) -> None:
    """Add the `diagnostics` commands."""
    verbs = arguments.noun(nouns, "diagnostics", "what the application reports of itself, as counts")
    verb = arguments.verb(verbs, "summary", summary, "by code, version and system, the most frequent first")
    verb.add_argument("--days", type=arguments.positive, default=7, help="how far back (default 7, at most 90)")
    verb.add_argument("--now", type=arguments.instant, metavar="TIME", help="instead of now")


def summary(world: "World", options: argparse.Namespace) -> int:
    """Print one line for each code, version and system."""
    for line in diagnostics.summary(world, options.days, options.now or world.now()):
        show(**line._asdict())
    return 0
