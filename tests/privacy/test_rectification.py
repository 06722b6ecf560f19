"""Rectification: right at once, honest about what is issued, told to recipients, not undone by a restored backup."""

import json
import logging
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from chalicelib.api.presenters.privacy import present_request
from chalicelib.cli.main import main
from chalicelib.domain.clock import MOROCCO, today
from chalicelib.domain.companies.company import Company
from chalicelib.domain.companies.member import Member
from chalicelib.domain.companies.party import Customer
from chalicelib.domain.errors import InvalidContent, NotFound, ProofNeeded, RequestSettled
from chalicelib.domain.privacy.correction import Correction, applied
from chalicelib.domain.privacy.request import UNANSWERED, Receipt, clear_days, resumed
from chalicelib.jobs import requests as request_jobs
from chalicelib.jobs.catalogue import REQUEST_KINDS, named
from chalicelib.jobs.job import within
from chalicelib.jobs.requests import requests_job, watch_job
from chalicelib.jobs.runner import run
from chalicelib.policy.load import current
from chalicelib.services.backup.restoring import replay
from chalicelib.services.privacy.legal import disclosures
from chalicelib.services.privacy.legal.disclosures import DisclosureInput
from chalicelib.services.privacy.receipts import check
from chalicelib.services.privacy.rectification import rectification
from chalicelib.services.privacy.requests import requests
from tests.client import Client, Got
from tests.conftest import Shop
from tests.crash import Work, prove
from tests.mailbox import mails, open_mailbox
from tests.privacy.worlds import Books, Turned, carry

URL = "/v1/privacy/requests"
WRONG, RIGHT = "Client Exemple", "Cliente Exacte SARL"


def carried(shop: Shop, **after: float) -> None:
    """Deliver the mails, and run what is due."""
    now = shop.world.now() + timedelta(seconds=1, **after)
    run(shop.world, named("outbox"), now=now, left=within(30))
    run(shop.world, requests_job(REQUEST_KINDS), now=now, left=within(60))


def rectified(client: Client, subject: str | None, corrections: dict[str, Any]) -> Got:
    """The answer to a request for a rectification."""
    return client.post(URL, {"kind": "rectification", "subject": subject, "corrections": corrections})


def done(shop: Shop, subject: str | None, corrections: dict[str, Any]) -> dict[str, Any]:
    """A rectification carried out, as it is shown."""
    got = rectified(shop.owner, subject, corrections)
    assert (got.status, got.json["status"]) == (201, "running"), got.text
    carried(shop)
    shown: dict[str, Any] = shop.owner.get(f"{URL}/{got.json['id']}").json
    assert shown["status"] == "completed"
    return shown


def refused(got: Got) -> tuple[int, str]:
    return got.status, got.json["code"]


@pytest.fixture(autouse=True)
def box(request: pytest.FixtureRequest) -> None:
    """Where an application's world is used, its mail can be sent."""
    if "shop" in request.fixturenames:
        open_mailbox(request.getfixturevalue("world"))


def test_a_customer_is_corrected_at_once_and_the_receipt_proves_it(shop: Shop) -> None:
    issued = shop.issued()
    got = rectified(shop.owner, shop.customer, {"name": RIGHT, "address": {"city": "Rabat"}})
    assert (got.status, got.json["status"]) == (201, "running")
    assert got.headers["location"] == f"{URL}/{got.json['id']}"
    now = shop.owner.get(f"/v1/customers/{shop.customer}").json
    assert (now["name"], now["address"]["city"], now["address"]["street"]) == (RIGHT, "Rabat", "1 rue X")
    carried(shop)
    shown = shop.owner.get(f"{URL}/{got.json['id']}").json
    assert (shown["status"], shown["kind"]) == ("completed", "rectification")
    own, invoices, notes, archived = shown["steps"]
    assert (own["action"], own["kinds"], own["attributes"]) == ("correct", ["customer"], ["address", "name"])
    assert (invoices["action"], [each["kept"] for each in (invoices, notes, archived)]) == ("keep", [1, 0, 0])
    assert "statutory_retention" in invoices["bases"]
    receipt = shop.owner.get(shown["receipt"])
    assert check(receipt.json, shop.owner.get("/privacy/receipt-key").json["public_key"])
    assert receipt.json["content"]["remarks"] == ["documents_stay_as_issued"]
    assert receipt.json["content"]["recipients"] == []
    for trace in (WRONG, RIGHT, "Rabat"):
        assert trace not in receipt.text
        assert trace not in got.text
    assert shop.owner.get(f"/v1/invoices/{issued['id']}").json["buyer"]["name"] == WRONG, "what was issued stays"
    assert shop.owner.get("/v1/register/verify").json["verified"]
    feed = shop.owner.get("/v1/changes", query={"after": str(shop.clock - 2), "limit": "100"}).json["data"]
    assert [each["object"]["name"] for each in feed if each["kind"] == "customer"] == [RIGHT]


@pytest.mark.parametrize(
    ("corrections", "fault"),
    [
        ({}, ("/corrections", "too_few")),
        ({"ice": "002136093000041"}, ("/corrections/ice", "ice_checksum")),
        ({"nickname": "X"}, ("/corrections/nickname", "unknown_field")),
        ({"name": "\u2800"}, ("/corrections/name", "nothing_visible")),
        ({"name": None}, ("/corrections/name", "wrong_type")),
        ({"email": "nobody"}, ("/corrections/email", "bad_email")),
        ({"ice": None}, ("/corrections/ice", "ice_required")),
    ],
)
def test_corrections_are_validated_as_edits(shop: Shop, corrections: dict[str, Any], fault: tuple[str, str]) -> None:
    clock = shop.clock
    got = rectified(shop.owner, shop.customer, corrections)
    assert got.status == 422, got.text
    assert got.codes == [fault]
    assert shop.clock == clock


def test_only_a_rectification_may_have_corrections(shop: Shop) -> None:
    got = shop.owner.post(URL, {"kind": "access", "corrections": {"name": RIGHT}})
    assert got.codes == [("/corrections", "unknown_field")]
    unknown = rectified(shop.owner, "cus_01J00000000000000000000000", {"name": RIGHT})
    assert refused(unknown) == (404, "not_found")


def test_a_member_without_permission_to_edit_cannot_correct(shop: Shop) -> None:
    viewer = shop.member("viewer")
    assert refused(rectified(viewer, shop.customer, {"name": RIGHT})) == (403, "forbidden")
    asking, _ = shop.key("privacy.write")
    got = rectified(asking, shop.customer, {"name": RIGHT})
    assert (*refused(got), got.json["scope"]) == (403, "forbidden", "parties.write")
    assert refused(rectified(asking, None, {"name": RIGHT})) == (403, "forbidden")
    assert shop.owner.get(f"/v1/customers/{shop.customer}").json["name"] == WRONG
    writing, _ = shop.key("privacy.write", "parties.write")
    assert rectified(writing, shop.customer, {"name": RIGHT}).status == 201


def test_a_member_proves_their_identity_before_their_address_changes(shop: Shop) -> None:
    hour_ago = int((shop.world.now() - timedelta(hours=1)).timestamp())
    stale = Client(shop.owner.gateway, shop.issuer.token("clerk-stale", auth_time=hour_ago), shop.company)
    fresh = shop.member("clerk", "clerk-stale")
    right = {"email": "clerk.right@shop.example"}
    assert refused(rectified(stale, None, right)) == (403, "proof_needed"), "codes go to this address"
    got = rectified(fresh, None, right)
    assert (got.status, got.json["affects"]) == (201, "member")
    assert refused(rectified(shop.key("privacy.write")[0], got.json["subject"], right)) == (403, "proof_needed")
    members = shop.owner.get("/v1/members").json["data"]
    assert [m["email"] for m in members if m["id"] == got.json["subject"]] == ["clerk.right@shop.example"]
    (row,) = shop.world.store.records([Member.ref(shop.company, user="clerk-stale")])
    assert isinstance(row, Member)
    assert row.email_key, "found by his right address from now on"
    carried(shop)
    assert shop.owner.get(f"{URL}/{got.json['id']}").json["documents"] is None, "no document names a member"


def test_each_document_with_the_wrong_value_is_listed_with_its_correction(shop: Shop) -> None:
    first, second = shop.issued(notes="Merci"), shop.issued(discount={"percent": "5"})
    other = shop.owner.post("/v1/customers", {"name": "Autre", "kind": "consumer"}).json["id"]
    shop.issued(customer=other)
    shown = done(shop, shop.customer, {"name": RIGHT, "notes": "VIP"})
    listed = shop.owner.get(shown["documents"]).json
    assert [(d["id"], d["number"], d["differs"]) for d in listed["data"]] == [
        (first["id"], first["number"], ["name"]),
        (second["id"], second["number"], ["name"]),
    ]
    assert listed["has_more"] is False
    for document in listed["data"]:
        credited = shop.owner.post(document["credit"]["url"], document["credit"]["body"])
        assert credited.status == 201, credited.text
        drafted = shop.owner.post(document["reissue"]["url"], document["reissue"]["body"])
        assert drafted.status == 201, drafted.text
        again = shop.owner.post(f"/v1/invoices/{drafted.json['id']}/issue").json
        was = shop.owner.get(f"/v1/invoices/{document['id']}").json
        assert again["buyer"]["name"] == RIGHT
        same = ("lines", "totals", "operation_date", "language", "settlement", "discount", "notes")
        assert {name: again[name] for name in same} == {name: was[name] for name in same}
    after = shop.owner.get(shown["documents"]).json["data"]
    assert [(d["kind"], d["status"], d["credit"]) for d in after] == [
        ("credit_note", "issued", None),
        ("credit_note", "issued", None),
        ("invoice", "credited", None),
        ("invoice", "credited", None),
    ]


def test_the_list_of_documents_has_pages(shop: Shop) -> None:
    issued = [shop.issued()["id"] for _ in range(3)]
    shop.owner.post(f"/v1/invoices/{issued[0]}/credit", {"lines": [{"line": 1, "quantity": "1"}]})
    url = done(shop, shop.customer, {"name": RIGHT})["documents"]
    found: list[str] = []
    query = {"limit": "1"}
    while True:
        page = shop.owner.get(url, query=query).json
        found += [document["id"] for document in page["data"]]
        if not page["has_more"]:
            break
        query["starting_after"] = page["next"]
    assert found[1:] == issued
    assert found[0].startswith("crn_")
    assert shop.owner.get(url, query={"ending_before": issued[0]}).status == 422
    assert shop.owner.get(url, query={"starting_after": shop.customer}).status == 422


def test_the_companys_own_identity_is_corrected_too(shop: Shop) -> None:
    issued = shop.issued()
    shown = done(shop, None, {"name": "Boutique Exacte", "share_capital": "100000.00"})
    assert (shown["affects"], shown["subject"]) == ("company", None)
    assert shop.owner.get("/v1/company").json["name"] == "Boutique Exacte"
    (document,) = shop.owner.get(shown["documents"]).json["data"]
    assert (document["id"], document["differs"]) == (issued["id"], ["name", "share_capital"])
    assert rectified(shop.owner, None, {"payment_terms_days": 30}).codes[0][1] == "unknown_field"
    with pytest.raises(NotFound):
        requests.receipt(shop.world, shop.company, _owner(shop), "req_01J00000000000000000000000")


def _owner(shop: Shop) -> Any:
    from chalicelib.services.privacy.requester import Requester

    return Requester("mem_none", "owner")


def disclosed(shop: Shop, recipient: str, **more: Any) -> str:
    """A disclosure of the customer's data; its id."""
    content: dict[str, Any] = {
        "kind": "lawful_demand",
        "recipient": recipient,
        "basis": "CGI, art. 214",
        "data": ("document.buyer",),
        "disclosed_on": today(shop.world.now()),
        "reference": "R-7",
        "subject": shop.customer,
    }
    return disclosures.record(shop.world, shop.company, DisclosureInput(**(content | more)), "opr_1").id


def test_recipients_are_named_to_the_owners_and_in_the_receipt(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    to = f"proprietaire-{shop.company[-8:].lower()}@shop.example"
    own = shop.owner.get("/v1/members").json["data"][0]
    assert rectified(shop.owner, own["id"], {"email": to}).status == 201
    shop.prove(own["user"], to)
    office = f"bureau-{shop.company[-8:].lower()}@administration.example"
    named_ = [
        disclosed(shop, "Direction exemplaire"),
        disclosed(shop, "Fiduciaire exemplaire", subject=None, recipient_email=office),
    ]
    disclosed(shop, "Pour un autre", subject="cus_01J00000000000000000000000")
    disclosed(shop, "D'autres données", data=("document.content",), recipient_email=office)
    until = today(shop.world.now()) + timedelta(days=30)
    hidden = disclosed(shop, "Autorité secrète", hidden_until=until, recipient_email=office)
    with caplog.at_level(logging.WARNING, "facture.privacy"):
        shown = done(shop, shop.customer, {"name": RIGHT})
    assert sorted(shown["recipients"]) == sorted(named_)
    assert [r.disclosure for r in caplog.records if hasattr(r, "disclosure")] == [hidden], "the operator's to inform"
    content = shop.owner.get(shown["receipt"]).json["content"]
    assert sorted(content["recipients"]) == sorted(named_)
    assert "recipients_named" in content["remarks"]
    (mail,) = [mail for mail in mails(shop.world, to) if shown["id"] in mail.text]
    assert "Direction exemplaire (R-7)" in mail.text
    assert re.search(r"Direction exemplaire .* \d{4}\n", mail.text), "not by us: no address is known"
    assert re.search("Fiduciaire exemplaire .* – informé par nous", mail.text)
    (told_office,) = mails(shop.world, office)
    for part in (named_[1], "R-7", "rectifiées ensuite : nom (", shown["id"], "contact@facturepro.com"):
        assert part in told_office.text
    assert WRONG not in told_office.text
    assert RIGHT not in told_office.text
    for unnamed in ("Pour un autre", "D'autres", "secrète", WRONG, RIGHT):
        assert unnamed not in mail.text


def test_a_rectification_completes_after_the_owners_mail(shop: Shop) -> None:
    disclosed(shop, "Direction exemplaire")
    id = rectified(shop.owner, shop.customer, {"name": RIGHT}).json["id"]
    job = requests_job(REQUEST_KINDS)
    run(shop.world, job, now=shop.world.now() + timedelta(seconds=1), left=within(60))
    assert shop.owner.get(f"{URL}/{id}").json["status"] == "running", "the outbox has not run"
    carried(shop, minutes=5)
    assert shop.owner.get(f"{URL}/{id}").json["status"] == "completed"


# ── The law's clock ──────────────────────────────────────────────────────────────────────────────────────────────────


def watched(vault: Turned, id: str, caplog: pytest.LogCaptureFixture) -> list[int]:
    """The levels of the lines that the watch logs about a request now."""
    caplog.clear()
    with caplog.at_level(logging.WARNING, "facture.privacy"):
        run(vault, watch_job(), now=vault.now(), left=within(60))
    return [r.levelno for r in caplog.records if getattr(r, "request", None) == id]


def opened(vault: Turned, shop: Books, subject: str) -> str:
    """A rectification that does not say what is right; its id."""
    id = requests.ask(vault, shop.call(), shop.owner(), "rectification", subject).outcome.id
    run_due(vault)
    return id


def run_due(vault: Turned) -> None:
    job = requests_job({"deletion": request_jobs.deletion, "rectification": request_jobs.rectification})
    run(vault, job, now=vault.now() + timedelta(seconds=1), left=within(60))


def told(vault: Turned) -> None:
    """Deliver the mails; where no mailbox is open they stay."""
    run(vault, named("outbox"), now=vault.now() + timedelta(seconds=1), left=within(60))


def test_a_request_for_details_suspends_the_deadline_and_the_answer_restarts_it(
    vault: Turned, caplog: pytest.LogCaptureFixture
) -> None:
    shop = Books(vault, small=True)
    open_mailbox(vault)
    id = opened(vault, shop, shop.customer)
    first = shop.request(id).deadline
    vault.offset = timedelta(days=4)
    asked = rectification.ask_details(vault, shop.id, id, ["name", "ice", "name"], "opr_1")
    shown = present_request(asked)
    assert (shown["status"], shown["awaiting_details"]["missing"]) == ("verified", ["name", "ice"])
    assert shown["awaiting_details"]["since"] == shop.request(id).awaiting_since.isoformat().replace("+00:00", "Z")  # type: ignore[union-attr]
    for days in (9, 11.5, 20):
        vault.offset = timedelta(days=days)
        assert watched(vault, id, caplog) == [], "nobody is late while details are awaited"
        run_due(vault)
    with pytest.raises(RequestSettled):
        rectification.ask_details(vault, shop.id, id, ["name"], "opr_1")
    assert asked.awaiting_since
    waited = today(vault.now()) - today(asked.awaiting_since)
    rectification.give_values(vault, shop.call(), shop.owner(), id, {"name": RIGHT})
    request = shop.request(id)
    assert today(request.deadline) - today(first) == waited
    assert (request.awaiting_since, request.missing, request.status) == (None, (), "running")
    (row,) = vault.store.records([Customer.ref(shop.id, shop.customer)])
    assert isinstance(row, Customer)
    assert row.name == RIGHT
    assert shop.kinds("requests").count("deadline") == 1, "the deadline is watched again"
    told(vault)
    run_due(vault)
    assert shop.request(id).status == "completed"
    assert "deadline" not in shop.kinds("requests")


def test_the_remaining_days_count_again_after_the_answer(vault: Turned) -> None:
    shop = Books(vault, small=True)
    request = shop.request(opened(vault, shop, shop.customer))
    for asked, answered in ((0, 0), (0, 1), (5, 5), (5, 40), (10, 11)):
        since = request.created_at + timedelta(days=asked)
        at = request.created_at + timedelta(days=answered)
        waiting = replace(request, awaiting_since=since)
        left_then = (request.deadline.astimezone(MOROCCO).date() - since.astimezone(MOROCCO).date()).days
        deadline = resumed(waiting, at)["deadline"]
        assert (deadline.astimezone(MOROCCO).date() - at.astimezone(MOROCCO).date()).days == left_then
        assert deadline.astimezone(MOROCCO).hour == 0
    assert resumed(request, request.created_at) == {}
    assert request.deadline == clear_days(request.created_at)


def test_a_request_without_details_ends_and_changes_nothing(vault: Turned) -> None:
    shop = Books(vault, small=True)
    id = opened(vault, shop, shop.customer)
    rectification.ask_details(vault, shop.id, id, ["name"], "opr_1")
    vault.offset = UNANSWERED - timedelta(hours=1)
    run_due(vault)
    assert shop.request(id).status == "verified"
    vault.offset = UNANSWERED + timedelta(hours=1)
    run_due(vault)
    assert (shop.request(id).status, shop.request(id).reason) == ("cancelled", "details_not_given")
    with pytest.raises(RequestSettled):
        rectification.give_values(vault, shop.call(), shop.owner(), id, {"name": RIGHT})


def test_details_may_be_requested_only_for_correctable_attributes(vault: Turned) -> None:
    shop = Books(vault, small=True)
    id = opened(vault, shop, shop.customer)
    with pytest.raises(InvalidContent):
        rectification.ask_details(vault, shop.id, id, ["shoe_size"], "opr_1")
    with pytest.raises(NotFound):
        rectification.ask_details(vault, shop.id, shop.new("req"), ["name"], "opr_1")
    deletion = shop.asked(shop.customer)
    with pytest.raises(RequestSettled):
        rectification.ask_details(vault, shop.id, deletion, ["name"], "opr_1")
    with pytest.raises(RequestSettled):
        rectification.give_values(vault, shop.call(), shop.owner(), deletion, {"name": RIGHT})
    member = opened(vault, shop, shop.owners[0])
    with pytest.raises(ProofNeeded):
        rectification.give_values(vault, shop.call(), shop.owner(proven=False), member, {"email": "a@b.example"})


def test_details_are_given_through_the_api(shop: Shop) -> None:
    asked = shop.owner.post(URL, {"kind": "rectification", "subject": shop.customer}).json
    rectification.ask_details(shop.world, shop.company, asked["id"], ["name"], "opr_1")
    one = f"{URL}/{asked['id']}"
    assert shop.owner.get(one).json["awaiting_details"]["missing"] == ["name"]
    assert shop.owner.post(f"{one}/details", {"corrections": {"name": ""}}).codes == [
        ("/corrections/name", "too_short")
    ]
    got = shop.owner.post(f"{one}/details", {"corrections": {"name": RIGHT}})
    assert (got.status, got.json["status"], got.json["awaiting_details"]) == (200, "running", None)
    assert got.json["due"] == asked["due"], "asked and answered on one day"
    assert refused(shop.owner.post(f"{one}/details", {"corrections": {"name": "X"}})) == (409, "request_settled")


# ── What outlasts a restored backup ──────────────────────────────────────────────────────────────────────────────────


def corrections(shop: Books, clock: int = 0) -> list[Correction]:
    return list(replay.since(shop.world, shop.id, clock).corrections)


def corrected(shop: Books, subject: str | None, **values: Any) -> str:
    made = requests.ask(shop.world, shop.call(), shop.owner(), "rectification", subject, values)
    return made.outcome.id


def test_a_restore_applies_corrections_again(vault: Turned, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vault, "settings", replace(vault.settings, pepper="p" * 32))
    shop = Books(vault)
    refs = [
        Customer.ref(shop.id, shop.customer),
        Company.ref(shop.id),
        Member.ref(shop.id, user=f"sub-{shop.owners[0]}"),
    ]
    backup = vault.store.records(refs)
    clock = _clock(shop)
    corrected(shop, shop.customer, name="Premier", address={"city": "Rabat"})
    between = _clock(shop)
    corrected(shop, shop.customer, name=RIGHT)
    corrected(shop, None, name="Boutique Exacte")
    corrected(shop, shop.owners[0], email="right@member.example")
    live = vault.store.records(refs)
    since = corrections(shop, clock)
    assert [row.clock for row in since] == [clock + 1, clock + 2, clock + 3, clock + 4]
    assert [row.attributes for row in since][1:] == [("name",), ("name",), ("email", "email_key", "proven")]
    assert corrections(shop, between) == since[1:]
    assert corrections(shop, _clock(shop)) == []
    subjects = (shop.customer, shop.id, shop.owners[0])
    for before, now, subject in zip(backup, live, subjects, strict=True):
        assert before is not None
        assert now is not None
        row = before
        for one in since:
            if one.subject == subject:
                row = applied(row, one)
                assert applied(row, one) == row, "twice is once"
        content = {"version", "updated_at"}
        assert {k: v for k, v in _plain(row).items() if k not in content} == {
            k: v for k, v in _plain(now).items() if k not in content
        }
    with pytest.raises(ValueError, match="none of this"):
        applied(backup[1], since[0])  # type: ignore[type-var]


def _plain(row: Any) -> dict[str, Any]:
    return {name: getattr(row, name) for slots in type(row).__mro__ for name in getattr(slots, "__slots__", ())}


def _clock(shop: Books) -> int:
    from chalicelib.domain.companies.company import Head

    (head,) = shop.world.store.records([Head.ref(shop.id)])
    assert isinstance(head, Head)
    return head.clock


def test_a_correction_is_deleted_with_the_person(vault: Turned) -> None:
    shop = Books(vault)
    corrected(shop, shop.customer, name="Serina Exacte")
    corrected(shop, shop.other, name="Autre Exacte")
    id = shop.confirmed(shop.customer)
    carry(vault)
    assert shop.request(id).status == "completed"
    assert [row.subject for row in corrections(shop)] == [shop.other]
    (stored,) = vault.store.records([Receipt.ref(shop.id, id)])
    assert isinstance(stored, Receipt)
    lines = {(line["place"], *line["kinds"]): line for line in json.loads(stored.content)["stores"]}
    assert lines["requests", "correction"]["removed"] == 1


def test_a_correction_is_deleted_with_the_account(vault: Turned) -> None:
    shop = Books(vault, small=True)
    corrected(shop, None, name="Serina Exacte")
    corrected(shop, shop.customer, name="Serina Exacte")
    id = shop.confirmed(waive=True)
    carry(vault)
    assert shop.request(id).status == "completed"
    assert corrections(shop) == []


def test_a_correction_is_deleted_when_no_backup_is_older(vault: Turned) -> None:
    shop = Books(vault, small=True)
    corrected(shop, shop.customer, name=RIGHT)
    (row,) = corrections(shop)
    rules = current().rules
    own = rules["request.correction"].term
    assert own is not None
    for name in ("backup.daily", "backup.weekly", "backup.monthly"):
        term = rules[name].term
        assert term is not None
        assert term.after(today(vault.now())) < own.after(today(vault.now())), "a backup outlives what repeats it"
    for days, left in ((-1, 1), (1, 0)):
        run(vault, named("proofs"), now=row.due_at + timedelta(days=days), left=within(60))
        assert len(corrections(shop)) == left


def test_a_restore_learns_every_erased_person(vault: Turned) -> None:
    shop = Books(vault)
    shop.confirmed(shop.supplier)
    clock = _clock(shop)
    assert replay.since(vault, shop.id, clock).erased == {shop.supplier}
    shop.confirmed(shop.customer)
    assert replay.since(vault, shop.id, clock).erased == {shop.customer, shop.supplier}


def test_the_access_export_contains_corrections(shop: Shop) -> None:
    from chalicelib.services.privacy.access.contents import kinds, kinds_for

    assert "corrections" in {kind.name for kind in kinds()}
    assert {"corrections"} <= {kind.name for kind in kinds_for(shop.customer)}


# ── Large, killed, by hand ───────────────────────────────────────────────────────────────────────────────────────────


def test_many_documents_are_counted_in_batches(vault: Turned, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = Books(vault)
    open_mailbox(vault)
    query = vault.store.query

    def one_by_one(table: str, *args: Any, **more: Any) -> Any:
        return query(table, *args, **(more | {"limit": 1} if table == "ledger" else more))

    monkeypatch.setattr(vault.store, "query", one_by_one)
    monkeypatch.setattr(rectification, "PAGES", 1)
    id = corrected(shop, shop.customer, name=RIGHT)
    told(vault)
    run_due(vault)
    request = shop.request(id)
    assert (request.status, [m.found for m in request.measures]) == ("completed", [1, 1, 0, 0])


def test_a_rectification_killed_at_any_call_has_the_same_result(vault: Turned) -> None:
    open_mailbox(vault)

    def prepare() -> tuple[Books, str]:
        shop = Books(vault, small=True)
        id = corrected(shop, shop.customer, name=RIGHT)
        told(vault)
        return shop, id

    def again(_: object) -> None:
        job = requests_job({"rectification": request_jobs.rectification})
        for hours in (1, 2):
            run(vault, job, now=vault.now() + timedelta(hours=hours), left=within(60))

    def state(made: tuple[Books, str]) -> object:
        shop, id = made
        (stored,) = vault.store.records([Receipt.ref(shop.id, id)])
        assert isinstance(stored, Receipt)
        request = shop.request(id)
        said = json.loads(stored.content)["stores"]
        return shop.kinds("requests"), _clock(shop), request.status, request.due, said

    _ = vault.keys.public_key
    run_due(vault)
    clients = [vault.store.connection.client, vault.keys.client]
    assert prove(clients, Work(prepare, lambda _: run_due(vault), again, state)) > 4


def test_the_operator_rectifies_for_the_requester(
    shop: Shop, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    right, wrong = tmp_path / "right.json", tmp_path / "wrong.json"
    right.write_text(json.dumps({"name": RIGHT}), "utf-8")
    wrong.write_text(json.dumps({"ice": "1"}), "utf-8")

    def cli(*arguments: str) -> int:
        return main(["privacy", *arguments, "--by", "opr_1"], lambda: shop.world)

    assert cli("rectify", shop.company, str(wrong), "--subject", shop.customer) == 2
    assert "/corrections/ice" in capsys.readouterr().err
    assert cli("rectify", shop.company, str(right), "--subject", "somebody") == 2
    asked = shop.owner.post(URL, {"kind": "rectification", "subject": shop.customer}).json["id"]
    assert cli("ask-details", shop.company, asked, "--missing", "name,ice") == 0
    assert json.loads(capsys.readouterr().out)["awaiting_details"]["missing"] == ["name", "ice"]
    assert cli("details", shop.company, asked, str(right)) == 0
    assert shop.owner.get(f"/v1/customers/{shop.customer}").json["name"] == RIGHT
    capsys.readouterr()
    right.write_text(json.dumps({"phone": "+212522000000"}), "utf-8")
    assert cli("rectify", shop.company, str(right), "--subject", shop.customer) == 0
    id = json.loads(capsys.readouterr().out)["id"]
    carried(shop)
    assert shop.owner.get(f"{URL}/{id}").json["status"] == "completed", "the company sees what was done for somebody"


def test_a_company_cannot_correct_records_of_another(new_shop: Callable[..., Shop]) -> None:
    one, other = new_shop(), new_shop()
    assert refused(rectified(one.owner, other.customer, {"name": RIGHT})) == (404, "not_found")
    shown = rectified(other.owner, other.customer, {"name": RIGHT}).json
    assert refused(one.owner.get(f"{URL}/{shown['id']}/documents")) == (404, "not_found")
    assert refused(one.owner.post(f"{URL}/{shown['id']}/details", {"corrections": {"name": "X"}})) == (404, "not_found")
