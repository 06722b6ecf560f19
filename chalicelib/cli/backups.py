"""Commands for backups: list, take, fetch, verify, preview, restore, release, drill, expire; and the statutory archive.

A command that shows or changes a company's data needs `--reason` and `--by`. They are entered in the register of
disclosures before the command runs; the company can read this register. A blocked or closed company needs a lawful
demand that was recorded before (`disclosures record`); `--disclosure` names it.
"""

import argparse
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from chalicelib.cli import arguments
from chalicelib.cli.output import CannotRun, show
from chalicelib.domain.errors import Busy, CompanyRestoring, Refusal

if TYPE_CHECKING:
    from chalicelib.domain.journal import JobRow
    from chalicelib.wiring import World

DEADLINE = 3_600.0
PAUSE = 1.0
"""Seconds between two checks of a job that another runner runs."""
OPERATOR_LINK_SECONDS = 900


def add_to(nouns: Any) -> None:
    """Add the `backups` commands."""
    verbs = arguments.noun(nouns, "backups", "backups and the statutory archive")
    _verb(verbs, "list", listed, "list the backups with size, counts, age, last verification and drill")
    _accounted(_verb(verbs, "take", run_backup, "make a backup now"))
    _one(_verb(verbs, "verify", verify, "read a complete backup and compare it with its manifest"))
    fetch = _accounted(_one(_verb(verbs, "fetch", fetched, "decrypt a backup into a ZIP of tables for a spreadsheet")))
    fetch.add_argument(
        "--to",
        type=Path,
        metavar="FILE",
        help=f"the file to write (default: print a link that is valid for {OPERATOR_LINK_SECONDS // 60} minutes)",
    )
    preview = _one(_verb(verbs, "preview", previewed, "count the changes that a restore would make"))
    restore = _accounted(_one(_verb(verbs, "restore", restored, "restore a backup")))
    restore.add_argument("--owner", metavar="SUBJECT", help="the sign-in subject of the new company's owner")
    for verb in (preview, restore):
        verb.add_argument("--into", choices=("same", "new"), default="same")
        verb.add_argument("--kinds", type=_names, metavar="KINDS", help="separated by commas (default: all kinds)")
    _accounted(_verb(verbs, "release", released, "let another copy of a closed company continue its numbers"))
    _verb(verbs, "drill", drilled, "restore the latest backup into the drill tables now, compare, and remove them")
    expire = _verb(verbs, "expire", expired, "list the backups past their term")
    expire.add_argument("--apply", action="store_true", help="delete them")
    archived = _accounted(_verb(verbs, "archive-fetch", archive_fetched, "decrypt a document of the statutory archive"))
    archived.add_argument("--document", required=True, metavar="ID", help="its id, or its hash from the register")
    archived.add_argument("--to", type=Path, required=True, metavar="FILE")


def _verb(verbs: Any, name: str, command: Callable[..., int], summary: str) -> argparse.ArgumentParser:
    verb = arguments.verb(verbs, name, _refusing(command), summary)
    verb.add_argument("--company", required=True)
    return verb


def _one(verb: argparse.ArgumentParser) -> argparse.ArgumentParser:
    verb.add_argument("--backup", required=True, metavar="ID")
    return verb


def _accounted(verb: argparse.ArgumentParser) -> argparse.ArgumentParser:
    verb.add_argument("--reason", required=True, help="the reason, without personal data; the company can read it")
    arguments.add_operator(verb)
    verb.add_argument("--disclosure", metavar="ID", help="the recorded lawful demand")
    return verb


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",")]


def _require_kinds(options: argparse.Namespace) -> None:
    """Refuse an unknown kind before anything is recorded or queued. Raises CannotRun."""
    from chalicelib.services.backup.format.kinds import KINDS

    wrong = [name for name in options.kinds or () if name not in KINDS]
    if wrong:
        raise CannotRun(f"no such kind: {', '.join(wrong)}; there are {', '.join(KINDS)}", 1)


def _refusing(command: Callable[..., int]) -> Callable[..., int]:
    """Decorate a command so that a refusal prints one line."""

    def done(world: "World", options: argparse.Namespace) -> int:
        try:
            return command(world, options)
        except Busy as reason:
            raise CannotRun("the database or the store of files is busy; nothing was lost, try again", 3) from reason
        except Refusal as reason:
            faults = "; ".join(f"{fault.pointer[1:]}: {fault.code}" for fault in reason.faults)
            raise CannotRun(f"{reason.code} {faults}".strip(), 1) from reason

    return done


def listed(world: "World", options: argparse.Namespace) -> int:
    """Print one line for each backup, newest first."""
    from chalicelib.services.backup import operator
    from chalicelib.services.representation.backups import present_backup

    now = world.now()
    for backup in operator.backups(world, options.company):
        age = (now - (backup.cut_at or backup.created_at)).total_seconds() / 3600
        show(**present_backup(backup), age_hours=round(age, 1), asked_by=backup.asked_by)
    return 0


def run_backup(world: "World", options: argparse.Namespace) -> int:
    """Start a backup and run it to its end."""
    from chalicelib.jobs.backups import BACKUPS
    from chalicelib.services.backup.create import backup_run
    from chalicelib.services.privacy.legal import disclosures
    from chalicelib.services.replies import remembering_id

    disclosures.record_access(world, options.company, "backup.record", options.reason, options.by)
    call = remembering_id(world.call(options.company, options.by, "backup", key=world.random(16).hex()))
    begun = backup_run.begin(world, call, "daily")
    return _shown(_wait_for(world, options.company, begun.job, BACKUPS))


def verify(world: "World", options: argparse.Namespace) -> int:
    """Verify a backup."""
    return _shown(_run_queued(world, options, "verify", {}))


def fetched(world: "World", options: argparse.Namespace) -> int:
    """Make the plain archive. Write it to a file or print its address."""
    _account(world, options)
    done = _run_queued(world, options, "download", {"operator": True, "disclosure": options.disclosure})
    if done.status != "completed":
        return _shown(done)
    outcome = msgspec.json.decode(done.outcomes)[0]
    if options.to:
        world.files.client.download_file(world.files.bucket, outcome["key"], str(options.to))
        show(backup=options.backup, file=options.to)
        return 0
    url, expires = world.files.url(outcome["key"], filename=outcome["filename"], seconds=OPERATOR_LINK_SECONDS)
    show(backup=options.backup, url=url, expires_at=expires)
    return 0


def previewed(world: "World", options: argparse.Namespace) -> int:
    """Print the effects of a restore."""
    _require_kinds(options)
    inputs = {"into": options.into, "kinds": options.kinds, "dry_run": True, "operator": True}
    return _shown(_run_queued(world, options, "restore", inputs))


def restored(world: "World", options: argparse.Namespace) -> int:
    """Restore a backup."""
    _require_kinds(options)
    _account(world, options)
    inputs = {
        "into": options.into,
        "kinds": options.kinds,
        "operator": True,
        "owner": options.owner,
        "disclosure": options.disclosure,
        "reason": options.reason,
    }
    return _shown(_run_queued(world, options, "restore", inputs))


def released(world: "World", options: argparse.Namespace) -> int:
    """Give up the failed live copy of a closed company: the copy becomes a test company."""
    from chalicelib.services.backup import operator
    from chalicelib.services.privacy.legal import disclosures

    operator.require_demand(world, options.company, options.disclosure or "")
    disclosures.record_access(world, options.company, "backup.record", options.reason, options.by)
    show(company=options.company, given_up=operator.release(world, options.company, options.by))
    return 0


def drilled(world: "World", options: argparse.Namespace) -> int:
    """Run a drill of a company's latest backup to its end."""
    from chalicelib.domain.backups.backup import BackupPlan, DrillPlan
    from chalicelib.jobs.job import within
    from chalicelib.services.backup import drill, operator
    from chalicelib.workflow import engine

    (plan,) = world.store.records([DrillPlan.ref(options.company)])
    if not isinstance(plan, DrillPlan):
        raise CannotRun("its backup is off: there is nothing to drill", 1)
    left = within(DEADLINE)
    while not engine.run(world, drill.WORKFLOW, plan):
        (found,) = world.store.records([DrillPlan.ref(options.company)])
        if not isinstance(found, DrillPlan) or left() < 0:
            raise CannotRun("it goes on by its schedule", 1)
        plan = found
    (last,) = world.store.records([BackupPlan.ref(options.company)])
    for backup in operator.backups(world, options.company):
        if isinstance(last, BackupPlan) and backup.id == last.last:
            show(backup=backup.id, drill=backup.drill, drilled_at=backup.drilled_at)
            return 0 if backup.drill == "passed" else 1
    raise CannotRun("it has no backup yet", 1)


def expired(world: "World", options: argparse.Namespace) -> int:
    """List, and with `--apply` delete, backups past their term. Backups of a company under a legal hold are kept."""
    from chalicelib.services.backup import expiry, operator
    from chalicelib.services.privacy.legal.holds import held

    past = [row for row in operator.backups(world, options.company) if row.due_at <= world.now()]
    if options.apply and past and held(world, [options.company]):
        raise CannotRun("the company is under a legal hold", 1)
    for row in past:
        while options.apply and not expiry.expire(world, row.key):
            continue
        (left,) = world.store.records([row.key])
        show(backup=row.id, tier=row.tier, status=row.status, since=row.due_at, removed=left is None)
    return 0


def archive_fetched(world: "World", options: argparse.Namespace) -> int:
    """Decrypt a document of the archive into a file."""
    from chalicelib.services.archive import statutory

    _account(world, options, rule="file.archive")
    digest, page = statutory.fetch(world, options.company, options.document, disclosure=options.disclosure)
    options.to.write_bytes(page)
    show(document=options.document, hash=digest, bytes=len(page), file=options.to)
    return 0


def _account(world: "World", options: argparse.Namespace, rule: str = "") -> None:
    """Record the access, or check that a lawful demand was recorded. A company that is not open needs one."""
    from chalicelib.services.backup import operator
    from chalicelib.services.privacy.legal import disclosures
    from chalicelib.store.read import open_company

    if options.disclosure:
        operator.require_demand(world, options.company, options.disclosure, complete=not rule)
        return
    with suppress(CompanyRestoring):  # Another restore repairs a failed one.
        open_company(world.store, options.company)
    kept_under = rule or operator.rule_of(world, options.company, options.backup)
    disclosures.record_access(world, options.company, kept_under, options.reason, options.by)


def _run_queued(world: "World", options: argparse.Namespace, task: str, inputs: dict[str, Any]) -> "JobRow":
    from chalicelib.jobs.backups import RESTORES
    from chalicelib.services.backup import operator

    by = getattr(options, "by", "operator")
    queued = operator.queue(world, options.company, task, {"backup": options.backup, **inputs}, by)
    return _wait_for(world, options.company, queued.id, RESTORES)


def _wait_for(world: "World", company: str, id: str, name: str) -> "JobRow":
    """Wait for the job's end and return it. Run it here with all other due work of the job, or wait while a scheduled
    run has it."""
    from chalicelib.jobs.catalogue import named
    from chalicelib.jobs.job import within
    from chalicelib.jobs.runner import run
    from chalicelib.services.backup import operator

    left = within(DEADLINE)
    while (found := operator.job(world, company, id)).status not in ("completed", "failed"):
        if left() < 0:
            raise CannotRun(f"{id} goes on by its schedule", 1)
        report = run(world, named(name), now=world.now(), left=left)
        if report.outcome == "off":
            raise CannotRun(f"the job {name} is switched off; {id} waits", 1)
        if operator.job(world, company, id).status not in ("completed", "failed"):
            time.sleep(PAUSE)
    return found


def _shown(job: "JobRow") -> int:
    for outcome in msgspec.json.decode(job.outcomes):
        show(job=job.id, status=job.status, **outcome)
    return 0 if job.status == "completed" else 1
