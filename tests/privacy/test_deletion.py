"""A deletion from asking to the receipt: what goes, what is kept, and that nothing is reported done that is not."""

import json
from collections import Counter
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest

from chalicelib.api.presenters.privacy import present_preview, present_receipt
from chalicelib.domain.clock import today
from chalicelib.domain.companies.company import Head
from chalicelib.domain.errors import (
    AlreadyBlocked,
    AnotherOwnerNeeded,
    CompanyBlocked,
    Forbidden,
    LastOwner,
    NotFound,
    ProofNeeded,
    RequestSettled,
)
from chalicelib.domain.journal import JobRow
from chalicelib.domain.privacy.consent import Consent
from chalicelib.domain.privacy.request import GRACE, RequestDeadline, Tombstone, clear_days
from chalicelib.jobs.catalogue import named
from chalicelib.jobs.job import within
from chalicelib.jobs.runner import run
from chalicelib.outside.keys import BadSignature
from chalicelib.policy import publish
from chalicelib.policy.load import current
from chalicelib.services.privacy import receipts
from chalicelib.services.privacy.erasure import deletion, preview
from chalicelib.services.privacy.requester import Requester, find_request
from chalicelib.services.privacy.requests import requests
from chalicelib.services.representation.requests import request_row
from chalicelib.store.codec import from_row
from chalicelib.store.read import open_company
from chalicelib.store.tables import TABLES
from tests.privacy.worlds import CANARY, Books, Turned, carried, carry

STATUTORY = {"invoice", "register_entry", "series", "payment", "balance", "head", "journal_entry"}
PROOF = {"request", "receipt"}
TABLE_NAMES = [table.name for table in TABLES]


def head(shop: Books) -> Head:
    (found,) = shop.world.store.records([Head.ref(shop.id)])
    assert isinstance(found, Head)
    return found


def receipt(shop: Books, id: str) -> dict[str, Any]:
    """The receipt, as it is handed out."""
    return present_receipt(requests.receipt(shop.world, shop.id, shop.owner(), id), shop.world.keys.pem)


def every_row(world: Turned, company: str | None = None) -> list[tuple[str, dict[str, Any]]]:
    """Every row of every table, raw: of one company, or of all others when the name begins with `-`."""
    client = world.store.connection.client
    found = []
    for table, name in world.store.names.items():
        pages = client.get_paginator("scan").paginate(TableName=name, ConsistentRead=True)
        found += [(table, row) for page in pages for row in page["Items"]]
    return [(r, row) for r, row in found if company is None or row["company"]["S"] == company]


def content(world: Turned, table: str, row: dict[str, Any]) -> bytes:
    """The complete content of a row, unpacked."""
    return repr(from_row(table, row)).encode() + repr(row).encode()


def objects(world: Turned) -> dict[tuple[str, str], bytes]:
    """Every version of every object, by key and version."""
    client, bucket = world.files.client, world.files.bucket
    found = {}
    for page in client.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for each in page.get("Versions", ()):
            body = client.get_object(Bucket=bucket, Key=each["Key"], VersionId=each["VersionId"])["Body"].read()
            found[each["Key"], each["VersionId"]] = body
        found |= {(each["Key"], each["VersionId"]): b"" for each in page.get("DeleteMarkers", ())}
    return found


def test_only_the_data_that_the_policy_names_is_left_of_an_account(vault: Turned) -> None:
    mark = "Serin" + vault.random(4).hex()
    shop = Books(vault, mark=mark)
    before = [(table, row) for table, row in every_row(vault, shop.id) if mark.encode() in content(vault, table, row)]
    assert {table for table, _ in before} == {"workspace", "identity", "transient", "journal", "ledger"}
    assert any(mark.encode() in body for body in objects(vault).values())
    shop.confirmed(waive=True)
    carried(vault)
    assert [row["_kind"]["S"] for _, row in every_row(vault) if mark in str(row.get("to"))] == ["mail"], "not sent yet"
    run(vault, named("outbox"), now=vault.now(), left=within(30))
    left = [
        (table, row["_kind"]["S"]) for table, row in every_row(vault) if mark.encode() in content(vault, table, row)
    ]
    assert {kind for _, kind in left} <= STATUTORY
    assert {table for table, _ in left} == {"ledger"}
    assert not [key for key, body in objects(vault).items() if mark.encode() in body or f"/{shop.id}/" in key[0]]
    assert {row["_kind"]["S"] for _, row in every_row(vault, shop.id)} == STATUTORY | PROOF


def test_kept_records_are_blocked(vault: Turned) -> None:
    shop = Books(vault, small=True)
    shop.confirmed()
    for _ in ("in grace", "closed"):
        with pytest.raises(CompanyBlocked):
            open_company(vault.store, shop.id)
        with pytest.raises(CompanyBlocked):
            shop.commit(shop.drafted(shop.new("inv"), shop.customer))
        vault.offset = GRACE + timedelta(minutes=1)
        carried(vault)
        carried(vault)
    assert head(shop).state == "closed"


def test_the_receipt_names_every_store_and_verifies_offline(vault: Turned) -> None:
    shop = Books(vault)
    held = Counter({table: len(shop.rows(table)) for table in TABLE_NAMES})
    id = shop.confirmed(waive=True)
    carry(vault)
    handed = json.loads(json.dumps(receipt(shop, id)))
    said = handed["content"]
    assert {line["place"] for line in said["stores"]} == {*TABLE_NAMES, *current().prefixes}
    removed = Counter({line["place"]: 0 for line in said["stores"]})
    for line in said["stores"]:
        removed[line["place"]] += line["removed"]
        assert (line["until"] is None) is (line["action"] == "delete")
        assert line["action"] == "delete" or line["law"]
    assert removed["workspace"] == held["workspace"]
    assert removed["identity"] == held["identity"]
    answers, tally = 2, 1
    assert removed["transient"] == held["transient"] + answers + tally, "of asking and confirming"
    assert removed["pdf/"] == 3, "two versions and a delete marker"
    assert removed["uploads/"] == 3, "two versions and an unfinished upload"
    assert sum(line["kept"] for line in said["stores"] if line["place"] == "ledger") == held["ledger"]
    assert said["last_trace"] == (today(vault.now()) + timedelta(days=35)).isoformat()
    assert said["contact"] == current().contact
    assert CANARY not in json.dumps(handed)
    assert receipts.check(handed) == receipts.check(handed, vault.keys.pem) == handed["key"]
    for broken in ({"content": said | {"last_trace": "2020-01-01"}}, {"signature": "AAAA"}, {"content": None}):
        with pytest.raises(BadSignature):
            receipts.check(handed | broken)


@pytest.mark.parametrize("which", ["account", "customer"])
def test_a_dry_run_shows_the_receipts_table_files_and_versions_included(alone: Turned, which: str) -> None:
    shop = Books(alone, owners=2)
    subject = None if which == "account" else shop.customer
    ask = preview.preview(alone, shop.id, shop.owner(), "deletion", subject, alone.now())
    id = shop.confirmed(subject)
    if which == "account":
        requests.confirm(alone, shop.call(), shop.owner(1), id, waive=True)
    carried(alone)
    own_bookkeeping = {"requests", "journal", "transient"}

    def table(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
        counts = ("removed", "kept", "done")
        return [
            {k: v for k, v in line.items() if line["place"] not in own_bookkeeping or k not in counts} | {"done": None}
            for line in lines
        ]

    told = receipt(shop, id)["content"]["stores"]
    assert table(present_preview(ask)["steps"]) == table(told)
    pages = next(line for line in told if line["place"] == "pdf/")
    assert pages["removed"] == 3, "two versions, and the marker that hides them"


@pytest.mark.parametrize("days", [0, 29, 59, 92])
def test_page_dry_run_request_and_receipt_state_the_same_last_trace(alone: Turned, days: int) -> None:
    """The page promises that copies end 35 days after a deletion. A dry run of an account counts its grace too."""
    alone.start_in_the_morning()
    alone.offset += timedelta(days=days)
    assert "at most 35 days in the database" in publish.render("en", "2026-12-01", "eu-west-3", today(alone.now()))
    shop = Books(alone, small=True)
    foreseen = preview.preview(alone, shop.id, shop.owner(), "deletion", None, alone.now()).last_trace
    id = shop.confirmed()
    alone.offset += GRACE + timedelta(minutes=1)
    for _ in ("two reminders", "and", "the end"):
        carried(alone)
    shown = request_row(shop.request(id))["last_trace"]
    said = receipt(shop, id)["content"]
    erased_on = today(datetime.fromisoformat(said["completed_at"]))
    assert shown == said["last_trace"] == (erased_on + timedelta(days=35)).isoformat()
    assert foreseen == erased_on + timedelta(days=35)


def test_the_last_trace_counts_from_the_end_of_a_long_erasure(alone: Turned) -> None:
    shop = Books(alone, small=True)
    id = shop.confirmed(waive=True)
    carried(alone)
    done = shop.request(id)
    later = today(alone.now()) + timedelta(days=3)
    assert deletion._last_trace(done, later) == later + timedelta(days=35)
    assert deletion._last_trace(done, later - timedelta(days=30)) == done.last_trace, "it never moves back"


def test_a_dry_run_does_not_count_places_above_its_limit(alone: Turned, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = Books(alone)
    monkeypatch.setattr(preview, "LISTINGS", 0)
    body = preview.preview(alone, shop.id, shop.owner(), "deletion", None, alone.now())
    assert {step["place"]: step["removed"] for step in present_preview(body)["steps"] if step["store"] == "files"}[
        "pdf/"
    ] is None


def test_another_company_is_not_touched(vault: Turned) -> None:
    shop, neighbour = Books(vault), Books(vault)

    def fingerprint() -> str:
        rows = sorted(repr((table, sorted(row.items()))) for table, row in every_row(vault, neighbour.id))
        files = sorted((key, body) for key, body in objects(vault).items() if f"/{neighbour.id}/" in key[0])
        assert rows
        assert files
        return sha256(repr((rows, files)).encode()).hexdigest()

    before = fingerprint()
    shop.confirmed(waive=True)
    carried(vault)
    assert head(shop).state == "closed"
    assert fingerprint() == before


def test_grace_reminds_and_ends_by_itself(vault: Turned) -> None:
    shop = Books(vault, small=True)
    id = shop.confirmed()
    request = shop.request(id)
    assert (request.status, head(shop).state) == ("grace", "blocked")
    assert request.grace_until == request.verified_at + GRACE  # type: ignore[operator]
    statuses = []
    for days in (22, 24, 28, 29.5, 29.9, 30.1):
        vault.offset = timedelta(days=days)
        carry(vault)
        now = shop.request(id)
        statuses.append((days, now.status, now.reminders))
    assert statuses == [
        (22, "grace", 0),
        (24, "grace", 1),
        (28, "grace", 1),
        (29.5, "grace", 2),
        (29.9, "grace", 2),
        (30.1, "completed", 2),
    ]


def test_cancelled_in_grace_all_is_as_before(vault: Turned) -> None:
    shop = Books(vault, owners=2, small=True)
    id = shop.confirmed()
    requests.cancel(vault, shop.call(), shop.owner(1), id)
    assert (shop.request(id).status, head(shop).state) == ("cancelled", "active")
    assert not [row for row in shop.rows("requests") if row["_kind"]["S"] == "deadline"]
    vault.offset = GRACE + timedelta(days=1)
    carry(vault)
    assert open_company(vault.store, shop.id)
    assert "customer" in shop.kinds("workspace")
    with pytest.raises(RequestSettled):
        requests.confirm(vault, shop.call(), shop.owner(), id)


def test_with_two_owners_another_one_waives(vault: Turned) -> None:
    shop = Books(vault, owners=2, small=True)
    id = shop.asked()
    with pytest.raises(AnotherOwnerNeeded):
        requests.confirm(vault, shop.call(), shop.owner(), id, waive=True)
    requests.confirm(vault, shop.call(), shop.owner(), id)
    with pytest.raises(AnotherOwnerNeeded):
        requests.confirm(vault, shop.call(), shop.owner(), id, waive=True)
    requests.confirm(vault, shop.call(), shop.owner(1), id, waive=True)
    carry(vault)
    assert shop.request(id).status == "completed"


def test_nothing_happens_without_proof_of_identity(vault: Turned) -> None:
    shop = Books(vault, small=True)
    id = shop.asked()
    with pytest.raises(ProofNeeded):
        requests.confirm(vault, shop.call(), shop.owner(proven=False), id)
    clerk = Requester(shop.new("mem"), "clerk", "sub-clerk", proven=True)
    with pytest.raises(Forbidden):
        requests.ask(vault, shop.call(), clerk, "deletion", shop.customer)
    with pytest.raises(NotFound):
        requests.confirm(vault, shop.call(), clerk, id)
    assert head(shop).state == "active"
    vault.offset = timedelta(days=8)
    carry(vault)
    assert (shop.request(id).status, shop.request(id).reason) == ("cancelled", "not_confirmed")


def test_an_account_is_blocked_once(vault: Turned) -> None:
    shop = Books(vault, small=True)
    first, second = shop.asked(), shop.asked()
    requests.confirm(vault, shop.call(), shop.owner(), first)
    with pytest.raises(AlreadyBlocked):
        requests.confirm(vault, shop.call(), shop.owner(), second)
    with pytest.raises(CompanyBlocked):
        shop.asked()


def test_running_nobody_stops_it(vault: Turned) -> None:
    shop = Books(vault, small=True)
    id = shop.confirmed(waive=True)
    carry(vault)
    for verb in (lambda: requests.cancel(vault, shop.call(), shop.owner(), id), lambda: shop_confirm(shop, id)):
        with pytest.raises(RequestSettled):
            verb()


def shop_confirm(shop: Books, id: str) -> None:
    requests.confirm(shop.world, shop.call(), shop.owner(), id)


def test_only_the_requester_may_read_the_receipt_of_a_closed_account(vault: Turned) -> None:
    shop = Books(vault, small=True)
    id = shop.confirmed(waive=True)
    carried(vault)
    gone = Requester("newcomer", "nobody", shop.owner().subject)
    assert find_request(vault.store, shop.id, gone, id).status == "completed"
    with pytest.raises(NotFound):
        find_request(vault.store, shop.id, Requester("newcomer", "nobody", "sub-other"), id)


def test_deadlines(vault: Turned) -> None:
    shop = Books(vault, small=True)
    person = shop.confirmed(shop.customer)
    assert shop.request(person).deadline == clear_days(shop.request(person).created_at)
    account = shop.confirmed()
    request = shop.request(account)
    assert request.grace_until is not None
    assert request.deadline == request.grace_until + timedelta(days=1)
    watches = [r for r in vault.store.query("requests", shop.id).records if isinstance(r, RequestDeadline)]
    assert {watch.id for watch in watches} == {person, account}


def test_a_customer_goes_at_once_and_everywhere(vault: Turned) -> None:
    shop = Books(vault)
    id = shop.confirmed(shop.customer)
    assert shop.customer not in {row.get("id", {}).get("S") for row in shop.rows("workspace")}
    assert head(shop).state == "active"
    carried(vault)
    request = shop.request(id)
    assert request.status == "completed"
    for table in ("workspace", "transient", "identity"):
        left = [row for row in shop.rows(table) if shop.customer.encode() in content(vault, table, row)]
        assert left == [], table
    assert shop.kinds("workspace").count("invoice") == 2, "the drafts stay"
    assert shop.kinds("workspace").count("customer") == 1, "so does the other customer"
    assert [row.subject for row in vault.store.query("requests", shop.id).records if isinstance(row, Tombstone)]
    said = {(line["place"], *line["kinds"]): line for line in receipt(shop, id)["content"]["stores"]}
    assert said["workspace", "customer"]["removed"] == 1
    assert said["workspace", "supplier"]["removed"] == 0
    assert said["workspace", "invoice"]["removed"] == 1
    assert said["ledger", "invoice"]["kept"] == 1
    assert said["transient", "idempotency"]["removed"] == 1, "only the answer that made the customer names them"
    assert "free_text_not_searched" in receipt(shop, id)["content"]["remarks"]
    assert not any(key.startswith("pdf/") for key in shop.versions())
    assert any(key.startswith("logos/") for key in shop.versions())


def test_a_member_goes_and_never_the_last_owner(vault: Turned) -> None:
    shop = Books(vault, owners=2, small=True)
    id = shop.confirmed(shop.owners[1])
    carried(vault)
    assert shop.request(id).status == "completed"
    assert shop.kinds("identity") == ["api_key", "member"]
    assert not [row for row in shop.rows("identity") if shop.owners[1].encode() in content(vault, "identity", row)]
    last = shop.asked(shop.owners[0])
    with pytest.raises(LastOwner):
        requests.confirm(vault, shop.call(), shop.owner(), last)


def test_a_members_consents_and_long_tasks_go_too(vault: Turned) -> None:
    shop = Books(vault, owners=2, small=True)
    who = shop.owners[1]
    due = int(shop.at.timestamp()) + 10**6
    row = JobRow(
        id=shop.new("job"),
        due_at=shop.at,
        task="issue",
        actor=who,
        inputs=b"[]",
        outcomes=b"[]",
        expires_at=due,
        **shop.stamps,
    )
    shop.commit(Consent(id=who, policy_version="2026-04-02", **shop.stamps), row)
    id = shop.confirmed(who)
    carried(vault)
    assert shop.request(id).status == "completed"
    assert "consent" not in shop.kinds("identity")
    assert "job" not in shop.kinds("transient")
    said = {(line["place"], *line["kinds"]): line for line in receipt(shop, id)["content"]["stores"]}
    assert [said["identity", "member"]["removed"], said["identity", "consent"]["removed"]] == [1, 1]
    assert said["transient", "job"]["removed"] == 1


def test_nobody_unknown_is_erased(vault: Turned) -> None:
    shop = Books(vault, small=True)
    with pytest.raises(NotFound):
        shop.asked(shop.new("cus"))
    with pytest.raises(NotFound):
        shop.asked(Books(vault, small=True).customer)
