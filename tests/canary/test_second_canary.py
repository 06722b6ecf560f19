"""The second canary: every field that the contract names is filled over HTTP, and all that the service keeps is read.

It knows the OpenAPI document, the data map and the schema of synchronisation as they are served, and the policy's
prefixes of objects. It knows no entity.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from chalicelib.policy.load import current
from tests.canary import contract as contracts
from tests.canary.scan import Place
from tests.canary.story import Story, told
from tests.e2e.serving import Served

REFUSED: Mapping[str, str] = {
    "personal_data": "the service takes no text here that may name a person",
    "not_attached": "a new request for help has no files yet",
    "unknown_table": "it names a table of the service",
    "no_draft_of_customer": "it names a draft of this customer",
    "import_field_unknown": "it names a field of the service",
}
"""Codes of refusals that may leave a field without any accepted value, and what each means."""
RULES = frozenset(
    {
        "one of the contract's words",
        "an id",
        "a day, of which there are few",
        "a number, which says nothing alone",
        "a value that the service gave",
        "an example of the contract",
        "a value of the order of the calls",
        "ids, and the names of tables",
        "switches",
    }
)
"""The reasons for which a field holds no canary."""
COPIES = ("exports/", "backups/", "sign_in")
"""Copies that outlive a person, until the end that the receipt names, and the sign-in account until its last day."""
LASTING = ("block", "keep")
MAILED = {
    ("To", "POST /v1/members email"),
    ("BodyText", "POST /v1/companies name"),
    ("BodyText", "PATCH /v1/company name"),
}
"""The parts of an invitation: it goes to the address that an owner typed, and names the company. A mail that was sent
is its recipient's."""


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """The complete story at a service of its own. The journal file forgets earlier values at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, "JOURNAL_STALE_SECONDS", "0")
        served = Served.start(tmp_path_factory.mktemp("canary"))
    yield told(served)
    assert served.stop() == 0
    assert served.complaints == []


LIKE_ROW = "like the row"


def rules(data_map: Mapping[str, Any]) -> dict[Place, set[str]]:
    """The effect of an erasure on each place: by the data map for rows, by the policy's prefixes for objects."""
    found: dict[Place, set[str]] = {}
    for rule in data_map["data"]:
        ends = LIKE_ROW if rule["retention"]["start"] == "row" else rule["on_erasure"]["code"]
        for held in rule["held_in"]:
            for attribute in held["attributes"]:
                place = Place(held["room"], held["kind"], attribute.partition(".")[0])
                found.setdefault(place, set()).add(ends)
    policy = current()
    files = {Place("files", path): {policy.rules[each.rule].on_erasure} for path, each in policy.prefixes.items()}
    return {**found, **files}


def governed(place: Place, data_map: Mapping[str, Any]) -> set[str]:
    """The effect of an erasure on a place; empty for one that the data map does not name. The keys of a row and of its
    indexes stay as long as the row."""
    named = rules(data_map)
    ends = {LIKE_ROW} if place.attribute == "sort" or place.attribute.startswith("_") else named.get(place, set())
    if ends != {LIKE_ROW}:
        return ends
    return set().union(*(each for at, each in named.items() if at[:2] == place[:2]))


def is_invitation(story: Story, text: str, place: Place) -> bool:
    """Whether a canary stands in an invitation, where it must."""
    return place.room == "mail" and (place.kind, story.typed(text)) in MAILED


def kept(story: Story, stage: str, canaries: frozenset[str] | None = None) -> dict[str, set[Place]]:
    """The places of canaries at a stage, without invitations, and without the disk, which holds the same rows again."""
    found = story.stages[stage]
    return {
        text: {place for place in places if place.room != "disk" and not is_invitation(story, text, place)}
        for text, places in found.items()
        if canaries is None or text in canaries
    }


def stray(story: Story, found: Mapping[str, set[Place]], also: tuple[str, ...] = ()) -> list[str]:
    """Canaries that stand where no rule keeps them. A backup holds what the tables keep."""
    strays = set()
    for text, places in found.items():
        lasting = {place for place in places if governed(place, story.data_map) & set(LASTING)}
        copied = (*also, "backups/") if lasting else also
        strays |= {
            f"{place} holds {story.typed(text)}" for place in places - lasting if not place.kind.startswith(copied)
        }
    return sorted(strays)


def test_every_verb_was_called_and_every_field_was_accepted(story: Story) -> None:
    tour, missing = story.tour, dict[str, Any]()
    for verb in story.scenario.verbs.values():
        left = {at: tour.refused[str(verb)].get(at, "not tried") for at in tour.missing(verb)}
        if untold := {"/".join(at): code for at, code in left.items() if code not in REFUSED}:
            missing[str(verb)] = untold
        if not tour.done[str(verb)]:
            missing.setdefault(str(verb), {})["never"] = tour.last.get(str(verb), "not called")
    assert missing == {}


def test_a_field_without_a_canary_has_a_reason(story: Story) -> None:
    reasons = {reason for fields in story.tour.accepted.values() for reason in fields.values() if reason}
    assert reasons <= RULES
    assert len(story.planted) > 500


def test_each_canary_stands_where_the_data_map_says(story: Story) -> None:
    unnamed = {
        str(place) for places in kept(story, "used").values() for place in places if not governed(place, story.data_map)
    }
    assert unnamed == set()


FORGOTTEN = {
    ("POST /v1/invoices/preview", None),
    ("POST /v1/sync/pull", None),
    ("POST /account/deletion", None),
    ("POST /v1/privacy/receipts", None),
    ("POST /v1/imports", ("name",)),
    ("POST /v1/attachments", ("the file",)),
    ("PUT /v1/company/logo", ("logo",)),
    ("POST /v1/privacy/requests/{id}/confirm", ("code",)),
}
"""Read and not stored: previews, a device's state, codes, names of imported files, comments of pictures."""


UNDONE = ("POST /v1/imports", ("the file",))
"""A row of a file that was refused, or whose import was undone."""
UPLOADED = Place("files", "incoming/")
"""Files as they were sent, until they are examined or a day has passed."""


def test_what_is_read_and_not_stored_stands_nowhere_and_the_rest_somewhere(story: Story) -> None:
    nowhere: set[Any] = set()
    somewhere: set[Any] = set()
    for text, planted in story.planted.items():
        name = (planted.verb, None if (planted.verb, None) in FORGOTTEN else planted.field)
        places = story.stages["used"].get(text, set()) - {UPLOADED}
        (somewhere if places else nowhere).add(name)
    assert nowhere - {UNDONE} <= FORGOTTEN
    assert not somewhere & FORGOTTEN


@pytest.mark.parametrize("room", ["log", "mail"])
def test_no_canary_is_ever_logged_or_mailed(story: Story, room: str) -> None:
    found = {
        story.typed(text)
        for places_by_text in story.stages.values()
        for text, places in places_by_text.items()
        for place in places
        if (place.room == room or place.kind.endswith(".log")) and not is_invitation(story, text, place)
    }
    assert found == set()


def test_the_access_export_holds_what_is_stored_of_the_person(story: Story) -> None:
    person = story.tour.nest.known["cus_"][0]
    stored = {
        text
        for text, places in kept(story, "used", story.own).items()
        if person in story.planted[text].ids and any(place[:2] == ("workspace", "customer") for place in places)
    }
    assert len(stored) > 10
    assert {text for text in stored if text.encode() not in story.access} == set()


def test_an_erased_person_stands_in_kept_documents_and_in_copies_that_end(story: Story) -> None:
    assert stray(story, kept(story, "persons erased", story.own), also=COPIES) == []


def test_the_copies_of_an_erased_person_end(story: Story) -> None:
    assert stray(story, kept(story, "copies ended", story.own)) == []


def test_an_erased_account_stands_in_what_the_law_keeps(story: Story) -> None:
    assert stray(story, kept(story, "account erased")) == []
    assert kept(story, "account erased")


SERIES = {f"PATCH /v1/company series/{kind}/pattern" for kind in ("invoice", "credit_note")}
"""The names of series end with the last record of a closed company. The embedded archive keeps its locks in real time,
so its records do not end within the story."""


def test_nothing_but_the_names_of_series_stands_after_the_statutory_terms(story: Story) -> None:
    assert {
        f"{place} holds {story.typed(text)}"
        for text, places in kept(story, "terms ended").items()
        for place in places
        if story.typed(text) not in SERIES
    } == set()


@pytest.mark.parametrize("stage", ["used", "persons erased", "copies ended", "account erased", "terms ended"])
def test_the_files_of_the_service_hold_nothing_that_its_tables_do_not(story: Story, stage: str) -> None:
    """The journal file and the snapshot repeat the rows of the moment, and no earlier ones."""
    found = story.stages[stage]
    assert [text for text, places in found.items() if all(place.room == "disk" for place in places)] == []


def test_a_new_field_of_the_contract_is_a_field_to_fill() -> None:
    document = {
        "paths": {
            "/v1/planted": {
                "post": {
                    "requestBody": {
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Planted"}}}
                    }
                }
            }
        },
        "components": {
            "schemas": {
                "Planted": {
                    "type": "object",
                    "properties": {
                        "nick": {"anyOf": [{"type": "string"}, {"type": "null"}]},
                        "tags": {"type": "object", "additionalProperties": {"type": "string"}},
                        "rows": {"type": "array", "items": {"type": "object", "properties": {"a": {"type": "string"}}}},
                    },
                }
            }
        },
    }
    contract = contracts.Contract(document)
    (verb,) = contract.verbs()
    assert {"/".join(at) for at, _ in contract.texts(verb.body)} == {"nick", "tags/*key", "tags/*", "rows/0/a"}


def test_a_canary_is_seen_in_each_form(tmp_path: Path) -> None:
    import base64
    import gzip
    import io
    import zipfile
    import zlib

    from tests.canary.scan import layers

    text = b"zqkgwb00042x"
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("a.txt", text)
    forms = {
        "zlib": zlib.compress(text),
        "answer": zlib.compress(b"\0" + text),
        "gzip": gzip.compress(text),
        "zip": archive.getvalue(),
        "journal": b'{"B":"' + base64.b64encode(zlib.compress(text)) + b'"}',
    }
    assert [name for name, content in forms.items() if not any(text in layer for layer in layers(content))] == []
