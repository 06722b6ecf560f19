"""Refused uses of backups: by a person, a key, an operator or a path without the right to it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from chalicelib.domain.companies.member import Member
from chalicelib.domain.privacy.disclosure import Disclosure
from chalicelib.files import prefixes
from chalicelib.services.backup import download
from chalicelib.services.backup.create import backup_run
from chalicelib.services.privacy.legal import disclosures
from chalicelib.services.privacy.legal.disclosures import DisclosureInput
from chalicelib.store.wire import SORT
from tests.backup.restoring import Kept, ended, operator_tool, set_head
from tests.backup.worlds import Books, taken
from tests.client import Client

WHY = ("--reason", "asked by telephone, identity proven", "--by", "opr_1")
BACKUPS = "/v1/backups"


def test_a_demand_about_one_person_gives_no_backup(kept: Kept, tmp_path: Path) -> None:
    backup = kept.taken()
    told = DisclosureInput(
        "lawful_demand", "Tribunal", "CPP art. 57", ("document.buyer",), kept.day, subject=kept.customer
    )
    demand = disclosures.record(kept.world, kept.id, told, "opr_1").id
    job = kept.job("download", backup=backup, operator=True, disclosure=demand)
    assert ended(kept.world, job, download.WORKFLOW)["code"] == "forbidden"
    set_head(kept.world, kept.id, state="blocked")
    for verb in (("fetch", "--to", str(tmp_path / "a.zip")), ("restore", "--into", "new", "--owner", "sub")):
        words = (*verb, "--company", kept.id, "--backup", backup, *WHY, "--disclosure", demand)
        assert operator_tool(kept.world, *words) == 1


def test_a_blocked_company_gets_no_archive(kept: Kept) -> None:
    backup = kept.taken()
    job = kept.job("download", backup=backup)
    set_head(kept.world, kept.id, state="blocked")
    assert ended(kept.world, job, download.WORKFLOW)["code"] == "forbidden"


def test_a_former_owner_gets_no_copy(kept: Kept) -> None:
    job = kept.job(backup=kept.taken(), into="new")
    (owner,) = [
        row
        for row in kept.world.store.query("identity", kept.id).records
        if isinstance(row, Member) and row.id == job.actor
    ]
    kept.put(replace(owner, role="accountant"))
    assert ended(kept.world, job)["code"] == "forbidden"


def test_a_key_that_restores_needs_a_recent_sign_in(books: Books) -> None:
    shop = books.shop
    (subject,) = [row["user"] for row in shop.owner.get("/v1/members").json["data"]]
    stale = shop.issuer.token(subject, auth_time=int((datetime.now(UTC) - timedelta(minutes=11)).timestamp()))
    client = Client(shop.owner.gateway, stale, books.company)
    refused = client.post("/v1/api-keys", {"name": "k", "scopes": ["backups.restore"]})
    assert (refused.status, refused.json["code"]) == (403, "proof_needed")
    assert client.post("/v1/api-keys", {"name": "k", "scopes": ["backups.read"]}).status == 201
    assert shop.owner.post("/v1/api-keys", {"name": "k", "scopes": ["backups.restore"]}).status == 201


def test_a_key_does_not_restore_into_a_new_company(books: Books) -> None:
    backup = taken(books)
    key, _ = books.shop.key("backups.restore")
    refused = key.post(f"{BACKUPS}/{backup.id}/restore", {"into": "new"})
    assert (refused.status, refused.json["code"]) == (403, "proof_needed")


@pytest.mark.parametrize("id", ["..%2f..%2fx", "../x", "bak_", "bak_" + "0" * 26, "bak_%00", "cmp_" + "0" * 26])
def test_an_unknown_or_malformed_id_is_not_found(books: Books, id: str) -> None:
    owner, path = books.shop.owner, f"{BACKUPS}/{id}"
    answers = (owner.get(path), owner.get(f"{path}/download"), owner.post(f"{path}/restore", {}))
    assert [got.json["code"] for got in answers] == ["not_found"] * 3


def test_an_unknown_kind_is_refused_before_a_disclosure_is_recorded(
    kept: Kept, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--company", kept.id, "--backup", kept.taken(), "--kinds", "customer,items")
    for verb in (("preview", *words), ("restore", *words, *WHY)):
        assert operator_tool(kept.world, *verb) == 1
        assert "customers, suppliers" in capsys.readouterr().err
    found = kept.world.store.query(Disclosure.TABLE, kept.id, SORT.startswith("disclosure#")).records
    assert found == []


def test_a_manifest_written_by_another_fails_the_backup_and_no_other(kept: Kept) -> None:
    before = kept.taken()
    row = backup_run.begin(kept.world, kept.call("backup"), "daily").backup
    place = prefixes.backup(row.tier, row.company, row.id) + "manifest.json"
    kept.world.files.put(place, b"{}\nstranger", "application/json")
    while row.status == "running":
        row = backup_run.advance(kept.world, row)
    assert (row.status, row.failure) == ("failed", "backup_damaged")
    assert kept.backup(before).status == "complete"
