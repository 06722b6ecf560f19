"""The register of numbers, and its verification."""

from typing import Annotated, Literal

from chalicelib.api.answers import Answer, address, answer, listed
from chalicelib.api.document_kinds import NumberedKind, RegisteredKind, RegisteredStatus
from chalicelib.api.endpoint import Endpoint, RequestContext
from chalicelib.api.fields import Model, ResponseModel, Text
from chalicelib.api.job_shapes import EvidenceFaultShown, JobShown
from chalicelib.api.paging import ListOf
from chalicelib.api.presenters.jobs import queued
from chalicelib.domain.clock import today
from chalicelib.domain.errors import Busy, NotFound, TooManyRequests
from chalicelib.domain.money import amount_text
from chalicelib.services.documents import register
from chalicelib.services.evidence import requested, verification
from chalicelib.services.evidence.presenting import present_fault, present_last_full
from chalicelib.services.inputs.numbers import WholeNumber
from chalicelib.services.representation.body import Body


class SeriesShown(ResponseModel):
    """A series: its first number and its next number."""

    id: str
    object: Literal["series"]
    document: NumberedKind
    first: int
    next: int
    last_date: str | None
    hash: str


class EntryShown(ResponseModel):
    """One number of a series."""

    object: Literal["register_entry"]
    series: str
    position: int
    number: str
    document: str
    kind: RegisteredKind
    status: RegisteredStatus
    issue_date: str
    gross: str
    hash: str
    chain: str


class FaultShown(ResponseModel):
    """The first position at which the register and the documents differ, and the difference."""

    position: int
    code: str


class LastFullShown(ResponseModel):
    """The last full pass: its instant, the company's clock, and the rows that it compared. `from_anchor` counts those
    whose journal entry is past its term: the chain from the last anchor covers them. `found` counts faults, and `code`
    names the most telling one. At `recovered_at` an operator recovered the tables: anchors before it do not count."""

    at: str
    clock: int
    verified: bool
    rows: int
    from_anchor: int
    found: int
    code: str | None
    recovered_at: str | None


class VerificationShown(ResponseModel):
    """The chain, recomputed from the documents. `next` is the position to continue after if it is not complete. `ran`
    is the pass: "series" compares the documents of the series, "daily" also the journal since the last anchor, with
    the rows that it touched. `faults` are what the daily pass found. Without a fault in the last full pass, `verified`
    is true."""

    object: Literal["verification"]
    series: str
    verified: bool
    checked: int
    complete: bool
    next: int | None
    fault: FaultShown | None
    hash: str
    ran: Literal["series", "daily"]
    faults: list[EvidenceFaultShown]
    last_full: LastFullShown | None


class RegisterQuery(Model):
    """A series by its id (`FA-2026`), or the invoices' series of a year (default: this year), from a position on."""

    series: Annotated[str, Text(40)] | None = None
    year: Annotated[int, WholeNumber(2000, 2100)] | None = None
    limit: Annotated[int, WholeNumber(1, 100)] = 20
    starting_after: Annotated[int, WholeNumber(0, 999_999_999)] = 0


class VerifyQuery(Model):
    """A series by its id, or the invoices' series of a year, after a position that was verified before."""

    series: Annotated[str, Text(40)] | None = None
    year: Annotated[int, WholeNumber(2000, 2100)] | None = None
    starting_after: Annotated[int, WholeNumber(0, 999_999_999)] = 0


def _series(context: RequestContext) -> Answer:
    data = [
        {
            "id": row.id,
            "object": "series",
            "document": row.document,
            "first": row.first,
            "next": row.next,
            "last_date": row.last_date.isoformat() if row.last_date else None,
            "hash": row.chain,
        }
        for row in register.series(context.open)
    ]
    return Answer(listed(address("series"), data))


def _entries(context: RequestContext) -> Answer:
    query = context.query
    year = query.year or today(context.at).year
    found = register.entries(context.open, query.series, year, limit=query.limit, starting_after=query.starting_after)
    url = address("register") + (f"?series={found.series}" if found.series else "")
    return Answer(listed(url, map(_entry, found.entries), more=found.more))


def _entry(known: register.Entry) -> Body:
    entry = known.entry
    return {
        "object": "register_entry",
        "series": entry.series,
        "position": entry.position,
        "number": entry.number,
        "document": entry.document,
        "kind": entry.document_kind,
        "status": known.status,
        "issue_date": entry.issue_date.isoformat(),
        "gross": amount_text(entry.gross),
        "hash": entry.hash,
        "chain": entry.chain,
    }


def _verify(context: RequestContext) -> Answer:
    query = context.query
    year = query.year or today(context.at).year
    requested.count_check(context.world, context.company)
    found = verification.verify(context.world, context.open, query.series, year, after=query.starting_after)
    part, full = found.series, found.last_full
    fault = {"position": part.fault.position, "code": part.fault.code} if part.fault else None
    return Answer(
        {
            "object": "verification",
            "series": part.series,
            "verified": found.verified,
            "checked": part.checked,
            "complete": part.complete,
            "next": part.next,
            "fault": fault,
            "hash": part.hash,
            "ran": "daily" if found.daily else "series",
            "faults": [present_fault(each) for each in found.daily.faults] if found.daily else [],
            "last_full": present_last_full(full) if full else None,
        }
    )


def _verify_fully(context: RequestContext) -> Answer:
    return answer(requested.request(context.world, context.open, context.presenting(queued)))


ENDPOINTS = (
    Endpoint(
        method="GET",
        path=address("series"),
        scope="register.read",
        handler=_series,
        summary="List the series",
        response_model=ListOf[SeriesShown],
        tag="Register",
    ),
    Endpoint(
        method="GET",
        path=address("register"),
        scope="register.read",
        handler=_entries,
        summary="List the numbers of a series, with each document's state and hash",
        query=RegisterQuery,
        response_model=ListOf[EntryShown],
        errors=(NotFound,),
        tag="Register",
    ),
    Endpoint(
        method="GET",
        path=address("register", "verify"),
        scope="register.read",
        handler=_verify,
        summary="Verify a series: recompute its chain from the documents",
        query=VerifyQuery,
        response_model=VerificationShown,
        errors=(NotFound,),
        tag="Register",
    ),
    Endpoint(
        method="POST",
        path=address("register", "verify"),
        scope="register.read",
        handler=_verify_fully,
        summary="Verify the complete ledger: a job compares each row with the journal",
        response_model=JobShown,
        status=202,
        idempotent=True,
        errors=(TooManyRequests, Busy),
        tag="Register",
    ),
)
