"""The models of one kind of document, made from its answers to the registry."""

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
    made = by_kind(kind)
    name = made.words.title["en"].title().replace(" ", "")
    party: Any = Annotated[str, Id(PARTIES[made.counterparty].PREFIX)]
    edit = _model(
        f"{name}Edit", "A draft's content. Omitted members stay unchanged.", DraftEdit, **{made.person: party}
    )
    return DocumentModels(
        edit=edit,
        new=_model(
            f"{name}New",
            "A new draft. A client that works offline may choose its id.",
            edit,
            id=Annotated[str, Id(made.prefix)],
        ),
        shown=_shown(made, name),
        query=_query(made, name, party),
        one=create_model(f"{name}Expand", __base__=Model, __doc__="What to expand into an object.", **_expand(made)),
    )


def _model(name: str, doc: str, base: type[BaseModel], **optional: Any) -> type[BaseModel]:
    fields: dict[str, Any] = {field: (kind | None, None) for field, kind in optional.items()}
    return create_model(name, __base__=base, __doc__=doc, **fields)


def _expand(made: DocumentType) -> dict[str, Any]:
    named: Any = Literal[made.person]
    return {"expand": (Annotated[tuple[named, ...], Field(strict=False)], expandable())}


def _query(made: DocumentType, name: str, party: Any) -> type[BaseModel]:
    """The filters of a list; a status only where a kind has several."""
    states = (*made.states, *made.derived_states)
    fields: dict[str, Any] = {made.person: (party | None, None), **_expand(made)}
    if len(states) > 1:
        fields["status"] = (Literal[states] | None, None)
    return create_model(
        f"{name}Query", __base__=DocumentFilters, __doc__=f"Filters of the list of {_plural(made)}.", **fields
    )


def _shown(made: DocumentType, name: str) -> type[BaseModel]:
    hints = get_type_hints(made.issued)
    fields: dict[str, Any] = {
        "object": (Literal[made.kind], ...),
        made.person: (str | dict[str, Any] | None, ...),
        **{member: (hints[member] | None if made.draft else hints[member], ...) for member in made.shown},
    }
    if made.draft is not None:
        fields["notices"] = (list[NoticeShown], ...)
    state = "A draft or an issued document." if made.draft else "An issued document."
    base = PayableShown if made.balance else DocumentShown
    return create_model(f"{name}Shown", __base__=base, __doc__=state, **fields)


def _plural(made: DocumentType) -> str:
    return made.words.heading["en"].lower()
