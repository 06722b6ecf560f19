"""Commands for the register's evidence: verify an export offline, export, record a recovery, plan the nights."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chalicelib.cli import arguments
from chalicelib.cli.output import CannotRun, show
from chalicelib.domain.errors import Busy, Refusal

if TYPE_CHECKING:
    from chalicelib.wiring import World


def add_to(nouns: Any) -> None:
    """Add the `register` commands."""
    verbs = arguments.noun(nouns, "register", "the evidence of the register, the journal and the ledger")
    verify = arguments.verb(verbs, "verify", verified, "verify an export offline; it needs no service and no network")
    verify.set_defaults(offline=True)
    verify.add_argument("--export", type=Path, required=True, metavar="FILE", help="the export")
    verify.add_argument("--anchor", type=Path, metavar="FILE", help="a day's anchor, fetched from the locked archive")
    export = arguments.verb(verbs, "export", exported, "write a company's journal and ledger for an auditor")
    export.add_argument("--to", type=Path, required=True, metavar="FILE", help="a new file")
    recovered = arguments.verb(
        verbs, "recovered", recorded, "record that the tables were recovered to an earlier state: older anchors end"
    )
    for verb in (export, recovered):
        verb.add_argument("--company", required=True, metavar="ID")
        verb.add_argument("--reason", required=True, help="the reason, without personal data; the company can read it")
        arguments.add_operator(verb)
    arguments.verb(verbs, "adopt", adopted, "plan the nights of companies that signed up before there were any")


def verified(world: "World | None", options: argparse.Namespace) -> int:  # noqa: ARG001 — a command's signature
    """Verify an export."""
    from chalicelib.services.evidence.offline import BadExport, verify
    from chalicelib.services.evidence.presenting import present_verdict

    try:
        found = verify(options.export, options.anchor)
    except (BadExport, OSError) as reason:
        raise CannotRun(str(reason), 1) from reason
    shown = present_verdict(found.verdict)
    show(company=found.company, made_at=found.made_at, withheld=found.withheld, **shown)
    return 0 if found.verdict.verified else 1


def exported(world: "World", options: argparse.Namespace) -> int:
    """Write the export, and record the access."""
    from chalicelib.services.evidence import export
    from chalicelib.services.privacy.legal import disclosures

    try:
        disclosures.record_access(world, options.company, "journal.hash", options.reason, options.by)
        with options.to.open("xb") as file:
            header = export.write(world, options.company, file)
    except FileExistsError as reason:
        raise CannotRun(f"{options.to} exists", 1) from reason
    except Busy as reason:
        raise CannotRun("the database is busy, or others write; try again", 3) from reason
    except Refusal as reason:
        raise CannotRun(reason.code, 1) from reason
    show(**header, file=options.to)
    return 0


def recorded(world: "World", options: argparse.Namespace) -> int:
    """Record a recovery."""
    from chalicelib.services.evidence.recording import note_recovery
    from chalicelib.services.privacy.legal import disclosures

    disclosures.record_access(world, options.company, "journal.hash", options.reason, options.by)
    note_recovery(world, options.company)
    show(company=options.company, recovered=True)
    return 0


def adopted(world: "World", options: argparse.Namespace) -> int:  # noqa: ARG001 — a command's signature
    """Create the missing rows of evidence."""
    from chalicelib.services.evidence.recording import adopt

    show(adopted=adopt(world))
    return 0
