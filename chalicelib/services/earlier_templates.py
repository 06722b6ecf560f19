"""The row that keeps a company's template for the documents that were issued with it."""

from chalicelib.domain.call import Call
from chalicelib.domain.companies.company import Company
from chalicelib.domain.companies.template import EarlierTemplate, digest_of, id_of


def replaced(before: Company, after: Company, call: Call) -> tuple[EarlierTemplate, ...]:
    """The row that keeps the template which this edit replaces or removes."""
    if not before.template or before.template == after.template:
        return ()
    digest = digest_of(before.template) or ""
    return (call.make(EarlierTemplate, id=id_of(digest), digest=digest, text=before.template),)
