"""Requests on exports: begin one, and get its file."""

from datetime import datetime
from typing import TYPE_CHECKING, Final

from chalicelib.domain.call import Call
from chalicelib.domain.errors import Fault, InvalidContent, NotFound
from chalicelib.domain.exports.model import PAPERS, ExportRequest, has_paper
from chalicelib.domain.file_errors import ExportNotReady
from chalicelib.domain.journal import JobRow
from chalicelib.files.objects import Link
from chalicelib.policy.ends import end
from chalicelib.services import tallies
from chalicelib.services.exports.context import Inputs, digest, encoded_inputs, filename_of, inputs_of, key_of
from chalicelib.services.job_rows import new_job
from chalicelib.store.decision import CUSTOMER, Committed, Decision
from chalicelib.store.read import Reader
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.transaction import transact

if TYPE_CHECKING:
    from chalicelib.wiring import World

JOB: Final = "exports"
"""The job that runs the rows queued here."""
TASK: Final = "export"
A_DAY: Final = 60
"""Exports that a company may request in a day. Each reads its kinds completely."""


def begin(world: "World", call: Call, request: ExportRequest) -> Committed[JobRow]:
    """Queue an export. Raises InvalidContent for a kind without files in the format, and for a period that ends before
    it begins; TooManyRequests."""
    faults = [
        Fault(f"/kinds/{place}", "export_without_file", {"format": request.format})
        for place, kind in enumerate(request.kinds)
        if request.format in PAPERS and not has_paper(kind, request.format)
    ]
    if len(set(request.kinds)) < len(request.kinds):
        faults.append(Fault("/kinds", "repeated"))
    if request.first and request.last and request.last < request.first:
        faults.append(Fault("/to", "out_of_range", {"min": request.first.isoformat(), "max": "2100-12-31"}))
    if faults:
        raise InvalidContent(*faults)
    job = new_job(call, JOB, TASK, encoded_inputs(Inputs(request)))

    def decide_begin(snapshot: Snapshot) -> Decision[JobRow]:
        return Decision(job, puts=(tallies.by_company(snapshot, call, "exports", A_DAY),), new=(job,))

    committed = transact(world.store, call, [], decide_begin, CUSTOMER)
    world.wake(JOB)
    return committed


def of_job(reader: Reader, id: str) -> tuple[JobRow, ExportRequest]:
    """The job of an export, and its request. Raises NotFound."""
    job = reader.get(JobRow, id)
    if job.task != TASK:
        raise NotFound
    return job, inputs_of(job).request


def file(world: "World", reader: Reader, job: JobRow, at: datetime) -> Link:
    """The address of the file, valid for `LINK_SECONDS`. Raises ExportNotReady before its end. Raises NotFound after a
    failure and after its term, and if a person was erased since: the file may name them."""
    if job.status in ("queued", "running"):
        raise ExportNotReady(status=job.status)
    inputs = inputs_of(job)
    outdated = inputs.progress.since != digest(reader.head) or at >= end("file.export", job.updated_at)
    key = key_of(job, inputs.request)
    if job.status == "failed" or outdated or not world.files.exists(key):
        raise NotFound
    return world.files.url(key, filename=filename_of(job, inputs.request))
