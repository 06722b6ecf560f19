"""The form of a backup: nothing is forgotten, a line is its row again, and an old backup still opens."""

import json
from base64 import b64encode
from pathlib import Path

import pytest

from chalicelib.domain.companies.template import EarlierTemplate
from chalicelib.domain.entity import new_row
from chalicelib.files import prefixes
from chalicelib.policy.rules import all_entities
from chalicelib.services.backup.format import contents
from chalicelib.services.backup.format import manifest as manifests
from chalicelib.services.backup.format.contents import (
    BY_NAME,
    EXCLUDED,
    GROUPS,
    ORDER,
    UnassignedKindError,
    group_of,
    require_assigned,
)
from chalicelib.services.backup.format.lines import decoded, encoded, line_of
from chalicelib.services.backup.verify import check
from chalicelib.services.encryption import SCHEMA
from chalicelib.store.codec import digest, from_row
from chalicelib.workflow.deadline import NEVER
from tests.attaching import attach
from tests.attaching import picture as photograph
from tests.backup import fixtures
from tests.backup.oracle import differences
from tests.backup.worlds import Books, opened, taken
from tests.imports.files import analysed, committed
from tests.imports.test_archive import SUMS
from tests.jobs.worlds import commit
from tests.unit.render.test_logo import picture
from tests.unit.samples import AT


def test_every_entity_is_in_a_backup_or_left_out_for_a_reason() -> None:
    inside = [(group.table, kind) for group in GROUPS for kind in group.kinds]
    assert len(set(inside)) == len(inside)
    assert set(inside) | set(EXCLUDED) == set(all_entities())
    assert not set(inside) & set(EXCLUDED)
    assert all(EXCLUDED.values())


@pytest.mark.parametrize("kind", [("transient", "job"), ("ledger", "payment")])
def test_a_backup_refuses_to_run_with_a_kind_that_has_no_answer_or_two(
    books: Books, kind: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = {each: reason for each, reason in EXCLUDED.items() if each != kind}
    monkeypatch.setattr(contents, "EXCLUDED", answers if kind in EXCLUDED else {**EXCLUDED, kind: "twice"})
    require_assigned.cache_clear()
    with pytest.raises(UnassignedKindError, match=kind[1]):
        taken(books)


def test_a_group_s_rows_are_found_by_its_prefix() -> None:
    assert all_entities().keys() > EXCLUDED.keys()
    for (table, kind), cls in all_entities().items():
        beginning = cls.SORT.partition("{")[0]
        groups = [group for group in GROUPS if group.table == table and beginning.startswith(group.prefix)]
        if (table, kind) in EXCLUDED:
            assert not groups, f"{kind} would be streamed"
        else:
            assert groups == [group_of(table, kind)], kind


def test_statutory_records_use_the_statutory_key() -> None:
    for group in GROUPS:
        assert group.key_class == ("working" if group.table == "workspace" else "statutory")
    assert list(ORDER) == list(BY_NAME)


@pytest.fixture
def rich(books: Books) -> Books:
    """Rows of every kind that a backup holds, but those that come to be at a term's end."""
    shop = books.shop
    owner = shop.owner
    assert owner.patch("/v1/company", {"phone": "0522000000", "share_capital": "100000.50"}, "*").status == 200
    assert owner.ask("PUT", "/v1/company/logo", {"logo": b64encode(picture()).decode()}, if_match="*").status == 200
    template = EarlierTemplate(**new_row(books.company, "tpl_01", AT), digest="1f" * 32, text="<p>{{ number }}</p>")
    commit(books.world, books.company, new=(template,))
    assert owner.post("/v1/suppliers", {"name": "Fournisseur", "kind": "consumer"}).status == 201
    assert owner.post("/v1/items", {"name": "Conseil", "unit_price": "10.125", "vat_rate": "20"}).status == 201
    paid, credited = shop.issued(notes="été – شكرا"), shop.issued()
    shop.draft(discount={"percent": "2.5"})
    day = paid["issue_date"]
    payment = {"amount": "100.10", "method": "cash", "date": day}
    assert owner.post(f"/v1/invoices/{paid['id']}/payments", payment).status == 201
    assert owner.post(f"/v1/invoices/{credited['id']}/credit", {"reason": "Retour"}).status == 201
    customer = f"/v1/customers/{paid['customer']}"
    assert owner.post(f"{customer}/credit", payment | {"reference": "avance – تسبيق"}).status == 201
    assert owner.post(f"{customer}/refunds", payment | {"amount": "0.10"}).status == 201
    for attached in (shop.draft()["id"], paid["id"]):
        attach(owner, attached, photograph())
    found = analysed(shop, "customers", "Nom;Type\nClient importé;consumer\n".encode())
    assert committed(shop, found["id"])["status"] == "committed"
    found = analysed(shop, "invoices_archive", SUMS)
    assert committed(shop, found["id"])["status"] == "committed"
    return books


def test_a_line_is_its_row_again(rich: Books) -> None:
    seen = set()
    for group in GROUPS:
        for row in rich.world.store.stream(group.table, rich.company, group.prefix):
            line = line_of(row, group.table)
            text = encoded(line)
            back = decoded(group.name, text)
            before, after = from_row(group.table, row), back.record(rich.company)
            assert after == before
            assert digest(after, back.salt) == digest(before, row["_salt"]["B"])
            assert json.loads(text).keys() == {"sort", "kind", "salt", "data"}
            assert "company" not in json.loads(text)["data"]
            seen.add((group.name, line.kind))
    missing = {(group.name, kind) for group in GROUPS for kind in group.kinds} - seen
    assert missing == {("leftovers", "leftover")}


def test_a_rich_company_s_backup_is_its_state(rich: Books) -> None:
    archive = opened(rich, taken(rich))
    check(archive, None, NEVER)
    assert differences(archive, rich.world.store) == []
    counts = archive.manifest.counts
    assert (counts["invoices"], counts["balances"], counts["credit_notes"], counts["register"]) == (2, 2, 1, 3)
    assert (
        archive.manifest.gross["register"]
        == archive.manifest.gross["invoices"] + archive.manifest.gross["credit_notes"]
    )


def test_the_manifest_is_canonical_and_signed(rich: Books) -> None:
    done = taken(rich)
    key = prefixes.backup(done.tier, rich.company, done.id) + manifests.NAME
    content, _, signature = rich.world.files.read(key).partition(b"\n")
    data = json.loads(content)
    assert json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode() == content
    assert len(signature) == 64
    assert {"schema": SCHEMA, "company": rich.company, "clock": done.clock}.items() <= data.items()
    assert (data["previous"], data["policy_version"] != "") == (None, True)
    following = opened(rich, taken(rich))
    assert following.manifest.previous == done.manifest_hash


@pytest.mark.parametrize("place", fixtures.places(), ids=lambda place: place.name)
def test_a_backup_of_every_schema_there_was_still_opens(place: Path) -> None:
    archive = fixtures.opened(place)
    check(archive, None, NEVER)
    records = [line.record("cmp_another") for line in archive.rows()]
    assert len(records) == sum(archive.manifest.counts.values())
    assert {record.company for record in records} == {"cmp_another"}


def test_the_present_schema_has_its_fixtures() -> None:
    assert {f"schema-{SCHEMA}", f"schema-{SCHEMA}-rich"} <= {place.name for place in fixtures.places()}


def test_each_logo_is_kept_once_under_the_key_of_its_referrers(rich: Books) -> None:
    done = taken(rich)
    archive = opened(rich, done)
    (blob,) = archive.manifest.blobs
    assert (blob.seal, archive.manifest.missing) == ("statutory", ())
    assert archive.blob(blob.key) == rich.world.files.read(blob.key)
    rich.world.files.delete(blob.key)
    without = opened(rich, taken(rich))
    assert (without.manifest.blobs, without.manifest.missing) == ((), (blob.key,))
