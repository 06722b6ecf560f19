"""Print documents. A page is rendered once for the same inputs and stored under their hash."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from chalicelib.domain.clock import today
from chalicelib.domain.companies.company import Company
from chalicelib.domain.companies.template import EarlierTemplate, digest_of, id_of
from chalicelib.domain.documents.copies import as_of
from chalicelib.domain.documents.document_type import PARTIES
from chalicelib.domain.documents.model import DraftDocument, Issued
from chalicelib.domain.documents.registry import by_id, by_kind
from chalicelib.domain.errors import CompanyBlocked, DocumentBlocked, InvalidContent, NotFound
from chalicelib.domain.language import Language
from chalicelib.domain.privacy.erased import require_shown
from chalicelib.files import prefixes
from chalicelib.files.objects import Link
from chalicelib.services.documents import page_quota
from chalicelib.services.documents.current_drafts import recalculated
from chalicelib.services.documents.einvoicing import attached
from chalicelib.services.documents.view import draft_view, issued_view
from chalicelib.store.read import Reader, open_company

if TYPE_CHECKING:
    from chalicelib.domain.documents.view import DocumentView
    from chalicelib.render.renderer import EmbeddedFile, Renderer
    from chalicelib.wiring import World

PDF = "application/pdf"


@dataclass(frozen=True)
class Printable:
    """The inputs of a rendered page. `standard` are those of the page in the standard layout, for a document that its
    own template fails to print."""

    view: "DocumentView"
    filename: str
    logo: str | None
    template: str | None
    attachments: tuple["EmbeddedFile", ...] = ()
    standard: "Printable | None" = None


def pdf(world: "World", reader: Reader, kind: str, id: str, language: Language | None) -> Link:
    """The address of the document's page, valid for `LINK_SECONDS`. Raises NotFound, Busy, RendererUnavailable,
    DocumentBlocked for an erased buyer's document, TooManyRequests for a page that must be printed first. Raises
    InvalidContent for a company template that fails on a draft, and for a draft whose content the issue would
    refuse."""
    printable = _printable(reader, kind, id, today(world.now()), language)
    key = _kept(world, reader.company, printable, counted=True)
    return world.files.url(key, filename=printable.filename)


def render_now(world: "World", company: str, ids: Sequence[str]) -> None:
    """Render freshly issued documents in their own language, before anybody requests them. Skips blocked companies and
    erased buyers."""
    try:
        reader = open_company(world.store, company)
    except (NotFound, CompanyBlocked):
        return
    for id in ids:
        if document_type := by_id(id):
            with suppress(DocumentBlocked):
                _kept(world, company, _printable(reader, document_type.kind, id, today(world.now())))


def page_of(world: "World", reader: Reader, kind: str, id: str) -> tuple[str, str]:
    """The page of an issued document in its own language: its file name and its object key. Raises as `pdf` does."""
    printable = _printable(reader, kind, id, today(world.now()))
    return printable.filename, _kept(world, reader.company, printable)


def original(world: "World", document: Issued) -> bytes:
    """An issued document's page for the archive: PDF/A-3 with its e-invoice, in its own language and the standard
    layout. Ignores the company's template and an erasure of the buyer. A missing page is rendered and not stored,
    because the page of an erased person must not return. Raises Busy."""
    from chalicelib.render.renderer import inputs_hash

    view = issued_view(document, document.language)
    attachments = attached(document, view)
    logo = _logo(world, document.seller.logo)
    renderer = world.renderer(None)
    key = prefixes.pdf(document.company, inputs_hash(view, renderer, logo=logo, attachments=attachments))
    with suppress(NotFound):
        return world.files.read(key)
    return renderer.render(view, logo=logo, attachments=attachments)


def _logo(world: "World", key: str | None) -> bytes | None:
    """The logo's bytes, or None if its object no longer exists."""
    if key is not None:
        with suppress(NotFound):
            return world.files.read(key)
    return None


def _kept(world: "World", company: str, printable: Printable, *, counted: bool = False) -> str:
    """The object key of the page, rendered if it is not there, and then counted for a request."""
    renderer, logo, key = _inputs(world, company, printable)
    if world.files.exists(key):
        return key
    if printable.standard and world.files.exists(other := _inputs(world, company, printable.standard)[2]):
        return other  # The template has failed before.
    if counted:
        page_quota.count_page(world, company)
    try:
        page = renderer.render(printable.view, logo=logo, attachments=printable.attachments)
    except InvalidContent:
        # The template is frozen, so nobody can mend it: the merchant still gets the page.
        if printable.standard is None:
            raise
        return _kept(world, company, printable.standard)
    world.files.put(key, page, PDF)
    return key


def _inputs(world: "World", company: str, printable: Printable) -> tuple["Renderer", bytes | None, str]:
    """The renderer, the logo, and the key that both decide with the view and the attachments."""
    from chalicelib.render.renderer import inputs_hash

    renderer = world.renderer(printable.template)
    logo = world.files.read(printable.logo) if printable.logo else None
    digest = inputs_hash(printable.view, renderer, logo=logo, attachments=printable.attachments)
    return renderer, logo, prefixes.pdf(company, digest)


def _printable(reader: Reader, kind: str, id: str, day: date, language: Language | None = None) -> Printable:
    """The inputs of a document's page. A draft is calculated as of `day`. Raises InvalidContent if its issue would be
    refused for its content: its page would contradict itself."""
    company, draft, issued = _found(reader, kind, id)
    if isinstance(issued, Issued):
        require_shown(reader.head, issued)
        issued = as_of(issued, reader.head)
        view = issued_view(issued, language or issued.language)
        name = f"{by_kind(kind).words.file_name}-{issued.number.replace('/', '-')}.pdf"
        logo = prefixes.own_logo(reader.company, issued.seller.logo)
        standard = Printable(view, name, logo, None, attached(issued, view))
        template = _frozen_template(reader, company, issued.template)
        # wkhtmltopdf prints company templates and cannot attach files.
        return Printable(view, name, logo, template, standard=standard) if template else standard
    if draft is None:
        raise NotFound
    document_type = by_kind(kind)
    person = document_type.person_of(draft)
    party = reader.many(PARTIES[document_type.counterparty], [person])[0] if person else None
    draft = recalculated(document_type, draft, company, party, day)
    spoken = language or draft.language or (party.language if party else company.language)
    logo = company.logo if document_type.party == "buyer" else None  # a logo stands for the seller
    return Printable(draft_view(draft, company, party, spoken), "brouillon.pdf", logo, company.template)


def _frozen_template(reader: Reader, company: Company, digest: str | None) -> str | None:
    """The text of the template with this digest; None for the standard layout, also if the template is lost."""
    if digest is None or digest == digest_of(company.template):
        return company.template if digest else None
    (earlier,) = reader.of([EarlierTemplate.ref(reader.company, id_of(digest))])
    return earlier.text if isinstance(earlier, EarlierTemplate) else None


def _found(reader: Reader, kind: str, id: str) -> tuple[Company, DraftDocument | None, Issued | None]:
    own, document_type = reader.company, by_kind(kind)
    drafts = [document_type.draft.ref(own, id)] if document_type.draft else []
    company, issued, *found = reader.of([Company.ref(own), document_type.issued.ref(own, id), *drafts])
    draft = found[0] if found else None
    if not isinstance(company, Company):
        raise NotFound
    return company, draft if isinstance(draft, DraftDocument) else None, issued if isinstance(issued, Issued) else None
