"""The pages for people who write programs: the welcome, the reference, roles, ids, schemas, and problem types."""

from functools import cache, partial
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from chalicelib.api.answers import Answer, listed
from chalicelib.api.endpoint import PUBLIC, Endpoint, RequestContext
from chalicelib.api.fields import ResponseModel, Text
from chalicelib.api.pages import document
from chalicelib.api.paging import ListOf
from chalicelib.api.public import LanguageQuery
from chalicelib.domain.errors import NotFound
from chalicelib.domain.language import Language

if TYPE_CHECKING:
    from chalicelib.api.docs.reference import Reference


class ReferenceQuery(LanguageQuery):
    """The language (default: Accept-Language), and the words to search for."""

    q: Annotated[
        str,
        Text(100, min=0),
        Field(description="Words of an address, a sentence, a scope, a member or a code.", examples=["credit"]),
    ] = ""


class ServiceShown(ResponseModel):
    """The service and its public addresses."""

    object: Literal["service"]
    name: Annotated[str, Field(description="The product that this service belongs to.", examples=["My Facture Pro"])]
    build: Annotated[str, Field(description="The build that answers, as `/health` states it.", examples=["2026.12.1"])]
    description: Annotated[
        str,
        Field(
            description="What the service does, in the language of the answer.",
            examples=["Invoices that comply with Moroccan law, for programs."],
        ),
    ]
    languages: Annotated[list[Language], Field(description="The languages of pages and messages.", examples=[["fr"]])]
    links: Annotated[
        dict[str, str],
        Field(
            description="The address of each public page and resource, by its name.",
            examples=[{"documentation": "/docs", "health": "/health"}],
        ),
    ]


class ProblemTypeShown(ResponseModel):
    """The meaning of one code of problems or of single errors, and what to do."""

    object: Literal["problem_type"]
    code: Annotated[
        str, Field(description="The code that programs compare; it never changes.", examples=["stale_version"])
    ]
    type: Annotated[
        str,
        Field(description="The address of this type, as a problem states it.", examples=["/problems/stale_version"]),
    ]
    title: Annotated[
        str,
        Field(
            description="A few words about the refusal, as `title` of a problem states them.",
            examples=["Changed in the meantime"],
        ),
    ]
    status: Annotated[
        int | None,
        Field(description="The HTTP status. Null for a code that stands in `errors` only.", examples=[412]),
    ]
    meaning: Annotated[
        str,
        Field(
            description="The message. `…` stands for a value that depends on the request.",
            examples=["This record was changed after you read it."],
        ),
    ]
    action: Annotated[str, Field(description="What to do next.", examples=["Read the object again."])]
    language: Annotated[Language, Field(description="The language of title, meaning and action.", examples=["en"])]


def for_browser(accept: str) -> bool:
    """Whether the caller prefers a page to JSON. A browser names `text/html`; a program names JSON, or nothing."""
    named = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
    return "text/html" in named and "application/json" not in named[: named.index("text/html")]


def _language(context: RequestContext) -> Language:
    language: Language = context.query.lang or context.language
    return language


@cache
def _reference_of(version: str, language: Language) -> "Reference":
    from chalicelib.api.docs.reference import Reference

    return Reference(document(version), language)


def _welcome(context: RequestContext) -> Answer:
    from chalicelib.api.docs import welcome

    language = _language(context)
    body = welcome.described(context.world.settings.build, language)
    return Answer(body, page=welcome.page(language) if for_browser(context.accept) else None)


def _reference(context: RequestContext) -> Answer:
    return Answer({"content": _reference_of(context.world.settings.build, _language(context)).page(context.query.q)})


def _roles(context: RequestContext) -> Answer:
    from chalicelib.api.docs import roles

    return Answer({"content": roles.page(_language(context))})


def _ids(context: RequestContext) -> Answer:
    from chalicelib.api.docs import ids

    return Answer({"content": ids.page(document(context.world.settings.build), _language(context))})


def _schemas(context: RequestContext) -> Answer:
    from chalicelib.api.docs import schemas

    return Answer({"content": schemas.page(document(context.world.settings.build), _language(context))})


def _problems(context: RequestContext) -> Answer:
    from chalicelib.api.docs import problem_types

    language = _language(context)
    body = listed(problem_types.URL, (problem_types.described(code, language) for code in problem_types.codes()))
    return Answer(body, page=problem_types.index(language) if for_browser(context.accept) else None)


def _problem(context: RequestContext) -> Answer:
    from chalicelib.api.docs import problem_types

    language, code = _language(context), context.path["code"]
    body = problem_types.described(code, language)
    return Answer(body, page=problem_types.page(code, language) if for_browser(context.accept) else None)


_service = partial(Endpoint, method="GET", scope=PUBLIC, tag="Service", query=LanguageQuery)
_page = partial(_service, media="text/html")
_both = partial(_service, page=True)
"""A resource for programs that is a page for browsers."""
ENDPOINTS = (
    _both(
        path="/",
        handler=_welcome,
        response_model=ServiceShown,
        summary="The service and its public addresses; a page for browsers",
    ),
    _page(path="/docs", handler=_reference, query=ReferenceQuery, summary="This API as a page with a search"),
    _page(path="/docs/roles", handler=_roles, summary="The scopes of each role as a page"),
    _page(path="/docs/ids", handler=_ids, summary="The ids that clients choose, as a page"),
    _page(path="/docs/schemas", handler=_schemas, summary="The members of every object as a page"),
    _both(
        path="/problems",
        handler=_problems,
        response_model=ListOf[ProblemTypeShown],
        summary="Every code of problems and of single errors; a page for browsers",
    ),
    _both(
        path="/problems/{code}",
        handler=_problem,
        response_model=ProblemTypeShown,
        summary="The meaning of one code, and what to do; a page for browsers",
        errors=(NotFound,),
    ),
)
