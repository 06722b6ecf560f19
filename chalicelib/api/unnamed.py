"""The company of a person who names none in the `Company` header."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from chalicelib.domain.errors import NotFound, invalid
from chalicelib.domain.ids import is_id

if TYPE_CHECKING:
    from chalicelib.wiring import World


def only_company(world: "World", subject: str, job: str | None) -> str:
    """The person's company. With several, the one that has the `job`. Raises NotFound for a person without a company,
    InvalidContent for several companies and no job."""
    from chalicelib.store.read import companies_of

    memberships = companies_of(world.store, subject)
    if not memberships:
        raise NotFound
    # An invitation to another company must not lock a person out of their own company.
    own = [membership for membership in memberships if not membership.invited] or memberships
    if len(own) > 1 and job is not None:
        return _company_of_job(world, job, [membership.company for membership in own])
    if len(own) > 1:
        raise invalid("/header/Company", "company_header_required")
    return own[0].company


def _company_of_job(world: "World", job: str, companies: Sequence[str]) -> str:
    """The company among these that has the job. A person who began it without the header may have joined a second
    company since, so the header must not become necessary. Raises NotFound."""
    from chalicelib.domain.journal import JobRow
    from chalicelib.store.wire import MAX_TRANSACTION

    if not is_id("job", job):
        raise NotFound
    for at in range(0, len(companies), MAX_TRANSACTION):
        refs = [JobRow.ref(company, job) for company in companies[at:][:MAX_TRANSACTION]]
        for row in world.store.records(refs):
            if row is not None:
                return row.company
    raise NotFound
