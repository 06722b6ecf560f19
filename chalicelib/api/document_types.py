"""The models of one kind of document, derived from the registry."""

from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from functools import cache
from types import NoneType
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, Field, create_model

from chalicelib.api.document_models import MAX_DESCRIPTION, DocumentFilters, DraftEdit, PayableFilters
from chalicelib.api.document_shapes import DocumentShown, NoticeShown, PayableShown
from chalicelib.api.fields import Amount, Day, Id, Model, multi_line
from chalicelib.api.paging import expandable
from chalicelib.api.parties import CustomerShown, SupplierShown
from chalicelib.domain.documents.document_type import PARTIES, DocumentType, attribute_types
from chalicelib.domain.documents.registry import by_kind

ENTERED: Final[dict[Any, Any]] = {
    str: Annotated[str, multi_line(MAX_DESCRIPTION)],
    date: Day,
    Decimal: Amount,
    bool: bool,
}
"""The field of a request for each type that a client may enter."""
SHOWN: Final[dict[Any, Any]] = {date: str, Decimal: str}
"""The type in an answer, where it is another one than in the record."""
EXPANDED: Final[dict[str, Any]] = {"customer": CustomerShown, "supplier": SupplierShown}
"""The other party in an answer, where `expand[]` names it."""


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
    edit = create_model(
        f"{name}Edit",
        __base__=DraftEdit,
        __doc__="A draft's content. Omitted members stay unchanged.",
        **_content(document_type, party),
    )
    return DocumentModels(
        edit=edit,
        new=create_model(
            f"{name}New",
            __base__=edit,
            __doc__="A new draft. A client that works offline may choose its id.",
            id=(Annotated[str, Id(document_type.prefix)] | None, None),
        ),
        shown=_shown(document_type, name),
        query=_query(document_type, name, party),
        one=create_model(
            f"{name}Expand", __base__=Model, __doc__="The members to expand into objects.", **_expand(document_type)
        ),
    )


def _content(document_type: DocumentType, party: Any) -> dict[str, Any]:
    """The members of a draft that only this kind has: the other party, and the attributes of the draft's own."""
    found: dict[str, Any] = {document_type.person: (party | None, None)}
    if draft := document_type.draft:
        defaults = {each.name: each.default for each in fields(draft)}
        for name in document_type.entered:
            types = attribute_types(draft, name)
            (kind,) = types - {NoneType}
            found[name] = (ENTERED[kind] | None if NoneType in types else ENTERED[kind], defaults[name])
    return found


def _expand(document_type: DocumentType) -> dict[str, Any]:
    named: Any = Literal[document_type.person]
    return {"expand": (Annotated[tuple[named, ...], Field(strict=False)], expandable())}


def _query(document_type: DocumentType, name: str, party: Any) -> type[BaseModel]:
    """The filters of a list; a status only where a kind has several."""
    states = (*document_type.states, *document_type.derived_states)
    members: dict[str, Any] = {document_type.person: (party | None, None), **_expand(document_type)}
    if len(states) > 1:
        members["status"] = (Literal[states] | None, None)
    return create_model(
        f"{name}Query",
        __base__=PayableFilters if document_type.balance else DocumentFilters,
        __doc__=f"Filters of the list of {_plural(document_type)}.",
        **members,
    )


def _shown(document_type: DocumentType, name: str) -> type[BaseModel]:
    members: dict[str, Any] = {
        "object": (Literal[document_type.kind], ...),
        document_type.person: (str | EXPANDED[document_type.counterparty] | None, ...),
        **{member: (_shown_type(document_type, member), ...) for member in document_type.shown},
    }
    if not document_type.priced:
        members |= {"totals": (None, ...), "amount_in_words": (None, ...), "expected_withholding": (None, ...)}
    if document_type.draft is not None:
        members["notices"] = (list[NoticeShown], ...)
    state = "A draft or an issued document." if document_type.draft else "An issued document."
    base = PayableShown if document_type.balance else DocumentShown
    return create_model(f"{name}Shown", __base__=base, __doc__=state, **members)


def _shown_type(document_type: DocumentType, member: str) -> Any:
    """The type of a member that only this kind has. A draft may lack it."""
    types = attribute_types(document_type.issued, member)
    (kind,) = types - {NoneType}
    shown = SHOWN.get(kind, kind)
    return shown | None if NoneType in types or document_type.draft else shown


def _plural(document_type: DocumentType) -> str:
    return document_type.words.heading["en"].lower()
