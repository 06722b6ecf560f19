"""The response models of jobs and their results."""

from typing import Literal

from chalicelib.api.fields import ResponseModel


class OutcomeShown(ResponseModel):
    """The result for one document of a bulk issue."""

    id: str
    outcome: Literal["issued", "failed", "not_attempted"]
    number: str | None = None
    code: str | None = None


class OutcomesShown(ResponseModel):
    """The results in the order of the request. If they exceed one transaction, a job to follow instead."""

    object: Literal["list", "job"]
    data: list[OutcomeShown] | None = None
    has_more: bool | None = None
    url: str | None = None
    id: str | None = None
    task: str | None = None
    status: str | None = None
    done: int | None = None
    total: int | None = None
    outcomes: list[OutcomeShown] | None = None
    version: int | None = None
    created_at: str | None = None
    updated_at: str | None = None


class PartShown(ResponseModel):
    """The result of a job on many rows. An export: its file, its `rows`, and the documents that are `missing` in it. An
    import: its new, changed and left rows. A backup: its counts by kind. A restore: the restored, overwritten and
    unchanged rows by kind. A dry run: the same under `would`. A failure: its code."""

    outcome: Literal["complete", "failed"] | None = None
    code: str | None = None
    backup: str | None = None
    company: str | None = None
    verified_at: str | None = None
    parts: int | None = None
    counts: dict[str, int] | None = None
    kinds: dict[str, dict[str, int]] | None = None
    would: dict[str, dict[str, int]] | None = None
    filename: str | None = None
    expires_at: str | None = None
    reason: str | None = None
    where: str | None = None


class EvidenceFaultShown(ResponseModel):
    """A difference between the ledger, the journal and its anchors. `kind` and `id` name the row, `clock` the commit
    that the journal states."""

    code: str
    kind: str | None
    id: str | None
    clock: int | None


class FullPassShown(ResponseModel):
    """The result of a full pass at the company's clock `clock`, where the journal's hash is `chain`. `entries` of the
    journal and `rows` of the ledger were compared; of `from_anchor` rows the journal's entry is past its term.
    `anchored` is the clock of the newest anchor that agrees. `faults` are the first ones of `found`."""

    outcome: Literal["checked"]
    ran: Literal["full"]
    at: str
    verified: bool
    clock: int
    chain: str
    entries: int
    rows: int
    from_anchor: int
    anchored: int | None
    found: int
    faults: list[EvidenceFaultShown]


class JobShown(ResponseModel):
    """Work that continues after an answer: its state, its progress and its results."""

    id: str
    object: Literal["job"]
    task: str
    status: Literal["queued", "running", "completed", "failed"]
    done: int
    total: int
    outcomes: list[OutcomeShown | PartShown | FullPassShown]
    version: int
    created_at: str
    updated_at: str
