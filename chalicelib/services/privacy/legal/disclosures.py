"""The register of disclosures: an operator records entries, and the company reads those that the law allows."""

import logging
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from chalicelib.domain.clock import today
from chalicelib.domain.errors import Fault, InvalidContent
from chalicelib.domain.privacy.disclosure import Disclosure, DisclosureKind, may_be_seen
from chalicelib.domain.privacy.request import PrivacyRequest
from chalicelib.policy.ends import first_day_gone
from chalicelib.policy.load import current
from chalicelib.services.records.paging import Page, Window
from chalicelib.store.decision import ACCOUNT_WHILE_BLOCKED, Decision, always
from chalicelib.store.transaction import transact
from chalicelib.store.wire import Store

if TYPE_CHECKING:
    from chalicelib.wiring import World

log = logging.getLogger("facture.privacy")
OPERATOR = "operator"
"""The recipient in the register when no outsider received data."""


@dataclass(frozen=True)
class DisclosureInput:
    """A disclosure as an operator enters it."""

    kind: DisclosureKind
    recipient: str
    basis: str
    data: tuple[str, ...]
    disclosed_on: date
    reference: str | None = None
    subject: str | None = None
    hidden_until: date | None = None
    recipient_email: str | None = None


def record(world: "World", company: str, details: DisclosureInput, by: str) -> Disclosure:
    """Record a disclosure, also of a blocked account. Raises NotFound. Raises InvalidContent for an unknown rule, a
    future day, or a hidden transfer to a processor: only a lawful demand may be hidden."""
    call = world.call(company, by, "disclosure_record", key=f"disclosure-{world.random(12).hex()}")
    _check(details, today(call.at))
    entry = call.make(
        Disclosure,
        **vars(details),
        actor=by,
        due_at=end_of(call.at, details.hidden_until),
    )

    transact(world.store, call, [], always(Decision(new=(entry,))), ACCOUNT_WHILE_BLOCKED)
    return entry


def record_access(world: "World", company: str, rule: str, reason: str, by: str) -> Disclosure:
    """Record an operator's access to data under `rule` in the company's register of disclosures, before the access.
    Raises NotFound, Busy."""
    details = DisclosureInput(
        kind="operator_access", recipient=OPERATOR, basis=reason, data=(rule,), disclosed_on=today(world.now())
    )
    return record(world, company, details, by)


def end_of(at: datetime, hidden_until: date | None) -> datetime:
    """The end of the term of an entry that was recorded at `at`. The term begins when the company may see the entry,
    otherwise it could end before."""
    hidden_days = 0 if hidden_until is None else max(0, (hidden_until - today(at)).days + 1)
    return first_day_gone("disclosure.record", at + timedelta(days=hidden_days))


def _check(details: DisclosureInput, on: date) -> None:
    faults = [Fault("/data", "rule_unknown", {"rule": name}) for name in details.data if name not in current().rules]
    if not details.data:
        faults.append(Fault("/data", "too_few", {"min": 1}))
    if details.disclosed_on > on:
        faults.append(Fault("/disclosed_on", "out_of_range", {"min": "2000-01-01", "max": on.isoformat()}))
    if details.hidden_until and details.kind != "lawful_demand":
        faults.append(Fault("/hidden_until", "only_lawful_demands_hide"))
    if faults:
        raise InvalidContent(*faults)


def visible(store: Store, company: str, window: Window, on: date, person: str | None = None) -> Page[Disclosure]:
    """The entries that the company may see, newest first. A `person` sees those about themselves and about the complete
    company."""
    rows = of_company(store, company) if person is None else concerning(store, company, person)
    seen = [row for row in rows if may_be_seen(row, on)]
    if window.starting_after:
        seen = [row for row in seen if row.id < window.starting_after]
    if window.ending_before:
        seen = [row for row in seen if row.id > window.ending_before][::-1]
    page = seen[: window.limit]
    rows = page[::-1] if window.ending_before else page
    return Page(tuple(rows), rows[-1].id if len(seen) > window.limit else None)


def of_company(store: Store, company: str) -> list[Disclosure]:
    """The complete register of a company with its hidden entries, newest first. It is read completely: a company has
    few entries, and a short page would reveal a hidden one."""
    return [*store.all_of(Disclosure, company, descending=True)]


def concerning(store: Store, company: str, subject: str | None) -> list[Disclosure]:
    """The disclosures about a person or about the complete company. Raises Busy."""
    return [row for row in of_company(store, company) if row.subject in (None, subject)]


def of_erasure(store: Store, request: PrivacyRequest) -> list[Disclosure]:
    """The disclosures that may hold the data of an erasure: of a person, or all of an account. Raises Busy."""
    if request.subject is None:
        return of_company(store, request.company)
    return concerning(store, request.company, request.subject)


def note_hidden(world: "World", request: PrivacyRequest) -> None:
    """Log the recipients of corrected or erased data whose disclosure is still hidden. The operator must inform
    them."""
    deletion = request.kind == "deletion"
    handed = of_erasure(world.store, request) if deletion else concerning(world.store, request.company, request.subject)
    for row in handed:
        if not may_be_seen(row, today(world.now())):
            log.warning("a hidden recipient must be informed", extra={"request": request.id, "disclosure": row.id})
