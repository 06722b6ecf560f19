"""Credit notes. Each is issued at once, in its own series, against an issued invoice."""

from dataclasses import replace

from chalicelib.domain.call import Call
from chalicelib.domain.companies.company import Company, Series
from chalicelib.domain.documents import crediting, issuing
from chalicelib.domain.documents.balance import Balance
from chalicelib.domain.documents.credit_note import CREDIT_NOTE, CreditNote
from chalicelib.domain.documents.crediting import CreditRequest
from chalicelib.domain.documents.document_type import DocumentType
from chalicelib.domain.documents.invoice import Invoice
from chalicelib.domain.documents.model import references_of
from chalicelib.domain.documents.numbering import current, current_day, numbered, numbering_after, opened, series_name
from chalicelib.domain.documents.register import RegisterEntry
from chalicelib.domain.entity import new_row
from chalicelib.domain.errors import AlreadyExists, NotFound
from chalicelib.services.documents.issuing import render_later
from chalicelib.services.documents.movements import Movements, free
from chalicelib.store.decision import Committed, Decision
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.transaction import transact
from chalicelib.store.wire import Store


def creditable(document_type: DocumentType) -> bool:
    """Tell whether our credit notes correct documents of this kind. Each such kind has an endpoint for it."""
    return document_type.kind in CREDIT_NOTE.corrects


def credit(
    store: Store, call: Call, invoice_id: str, request: CreditRequest, reason: str | None, id: str | None
) -> Committed[CreditNote]:
    """Issue a credit note for what is requested; None credits everything not yet credited. Raises NotFound, NotIssued,
    AlreadyExists, InvalidContent."""
    id = id or call.new_id(CreditNote)

    def decide_credit(snapshot: Snapshot) -> Decision[CreditNote]:
        moves = Movements(snapshot, call)
        invoice, balance = moves.invoice(invoice_id)
        company = snapshot.get(Company)
        if company is None:
            raise NotFound
        if snapshot.get(CreditNote, id):
            raise AlreadyExists(id=id)
        slot = _slot(snapshot, call, company, id)
        note, entry, after, credited = _note(invoice, balance, company, slot, request, reason, id)
        free(moves, invoice, balance, credited, note.id)
        decision = moves.decision(note)
        return replace(
            decision,
            new=(note, entry, *decision.new),
            puts=(after, *decision.puts),
            messages=(render_later(call, [id]),),
            head=numbering_after(snapshot.head, CREDIT_NOTE.kind, slot.day),
        )

    company = call.company
    reads = [
        Invoice.ref(company, invoice_id),
        Balance.ref(company, invoice_id),
        Company.ref(company),
        CreditNote.ref(company, id),
    ]
    return transact(store, call, reads, decide_credit)


def _slot(snapshot: Snapshot, call: Call, company: Company, id: str) -> issuing.SeriesSlot:
    """The slot of a credit note that is issued today."""
    day, numbering = current_day(snapshot.head, CREDIT_NOTE.kind, call.at), current(company, CREDIT_NOTE.kind)
    return issuing.SeriesSlot(
        series=snapshot.get(Series, series_name(numbering, day)) or opened(company, numbering, day, call.at),
        day=day,
        today=day,
        at=call.at,
        salt=call.random("document", id)[:16],
        specimen=snapshot.head.mode == "test",
        last=numbered(snapshot.head, CREDIT_NOTE.kind).last,
    )


def _note(
    invoice: Invoice,
    balance: Balance,
    company: Company,
    slot: issuing.SeriesSlot,
    request: CreditRequest,
    reason: str | None,
    id: str,
) -> tuple[CreditNote, RegisterEntry, Series, Balance]:
    issuing.check_day(slot, pointer="")
    credited = crediting.credit(invoice, balance, request)
    note = CreditNote(
        **new_row(invoice.company, id, slot.at),
        operation_date=slot.day,
        due_date=slot.day,
        currency=invoice.currency,
        language=invoice.language,
        settlement=invoice.settlement,
        payment_mode=invoice.payment_mode,
        terms_law=invoice.terms_law,
        vat_basis=invoice.vat_basis,
        stamp_exemption=invoice.stamp_exemption,
        reverse_charge=invoice.reverse_charge,
        customer=invoice.customer,
        buyer=invoice.buyer,
        lines=credited.lines,
        totals=credited.totals,
        invoice=invoice.id,
        invoice_number=invoice.number,
        invoice_date=invoice.issue_date,
        **references_of(invoice),
        reason=reason,
        credited_lines=credited.numbers,
        seller=replace(issuing.seller_of(company), regime=invoice.seller.regime),
        **issuing.numbered(company, CREDIT_NOTE, slot),
    )
    return *issuing.registered(note, slot), credited.balance
