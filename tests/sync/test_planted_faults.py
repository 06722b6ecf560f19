"""A fault in each rule of synchronisation is found by an invariant of the simulation."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from zlib import crc32

import pytest

from chalicelib.domain.ids import derived_id
from chalicelib.domain.sync.tables import Member, Table
from chalicelib.services.sync import devices, examine, issue_requests, notices, pull, push
from chalicelib.services.sync.rows import row_of, shows
from chalicelib.services.sync.writers import body_of
from tests.conftest import Shop
from tests.sync import newer_schema
from tests.sync.simulation import scripts
from tests.sync.simulation.invariants import violated
from tests.sync.simulation.model import ModelDevice
from tests.sync.simulation.world import Company, Simulation

Plant = Callable[[pytest.MonkeyPatch], None]
MOST_SEEDS = 12


def no_conflict_is_found(patch: pytest.MonkeyPatch) -> None:
    """A push overwrites what others changed."""
    patch.setattr(examine._Examination, "_conflict", lambda *_: None)


def everything_is_a_conflict(patch: pytest.MonkeyPatch) -> None:
    """A push of a known row never succeeds."""
    patch.setattr(examine._Examination, "_conflict", lambda self, *_: self.head.clock)


def equal_content_is_stored_again(patch: pytest.MonkeyPatch) -> None:
    """A row that states what is stored makes a commit."""
    every = Table.of_version
    patch.setattr(
        Table,
        "changed",
        lambda self, _, pushed, version: tuple(
            column.name for column in every(self, version) if column.writable and column.name in pushed
        ),
    )
    patch.setattr(examine._Examination, "_conflict", lambda *_: None)


def deletions_are_not_pulled(patch: pytest.MonkeyPatch) -> None:
    """A pull leaves deletions out."""
    patch.setattr(pull, "_gone", lambda *_: iter(()))


def a_commit_is_skipped(patch: pytest.MonkeyPatch) -> None:
    """A pull's clock is ahead of its rows."""
    collected = pull._collect

    def ahead(reader: Any, after: int, *more: Any) -> Any:
        found, clock = collected(reader, after, *more)
        last = max((each.clock for each in found.values()), default=0)
        return {key: each for key, each in found.items() if not after or each.clock != last}, clock

    patch.setattr(pull, "_collect", ahead)


def refused_rows_do_not_come_back(patch: pytest.MonkeyPatch) -> None:
    """A refused deletion stays pending."""
    patch.setattr(pull, "with_revived", lambda reader, view, pulled, revive: pulled)


def refusals_leave_no_notice(patch: pytest.MonkeyPatch) -> None:
    """A refused row has no notice."""
    patch.setattr(push, "put_notices", lambda *_: 0)


def requests_are_not_served(patch: pytest.MonkeyPatch) -> None:
    """A request for a number waits for ever."""
    patch.setattr(issue_requests, "serve", lambda *_: True)


def the_wrong_number_is_told(patch: pytest.MonkeyPatch) -> None:
    """The outcome of a request states another number than the document."""
    outcome = issue_requests._outcome

    def wrong(*inputs: Any) -> Any:
        decision, request = outcome(*inputs)
        return decision, replace(request, number="FA-0000") if request.number else request

    patch.setattr(issue_requests, "_outcome", wrong)


def changed_drafts_are_issued(patch: pytest.MonkeyPatch) -> None:
    """A draft is issued though somebody else changed it meanwhile."""
    patch.setattr(issue_requests, "_is_changed", lambda *_: False)


def requests_leave_the_queue_unserved(patch: pytest.MonkeyPatch) -> None:
    """Only the last request of a queue stays in it."""
    with_ids = issue_requests.with_ids
    patch.setattr(issue_requests, "with_ids", lambda queue, call, ids, *wait: with_ids(queue, call, ids[-1:], *wait))


def requests_are_served_backwards(patch: pytest.MonkeyPatch) -> None:
    """The last request of a push has the first number."""
    queued = issue_requests.queued

    def backwards(queue: Any, call: Any, requests: Any) -> Any:
        ids = issue_requests.pending(queued(queue, call, requests))
        return issue_requests.with_ids(queue, call, ids[::-1])

    patch.setattr(issue_requests, "queued", backwards)


def notices_are_always_new(patch: pytest.MonkeyPatch) -> None:
    """A refused row has another notice at each push."""
    numbers = iter(range(10**6))
    patch.setattr(notices, "derived_id", lambda prefix, *_: derived_id(prefix, str(next(numbers))))


def a_pull_begins_with_the_last_commit(patch: pytest.MonkeyPatch) -> None:
    """A pull repeats what the device has."""
    collected = pull._collect
    patch.setattr(pull, "_collect", lambda reader, after, *given: collected(reader, max(after - 1, 0), *given))


def some_rows_are_on_no_device(patch: pytest.MonkeyPatch) -> None:
    """Each third row is hidden from all devices."""
    patch.setattr(pull, "shows", lambda found, device: shows(found, device) and crc32(found.id.encode()) % 3 > 0)


def migrations_bring_nothing(patch: pytest.MonkeyPatch) -> None:
    """An updated device does not get the values of its new columns."""
    patch.setattr(pull, "with_migration", lambda reader, view, pulled, migration: pulled)


def old_apps_empty_new_columns(patch: pytest.MonkeyPatch) -> None:
    """A column that a device does not have is emptied."""

    def emptied(table: Table, stored: Any, cells: Any, version: int) -> Any:
        absent = {each.name: None for each in table.columns if each.writable and each.since > version}
        body = body_of(table, stored, cells, version)
        return body and absent | body

    patch.setattr(examine, "body_of", emptied)


def old_apps_edit_what_they_cannot_express(patch: pytest.MonkeyPatch) -> None:
    """A draft with a member of a later schema is not read-only."""
    patch.setattr(Member, "stated", lambda *_: False)


def issued_documents_change(patch: pytest.MonkeyPatch) -> None:
    """A document is not the same at each pull."""
    clocks = iter(range(10**6))

    def changing(found: Any, *more: Any) -> Any:
        row = row_of(found, *more)
        return row | {"buyer": str(next(clocks))} if "buyer" in row else row

    patch.setattr("chalicelib.services.sync.pull.row_of", changing)


def revoked_devices_are_served(patch: pytest.MonkeyPatch) -> None:
    """A revoked device pulls as before."""
    patch.setattr(devices, "checked", lambda row, *_: row)


def the_client_drops_edits_in_conflict(patch: pytest.MonkeyPatch) -> None:
    """The client takes the server's row as a whole."""
    patch.setattr(ModelDevice, "resolves_per_column", False)


def the_client_keeps_nothing_unsent(patch: pytest.MonkeyPatch) -> None:
    """The client does not keep the edits that a deletion replaces."""
    patch.setattr(ModelDevice, "keeps_unsent", False)


PLANTED: list[tuple[Plant, str, scripts.Script]] = [
    (no_conflict_is_found, "no_accepted_value_is_lost", scripts.contention),
    (everything_is_a_conflict, "only_refused_content_waits", scripts.contention),
    (equal_content_is_stored_again, "a_repeated_push_makes_no_commit", scripts.plain),
    (deletions_are_not_pulled, "devices_equal_the_server", scripts.plain),
    (a_commit_is_skipped, "devices_equal_the_server", scripts.plain),
    (refused_rows_do_not_come_back, "only_refused_content_waits", scripts.plain),
    (refusals_leave_no_notice, "every_refusal_is_reported", scripts.plain),
    (requests_are_not_served, "numbers_have_no_gap", scripts.plain),
    (the_wrong_number_is_told, "numbers_have_no_gap", scripts.plain),
    (requests_leave_the_queue_unserved, "numbers_have_no_gap", scripts.numbering),
    (requests_are_served_backwards, "numbers_follow_the_requests", scripts.numbering),
    (notices_are_always_new, "it_settles_in_few_rounds", scripts.plain),
    (a_pull_begins_with_the_last_commit, "another_sync_moves_nothing", scripts.plain),
    (some_rows_are_on_no_device, "lists_equal_the_server", scripts.plain),
    (migrations_bring_nothing, "devices_equal_the_server", scripts.change_of_schema),
    (old_apps_empty_new_columns, "no_accepted_value_is_lost", scripts.change_of_schema),
    (old_apps_edit_what_they_cannot_express, "no_accepted_value_is_lost", scripts.old_apps),
    (changed_drafts_are_issued, "nobody_issues_what_they_did_not_see", scripts.plain),
    (issued_documents_change, "documents_never_change", scripts.plain),
    (revoked_devices_are_served, "a_revoked_device_is_empty", scripts.revocation),
    (the_client_drops_edits_in_conflict, "no_edit_disappears", scripts.contention),
    (the_client_keeps_nothing_unsent, "no_edit_disappears", scripts.plain),
]


@pytest.mark.slow
@pytest.mark.parametrize(("plant", "invariant", "script"), PLANTED, ids=[each[0].__name__ for each in PLANTED])
def test_a_planted_fault_is_found(
    new_shop: Callable[..., Shop], monkeypatch: pytest.MonkeyPatch, plant: Plant, invariant: str, script: scripts.Script
) -> None:
    if script in (scripts.change_of_schema, scripts.old_apps):
        newer_schema.publish(monkeypatch)
    plant(monkeypatch)
    found: set[str] = set()
    for seed in range(MOST_SEEDS):
        simulation = Simulation(seed, Company.of(new_shop()))
        script(simulation)
        simulation.settle()
        found |= violated(simulation).keys()
        if invariant in found:
            break
    assert invariant in found
