"""Backups by hand: the operator's commands, each accounted for before it is done."""

import json
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from chalicelib.cli.main import main
from chalicelib.domain.backups.backup import DrillPlan
from chalicelib.domain.companies.company import Head
from chalicelib.services.archive import statutory
from chalicelib.services.backup import operator
from chalicelib.services.privacy.legal import disclosures
from chalicelib.services.privacy.legal.disclosures import DisclosureInput
from chalicelib.store import bookkeeping
from chalicelib.store.decision import ACCOUNT_WHILE_BLOCKED, Decision
from chalicelib.store.drill import drill_settings
from chalicelib.store.read import companies_of
from chalicelib.store.tables import create_tables
from chalicelib.store.transaction import transact
from chalicelib.workflow.deadline import NEVER
from tests.backup.worlds import Books, taken, turned_on
from tests.conftest import Shop

WHY = ("--reason", "asked by telephone, identity proven", "--by", "opr_1")
Said = tuple[int, list[dict[str, Any]]]
Tool = Callable[..., Said]


@pytest.fixture
def tool(books: Books, capsys: pytest.CaptureFixture[str]) -> Tool:
    """The operator's tool on the company: its exit code and its lines."""

    def run(verb: str, *rest: str, company: str = books.company) -> Said:
        capsys.readouterr()
        code = main(["backups", verb, "--company", company, *rest], lambda: books.world)
        return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return run


def register(books: Books) -> list[tuple[str, str]]:
    return [(row.kind, row.basis) for row in disclosures.of_company(books.world.store, books.company)]


def state(books: Books, **head: Any) -> None:
    world = books.world
    call = world.call(books.company, "test", "test", key=world.random(8).hex())
    transact(world.store, call, [], lambda _: Decision(head=head), ACCOUNT_WHILE_BLOCKED)


def test_take_and_list_with_size_counts_age_and_last_verification(books: Books, tool: Tool) -> None:
    code, (made,) = tool("take", *WHY)
    assert (code, made["status"], made["counts"]["customers"]) == (0, "completed", 1)
    code, (line,) = tool("list")
    assert code == 0
    assert line["id"] == made["backup"]
    assert line["bytes"] > 1000
    assert 0 <= line["age_hours"] < 1
    assert (line["verified_at"], line["drill"], line["asked_by"]) == (None, None, "opr_1")
    assert tool("verify", "--backup", made["backup"])[0] == 0
    assert tool("list")[1][0]["verified_at"]
    assert register(books) == [("operator_access", WHY[1])]


def test_the_company_reads_that_an_operator_was_there(books: Books, tool: Tool) -> None:
    tool("take", *WHY)
    (line,) = books.shop.owner.get("/v1/privacy/disclosures").json["data"]
    assert (line["kind"], line["recipient"], line["basis"]) == ("operator_access", "operator", WHY[1])


def test_fetch_writes_a_zip_or_prints_a_link(books: Books, tool: Tool, tmp_path: Path) -> None:
    backup, file = taken(books), tmp_path / "books.zip"
    code, (line,) = tool("fetch", "--backup", backup.id, "--to", str(file), *WHY)
    assert (code, line["file"]) == (0, str(file))
    assert "data/customers.csv" in zipfile.ZipFile(file).namelist()
    code, (line,) = tool("fetch", "--backup", backup.id, *WHY)
    assert code == 0
    assert line["url"].startswith("http")
    assert len(register(books)) == 2


def test_preview_and_restore(books: Books, tool: Tool) -> None:
    backup, shop = taken(books), books.shop
    assert shop.owner.delete(f"/v1/customers/{shop.customer}", "*", query={"force": "true"}).status == 200
    code, (line,) = tool("preview", "--backup", backup.id)
    assert (code, line["would"]["customers"]["restored"]) == (0, 1)
    assert shop.owner.get(f"/v1/customers/{shop.customer}").status == 404
    assert register(books) == [], "a count shows nothing of anybody"
    code, (line,) = tool("restore", "--backup", backup.id, "--kinds", "customers", *WHY)
    assert (code, line["kinds"]["customers"]["restored"]) == (0, 1)
    assert shop.owner.get(f"/v1/customers/{shop.customer}").status == 200
    assert len(register(books)) == 1


def test_without_a_reason_or_a_name_nothing_is_done(books: Books, tool: Tool) -> None:
    backup = taken(books)
    for verb in ("fetch", "restore", "take"):
        own = [] if verb == "take" else ["--backup", backup.id]
        for part in (WHY[:2], WHY[2:]):
            with pytest.raises(SystemExit) as stopped:
                tool(verb, *own, *part)
            assert stopped.value.code == 2


@pytest.mark.parametrize("shut", ["blocked", "closed"])
def test_a_company_that_is_not_open_needs_a_recorded_demand(
    books: Books, tool: Tool, shut: str, tmp_path: Path
) -> None:
    backup, file = taken(books), tmp_path / "books.zip"
    state(books, state=shut)
    own = ("--backup", backup.id, "--to", str(file))
    assert tool("fetch", *own, *WHY)[0] == 1
    assert tool("fetch", *own, *WHY, "--disclosure", "dis_00000000000000000000000000")[0] == 1
    assert not file.exists()
    told = DisclosureInput(
        kind="lawful_demand",
        recipient="Tribunal de commerce",
        basis="Ordonnance 12",
        data=("document.content",),
        disclosed_on=books.shop.today,
    )
    demand = disclosures.record(books.world, books.company, told, "opr_1")
    assert tool("fetch", *own, *WHY, "--disclosure", demand.id)[0] == 0
    assert file.exists()
    state(books, state="active")


def test_drill_now(books: Books, tool: Tool) -> None:
    create_tables(drill_settings(books.world.settings))
    assert tool("drill")[0] == 1, "it has no backup yet"
    taken(books)
    code, (line,) = tool("drill")
    assert (code, line["drill"]) == (0, "passed")
    (plan,) = books.world.store.records([DrillPlan.ref(books.company)])
    assert isinstance(plan, DrillPlan)
    assert plan.due_at > books.world.now()


def test_drill_of_a_company_whose_backup_is_off(new_shop: Callable[..., Shop], tool: Tool) -> None:
    assert tool("drill", company=new_shop().company)[0] == 1


def test_expire_shows_and_then_removes(books: Books, tool: Tool) -> None:
    backup = taken(books)
    assert tool("expire") == (0, [])
    past = backup.edited(books.world.now(), due_at=books.world.now() - timedelta(days=1))
    assert bookkeeping.save(books.world.store, past, backup, b"s" * 16)
    code, (line,) = tool("expire")
    assert (code, line["backup"], line["removed"]) == (0, backup.id, False)
    assert len(operator.backups(books.world, books.company)) == 1
    assert tool("expire", "--apply")[1][0]["removed"]
    assert operator.backups(books.world, books.company) == []


@pytest.mark.usefixtures("embedded_s3")
def test_a_document_from_the_archive(new_shop: Callable[..., Shop], tool: Tool, tmp_path: Path) -> None:
    books = turned_on(new_shop(mode="live"))
    invoice, file = books.shop.issued(), tmp_path / "page.pdf"
    taken(books)
    while not statutory.advance(books.world, books.company, NEVER):
        continue
    own = ("--document", invoice["id"], "--to", str(file))
    code, (line,) = tool("archive-fetch", *own, *WHY, company=books.company)
    assert (code, line["hash"]) == (0, invoice["register"]["hash"])
    assert file.read_bytes().startswith(b"%PDF")
    assert register(books) == [("operator_access", WHY[1])]
    assert tool("archive-fetch", "--document", "0" * 64, "--to", str(file), *WHY, company=books.company)[0] == 1


def test_a_company_that_is_not_there(books: Books, tool: Tool) -> None:
    stranger = "cmp_00000000000000000000000000"
    assert books.world.store.records([Head.ref(stranger)]) == [None]
    assert tool("list", company=stranger) == (0, [])
    assert tool("take", *WHY, company=stranger)[0] == 1


def test_an_operator_restores_a_copy_for_the_proven_owner(books: Books, tool: Tool, tmp_path: Path) -> None:
    invoice = books.shop.issued()
    backup, file = taken(books), tmp_path / "books.zip"
    assert tool("fetch", "--backup", backup.id, "--to", str(file), *WHY)[0] == 0
    with zipfile.ZipFile(file) as bundle:
        assert invoice["number"] in bundle.read("data/invoices.csv").decode()
    code, (line,) = tool("restore", "--backup", backup.id, "--into", "new", "--owner", "sub-found-again", *WHY)
    assert (code, line["kinds"]["invoices"]["restored"]) == (0, 1)
    (member,) = companies_of(books.world.store, "sub-found-again")
    assert (member.company, member.role) == (line["company"], "owner")
    assert [why for _, why in register(books)] == [WHY[1], WHY[1]], "the company reads both"
