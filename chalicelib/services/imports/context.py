"""The parts that the steps of an import share: its row, its progress, and the commit that ends a step."""

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import msgspec

from chalicelib.domain.call import Call
from chalicelib.domain.entity import Record
from chalicelib.domain.errors import NotFound
from chalicelib.domain.imports.model import Import
from chalicelib.domain.journal import JobRow
from chalicelib.services.imports import einvoice, storage, text_file, workbook
from chalicelib.services.imports.matching import Matches
from chalicelib.services.imports.sheet import Sheet, Unreadable
from chalicelib.store.decision import SYSTEM_STEP, Decision
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.transaction import transact
from chalicelib.store.wire import SORT
from chalicelib.workflow.engine import DONE

if TYPE_CHECKING:
    from chalicelib.wiring import World


@dataclass(frozen=True)
class ImportProgress:
    """The progress of an import's job. `position` is the number of the last row that is done (the headers are row 1),
    or of the parts undone."""

    step: str
    position: int = 0
    new: int = 0
    changed: int = 0
    left: int = 0
    total: int = 0
    failure: str | None = None


@dataclass(frozen=True)
class ImportContext:
    """The world, the job and its import."""

    world: "World"
    job: JobRow
    imported: Import

    @classmethod
    def of(cls, world: "World", job: JobRow) -> Self:
        """The context of a job. Raises NotFound."""
        (imported,) = world.store.records([Import.ref(job.company, msgspec.json.decode(job.inputs)["import"])])
        if not isinstance(imported, Import):
            raise NotFound
        return cls(world, job, imported)

    def call(self, verb: str, key: str) -> Call:
        """A call of this job."""
        return self.world.call(self.job.company, self.job.actor, verb, key=f"{self.job.id}:{key}")

    def change(self, *more: Record, **changes: Any) -> Import:
        """Commit changes of the import, with more rows. Raises Busy. Raises NotFound for an import that was deleted
        meanwhile, and deletes its objects: the deletion may have been before this step stored them."""
        call = self.call("import", "state")

        def decide_change(snapshot: Snapshot) -> Decision[Import]:
            before = snapshot.get(Import, self.imported.id)
            if before is None:
                raise NotFound
            after = before.edited(call.at, **changes)
            return Decision(after, puts=(after, *more))

        try:
            return transact(self.world.store, call, [self.imported.key], decide_change, SYSTEM_STEP).outcome
        except NotFound:
            storage.delete_all(self.world, self.imported)
            raise

    def sheet(self) -> Sheet:
        """The file as a table. Raises Unreadable, NotFound, Busy."""
        content = storage.content_of(self.world, self.imported)
        if content.startswith(b"PK\x03\x04") or self.imported.content_type.endswith("sheet"):
            return workbook.read(content)
        if content.startswith(b"%PDF") or self.imported.content_type == "application/xml":
            return einvoice.read(self.imported.kind, content)
        if self.imported.content_type == "application/pdf":
            raise Unreadable("type_mismatch")
        return text_file.read(content, self.imported.encoding, self.imported.delimiter)

    def matches(self, cls: type[Record]) -> Matches:
        """The company's records of a class. Raises Busy."""
        prefix = cls.ref(self.job.company).sort
        return Matches(self.world.store.all(cls.TABLE, self.job.company, SORT.startswith(prefix)))


def load(context: ImportContext) -> ImportProgress:
    """The progress that the job's row states."""
    inputs = msgspec.json.decode(context.job.inputs)
    return ImportProgress(**inputs["progress"])


def saved(context: ImportContext, state: ImportProgress) -> JobRow:
    """The job's row with its progress."""
    over = state.step == DONE
    outcome: dict[str, Any] = {"outcome": "failed", "code": state.failure} if state.failure else {"outcome": "complete"}
    if not state.failure:
        outcome["counts"] = {"new": state.new, "changed": state.changed, "left": state.left}
    return context.job.progressed(
        over=over,
        failed=state.failure is not None,
        inputs=inputs_of(context.imported.id, state),
        outcomes=msgspec.json.encode([outcome] if over else []),
        done=min(state.position, state.total),
        total=state.total,
    )


def inputs_of(id: str, progress: ImportProgress) -> bytes:
    """The inputs of a job on the import `id`."""
    return msgspec.json.encode({"import": id, "progress": asdict(progress)})


def ended(state: ImportProgress, **changes: Any) -> ImportProgress:
    """The progress of a job that is over."""
    return replace(state, step=DONE, **changes)
