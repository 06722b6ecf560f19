"""An erased person stays erased: histories of access, deletion, sweep and restore in any order bring nobody back."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

import app
from chalicelib.services.backup.restoring import replay, steps
from chalicelib.store.tables import create_tables
from chalicelib.wiring import World
from tests import crash, leftovers
from tests.conftest import Shop
from tests.mailbox import open_mailbox
from tests.privacy.erasure_history import ACTIONS, History
from tests.privacy.erasure_traces import Traces, open_again
from tests.privacy.worlds import Turned

SEEDS, MOST_SEEDS = 2, 4
ALWAYS_FRESH = 1 << 32
"""A sign-in that is recent, however far the clock is turned."""


@pytest.fixture(scope="module")
def turned(world: World) -> Turned:
    """A world of its own behind the application, whose clock is turned."""
    known = world.settings
    prefix, bucket = f"{known.table_prefix}erased-", f"{known.files_bucket}-erased"
    made = Turned(replace(known, table_prefix=prefix, files_bucket=bucket))
    create_tables(made.settings)
    files = made.files.client
    files.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": known.region})
    files.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    open_mailbox(made)
    return made


@pytest.fixture
def lived(turned: Turned, new_shop: Callable[..., Shop]) -> Iterator[Callable[[int], History]]:
    """Makes histories. Each begins this morning, and the last one's work has ended."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app, "world", lambda: turned)

        def make(seed: int) -> History:
            leftovers.delete_due(turned)
            turned.offset = timedelta(0)
            turned.start_in_the_morning()
            shop = replace(new_shop(), world=turned)
            (member,) = shop.owner.get("/v1/members").json["data"]
            shop.owner.token = shop.issuer.token(member["user"], email="owner@shop.example", auth_time=ALWAYS_FRESH)
            return History(shop, turned, seed)

        yield make


def violations(history: History) -> list[str]:
    """Live a history; the traces that an action left, with the actions before it."""
    traces = Traces(history)
    for action in history.order():
        history.acts(action)
        if found := traces.found():
            return [f"seed {history.seed}: {found} after {history.log}"]
    history.ends()
    traces.found()  # Now it is known which deletions are complete.
    history.outlives_proofs()
    return [f"seed {history.seed}: {found} at the end of {history.log}"] if (found := traces.found()) else []


def test_no_history_brings_an_erased_person_back(lived: Callable[[int], History]) -> None:
    restores = 0
    for seed in range(SEEDS * 10 if crash.every_call else SEEDS):
        history = lived(seed)
        assert not (found := violations(history)), "\n".join(found)
        assert open_again(history)
        assert set(history.done) == set(ACTIONS)
        restores += history.restores
    assert restores >= SEEDS, "too few restores of a backup that holds an erased person"


def a_restore_forgets_the_erasures(patch: pytest.MonkeyPatch) -> None:
    """A restore returns every row of its backup."""
    known = replay.since
    patch.setattr(replay, "since", lambda *of: replace(known(*of), erased=frozenset()))


def a_restored_draft_keeps_its_references(patch: pytest.MonkeyPatch) -> None:
    """A restore removes the customer of a draft, and not what was typed of them."""
    patch.setattr(replay, "unnamed", lambda _, pointing: dict.fromkeys(pointing))


def a_copy_forgets_the_marks(patch: pytest.MonkeyPatch) -> None:
    """The head of a new company blocks no document of an erased buyer."""
    patch.setattr(steps, "joined", lambda marks, _: marks)
    patch.setattr(steps, "marked", lambda marks, _: marks)


PLANTED: list[Callable[[pytest.MonkeyPatch], None]] = [
    a_restore_forgets_the_erasures,
    a_restored_draft_keeps_its_references,
    a_copy_forgets_the_marks,
]


@pytest.mark.parametrize("plant", PLANTED, ids=[each.__name__ for each in PLANTED])
def test_a_planted_fault_is_found(
    lived: Callable[[int], History], monkeypatch: pytest.MonkeyPatch, plant: Callable[[pytest.MonkeyPatch], None]
) -> None:
    plant(monkeypatch)
    assert any(violations(lived(seed)) for seed in range(MOST_SEEDS))
