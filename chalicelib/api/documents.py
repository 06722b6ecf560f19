"""Documents of every kind. The registry determines the endpoints of a kind."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from chalicelib.api.answers import LINK_LIFE, Answer, address, answer, created, deleted, listed, shown, signed
from chalicelib.api.document_models import IssueIn, PdfQuery, RecordIn
from chalicelib.api.document_shapes import Deleted, FileShown
from chalicelib.api.document_types import models_of
from chalicelib.api.endpoint import Endpoint, RequestContext
from chalicelib.api.paging import FilteredList
from chalicelib.api.presenters.drafts import as_of_today, size_of, stored_or_shown
from chalicelib.domain.clock import today
from chalicelib.domain.documents.document_type import PARTIES, DocumentType
from chalicelib.domain.documents.registry import document_types
from chalicelib.domain.errors import (
    AlreadyExists,
    AlreadyIssued,
    Busy,
    CloudStorageOff,
    DocumentBlocked,
    InvalidContent,
    NotFound,
    NotIssued,
    QueryTooBroad,
    RendererUnavailable,
    SortNotWithFilter,
    TooLarge,
    invalid,
)
from chalicelib.domain.ids import is_id
from chalicelib.domain.search import search_of
from chalicelib.services.documents import drafting, einvoicing, issuing, listing, printing
from chalicelib.services.documents.document_query import SAME_NAMED, DocumentQuery
from chalicelib.services.representation.body import Body
from chalicelib.services.representation.documents import (
    present_document,
    present_draft,
    present_frozen,
)
from chalicelib.services.representation.records import present_party
from chalicelib.store.read import Reader

XML = "application/xml"
FILTERS = (*SAME_NAMED, "sort")
"""The members of a list's query that the service takes as they are. A kind may lack some."""


@dataclass(frozen=True)
class DocumentNoun:
    """One kind of document as a noun of the API."""

    document_type: DocumentType

    @property
    def url(self) -> str:
        """The address of its list."""
        return address(self.document_type.path)

    @property
    def name(self) -> str:
        """Its name in summaries."""
        return self.document_type.words.title["en"].lower()

    def endpoints(self) -> tuple[Endpoint, ...]:
        """The endpoints of the kind: for documents, for drafts if it has them, and for UBL if it is an e-invoice."""
        return (*self._reading(), *(self._drafting() if self.document_type.draft else ()), *self._files())

    def _reading(self) -> tuple[Endpoint, ...]:
        models = models_of(self.document_type.kind)
        found: Any = FilteredList[models.shown]  # type: ignore[name-defined]
        state = "A draft or an issued" if self.document_type.draft else "An issued"
        endpoint = partial(self._endpoint, scope=self.document_type.scopes.read, in_cloud=True)
        return (
            endpoint(
                method="GET",
                path=self.url,
                handler=self._list,
                summary=f"List {self.document_type.words.heading['en'].lower()}, newest first",
                query=models.query,
                response_model=found,
                errors=(InvalidContent, QueryTooBroad, SortNotWithFilter),
            ),
            endpoint(
                method="GET",
                path=f"{self.url}/{{id}}",
                handler=self._read,
                summary=f"{state} {self.name}",
                query=models.one,
                response_model=models.shown,
                errors=(NotFound,),
            ),
        )

    def _drafting(self) -> tuple[Endpoint, ...]:
        models = models_of(self.document_type.kind)
        return (
            self._endpoint(
                method="POST",
                path=self.url,
                scope=self.document_type.scopes.write,
                handler=self._create,
                summary=f"Draft {_a(self.name)}",
                request_model=models.new,
                response_model=models.shown,
                status=201,
                idempotent=True,
                errors=(AlreadyExists, CloudStorageOff, TooLarge),
            ),
            self._endpoint(
                method="POST",
                path=f"{self.url}/preview",
                scope=self.document_type.scopes.read,
                handler=self._preview,
                summary="Calculate the totals without saving",
                request_model=models.edit,
                response_model=models.shown,
                errors=(InvalidContent,),
            ),
            *self._changing(),
            self._freezing(),
        )

    def _changing(self) -> tuple[Endpoint, ...]:
        models = models_of(self.document_type.kind)
        write = partial(self._endpoint, path=f"{self.url}/{{id}}", scope=self.document_type.scopes.write, if_match=True)
        return (
            write(
                method="PATCH",
                handler=self._edit,
                summary="Edit a draft",
                request_model=models.edit,
                response_model=models.shown,
                idempotent=True,
                errors=(NotFound, AlreadyIssued, CloudStorageOff, TooLarge),
            ),
            write(
                method="DELETE",
                handler=self._delete,
                summary="Delete a draft",
                response_model=Deleted,
                errors=(NotFound, AlreadyIssued, CloudStorageOff),
            ),
        )

    def _freezing(self) -> Endpoint:
        """The verb that freezes a draft, under our next number or the other party's number."""
        ours = self.document_type.numbered_by == "us"
        numbered = (
            "Issue: give the next number, freeze, enter in the register"
            if self.document_type.registered
            else "Issue: give the next number and freeze"
        )
        return self._endpoint(
            method="POST",
            path=f"{self.url}/{{id}}/{self.document_type.freezing.verb}",
            scope=self.document_type.scopes.issue,
            handler=self._issue if ours else self._record,
            summary=numbered if ours else "Record the other party's number and freeze the document",
            request_model=IssueIn if ours else RecordIn,
            response_model=models_of(self.document_type.kind).shown,
            idempotent=True,
            errors=(NotFound, AlreadyIssued, InvalidContent, CloudStorageOff, TooLarge),
        )

    def _files(self) -> tuple[Endpoint, ...]:
        endpoint = partial(self._endpoint, method="GET", scope=self.document_type.scopes.read, in_cloud=True)
        pdf = endpoint(
            path=f"{self.url}/{{id}}/pdf",
            handler=self._pdf,
            summary=f"The page as PDF: a redirect to an address that is valid for {LINK_LIFE}",
            query=PdfQuery,
            response_model=FileShown,
            status=303,
            errors=(NotFound, Busy, RendererUnavailable, InvalidContent, DocumentBlocked),
        )
        if self.document_type.code is None:
            return (pdf,)
        drafts = (NotIssued,) if self.document_type.draft else ()
        subject = f"An issued {self.name}" if self.document_type.draft else _a(self.name).capitalize()
        ubl = endpoint(
            path=f"{self.url}/{{id}}/ubl",
            handler=self._ubl,
            media=XML,
            summary=f"{subject} as an e-invoice, UBL 2.1",
            errors=(NotFound, *drafts, DocumentBlocked),
        )
        return (pdf, ubl)

    def _endpoint(self, **named: Any) -> Endpoint:
        return Endpoint(tag=self.document_type.words.heading["en"], **named)

    def _list(self, context: RequestContext) -> Answer:
        query, present = self._query(context.query, context.at), stored_or_shown(context)
        page = listing.documents(context.open, self.document_type, query, present, size_of)
        data = as_of_today(context, self.document_type, page.items)
        self._expand(context, data)
        return Answer(listed(self.url, data, more=page.next is not None, next=page.next))

    def _query(self, query: Any, at: datetime) -> DocumentQuery:
        """The service's query of a list. Raises InvalidContent for a cursor of another kind of document."""
        for name in ("starting_after", "ending_before"):
            if (cursor := getattr(query, name)) and not is_id(self.document_type.prefix, cursor):
                raise invalid(f"/query/{name}", "bad_cursor")
        return DocumentQuery(
            limit=query.limit,
            today=today(at),
            after=query.starting_after or query.ending_before,
            backwards=query.ending_before is not None,
            person=getattr(query, self.document_type.person),
            words=search_of(query.q),
            **{name: getattr(query, name, None) for name in FILTERS},
        ).of(self.document_type)

    def _read(self, context: RequestContext) -> Answer:
        found = stored_or_shown(context)(listing.document(context.open, self.document_type, context.path["id"]))
        data = as_of_today(context, self.document_type, [found])
        self._expand(context, data)
        return Answer(data[0])

    def _expand(self, context: RequestContext, bodies: Sequence[Body]) -> None:
        """Replace the other parties' ids by the parties that still exist, where `expand[]` asks for it; one round trip
        for all."""
        if self.document_type.person in context.query.expand:
            _expand_parties(context.open, self.document_type, bodies)

    def _create(self, context: RequestContext) -> Answer:
        call = context.presenting(created(present_draft, self.document_type.path))
        return answer(
            drafting.create(context.world.store, call, self.document_type, context.body.id, context.body.content())
        )

    def _preview(self, context: RequestContext) -> Answer:
        draft = drafting.preview(context.open, self.document_type, today(context.at), context.body.content())
        return Answer({**present_draft(draft), "id": None, "version": None, "created_at": None, "updated_at": None})

    def _edit(self, context: RequestContext) -> Answer:
        call = context.presenting(shown(present_draft))
        return answer(
            drafting.edit(context.world.store, call, self.document_type, context.path["id"], context.body.content())
        )

    def _delete(self, context: RequestContext) -> Answer:
        call = context.presenting(shown(deleted))
        return answer(drafting.delete(context.world.store, call, self.document_type, context.path["id"]))

    def _issue(self, context: RequestContext) -> Answer:
        day = today(context.at)
        call = context.presenting(shown(lambda state, head: present_document(state, head, day)))
        return answer(
            issuing.issue(context.world.store, call, self.document_type, context.path["id"], context.body.issue_date)
        )

    def _record(self, context: RequestContext) -> Answer:
        call, body = context.presenting(shown(present_frozen)), context.body
        return answer(
            issuing.record(
                context.world.store, call, self.document_type, context.path["id"], body.number, body.issue_date
            )
        )

    def _pdf(self, context: RequestContext) -> Answer:
        link = printing.pdf(
            context.world, context.open, self.document_type.kind, context.path["id"], context.query.lang
        )
        return signed(link, accept=context.accept)

    def _ubl(self, context: RequestContext) -> Answer:
        return Answer(
            {"content": einvoicing.of_document(context.open, self.document_type, context.path["id"]).decode()}
        )


def _expand_parties(reader: Reader, document_type: DocumentType, bodies: Sequence[Body]) -> None:
    ids = list(dict.fromkeys(body[document_type.person] for body in bodies if body[document_type.person]))
    found = dict(zip(ids, reader.many(PARTIES[document_type.counterparty], ids), strict=True)) if ids else {}
    for body in bodies:
        if party := found.get(body[document_type.person]):
            body[document_type.person] = present_party(party)


def _a(name: str) -> str:
    return f"an {name}" if name[0] in "aeiou" else f"a {name}"


ENDPOINTS = tuple(endpoint for each in document_types() for endpoint in DocumentNoun(each).endpoints())
