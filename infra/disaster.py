"""Recover lost or damaged tables by point-in-time recovery, repeat the erasures since, check the result, and export.

    python -m infra.disaster recover --from facture-prod- --to facture-prod-2- --at 2026-11-23T08:00:00Z
    python -m infra.disaster replay  --to facture-prod-2-        # with the functions' environment
    python -m infra.disaster check   --to facture-prod-2-
    python -m infra.disaster export  --from facture-prod- --bucket BUCKET

The old tables do not change. docs/operations.md says what to do before and after.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from chalicelib.cli.arguments import instant
from chalicelib.domain.companies.company import Company, Head
from chalicelib.domain.companies.member import Member
from chalicelib.domain.entity import Record, Ref
from chalicelib.domain.journal import JournalEntry
from chalicelib.domain.privacy.correction import Correction
from chalicelib.domain.privacy.request import PrivacyRequest, Tombstone
from chalicelib.policy.load import current
from chalicelib.policy.terms import most_days
from chalicelib.services.backup.restoring import replay, steps
from chalicelib.services.backup.restoring.batches import RestoreProgress
from chalicelib.services.backup.restoring.steps import Into
from chalicelib.services.evidence.proof import RECOVERY
from chalicelib.services.evidence.recording import note_recovery
from chalicelib.services.privacy.erasure import erasers
from chalicelib.store.codec import from_row
from chalicelib.store.decision import SYSTEM_STEP, Decision
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.tables import TABLES
from chalicelib.store.transaction import transact
from chalicelib.store.wire import SORT
from chalicelib.workflow.deadline import NEVER

if TYPE_CHECKING:
    from chalicelib.wiring import World

AS_NEW = ("requests", "identity")
"""Tables that are always recovered to their latest state. Proofs must not be lost, and a withdrawn access must not
return."""
JOB, ACTOR = "job_recovery", "operator"
CLOCKS_SKIPPED = 1_000_000
"""More commits than a company can have made between the instant of the recovery and the disaster."""
POLL_SECONDS, WAIT_SECONDS = 5.0, 6 * 3_600.0
"""Seconds between two looks at a table or an export, and the most seconds to wait for it."""


class NotFinished(Exception):
    """AWS does not complete an operation. The message names it."""


def recover(dynamodb: Any, source: str, target: str, at: datetime | None) -> None:
    """Recover each table into a new one under the prefix `target`, as it was at `at`, and configure it.

    None means the latest recorded state. A table that already exists is taken as it is.
    """
    there = set(dynamodb.get_paginator("list_tables").paginate().build_full_result()["TableNames"])
    for table in TABLES:
        if target + table.name not in there:
            last = at is None or table.name in AS_NEW
            when = {"UseLatestRestorableTime": True} if last else {"RestoreDateTime": at}
            dynamodb.restore_table_to_point_in_time(
                SourceTableName=source + table.name, TargetTableName=target + table.name, **when
            )
    for table in TABLES:
        name = target + table.name
        _wait(lambda name=name: dynamodb.describe_table(TableName=name)["Table"]["TableStatus"], "ACTIVE", name)  # type: ignore[misc]
        _configure(dynamodb, name, table.ttl)


def _configure(dynamodb: Any, name: str, ttl: str | None) -> None:
    """Set expiry, recovery and deletion protection, which a recovered table lacks."""
    days = most_days(current().storage.point_in_time_recovery)
    recovery = {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": days}
    dynamodb.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=recovery)
    dynamodb.update_table(TableName=name, DeletionProtectionEnabled=True)
    found = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    if ttl and found.get("AttributeName") != ttl:
        dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": ttl})


def _wait(look: Callable[[], str], expected: str, what: str) -> None:
    end = time.monotonic() + WAIT_SECONDS
    while (state := look()) != expected:
        if state == "FAILED" or time.monotonic() > end:
            raise NotFinished(f"{what} is {state}")
        time.sleep(POLL_SECONDS)


def heads(world: "World") -> Iterator[Head]:
    """Yield every company's head."""
    for record in _all(world, "journal", Head.KIND):
        if isinstance(record, Head):
            yield record


def _all(world: "World", table: str, kind: str) -> Iterator[Record]:
    pages = world.store.connection.client.get_paginator("scan").paginate(
        TableName=world.store.names[table],
        FilterExpression="#k = :k",
        ExpressionAttributeNames={"#k": "_kind"},
        ExpressionAttributeValues={":k": {"S": kind}},
        ConsistentRead=True,
    )
    for page in pages:
        yield from (from_row(table, row) for row in page["Items"])


def replay_all(world: "World") -> list[dict[str, Any]]:
    """Repeat, company by company, the erasures and corrections that the recovered tables lack, and raise its clock.
    Return what was repeated.

    Safe to repeat. Raises Busy.
    """
    gone = {
        request.company: request
        for request in _all(world, "requests", PrivacyRequest.KIND)
        if isinstance(request, PrivacyRequest) and _erased_all(request)
    }
    done: list[dict[str, Any]] = []
    for head in heads(world):
        if (request := gone.get(head.company)) is not None:
            if head.state != "closed":
                _erase_again(world, request)
                done.append({"company": head.company, "again": "deletion", "request": request.id})
            continue
        if since := _persons(world, head):
            done.append({"company": head.company, "again": "persons", "count": since})
        _raise_clock(world, head.company)
    return done


def _raise_clock(world: "World", company: str) -> None:
    """Raise the company's clock once for these tables. Devices and other readers of the journal know clocks that the
    recovered tables lack, and other commits would take them. The hole in the clocks makes these readers start anew."""
    verb = f"{RECOVERY}{world.settings.table_prefix}"
    last = world.store.query("journal", company, SORT.startswith("entry#"), descending=True).records
    if any(isinstance(entry, JournalEntry) and entry.verb == verb for entry in last):
        return
    (head,) = world.store.records([Head.ref(company)])
    assert isinstance(head, Head)  # noqa: S101 — the caller read it
    _set_head(world, company, {"clock": head.clock + CLOCKS_SKIPPED}, verb)
    note_recovery(world, company)


def _erased_all(request: PrivacyRequest) -> bool:
    return (request.kind, request.affects, request.status) == ("deletion", "company", "completed")


def _erase_again(world: "World", request: PrivacyRequest) -> None:
    """Repeat a company's deletion in the tables. Its files were not recovered, so they need no second deletion."""
    _set_head(world, request.company, {"state": "blocked"})
    left = replace(
        request,
        measures=tuple(replace(m, done=m.store == "files" or m.action not in erasers.TAKING) for m in request.measures),
    )
    while any(not measure.done for measure in left.measures):
        left = erasers.carry_out(world, left) or left
    _set_head(world, request.company, {"state": "closed"})


def _persons(world: "World", head: Head) -> int:
    """Repeat the erasures and corrections of persons. Return how many there are."""
    begun = head.restore == JOB  # a killed run has begun: the head's clock has moved since
    clock = 0 if begun else head.clock
    since = replay.since(world, head.company, clock)
    tombstones = world.store.query("requests", head.company, SORT.startswith(f"{Tombstone.KIND}#")).records
    later = any(isinstance(row, Tombstone) and (row.clock is None or row.clock > clock) for row in tombstones)
    if not (begun or later or since.corrections):
        return 0
    _set_head(world, head.company, {"state": "restoring", "restore": JOB})
    into = Into(world, world.store, head.company, JOB, ACTOR)
    refs = [_corrected(each) for each in since.corrections if each.record != Member.KIND]

    def put_right(snapshot: Snapshot) -> Decision:
        rows = [row for row in snapshot.at(list(dict.fromkeys(refs))) if row is not None]
        right = [(row, since.replayed(row)) for row in rows]
        changed = tuple(now.edited(world.now()) for row, now in right if now is not None and now != row)
        return Decision(puts=changed)

    if refs:
        into.commit(refs, put_right)
    progress = RestoreProgress(step="search")
    while progress.step == "search":
        progress = steps.search(into, since, progress, NEVER)
    steps.reopen(into, since, progress)
    return len(since.erased) + len(since.corrections)


def _corrected(correction: Correction) -> Ref:
    """Return where a corrected record is. Members are recovered to their latest state, so they are not corrected
    again."""
    sort = correction.record if correction.record == Company.KIND else f"{correction.record}#{correction.subject}"
    return Ref("workspace", correction.company, sort)


def _set_head(world: "World", company: str, changes: dict[str, Any], verb: str = "recovery") -> None:
    call = world.call(company, ACTOR, verb, key=world.random(16).hex())
    decision = Decision(head=changes)
    transact(world.store, call, [], lambda _: decision, SYSTEM_STEP)


def check(world: "World") -> list[str]:
    """List the companies whose journal does not end where their head says, as in tables recovered to different
    instants."""
    faults = []
    for head in heads(world):
        here, beyond = world.store.records(
            [JournalEntry.ref(head.company, clock=head.clock), JournalEntry.ref(head.company, clock=head.clock + 1)]
        )
        if not isinstance(here, JournalEntry) or here.hash != head.chain:
            faults.append(f"{head.company}: no entry of the journal is that of its head, {head.clock}")
        if beyond is not None:
            faults.append(f"{head.company}: the journal goes beyond its head, {head.clock}")
    return faults


def export(dynamodb: Any, source: str, bucket: str) -> list[str]:
    """Export each table to S3 as DynamoDB JSON, which uses no capacity of the tables. Return the exports' ARNs."""
    exports = []
    for table in TABLES:
        source_arn = dynamodb.describe_table(TableName=source + table.name)["Table"]["TableArn"]
        answer = dynamodb.export_table_to_point_in_time(
            TableArn=source_arn, S3Bucket=bucket, S3Prefix=f"tables/{source}{table.name}", ExportFormat="DYNAMODB_JSON"
        )
        exports.append(answer["ExportDescription"]["ExportArn"])
    for arn in exports:
        _wait(
            lambda arn=arn: dynamodb.describe_export(ExportArn=arn)["ExportDescription"]["ExportStatus"],  # type: ignore[misc]
            "COMPLETED",
            arn,
        )
    return exports


def main(arguments: Sequence[str]) -> int:
    """Run the command line. The exit code is 1 when the check finds a fault."""
    parser = argparse.ArgumentParser(prog="python -m infra.disaster", description=__doc__)
    parser.add_argument("verb", choices=("recover", "replay", "check", "export"))
    parser.add_argument("--from", dest="source", metavar="PREFIX")
    parser.add_argument("--to", dest="target", metavar="PREFIX")
    parser.add_argument("--at", type=instant, metavar="TIME", help="default: the last instant that is recorded")
    parser.add_argument("--bucket")
    options = parser.parse_args(arguments)
    needed = {
        "recover": ("source", "target"),
        "replay": ("target",),
        "check": ("target",),
        "export": ("source", "bucket"),
    }
    if missing := [name for name in needed[options.verb] if getattr(options, name) is None]:
        parser.error(f"{options.verb} needs {', '.join(missing)}")
    return _do(options)


def _do(options: argparse.Namespace) -> int:
    if options.verb in ("recover", "export"):
        import boto3

        from chalicelib.settings import Settings

        settings = Settings.from_env()
        dynamodb = boto3.client("dynamodb", region_name=settings.region, endpoint_url=settings.endpoint_of("dynamodb"))
        if options.verb == "recover":
            recover(dynamodb, options.source, options.target, options.at)
        else:
            sys.stdout.writelines(f"{arn}\n" for arn in export(dynamodb, options.source, options.bucket))
        return 0
    world = _world(options.target)
    if options.verb == "replay":
        sys.stdout.writelines(json.dumps(line) + "\n" for line in replay_all(world))
        return 0
    faults = check(world)
    sys.stdout.writelines(fault + "\n" for fault in faults)
    return 1 if faults else 0


def _world(prefix: str) -> "World":
    from chalicelib.settings import Settings
    from chalicelib.wiring import World

    return World(replace(Settings.from_env(), table_prefix=prefix))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
