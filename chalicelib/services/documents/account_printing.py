"""Print receipts (reçus) and statements. A page is rendered once for the same inputs and stored under their hash."""

from contextlib import suppress
from datetime import date
from typing import TYPE_CHECKING

from chalicelib.domain.companies.company import Company
from chalicelib.domain.documents.copies import as_of
from chalicelib.domain.documents.model import Issued
from chalicelib.domain.documents.payment import Payment
from chalicelib.domain.documents.registry import by_id
from chalicelib.domain.errors import NotFound
from chalicelib.domain.language import Language
from chalicelib.domain.privacy.erased import require_shown
from chalicelib.files import prefixes
from chalicelib.files.objects import Link
from chalicelib.services.documents import page_quota
from chalicelib.services.documents.account_views import receipt_view, statement_view
from chalicelib.services.documents.payments import payment_of
from chalicelib.services.documents.printing import PDF
from chalicelib.services.documents.statement import customer_statement
from chalicelib.store.read import Reader

if TYPE_CHECKING:
    from chalicelib.domain.documents.account_view import ReceiptView, StatementView
    from chalicelib.wiring import World


def receipt(world: "World", reader: Reader, id: str, language: Language | None) -> Link:
    """The address of a payment's receipt, valid for `LINK_SECONDS`. Raises NotFound, Busy, and DocumentBlocked for the
    payment of an erased buyer."""
    payment = payment_of(reader, id)
    document = _document(reader, payment.invoice)
    require_shown(reader.head, document)
    document = as_of(document, reader.head)
    related = payment.reverses or payment.reversed_by
    other = reader.get(Payment, related, invoice=payment.invoice) if related else None
    view = receipt_view(payment, other, document, language or document.language)
    return _link(world, reader.company, view, document.seller.logo, f"recu-{payment.date}-{payment.id[-6:]}.pdf")


def statement(
    world: "World", reader: Reader, customer: str, first: date | None, last: date, language: Language | None
) -> Link:
    """The address of a statement's page, valid for `LINK_SECONDS`. Raises as `customer_statement` does, and Busy."""
    found = customer_statement(reader, customer, first, last)
    company = reader.get(Company, "")
    spoken = language or found.language
    specimen = reader.head.mode == "test"
    view = statement_view(found.statement, found.buyer, company, spoken, specimen=specimen)
    name = f"releve-{found.statement.first}-{found.statement.last}.pdf"
    return _link(world, reader.company, view, company.logo, name)


def _document(reader: Reader, id: str) -> Issued:
    """The document of a payment. Raises NotFound."""
    document_type = by_id(id)
    if document_type is None:
        raise NotFound
    return reader.get(document_type.issued, id)


def _link(world: "World", company: str, view: "ReceiptView | StatementView", logo: str | None, name: str) -> Link:
    """The address of the page, rendered if it is not stored yet."""
    from chalicelib.render.renderer import inputs_hash

    picture = None
    if key := prefixes.own_logo(company, logo):
        with suppress(NotFound):
            picture = world.files.read(key)
    key = prefixes.pdf(company, inputs_hash(view, world.typst, logo=picture))
    if not world.files.exists(key):
        page_quota.count_page(world, company)
        world.files.put(key, world.typst.render_account(view, logo=picture), PDF)
    return world.files.url(key, filename=name)
