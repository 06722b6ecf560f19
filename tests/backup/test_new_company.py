"""Restoring into a new company: a copy that verifies, is worth nothing twice, and is its owner's."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.cli.main import main
from chalicelib.domain.backups.backup_errors import BackupDamaged
from chalicelib.domain.clock import today
from chalicelib.domain.companies.company import Company, RetentionSchedule, Series
from chalicelib.domain.companies.invitation import Invitation
from chalicelib.domain.companies.member import Member
from chalicelib.domain.companies.template import EarlierTemplate, digest_of, id_of
from chalicelib.domain.documents.invoice import INVOICE, Draft, Invoice
from chalicelib.domain.documents.register import RegisterEntry
from chalicelib.domain.errors import AlreadyExists
from chalicelib.domain.ids import derived_id
from chalicelib.domain.privacy.consent import Consent, chosen
from chalicelib.files import prefixes
from chalicelib.jobs.job import within
from chalicelib.jobs.retention import proofs_job
from chalicelib.jobs.runner import run
from chalicelib.policy.load import policy_version
from chalicelib.services.backup import operator
from chalicelib.services.backup.restoring import steps
from chalicelib.services.backup.restoring.context import input_of
from chalicelib.services.backup.restoring.copy import company_of
from chalicelib.services.companies import consent
from chalicelib.services.companies.acceptance import require_accepted
from chalicelib.services.documents import issuing, register
from chalicelib.services.privacy.legal import disclosures
from chalicelib.services.privacy.legal.disclosures import DisclosureInput
from chalicelib.services.representation.documents import present_issued
from chalicelib.store.decision import ACCOUNT, Decision
from chalicelib.store.read import Reader, companies_of, open_company
from chalicelib.store.transaction import transact
from tests.backup.restoring import Kept, ended, step
from tests.joining import waiting
from tests.privacy.worlds import Turned, carried


@pytest.fixture
def shop(vault: Turned) -> Kept:
    return Kept(vault, mark="Perle")


def opened(shop: Kept, company: str) -> Reader:
    return open_company(shop.world.store, company)


def test_a_copy_is_the_same_under_another_id(shop: Kept) -> None:
    backup, before = shop.taken(), shop.content()
    head = shop.head()
    company = str(shop.restored(backup, into="new")["company"])
    assert company != shop.id
    copy = shop.content(company)
    assert copy.keys() == before.keys()
    for key, row in before.items():
        same = replace(copy[key], company=shop.id)
        if isinstance(row, (Company, Series)):
            assert {type(row)} == {type(same)}
        else:
            assert same == row
    assert (shop.content(), shop.head()) == (before, head)
    reader = opened(shop, company)
    told = register.verify(reader, None, shop.day.year)
    assert (told.fault, told.complete, told.checked) == (None, True, 1)


def test_a_copy_has_the_templates_of_its_documents(shop: Kept) -> None:
    """A document names its template by the digest, so the copy needs the text, also of a template that was replaced."""
    text = "<p>{{ number }}</p>"
    digest = digest_of(text) or ""
    call = shop.call("template")
    earlier = call.make(EarlierTemplate, id=id_of(digest), digest=digest, text=text)
    transact(shop.world.store, call, [], lambda _: Decision(new=(earlier,)), ACCOUNT)
    company = str(shop.restored(shop.taken(), into="new")["company"])
    assert opened(shop, company).get(EarlierTemplate, id_of(digest)).text == text


def test_a_copy_has_the_consents_of_its_owner_and_no_invitation(shop: Kept) -> None:
    """The owner need not accept the same policy again. A restore into the same company leaves its invitations."""
    store, member = shop.world.store, shop.owners[0]
    consent.accept(store, shop.call("consents"), member, policy_version())
    consent.choose(store, shop.call("marketing"), member, "marketing", True)
    waiting(shop.world, shop.id, "invited@members.example", member)
    backup = shop.taken()
    company = str(shop.restored(backup, into="new")["company"])
    (copied,) = store.all_of(Consent, company)
    (own,) = store.all_of(Member, company)
    assert (copied.id, copied.policy_version) == (own.id, policy_version())
    assert chosen(copied, "marketing") == chosen(consent.of_member(opened(shop, shop.id), member), "marketing")
    require_accepted(store, company, own.id, today(shop.world.now()))
    assert [*store.all_of(Invitation, company)] == []
    assert "code" not in shop.restored(backup, into="same")
    assert [row.email for row in store.all_of(Invitation, shop.id)] == ["invited@members.example"]


def test_a_copy_beside_its_source_is_a_test_company(shop: Kept) -> None:
    company = str(shop.restored(shop.taken(), into="new")["company"])
    head = shop.head(company)
    assert (head.mode, head.state, head.cloud_sync, head.cloud_backup) == ("test", "active", True, True)
    invoice = opened(shop, company).get(Invoice, shop.invoice)
    assert not invoice.specimen  # what was issued is what was issued
    assert present_issued(invoice, None, head)["specimen"]
    assert not present_issued(invoice, None, shop.head())["specimen"]
    issued = issuing.issue(
        shop.world.store, replace(shop.call("issue"), company=company), INVOICE, shop.draft
    ).outcome.document
    assert isinstance(issued, Invoice)
    assert (issued.number[-5:], issued.specimen) == ("00002", True)
    assert register.verify(opened(shop, company), None, shop.day.year).checked == 2


def test_the_requester_owns_the_copy_and_no_other_member_is_copied(shop: Kept) -> None:
    company = str(shop.restored(shop.taken(), into="new")["company"])
    (member,) = [row for row in companies_of(shop.world.store, f"sub-{shop.owners[0]}") if row.company == company]
    assert isinstance(member, Member)
    assert (member.role, member.email) == ("owner", f"{shop.mark}@member.example")
    client, table = shop.world.store.connection.client, shop.world.store.names["identity"]
    rows = client.query(
        TableName=table, KeyConditionExpression="company = :c", ExpressionAttributeValues={":c": {"S": company}}
    )
    assert [row["_kind"]["S"] for row in rows["Items"]] == ["member"]
    (term,) = shop.world.store.records([RetentionSchedule.ref(company)])
    assert isinstance(term, RetentionSchedule) == isinstance(
        shop.there(RetentionSchedule.ref(shop.id)), RetentionSchedule
    )


def test_a_logo_is_the_copys_own(shop: Kept) -> None:
    key = prefixes.logo(shop.id, "b", "png")
    profile = shop.there(Company.ref(shop.id))
    assert isinstance(profile, Company)
    shop.put(profile.edited(shop.world.now(), logo=key))
    company = str(shop.restored(shop.taken(), into="new")["company"])
    own = opened(shop, company).get(Company, "").logo
    assert own == prefixes.logo(company, "b", "png")
    assert shop.world.files.read(str(own)) == shop.world.files.read(key)


def test_only_some_kinds_with_the_profile_and_a_whole_ledger(shop: Kept) -> None:
    backup = shop.taken()
    some = shop.restored(backup, into="new", kinds=("customers",))
    assert set(some["kinds"]) == {"company", "customers"}
    ledger = shop.restored(backup, into="new", kinds=("payments",))
    assert set(ledger["kinds"]) == {"company", "series", "invoices", "balances", "register", "payments"}
    assert register.verify(opened(shop, str(ledger["company"])), None, shop.day.year).checked == 1


def test_the_copy_omits_erased_persons(shop: Kept) -> None:
    backup = shop.taken()
    shop.confirmed(shop.customer)
    carried(shop.world)
    company = str(shop.restored(backup, into="new")["company"])
    content, head = shop.content(company), shop.head(company)
    assert not [row for row in content.values() if row.TABLE == "workspace" and shop.customer in repr(row)]
    assert any(isinstance(row, Draft) and row.customer is None for row in content.values())
    shown = present_issued(opened(shop, company).get(Invoice, shop.invoice), None, head)
    assert shown["customer"] is None
    assert shop.mark not in str(shown["buyer"])


def test_a_copy_blocks_erased_buyers_also_after_the_proofs_of_their_deletions_have_gone(
    shop: Kept, vault: Turned
) -> None:
    shop.confirmed(shop.customer)
    carried(vault)
    vault.offset = timedelta(days=5 * 366 + 1)
    backup = shop.taken()
    run(vault, proofs_job(), now=vault.now(), left=within(60))
    assert shop.kinds("requests") == []
    company = str(shop.restored(backup, into="new")["company"])
    shown = present_issued(opened(shop, company).get(Invoice, shop.invoice), None, shop.head(company))
    assert shown["customer"] is None
    assert shop.mark not in str(shown["buyer"])
    assert shop.head(company).erased == shop.head().erased


def test_begun_twice_it_is_one_company(shop: Kept) -> None:
    backup = shop.taken()
    job = shop.job(backup=backup, into="new")
    company = ended(shop.world, job)["company"]
    assert company == company_of(job.id) == derived_id("cmp", job.id)
    assert shop.restored(backup, into="new", owner="sub-x")["code"] == "forbidden"  # no operator


class TestACompanyThatIsGone:
    @pytest.fixture
    def gone(self, vault: Turned) -> tuple[Kept, str]:
        shop = Kept(vault, mark="Perle")
        backup = shop.taken()
        own = prefixes.backup("daily", shop.id, backup)
        stored = {key: vault.files.read(key) for key in vault.files.list(own)}
        shop.confirmed(None, waive=True)
        carried(vault)
        for key, content in stored.items():  # as a copy of the bucket may still have it
            vault.files.put(key, content, "application/octet-stream")
        assert shop.head().state == "closed"
        return shop, backup

    def disclosed(self, shop: Kept, **changes: Any) -> str:
        told: dict[str, Any] = {
            "kind": "lawful_demand",
            "recipient": "Tribunal",
            "basis": "CPP art. 57",
            "data": ("document.buyer",),
            "disclosed_on": shop.day,
        } | changes
        return disclosures.record(shop.world, shop.id, DisclosureInput(**told), "op-1").id

    def test_it_is_left_alone(self, gone: tuple[Kept, str]) -> None:
        shop, backup = gone
        operator: dict[str, Any] = {"operator": True, "owner": "sub-1"}
        about_one = self.disclosed(shop, subject=shop.customer)
        refused: list[tuple[dict[str, Any], str]] = [
            ({}, "company_blocked"),
            ({"into": "new"}, "forbidden"),
            ({"into": "new", **operator}, "forbidden"),
            ({"into": "new", "disclosure": "dis_1", **operator}, "forbidden"),
            ({"into": "new", "owner": "sub-1", "disclosure": self.disclosed(shop)}, "forbidden"),
            ({"into": "new", "disclosure": about_one, **operator}, "forbidden"),
            ({"disclosure": self.disclosed(shop), **operator}, "company_blocked"),
        ]
        for asked, code in refused:
            assert shop.restored(backup, **asked)["code"] == code, asked
        assert {table for table, _ in shop.content()} == {"ledger"}
        assert shop.restored(backup, dry_run=True)["code"] == "backup_key_destroyed"

    def test_an_operator_restores_statutory_records_under_a_disclosure(self, gone: tuple[Kept, str]) -> None:
        shop, backup = gone
        outcome = shop.restored(
            backup, into="new", operator=True, owner="sub-judge", disclosure=self.disclosed(shop), reason="order 12"
        )
        company = str(outcome["company"])
        content, head = shop.content(company), shop.head(company)
        assert {row.KIND for row in content.values() if row.TABLE == "workspace"} == {"company"}
        assert (head.mode, head.state) == ("live", "active")
        reader = opened(shop, company)
        assert reader.get(Company, "").name == f"{shop.mark} SARL"
        assert register.verify(reader, None, shop.day.year).checked == 1
        assert [row.company for row in companies_of(shop.world.store, "sub-judge")].count(company) == 1

    def test_a_live_copy_that_failed_half_way_is_released_for_another(
        self, gone: tuple[Kept, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        shop, backup = gone
        demand = self.disclosed(shop)
        asked: dict[str, Any] = {"into": "new", "operator": True, "owner": "sub-judge", "disclosure": demand}

        def release(by: str = demand) -> int:
            words = ["backups", "release", "--company", shop.id, "--reason", "it failed", "--by", "op-1"]
            return main([*words, "--disclosure", by], lambda: shop.world)

        assert release() == 1, "nothing was begun"
        first = shop.job(backup=backup, **asked)
        with monkeypatch.context() as broken:
            broken.setattr(steps, "put", _refused)
            first = step(shop.world, first)
            while input_of(first).progress.step in ("verify", "begin", "rows"):
                assert release() == 1, "it runs"
                first = step(shop.world, first)
        assert ended(shop.world, first)["code"] == "backup_damaged"
        half = company_of(first.id)
        assert (shop.head(half).mode, shop.head(half).state) == ("live", "active")
        assert release("dis_1") == 1, "without a demand"
        assert shop.head(half).mode == "live"
        assert release() == 0
        assert half in capsys.readouterr().out
        assert shop.head(half).mode == "test"
        basis = [row.basis for row in disclosures.of_company(shop.world.store, shop.id)]
        assert "it failed" in basis
        second = str(shop.restored(backup, **asked)["company"])
        assert shop.head(second).mode == "live"
        assert release() == 1, "it is whole"
        assert shop.head(str(shop.restored(backup, **asked)["company"])).mode == "test"

    def test_a_copy_that_has_issued_is_never_released(
        self, gone: tuple[Kept, str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shop, backup = gone
        job = shop.job(backup=backup, into="new", operator=True, owner="sub-j", disclosure=self.disclosed(shop))
        monkeypatch.setattr(steps, "registers", _refused)
        assert ended(shop.world, job)["code"] == "backup_damaged"
        half = company_of(job.id)
        world = shop.world
        entry = next(row for row in shop.content(half).values() if isinstance(row, RegisterEntry))
        call = world.call(half, "usr_1", "issue", key=world.random(8).hex())
        transact(world.store, call, [], lambda _: Decision(puts=(entry,)), ACCOUNT)
        with pytest.raises(AlreadyExists):
            operator.release(world, shop.id, "op-1")
        assert shop.head(half).mode == "live"


def _refused(*_: Any) -> Any:
    raise BackupDamaged(reason="hash", where="000001")
