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
    verbs = arguments.noun(nouns, "diagnostics", "counts of the application's reports")
    verb = arguments.verb(verbs, "summary", summary, "count the reports by code, version and system")
    verb.add_argument("--days", type=arguments.positive, default=7, help="the days to count (default 7, at most 90)")
    verb.add_argument("--now", type=arguments.instant, metavar="TIME", help="the end of the period (default: now)")


def summary(world: "World", options: argparse.Namespace) -> int:
    """Print one line for each code, version and system."""
    for line in diagnostics.summary(world, options.days, options.now or world.now()):
        show(**line._asdict())
    return 0
