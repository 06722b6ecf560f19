"""Drafts as they are read. A draft is never stale: its totals and notices follow from its company, its customer and the
rates of the day, which may change without an edit of the draft.

The stored totals are those of the last edit. The change feed, backups and exports show them. All other reads use this
module.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from chalicelib.domain.companies.company import Company
from chalicelib.domain.companies.party import Party
from chalicelib.domain.documents.document_type import PARTIES, DocumentType
from chalicelib.domain.documents.model import DraftDocument, Notice
from chalicelib.domain.entity import Record
from chalicelib.domain.errors import Fault, InvalidContent, NotFound
from chalicelib.services.documents.drafting import completed, content_of
from chalicelib.store.read import Reader

TOGETHER = 99
"""Other parties read together with the company: a transaction reads 100 rows."""


def current(
    reader: Reader, document_type: DocumentType, drafts: Sequence[DraftDocument], day: date
) -> list[DraftDocument]:
    """The drafts as of `day`. Reads the company and the other parties, once each; nothing without drafts. If the issue
    of a draft would be refused, its notices say so, and its totals are those of the last edit."""
    if not drafts:
        return []
    company, parties = _read(reader, document_type, drafts)
    return [_shown(document_type, draft, company, parties, day) for draft in drafts]


def recalculated(
    document_type: DocumentType, draft: DraftDocument, company: Company, party: Party | None, day: date
) -> DraftDocument:
    """The draft with lines, totals and notices as its issue on `day` would calculate them. Raises InvalidContent."""
    return replace(draft, **completed(document_type, content_of(draft), company, party, day))


def _shown(
    document_type: DocumentType, draft: DraftDocument, company: Company, parties: dict[str, Party], day: date
) -> DraftDocument:
    party = parties.get(document_type.person_of(draft) or "")
    try:
        return recalculated(document_type, draft, company, party, day)
    except InvalidContent as refusal:
        return replace(draft, notices=tuple(map(_notice, refusal.faults)))


def _notice(fault: Fault) -> Notice:
    return Notice(
        pointer=fault.pointer, code=fault.code, params={name: str(value) for name, value in fault.params.items()}
    )


def _read(
    reader: Reader, document_type: DocumentType, drafts: Sequence[DraftDocument]
) -> tuple[Company, dict[str, Party]]:
    """The company, and the other parties that exist, by id."""
    named = list(dict.fromkeys(person for draft in drafts if (person := document_type.person_of(draft))))
    refs = [PARTIES[document_type.counterparty].ref(reader.company, id) for id in named]
    found: list[Record | None] = reader.of([Company.ref(reader.company), *refs[:TOGETHER]])
    for start in range(TOGETHER, len(refs), TOGETHER):
        found += reader.of(refs[start : start + TOGETHER])
    company = found[0]
    if not isinstance(company, Company):
        raise NotFound
    return company, {row.id: row for row in found[1:] if isinstance(row, Party)}
