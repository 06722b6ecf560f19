"""Simple records of a company: create, read, change and delete, the same way for every kind."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from chalicelib.domain.call import Call
from chalicelib.domain.entity import Record
from chalicelib.domain.errors import AlreadyExists, NotFound, PersonErased
from chalicelib.domain.privacy.erased import is_erased
from chalicelib.store.decision import CUSTOMER, Committed, Decision, WritePolicy
from chalicelib.store.snapshot import Snapshot
from chalicelib.store.transaction import transact
from chalicelib.store.wire import Store

R = TypeVar("R", bound=Record)


def _as_sent(changes: Mapping[str, Any], before: Any) -> dict[str, Any]:  # noqa: ARG001 — a resource's signature
    return dict(changes)


def _unobserved(store: Store, cls: type[R], company: str, id: str, changed: Mapping[str, Any]) -> Callable[[R], R]:  # noqa: ARG001 — a resource's signature
    return lambda record: record


def _any_content(record: Any, changed: Mapping[str, Any]) -> None:
    """Accept every content."""


@dataclass(frozen=True)
class Resource(Generic[R]):
    """A kind of simple record: its class, its normalization and its validation. `normalize` takes the attributes sent
    and the record before. `validate` takes a record and the attributes that changed. `observe` reads other records
    before the transaction, and returns a function that notes on the written record what it saw."""

    cls: type[R]
    normalize: Callable[[Mapping[str, Any], R | None], dict[str, Any]] = _as_sent
    validate: Callable[[R, Mapping[str, Any]], None] = _any_content
    observe: Callable[[Store, type[R], str, str, Mapping[str, Any]], Callable[[R], R]] = _unobserved
    policy: WritePolicy = CUSTOMER


def create(store: Store, call: Call, resource: Resource[R], id: str | None, content: Mapping[str, Any]) -> Committed[R]:
    """Create a record under the client's id or a new one. Raises InvalidContent, AlreadyExists. Raises PersonErased
    when an offline device sends a person erased in the meantime."""
    cls = resource.cls
    made = created(call, resource, id, content)
    record = resource.observe(store, cls, call.company, made.id, content)(made)

    def decide_create(snapshot: Snapshot) -> Decision[R]:
        if snapshot.get(cls, record.id):
            raise AlreadyExists(id=record.id)
        if is_erased(snapshot.head, record.id):
            raise PersonErased
        return Decision(record, new=(record,))

    return transact(store, call, [record.key], decide_create, resource.policy)


def created(call: Call, resource: Resource[R], id: str | None, content: Mapping[str, Any]) -> R:
    """A new record of this content. Raises InvalidContent."""
    values = resource.normalize(content, None)
    made = call.make(resource.cls, id=id, **values)
    resource.validate(made, values)
    return made


def change(store: Store, call: Call, resource: Resource[R], id: str, changes: Mapping[str, Any]) -> Committed[R]:
    """Apply `changes` to the record. Raises NotFound, StaleVersion, InvalidContent."""
    note = resource.observe(store, resource.cls, call.company, id, changes)

    def decide_change(snapshot: Snapshot) -> Decision[R]:
        after = note(changed(call, resource, current(snapshot, resource.cls, id), changes))
        return Decision(after, puts=(after,))

    return transact(store, call, [resource.cls.ref(call.company, id)], decide_change, resource.policy)


def changed(call: Call, resource: Resource[R], before: R, changes: Mapping[str, Any]) -> R:
    """The record after these changes. Raises InvalidContent."""
    values = resource.normalize(changes, before)
    after = before.edited(call.at, **values)
    resource.validate(after, values)
    return after


def delete(store: Store, call: Call, resource: Resource[R], id: str) -> Committed[R]:
    """Delete the record. Raises NotFound, StaleVersion."""

    def decide_delete(snapshot: Snapshot) -> Decision[R]:
        record = current(snapshot, resource.cls, id)
        return Decision(record, deletes=(record,))

    return transact(store, call, [resource.cls.ref(call.company, id)], decide_delete, resource.policy)


def current(snapshot: Snapshot, cls: type[R], id: str) -> R:
    """The record. Raises NotFound."""
    record = snapshot.get(cls, id)
    if record is None:
        raise NotFound
    return record
