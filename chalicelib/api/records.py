"""The endpoints of simple records: their five verbs, and the fields that their models share."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, Field

from chalicelib.api.answers import Answer, Representation, address, answer, created, deleted, listed, shown
from chalicelib.api.document_shapes import Deleted
from chalicelib.api.endpoint import Endpoint, RequestContext, Scope
from chalicelib.api.fields import Instant, ResponseModel, Text
from chalicelib.api.paging import FilteredList, PageQuery
from chalicelib.domain.errors import AlreadyExists, CloudStorageOff, PersonErased
from chalicelib.domain.search import search_of
from chalicelib.services.records import editing, listing
from chalicelib.services.records.editing import Resource
from chalicelib.services.records.paging import Window

T = TypeVar("T")


class RecordShown(ResponseModel):
    """The members of every record."""

    id: str
    version: int
    created_at: str
    updated_at: str


class RecordQuery(PageQuery):
    """Filters of a list of records."""

    updated_since: Instant | None = None
    q: Annotated[str, Text(100)] | None = Field(
        None,
        description="Words of the name, without case and accents. Items are also found by their reference, customers "
        "and suppliers by ICE, e-mail address and telephone number. Each of the first eight must begin a word. What "
        "was written in the last second may be missing.",
        examples=["atlas"],
    )


@dataclass(frozen=True)
class RecordNoun:
    """One kind of simple record as a noun of the API: its scopes and its models. `filters` are query members that must
    equal the record's attribute."""

    resource: Resource[Any]
    show: Representation
    plural: str
    name: str
    tag: str
    reads: Scope
    writes: Scope
    new: type[BaseModel]
    edit: type[BaseModel]
    shown: type[BaseModel]
    query: type[BaseModel] = RecordQuery
    filters: tuple[str, ...] = ()

    def endpoints(self) -> tuple[Endpoint, ...]:
        """List, create, read, edit, delete."""
        return (*self._collection(), *self._single())

    def _collection(self) -> tuple[Endpoint, ...]:
        endpoint = partial(Endpoint, path=address(self.plural), tag=self.tag)
        listed: Any = FilteredList[self.shown]  # type: ignore[name-defined]
        return (
            endpoint(
                method="GET",
                scope=self.reads,
                handler=self._list,
                summary=f"List {self.name}s, newest first",
                query=self.query,
                response_model=listed,
            ),
            endpoint(
                method="POST",
                scope=self.writes,
                handler=self._create,
                summary=f"Create {_a(self.name)}",
                request_model=self.new,
                response_model=self.shown,
                status=201,
                idempotent=True,
                errors=(AlreadyExists, PersonErased, CloudStorageOff),
            ),
        )

    def _single(self) -> tuple[Endpoint, ...]:
        endpoint = partial(Endpoint, path=address(self.plural, "{id}"), tag=self.tag)
        return (
            endpoint(
                method="GET",
                scope=self.reads,
                handler=self._read,
                summary=f"Read {_a(self.name)}",
                response_model=self.shown,
            ),
            endpoint(
                method="PATCH",
                scope=self.writes,
                handler=self._change,
                summary=f"Edit {_a(self.name)}",
                request_model=self.edit,
                response_model=self.shown,
                idempotent=True,
                if_match=True,
                errors=(CloudStorageOff,),
            ),
            self._deleting(),
        )

    def _deleting(self) -> Endpoint:
        return Endpoint(
            method="DELETE",
            path=address(self.plural, "{id}"),
            scope=self.writes,
            handler=self._delete,
            summary=f"Delete {_a(self.name)}",
            response_model=Deleted,
            if_match=True,
            errors=(CloudStorageOff,),
            tag=self.tag,
        )

    def _list(self, context: RequestContext) -> Answer:
        query = context.query
        keep: Callable[[Any], bool] | None = listing.keeping(
            updated_since=query.updated_since, **{name: getattr(query, name) for name in self.filters}
        )
        window = Window(query.limit, query.starting_after, query.ending_before)
        page = listing.listing(context.open, self.resource, window, keep, search_of(query.q))
        data = [self.show(record, context.open.head) for record in page.items]
        return Answer(listed(address(self.plural), data, more=page.next is not None, next=page.next))

    def _create(self, context: RequestContext) -> Answer:
        call = context.presenting(created(self.show, self.plural))
        return answer(editing.create(context.world.store, call, self.resource, context.body.id, context.body.content()))

    def _read(self, context: RequestContext) -> Answer:
        return Answer(self.show(context.open.get(self.resource.cls, context.path["id"]), context.open.head))

    def _change(self, context: RequestContext) -> Answer:
        call = context.presenting(shown(self.show))
        return answer(
            editing.change(context.world.store, call, self.resource, context.path["id"], context.body.content())
        )

    def _delete(self, context: RequestContext) -> Answer:
        call = context.presenting(shown(deleted))
        return answer(editing.delete(context.world.store, call, self.resource, context.path["id"]))


def _a(name: str) -> str:
    return f"an {name}" if name[0] in "aeiou" else f"a {name}"
