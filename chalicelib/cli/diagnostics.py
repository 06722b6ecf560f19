"""Diagnostics as the operator sees them: counts, never single batches."""

import argparse
from typing import TYPE_CHECKING, Any

from chalicelib.cli.jobs import instant, positive
from chalicelib.cli.output import show
from chalicelib.services import diagnostics

if TYPE_CHECKING:
    from chalicelib.wiring import World


def add_to(nouns: Any) -> None:
    """Add the `diagnostics` commands."""
    noun = nouns.add_parser("diagnostics", help="what the application reports of itself, as counts")
    verbs = noun.add_subparsers(dest="verb", required=True, metavar="VERB")
    verb = verbs.add_parser("summary", help="by code, version and system, the most frequent first")
    verb.add_argument("--days", type=positive, default=7, help="how far back (default 7, at most 90)")
    verb.add_argument("--now", type=instant, metavar="TIME", help="instead of now")
    verb.set_defaults(does=summary)


def summary(world: "World", options: argparse.Namespace) -> int:
    """One line for each code, version and system."""
    for line in diagnostics.summary(world, options.days, options.now or world.now()):
        show(**line._asdict())
    return 0
