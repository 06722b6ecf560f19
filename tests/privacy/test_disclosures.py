"""The register of disclosures: recorded by an operator, read by the company, hidden only while the law says so."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from chalicelib.cli.main import main
from chalicelib.domain.clock import today
from chalicelib.domain.errors import InvalidContent, NotFound
from chalicelib.domain.privacy.disclosure import may_be_seen
from chalicelib.domain.privacy.request import Measure
from chalicelib.services.privacy.legal import disclosures, holds
from chalicelib.services.privacy.legal.disclosures import DisclosureInput
from chalicelib.services.records.paging import Window
from chalicelib.services.representation.measures import measure_row
from chalicelib.store.decision import ACCOUNT, Decision
from chalicelib.store.transaction import transact
from chalicelib.wiring import World
from tests.conftest import Shop
from tests.privacy.persons import URL as REQUESTS
from tests.privacy.persons import asked, carry, confirmed, unzipped

URL = "/v1/privacy/disclosures"


def _told(world: World, **changes: Any) -> DisclosureInput:
    content: dict[str, Any] = {
        "kind": "lawful_demand",
        "recipient": "Direction générale des impôts",
        "basis": "CGI, art. 214",
        "data": ("document.content", "document.buyer"),
        "disclosed_on": today(world.now()),
    }
    return DisclosureInput(**(content | changes))


def test_the_company_reads_recipient_data_and_basis_of_a_disclosure(shop: Shop, world: World) -> None:
    entry = disclosures.record(world, shop.company, _told(world, reference="DGI-7"), "opr_1")
    got = shop.owner.get(URL, accept_language="fr")
    (shown,) = got.json["data"]
    assert (shown["id"], shown["recipient"], shown["reference"]) == (entry.id, "Direction générale des impôts", "DGI-7")
    assert [data["rule"] for data in shown["data"]] == ["document.content", "document.buyer"]
    assert shown["data"][0]["label"].startswith("Contenu des factures")
    assert "opr_1" not in got.text


def test_a_hidden_one_is_not_even_hinted_at(shop: Shop, world: World) -> None:
    until = today(world.now()) + timedelta(days=30)
    disclosures.record(world, shop.company, _told(world), "opr_1")
    entry = disclosures.record(world, shop.company, _told(world, hidden_until=until), "opr_1")
    got = shop.owner.get(URL, query={"limit": "1"})
    assert (len(got.json["data"]), got.json["has_more"]) == (1, False)
    assert entry.id not in got.text
    window = Window()
    last = disclosures.visible(world.store, shop.company, window, until).items
    after = disclosures.visible(world.store, shop.company, window, until + timedelta(days=1)).items
    assert [len(last), len(after)] == [1, 2]
    assert after[0].hidden_until == until
    assert not may_be_seen(entry, until)
    assert (entry.due_at - entry.created_at) > timedelta(days=365 * 5 + 30), "its five years begin when it is seen"


def test_a_hidden_one_leaves_no_trace_in_the_feed(shop: Shop, world: World) -> None:
    until = today(world.now()) + timedelta(days=30)
    entry = disclosures.record(world, shop.company, _told(world, hidden_until=until), "opr_1")
    assert entry.id not in shop.owner.get("/v1/changes", query={"after": "0", "limit": "100"}).text


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"data": ("gossip",)}, ("/data", "rule_unknown")),
        ({"data": ()}, ("/data", "too_few")),
        ({"days": 1}, ("/disclosed_on", "out_of_range")),
        ({"kind": "processor_transfer", "hide": 1}, ("/hidden_until", "only_lawful_demands_hide")),
    ],
)
def test_an_invalid_disclosure_is_refused(
    shop: Shop, world: World, change: dict[str, Any], fault: tuple[str, str]
) -> None:
    on = today(world.now())
    if days := change.pop("days", 0):
        change["disclosed_on"] = on + timedelta(days=days)
    if hide := change.pop("hide", 0):
        change["hidden_until"] = on + timedelta(days=hide)
    with pytest.raises(InvalidContent) as caught:
        disclosures.record(world, shop.company, _told(world, **change), "opr_1")
    assert [(found.pointer, found.code) for found in caught.value.faults] == [fault]
    assert shop.owner.get(URL).json["data"] == []


def test_one_company_reads_its_own(new_shop: Callable[..., Shop], world: World) -> None:
    one, other = new_shop(), new_shop()
    disclosures.record(world, one.company, _told(world), "opr_1")
    assert other.owner.get(URL).json["data"] == []
    with pytest.raises(NotFound):
        disclosures.record(world, "cmp_00000000000000000000000000", _told(world), "opr_1")


def test_a_blocked_account_is_recorded_for_and_may_read(shop: Shop, world: World) -> None:
    call = world.call(shop.company, "mem_1", "test", key="block")
    transact(world.store, call, [], lambda _: Decision(head={"state": "blocked"}), ACCOUNT)
    disclosures.record(world, shop.company, _told(world), "opr_1")
    assert len(shop.owner.get(URL).json["data"]) == 1


def test_pages_follow_each_other(shop: Shop, world: World) -> None:
    made = [disclosures.record(world, shop.company, _told(world), "opr_1").id for _ in range(3)]
    first = shop.owner.get(URL, query={"limit": "2"}).json
    rest = shop.owner.get(URL, query={"limit": "2", "starting_after": first["data"][-1]["id"]}).json
    assert [entry["id"] for entry in (*first["data"], *rest["data"])] == sorted(made, reverse=True)
    assert (first["has_more"], rest["has_more"]) == (True, False)
    before = shop.owner.get(URL, query={"limit": "1", "ending_before": made[0]}).json
    assert ([entry["id"] for entry in before["data"]], before["has_more"]) == ([made[1]], True)


def test_the_operator_records_and_lists(shop: Shop, world: World, capsys: pytest.CaptureFixture[str]) -> None:
    on = today(world.now())
    argv = [
        "disclosures",
        "record",
        shop.company,
        "--kind",
        "lawful_demand",
        "--recipient",
        "Tribunal",
        "--basis",
        "ordonnance 12",
        "--data",
        "document.content, ledger.payment",
        "--on",
        on.isoformat(),
        "--by",
        "opr_1",
        "--hidden-until",
        (on + timedelta(days=9)).isoformat(),
        "--recipient-email",
        "greffe@tribunal.example",
    ]
    assert main(argv, lambda: world) == 0
    capsys.readouterr()
    assert main(["disclosures", "list", shop.company], lambda: world) == 0
    (line,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (line["recipient"], line["by"], len(line["data"])) == ("Tribunal", "opr_1", 2)
    for refused in ("the clerk", "greffe@tribunal..example", "greffe@-tribunal.example"):
        with pytest.raises(SystemExit):
            main([*argv, "--recipient-email", refused], lambda: world)
    argv[argv.index("document.content, ledger.payment")] = "gossip"
    assert main(argv, lambda: world) == 2
    assert "data: rule_unknown" in capsys.readouterr().err
    argv[2] = "cmp_00000000000000000000000000"
    argv[argv.index("gossip")] = "document.content"
    assert main(argv, lambda: world) == 1


def measured(*kinds: str) -> list[Measure]:
    return [
        Measure(store="table", place="requests", kinds=(kind,), match="all", action="keep", found=1) for kind in kinds
    ]


def test_no_answer_hints_at_a_hidden_demand_or_a_hold(shop: Shop) -> None:
    told = _told(shop.world, hidden_until=shop.today + timedelta(days=9))
    tried_before = shop.owner.post(REQUESTS, {"kind": "deletion", "dry_run": True}).json["steps"]
    demand = disclosures.record(shop.world, shop.company, told, "opr_7")
    hold = holds.place(shop.world, shop.company, "enquiry 9", "opr_7")
    tried = shop.owner.post(REQUESTS, {"kind": "deletion", "dry_run": True}).json["steps"]

    def about(steps: list[dict[str, Any]]) -> list[Any]:
        return [(s["removed"], s["kept"]) for s in steps if {"hold", "disclosure"} & set(s["kinds"])]

    assert about(tried) == about(tried_before)
    id = asked(shop, kind="access")
    confirmed(shop, id)
    carry(shop)
    held = json.dumps(unzipped(shop, id))
    for trace in (demand.id, hold.id, "opr_7", "disclosure_record", '"hold"', told.recipient):
        assert trace not in held, trace
    assert unzipped(shop, id)["data/journal_entries.json"], "the rest of the journal is exported"
    assert [measure_row(m)["kept"] for m in measured("disclosure", "hold", "request")] == [None, None, 1]


def test_hidden_days_are_counted_from_the_day_in_casablanca() -> None:
    """At 23:30 UTC the next day has begun there."""
    evening, morning = datetime(2026, 12, 31, 23, 30, tzinfo=UTC), datetime(2027, 1, 1, 9, tzinfo=UTC)
    until = date(2027, 1, 9)
    assert disclosures.end_of(evening, until) == disclosures.end_of(morning, until)
