"""The lists of the write paths follow the entities and the policy."""

import ast
from dataclasses import fields
from datetime import date
from pathlib import Path

import pytest

import chalicelib
from chalicelib.domain.documents.document_type import DocumentType
from chalicelib.domain.documents.registry import document_types
from chalicelib.domain.entity import Ref
from chalicelib.files.erase import PREFIXES, NotErasable, erase_file
from chalicelib.policy.erasure import Circumstances, PlannedStep, plan
from chalicelib.policy.inventory import build_inventory
from chalicelib.policy.load import current
from chalicelib.policy.rules import all_entities
from chalicelib.store import bookkeeping, ending, erase, transaction
from chalicelib.store.write_path import Kinds, Operation, WritePath, kinds_at
from tests.write_paths import SeenWrite, unwritten

SENDS = {"put_item", "update_item", "delete_item", "batch_write_item", "transact_write_items"}
SENDERS = {f"store/{name}.py" for name in ("bookkeeping", "conflicts", "drill", "ending", "erase", "turns")}
"""`conflicts` sends the transactions of `transaction`, and `turns` takes its numbers. `drill` empties the tables of
drills."""
SAVERS = {
    "jobs/bulk.py",
    "jobs/requests.py",
    "services/backup/create/schedule.py",
    "services/backup/expiry.py",
    "services/backup/verify.py",
    "services/evidence/anchors.py",
    "services/evidence/nightly.py",
    "services/support/desk.py",
    "services/sync/issue_queue.py",
    "workflow/engine.py",
}
"""The modules that save a row by bookkeeping. ADR 0061 has the reason of each one besides the engine."""
OPERATIONS: tuple[Operation, ...] = ("put", "update", "delete")
ADR = Path(__file__).parents[2] / "docs/adr/0061-one-workflow-engine.md"


def steps() -> list[PlannedStep]:
    """The steps of every erasure that remove anything."""
    at = Circumstances(date(2027, 1, 1))
    found = (step for subject in current().subjects for step in plan(current(), build_inventory(), subject, at).steps)
    return [step for step in found if step.action in ("delete", "anonymise")]


@pytest.mark.parametrize(
    "path", [transaction.PATH, bookkeeping.PATH, erase.PATH, ending.PATH], ids=lambda path: path.name
)
def test_a_list_names_kinds_and_tables_that_exist(path: WritePath) -> None:
    entities = all_entities()
    lists = [kinds for kinds in (path.puts, path.updates, path.deletes) if isinstance(kinds, Kinds)]
    assert {kind for kinds in lists for kind in kinds.listed} <= entities.keys()
    assert {table for kinds in lists for table in kinds.every} <= {table for table, _ in entities}


def test_the_erasure_list_has_the_kinds_that_the_plans_remove() -> None:
    rows = [step for step in steps() if step.store == "table"]
    removed = {(step.place, kind) for step in rows for kind in step.kinds}
    assert all(erase.PATH.allows("delete", table, kind) for table, kind in removed)
    listed = {key for key in all_entities() if key in erase.PATH.deletes}
    assert listed == {(s.place, k) for s in rows for k in s.kinds if s.match == "all"}


def test_the_prefixes_of_an_erasure_are_those_of_the_plans() -> None:
    assert {*PREFIXES} == {step.place for step in steps() if step.store == "files"}


def test_an_erasure_of_files_refuses_the_archive() -> None:
    with pytest.raises(NotErasable, match="archive/cmp_1"):
        erase_file(None, "archive/cmp_1/x")  # type: ignore[arg-type]  # refused before S3 is asked


def test_bookkeeping_changes_the_kinds_with_a_due_date() -> None:
    due = {key for key, cls in all_entities().items() if any(field.name == "due" for field in fields(cls))}
    assert {key for key in all_entities() if key in bookkeeping.PATH.updates} == due
    assert ("ledger", "invoice") not in due


def test_a_kind_is_business_data_or_bookkeeping() -> None:
    written = {key for key in all_entities() if key in transaction.PATH.puts or key in bookkeeping.PATH.puts}
    counted = {key for key in all_entities() if key in transaction.PATH.updates}
    assert counted == {("transient", "queue")}
    assert written | counted == all_entities().keys()


@pytest.mark.parametrize("made", document_types(), ids=lambda made: made.kind)
def test_only_transactions_write_documents(made: DocumentType) -> None:
    classes = [cls for cls in (made.draft, made.issued) if cls]
    assert classes
    for cls in classes:
        assert transaction.PATH.allows("put", cls.TABLE, cls.KIND)
        assert not bookkeeping.PATH.allows("put", cls.TABLE, cls.KIND)
        assert not bookkeeping.PATH.allows("delete", cls.TABLE, cls.KIND)


def test_each_kind_of_row_is_deleted_by_a_path() -> None:
    paths = (transaction.PATH, bookkeeping.PATH, erase.PATH, ending.PATH)
    endless = {key for key in all_entities() if not any(path.allows("delete", *key) for path in paths)}
    assert endless == {("journal", "anchor_plan")}, "it belongs to no company"


def test_an_address_says_its_kinds() -> None:
    assert kinds_at(Ref("transient", "cmp_1", "job#job_1")) == ("job",)
    assert {*kinds_at(Ref("ledger", "cmp_1", "invoice#inv_1#balance"))} == {"invoice", "balance"}
    assert kinds_at(Ref("workspace", "cmp_1", "job#job_1")) == ()


def test_the_engine_saves_progress_and_the_record_names_every_other_place() -> None:
    root = Path(chalicelib.__file__).parent
    found = {
        file.relative_to(root).as_posix()
        for file in root.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "bookkeeping.save"
    }
    assert found == SAVERS
    text = ADR.read_text("utf-8")
    assert [name for name in sorted(SAVERS - {"workflow/engine.py"}) if f"`{name}`: " not in text] == []


def test_only_the_write_paths_send_writes() -> None:
    root = Path(chalicelib.__file__).parent
    found = {
        file.relative_to(root).as_posix()
        for file in root.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in SENDS
    }
    assert found == SENDERS


def test_a_listed_kind_that_no_test_writes_is_found() -> None:
    assert unwritten(set()) != []
    every = {
        (path, operation, table, kind)
        for path in ("business", "bookkeeping", "erasure", "ending")
        for operation in OPERATIONS
        for table, kind in all_entities()
    }
    assert unwritten(every) == []
    missing: SeenWrite = ("bookkeeping", "put", "workspace", "support_thread")
    assert unwritten(every - {missing}) == ["bookkeeping put workspace/support_thread"]
    assert unwritten(every - {("business", "put", "ledger", "invoice")}) == [], "the whole table is listed"
