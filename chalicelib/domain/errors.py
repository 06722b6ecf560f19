"""Every refusal of the product: one class each, with a stable code.

A refusal knows nothing of HTTP: `api.problems` gives each class its status, and `api.request_errors` holds the refusals
of a request's form. The refusals of one noun, such as backups or recorded money, are in a module of its package. The
texts, in three languages, are in `api/messages`. `params` fill them.
"""

from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple


@dataclass(frozen=True)
class Fault:
    """One fault in the data that was sent: its JSON pointer, a stable code, and the parameters of its message."""

    pointer: str
    code: str
    params: dict[str, Any] = field(default_factory=dict)


class Refusal(Exception):
    """A request was refused and nothing was changed."""

    code: ClassVar[str]
    passing: ClassVar[bool] = False
    """Whether the same call may succeed in a moment."""

    def __init__(self, *faults: Fault, **params: Any) -> None:
        super().__init__(self.code)
        self.faults = faults
        self.params = params


class Unauthenticated(Refusal):
    """No token, or one that is forged, expired or revoked."""

    code = "unauthenticated"


class Forbidden(Refusal):
    """The token is valid, but its role or scope does not allow this."""

    code = "forbidden"


class PolicyNotAccepted(Forbidden):
    """The member must accept the required version of the privacy policy before they change anything."""

    code = "policy_not_accepted"


class CompanyBlocked(Refusal):
    """The account is blocked or closed. The product neither reads nor writes its data."""

    code = "company_blocked"


class CompanyRestoring(CompanyBlocked):
    """A backup is being restored. The company is closed until no erased person can be visible again. This state
    ends."""

    code = "company_restoring"


class AgeRefused(Refusal):
    """The service is not for children under 13."""

    code = "age_refused"


class NotFound(Refusal):
    """No such resource in this company. The answer is the same if another company has it."""

    code = "not_found"


class InvitationNotFound(NotFound):
    """No open invitation has this code and the proven address of this sign-in."""

    code = "invitation_not_found"


class Conflict(Refusal):
    """The current state of the resource does not allow this."""

    code = "conflict"


class AlreadyExists(Conflict):
    """The id that the client chose is taken."""

    code = "already_exists"


class AlreadyIssued(Conflict):
    """An issued document is never edited, deleted or issued again (CGI art. 145-III)."""

    code = "already_issued"


class NotIssued(Conflict):
    """A draft has no number yet: it is neither paid nor credited."""

    code = "not_issued"


class NumberingSettled(Conflict):
    """The next number of a series is set once, before its first document."""

    code = "numbering_settled"


class LastOwner(Conflict):
    """A company keeps at least one owner."""

    code = "last_owner"


class TooManyApiKeys(Conflict):
    """The company has as many API keys in use as it may have."""

    code = "too_many_api_keys"


class CloudStorageOff(Conflict):
    """Backup and synchronisation are both off, so nothing is stored in the cloud."""

    code = "cloud_storage_off"


class CompanyFull(Conflict):
    """The company's rows in one table have reached the limit of the database (10 GB)."""

    code = "company_full"


class SynchronisationOff(Conflict):
    """The change feed is part of synchronisation, which is off."""

    code = "synchronisation_off"


class WorkspaceNotEmpty(Conflict):
    """The last cloud switch cannot be turned off while the cloud holds business data, except with `erase`."""

    code = "workspace_not_empty"


class InUse(Conflict):
    """Drafts name this customer or supplier, or money is still owed. `drafts` and `debts` count them."""

    code = "in_use"


class RequestSettled(Conflict):
    """The state of the request no longer allows this."""

    code = "request_settled"


class ThreadClosed(Conflict):
    """A closed support thread accepts no messages. Open another one."""

    code = "thread_closed"


class AlreadyBlocked(Conflict):
    """A deletion of the account is under way already."""

    code = "already_blocked"


class UnderHold(Conflict):
    """A lawful demand keeps the company's data for now."""

    code = "under_hold"


class DocumentBlocked(Conflict):
    """The document's buyer was erased on request. The original is kept for its term, blocked, and disclosed only on a
    lawful demand."""

    code = "document_blocked"


class PersonErased(Conflict):
    """The person of this id was erased on request. The id is not used again."""

    code = "person_erased"


class AnotherOwnerNeeded(Conflict):
    """The company has several owners. Another owner than the one who confirmed the deletion must waive the grace."""

    code = "another_owner_needed"


class OwnersChanged(Conflict):
    """An owner joined or left within `OWNER_CHANGE_DELAY`. The grace cannot be waived before `possible_from`."""

    code = "owners_changed"


class ProofNeeded(Refusal):
    """Identity must be proven again: a recent sign-in (`FRESH`), or a mailed code."""

    code = "proof_needed"


class ClockTooOld(Refusal):
    """The change feed does not cover this clock. Read everything again."""

    code = "clock_too_old"


class StaleVersion(Refusal):
    """The caller has read a version that is no longer the current one."""

    code = "stale_version"


class TooLarge(Refusal):
    """Above a stated limit of size."""

    code = "too_large"


class TransactionTooLarge(TooLarge):
    """More than 4 MB or 100 rows in one transaction. Several documents together exceed a limit of the database."""


class InvalidContent(Refusal):
    """The JSON is well-formed but its content is not acceptable. `faults` give the places."""

    code = "invalid_content"


class QueryTooBroad(InvalidContent):
    """A search of documents matches too many customers or numbers, or no document of many passes all filters."""

    code = "query_too_broad"


class SortNotWithFilter(InvalidContent):
    """A list with this filter has another order."""

    code = "sort_not_with_filter"


class StatementTooLarge(InvalidContent):
    """The customer has more documents than one statement reads."""

    code = "statement_too_large"


class IdempotencyKeyReused(Refusal):
    """The key was used before with another request."""

    code = "idempotency_key_reused"


class Quota(NamedTuple):
    """A limit in number: at most `most` requests in a window of `seconds`."""

    name: str
    most: int
    seconds: int


class TooManyRequests(Refusal):
    """The caller asks too often: `retry_after` is the wait in seconds, `quota` the limit if it has a window."""

    code = "too_many_requests"


class Busy(Refusal):
    """Other writers of the company always committed first, or the database is throttled. Try again."""

    code = "busy"
    passing = True


class RendererUnavailable(Refusal):
    """This installation lacks the program that renders merchants' own templates."""

    code = "renderer_unavailable"
    passing = True


def invalid(pointer: str, code: str, **params: Any) -> InvalidContent:
    """An `InvalidContent` of a single fault."""
    return InvalidContent(Fault(pointer, code, params))
