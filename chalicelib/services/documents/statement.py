"""Read the account of a customer for a statement."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from chalicelib.domain.companies.party import Customer
from chalicelib.domain.documents.balance import Balance
from chalicelib.domain.documents.credit_entry import CreditEntry, Refund
from chalicelib.domain.documents.document_type import DocumentType
from chalicelib.domain.documents.issuing import buyer_of
from chalicelib.domain.documents.model import Buyer, Issued
from chalicelib.domain.documents.payment import Payment
from chalicelib.domain.documents.registry import corrected_by, document_types, receivable_types
from chalicelib.domain.documents.state import DocumentState
from chalicelib.domain.documents.statement import Account, PayableDocument, Statement
from chalicelib.domain.documents.statement import statement as calculate
from chalicelib.domain.errors import DocumentBlocked, NotFound, StatementTooLarge, invalid
from chalicelib.domain.language import Language
from chalicelib.domain.privacy.erased import is_erased
from chalicelib.services.documents.document_query import DocumentQuery
from chalicelib.services.documents.listing import documents
from chalicelib.store.read import Reader, rows_of_party

MOST_DOCUMENTS = 1_000
"""Documents of one customer that a statement reads."""


@dataclass(frozen=True)
class CustomerStatement:
    """The statement of a customer's account, and the customer: as they are today, or, once they were deleted, as the
    latest document of the account froze them."""

    id: str
    buyer: Buyer
    language: Language
    statement: Statement


def customer_statement(reader: Reader, customer: str, first: date | None, last: date) -> CustomerStatement:
    """The statement from `first`, or from the first day of the year of `last`, to `last`, also of a deleted customer
    who has documents. Raises NotFound, DocumentBlocked for an erased customer, StatementTooLarge, InvalidContent if the
    period ends before it begins."""
    first = first or last.replace(month=1, day=1)
    if first > last:
        raise invalid("/query/from", "period_reversed", to=last.isoformat())
    if is_erased(reader.head, customer):
        raise DocumentBlocked
    (found,) = reader.many(Customer, [customer])
    account = account_of(reader, customer)
    latest = max(
        (each.document for each in account.documents), key=lambda each: (each.issue_date, each.id), default=None
    )
    if found is not None:
        return CustomerStatement(customer, buyer_of(found), found.language, calculate(account, first, last))
    if latest is None:
        raise NotFound
    return CustomerStatement(customer, latest.buyer, latest.language, calculate(account, first, last))


def account_of(reader: Reader, customer: str) -> Account:
    """Every row of the customer's account. Raises StatementTooLarge."""
    asking = [each for each in receivable_types() if each.counterparty == "customer"]
    kinds = {each.kind for each in asking}
    correcting = [each for each in document_types() if kinds.intersection(each.corrects)]
    states = _documents(reader, (*asking, *correcting), customer)
    notes: dict[str, list[Issued]] = {}
    for document, _ in states:
        if (corrected := corrected_by(document)) is not None:
            notes.setdefault(corrected.id, []).append(document)
    payable = [(document, balance) for document, balance in states if document.KIND in kinds]
    # One query for each document that has payments. They run at the same time.
    paid = reader.store.pool.map(lambda pair: _payments(reader, *pair), payable)
    return Account(
        documents=[
            PayableDocument(document, balance, payments, notes.get(document.id, ()))
            for (document, balance), payments in zip(payable, paid, strict=True)
        ],
        entries=list(rows_of_party(reader.store, CreditEntry, reader.company, customer)),
        refunds=list(rows_of_party(reader.store, Refund, reader.company, customer)),
    )


def _documents(reader: Reader, kinds: tuple[DocumentType, ...], customer: str) -> list[tuple[Issued, Balance | None]]:
    """The issued documents of these kinds, with their balances. Raises StatementTooLarge."""
    found: list[tuple[Issued, Balance | None]] = []
    for document_type in kinds:
        for state in _all_of(reader, document_type, customer):
            if isinstance(state.document, Issued):
                found.append((state.document, state.balance))
            if len(found) > MOST_DOCUMENTS:
                raise StatementTooLarge(max=MOST_DOCUMENTS)
    return found


def _all_of(reader: Reader, document_type: DocumentType, customer: str) -> Iterator[DocumentState]:
    """The issued documents of a kind for a customer, a page at a time."""
    after = None
    while True:
        query = DocumentQuery(MOST_DOCUMENTS + 1, date.max, after, person=customer, issued_from=date.min)
        page = documents(reader, document_type, query, lambda state: state, lambda _: 0)
        yield from page.items
        if (after := page.next) is None:
            return


def _payments(reader: Reader, document: Issued, balance: Balance | None) -> list[Payment]:
    """The payments of a document. Reads nothing if its balance never moved. The amounts of a balance do not tell: a
    payment may be all excess, or reversed."""
    if balance is None or not balance.version:
        return []
    return [row for row in reader.all("ledger", f"payment#{document.id}#") if isinstance(row, Payment)]
