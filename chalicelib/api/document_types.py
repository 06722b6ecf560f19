"""The models of one kind of document, derived from the registry."""

from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal, get_type_hints

from pydantic import BaseModel, Field, create_model

from chalicelib.api.document_models import DocumentFilters, DraftEdit
from chalicelib.api.document_shapes import DocumentShown, NoticeShown, PayableShown
from chalicelib.api.fields import Id, Model
from chalicelib.api.paging import expandable
from chalicelib.domain.documents.document_type import PARTIES, DocumentType
from chalicelib.domain.documents.registry import by_kind


@dataclass(frozen=True)
class DocumentModels:
    """The models of one kind: the edit and the creation of a draft, the document, the filters of a list, and the
    expansion of one document."""

    edit: type[BaseModel]
    new: type[BaseModel]
    shown: type[BaseModel]
    query: type[BaseModel]
    one: type[BaseModel]


@cache
def models_of(kind: str) -> DocumentModels:
    """The models of a kind. Raises UnknownDocumentTypeError."""
    document_type = by_kind(kind)
    name = document_type.words.title["en"].title().replace(" ", "")
    party: Any = Annotated[str, Id(PARTIES[document_type.counterparty].PREFIX)]
    edit = _model(
        f"{name}Edit", "A draft's content. Omitted members stay unchanged.", DraftEdit, **{document_type.person: party}
    )
    return DocumentModels(
        edit=edit,
        new=_model(
            f"{name}New",
            "A new draft. A client that works offline may choose its id.",
            edit,
            id=Annotated[str, Id(document_type.prefix)],
        ),
        shown=_shown(document_type, name),
        query=_query(document_type, name, party),
        one=create_model(
            f"{name}Expand", __base__=Model, __doc__="The members to expand into objects.", **_expand(document_type)
        ),
    )


def _model(name: str, doc: str, base: type[BaseModel], **optional: Any) -> type[BaseModel]:
    fields: dict[str, Any] = {field: (kind | None, None) for field, kind in optional.items()}
    return create_model(name, __base__=base, __doc__=doc, **fields)


def _expand(document_type: DocumentType) -> dict[str, Any]:
    named: Any = Literal[document_type.person]
    return {"expand": (Annotated[tuple[named, ...], Field(strict=False)], expandable())}


def _query(document_type: DocumentType, name: str, party: Any) -> type[BaseModel]:
    """The filters of a list; a status only where a kind has several."""
    states = (*document_type.states, *document_type.derived_states)
    fields: dict[str, Any] = {document_type.person: (party | None, None), **_expand(document_type)}
    if len(states) > 1:
        fields["status"] = (Literal[states] | None, None)
    return create_model(
        f"{name}Query", __base__=DocumentFilters, __doc__=f"Filters of the list of {_plural(document_type)}.", **fields
    )


def _shown(document_type: DocumentType, name: str) -> type[BaseModel]:
    hints = get_type_hints(document_type.issued)
    fields: dict[str, Any] = {
        "object": (Literal[document_type.kind], ...),
        document_type.person: (str | dict[str, Any] | None, ...),
        **{
            member: (hints[member] | None if document_type.draft else hints[member], ...)
            for member in document_type.shown
        },
    }
    if not document_type.priced:
        fields |= {"totals": (None, ...), "amount_in_words": (None, ...)}
    if document_type.draft is not None:
        fields["notices"] = (list[NoticeShown], ...)
    state = "A draft or an issued document." if document_type.draft else "An issued document."
    base = PayableShown if document_type.balance else DocumentShown
    return create_model(f"{name}Shown", __base__=base, __doc__=state, **fields)


def _plural(document_type: DocumentType) -> str:
    return document_type.words.heading["en"].lower()
