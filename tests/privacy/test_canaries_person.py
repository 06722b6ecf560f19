"""The deletion of one person removes exactly what the policy says, and nothing of others: a canary in every attribute.

Two gardens stand in one company: one whose rows name the person, by each reference that the policy knows and within
each copy that may name anybody, and one whose rows name nobody. What is missing afterwards is compared both ways with
what the policy says.
"""

from dataclasses import fields, replace
from typing import Any, get_type_hints

import pytest

from chalicelib.domain.documents.model import REFERENCES
from chalicelib.domain.documents.registry import document_types
from chalicelib.domain.entity import Record
from chalicelib.files import prefixes
from chalicelib.policy import inventory
from chalicelib.policy.load import current
from chalicelib.policy.model import Rule
from tests.privacy.canaries import Garden, Spot, excuse, found, fresh, scanned, standing, unpacked
from tests.privacy.test_canaries import everything_due, files_of
from tests.privacy.worlds import Books, Turned
from tests.rows import put_row

ROWS = {"cus": "customer", "sup": "supplier", "mem": "member"}
TOUCHED = frozenset({"version", "updated_at"})
"""Attributes that every edit of a row writes."""
COUNTED_ANEW = frozenset({"attachment_usage"})
"""Kinds that hold only a count of other rows, which an erasure counts anew."""
EMPTIED = {("transient", "idempotency"): "body"}
"""Attributes removed from rows that stay. The key is kept without its answer, so that no call is carried out twice."""


def rules(table: str, kind: str) -> dict[str, Rule]:
    """The rules of an entity's own attributes."""
    stored = next(each for each in inventory.build_inventory() if (each.table, each.kind) == (table, kind))
    return {a.path: current().rules[a.governed_by] for a in stored.attributes if "." not in a.path}


def names_anybody(row: Record, who: str) -> list[str]:
    """The attributes of a row that may name a person of this sort within what they say."""
    return [path for path, rule in rules(row.TABLE, row.KIND).items() if who in rule.subjects]


def goes(row: Record, who: str) -> bool:
    """Whether a row that is the person, or that says something of it, goes by the policy."""
    policy = current()
    erased = policy.tables[row.TABLE].erased
    if row.KIND in policy.subjects[who].kinds and erased:
        return True
    named = rules(row.TABLE, row.KIND)
    said = [named[path] for path in names_anybody(row, who) if path not in policy.subjects[who].references]
    return bool(said) and (erased or all(rule.on_erasure == "delete" for rule in said))


def naming(row: Record, who: str, subject: str) -> Record:
    """The row with the person named in it: where it points to one, and once within what it says. A row of the person's
    own kinds becomes the person."""
    if row.KIND in current().subjects[who].kinds:
        own = (ROWS[subject.partition("_")[0]], "consent", "invitation")
        return replace(row, id=subject) if row.KIND in own else row
    pointing = {f.name: subject for f in fields(row) if f.name in current().subjects[who].references}
    hints, saying = get_type_hints(type(row)), dict[str, Any]()
    for path in names_anybody(row, who):
        value = getattr(row, path)
        if path not in pointing and not excuse(hints[path], path) and isinstance(value, (str, bytes, tuple)):
            saying[path] = _with(value, subject)
            break
    return replace(row, **(pointing | saying))


def _with(value: Any, subject: str) -> Any:
    if isinstance(value, tuple):
        return (*value, subject) if isinstance(value[0], str) else value
    return value + (subject if isinstance(value, str) else subject.encode())


def plant(world: Turned, garden: Garden, who: str | None = None, subject: str = "") -> list[Record]:
    """A garden's rows; those of `who` name the person, and the one of its kind is the person."""
    rows = [row for row in garden.rows() if row.KIND not in ("company", "term")]
    if who:
        rows = [naming(row, who, subject) for row in rows]
    for row in rows:
        put_row(world.store, row)
    return rows


@pytest.mark.parametrize(("prefix", "who"), [("cus", "party"), ("sup", "party"), ("mem", "member")])
def test_the_deletion_of_a_person_removes_exactly_the_data_that_the_policy_names(
    alone: Turned, prefix: str, who: str
) -> None:
    books = Books(alone)
    subject = fresh(alone, prefix)
    about, beside = Garden(alone, books.id), Garden(alone, books.id)
    rows = plant(alone, about, who, subject)
    plant(alone, beside)
    files_of(alone, books.id, beside)
    before = {**about.planted, **beside.planted}
    seen = found(alone, before)
    id = books.confirmed(subject)
    everything_due(alone)
    everything_due(alone)
    assert books.request(id).status == "completed"
    left = standing(alone, {text: before[text] for text in seen})
    gone = {spot for text, spot in about.planted.items() if text in seen and text not in left}
    going = {(row.TABLE, row.KIND) for row in rows if goes(row, who) and row.KIND in (ROWS[prefix], *_copies(rows))}
    expected = {
        spot
        for text, spot in about.planted.items()
        if text in seen
        and (spot.place, spot.kind) in going
        and spot.path.startswith(EMPTIED.get((spot.place, spot.kind), ""))
    }
    if who == "member":  # the subject of their sign-in account stays, until the job signins deletes the account
        expected -= {Spot("identity", "member", "user")}
    if who == "party":
        expected |= {spot for text, spot in about.planted.items() if text in seen and _is_reference(spot)}
    assert {spot for spot in gone ^ expected if spot.path not in TOUCHED} == set()
    lost = {spot for text, spot in beside.planted.items() if text in seen and text not in left}
    lost = {spot for spot in lost if spot.kind not in COUNTED_ANEW}
    assert {spot for spot in lost if spot.path not in TOUCHED} == {
        spot for text, spot in beside.planted.items() if text in seen and spot.kind in _made_again(who)
    }
    _named_where_the_law_keeps_it(alone, subject, {"transient"} if who == "member" else set())


def _is_reference(spot: Spot) -> bool:
    """Whether it is a reference of a draft, which goes with the person whom the draft names (ADR 0076)."""
    drafts = {each.draft.KIND for each in document_types() if each.draft}
    return spot.place == "workspace" and spot.kind in drafts and spot.path in REFERENCES


def _made_again(who: str) -> set[str]:
    """The prefix of rendered pages, if such a person may be on them. They are deleted and rendered again on request."""
    return {prefixes.PDF} if who in current().rules[current().prefixes[prefixes.PDF].rule].subjects else set()


def _copies(rows: list[Record]) -> set[str]:
    """Kinds that are nobody, yet may hold what is somebody's."""
    return {row.KIND for row in rows if row.KIND not in ROWS.values()}


def _named_where_the_law_keeps_it(world: Turned, subject: str, besides: set[str]) -> None:
    """Assert that the person's id remains only in blocked books and in proofs, which hold no name, and `besides`."""
    places = {
        place.partition("/")[0]
        for place, content in scanned(world)
        for part in unpacked(content)
        if subject.encode() in part
    }
    assert places <= {"ledger", "journal", "requests"} | besides
