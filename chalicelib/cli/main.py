"""The operator's tool: the third entry point, over the same services. It reads the same environment as the functions.

Exit codes: 0 done; 1 done in part, or something failed; 2 wrong usage; 3 this environment cannot run the command.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from chalicelib.cli import backups, diagnostics, disclosures, jobs, privacy, register, support
from chalicelib.cli.output import CannotRun

if TYPE_CHECKING:
    from chalicelib.wiring import World


def main(argv: Sequence[str] | None = None, world: "Callable[[], World] | None" = None) -> int:
    """Run the command in `argv` (default: the process's) and return the exit code. Wrong usage exits with 2, as
    argparse does."""
    parser = argparse.ArgumentParser(prog="python -m chalicelib.cli", description="The operator's tool.")
    nouns = parser.add_subparsers(dest="noun", required=True, metavar="NOUN")
    jobs.add_to(nouns)
    privacy.add_to(nouns)
    diagnostics.add_to(nouns)
    disclosures.add_to(nouns)
    support.add_to(nouns)
    backups.add_to(nouns)
    register.add_to(nouns)
    options = parser.parse_args(argv)
    try:
        offline = getattr(options, "offline", False)  # An auditor has no environment of the service.
        code: int = options.command(None if offline else (world or _world)(), options)
    except CannotRun as reason:
        print(f"facture: {reason}", file=sys.stderr)
        return reason.exit_code
    return code


def _world() -> "World":
    from chalicelib.settings import Settings, SettingsError
    from chalicelib.wiring import World

    try:
        return World(Settings.from_env())
    except SettingsError as reason:
        raise CannotRun(f"{reason} (the same variables as the functions have)", 3) from reason
