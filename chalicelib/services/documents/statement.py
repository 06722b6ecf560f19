"""Read the account of a customer for a statement."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from chalicelib.domain.companies.party import Customer
from chalicelib.domain.documents.balance import Balance
from chalicelib.domain.documents.credit_entry import CreditEntry, Refund
from chalicelib.domain.documents.document_type import DocumentType
from chalicelib.domain.documents.model import Issued
from chalicelib.domain.documents.payment import Payment
from chalicelib.domain.documents.registry import corrected_by, document_types
from chalicelib.domain.documents.state import DocumentState
from chalicelib.domain.documents.statement import Account, PayableDocument, Statement
from chalicelib.domain.documents.statement import statement as calculate
from chalicelib.domain.errors import DocumentBlocked, StatementTooLarge, invalid
from chalicelib.domain.privacy.erased import is_erased
from chalicelib.services.documents.document_query import DocumentQuery
from chalicelib.services.documents.listing import documents
from chalicelib.store.read import Reader, rows_of_party

MOST_DOCUMENTS = 1_000
"""Documents of one customer that a statement reads."""


@dataclass(frozen=True)
class CustomerStatement:
    """A customer and the statement of their account."""

    customer: Customer
    statement: Statement


def customer_statement(reader: Reader, customer: str, first: date | None, last: date) -> CustomerStatement:
    """The statement from `first`, or from the first day of the year of `last`, to `last`. Raises NotFound,
    DocumentBlocked for an erased customer, StatementTooLarge, InvalidContent if the period ends before it begins."""
    first = first or last.replace(month=1, day=1)
    if first > last:
        raise invalid("/query/from", "period_reversed", to=last.isoformat())
    if is_erased(reader.head, customer):
        raise DocumentBlocked
    found = reader.get(Customer, customer)
    return CustomerStatement(found, calculate(account_of(reader, customer), first, last))


def account_of(reader: Reader, customer: str) -> Account:
    """Every row of the customer's account. Raises StatementTooLarge."""
    asking = [each for each in document_types() if each.counterparty == "customer" and each.payable == "we_receive"]
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
    """The payments of a document. Reads nothing if its balance shows that it has none."""
    if balance is None or not _ever_paid(balance):
        return []
    return [row for row in reader.all("ledger", f"payment#{document.id}#") if isinstance(row, Payment)]


def _ever_paid(balance: Balance) -> bool:
    """Whether the document may have payments. Payments that were all reversed leave a version only."""
    money = balance.paid or balance.pending or balance.suffered_vat or balance.suffered_fees
    return bool(money) or balance.version > 1
