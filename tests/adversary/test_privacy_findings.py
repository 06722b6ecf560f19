"""What a stolen key, a rogue owner, a stranger and a privacy officer tried; each test says what must hold."""

import base64
import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from chalicelib.domain.clock import today
from chalicelib.domain.company import Term
from chalicelib.domain.diagnostics import disguised
from chalicelib.domain.erased import NAMES
from chalicelib.domain.journal import Answered
from chalicelib.domain.member import Member
from chalicelib.domain.request import Measure
from chalicelib.files import prefixes
from chalicelib.jobs.backups import EXPIRY_JOB
from chalicelib.jobs.catalogue import named
from chalicelib.jobs.job import within
from chalicelib.jobs.runner import run
from chalicelib.policy.erasure import Circumstances, plan
from chalicelib.policy.inventory import take
from chalicelib.policy.load import current
from chalicelib.services import account_page, disclosures
from chalicelib.services.privacy import holds, receipts
from chalicelib.services.privacy.retention import rule_of
from chalicelib.store.read import members_with
from tests.backup.worlds import taken, turned_on
from tests.client import Client, Got
from tests.conftest import Shop
from tests.mailbox import mails, open_mailbox

URL = "/v1/privacy/requests"
CANARY = "Zineb Effacable"
OFF = {"cloud": {"sync": False, "backup": False}}
PERSON: dict[str, Any] = {
    "name": CANARY,
    "kind": "consumer",
    "email": "zineb@effacable.example",
    "phone": "+212612345678",
    "address": {"street": "7 rue Effacable", "city": "Fès"},
    "language": "fr",
}
JSON = "application/json"


def person(shop: Shop) -> str:
    made = shop.owner.post("/v1/customers", PERSON)
    assert made.status == 201, made.text
    return str(made.json["id"])


def asked(shop: Shop, **body: Any) -> str:
    made = shop.owner.post(URL, {"kind": "deletion"} | body)
    assert made.status == 201, made.text
    return str(made.json["id"])


def confirmed(shop: Shop, id: str) -> Got:
    got = shop.owner.post(f"{URL}/{id}/confirm", {})
    assert got.status == 200, got.text
    return got


def carry(shop: Shop, job: str = "requests", **after: float) -> None:
    run(shop.world, named(job), now=shop.world.now() + timedelta(seconds=1, **after), left=within(60))


def nobody_in(got: Got) -> None:
    for trace in (CANARY, "effacable.example", "612345678", "rue Effacable", "Cadeau"):
        assert trace not in got.text, (trace, got.text)


# A privacy officer, about one person.


@pytest.mark.parametrize("under_hold", [False, True])
def test_a_repeated_request_names_nobody_who_was_erased_since(shop: Shop, under_hold: bool) -> None:
    customer = person(shop)
    draft = shop.draft(customer=customer, notes="Cadeau")
    path = f"/v1/invoices/{draft['id']}"
    lines = {"lines": [{"line": 1, "quantity": "1"}], "reason": "Cadeau"}
    first = shop.owner.post(f"{path}/issue", {}, idempotency_key="issue-once")
    assert shop.owner.post(f"{path}/credit", lines, idempotency_key="credit-once").status == 201
    assert shop.owner.post("/v1/customers", PERSON | {"email": None}, idempotency_key="made-once").status == 201
    confirmed(shop, asked(shop, subject=customer))
    if under_hold:  # what is held back is not erased for as long as the hold stands, and blocked all the same
        holds.place(shop.world, shop.company, "enquiry 9", "opr_1")
        carry(shop)
    again = shop.owner.post(f"{path}/issue", {}, idempotency_key="issue-once")
    assert (again.status, again.json["number"], again.json["buyer"]["name"]) == (
        first.status,
        first.json["number"],
        NAMES["fr"],
    )
    nobody_in(again)
    nobody_in(shop.owner.post(f"{path}/credit", lines, idempotency_key="credit-once"))


@pytest.mark.parametrize("after_the_job", [False, True])
def test_a_credit_repeated_after_its_buyer_was_erased_credits_once(shop: Shop, after_the_job: bool) -> None:
    customer = person(shop)
    invoice = shop.issued(customer=customer)["id"]
    path, lines = f"/v1/invoices/{invoice}/credit", {"lines": [{"line": 1, "quantity": "1"}], "reason": "Cadeau"}
    made = shop.owner.post(path, lines, idempotency_key="credit-once")
    created = shop.owner.post("/v1/customers", PERSON | {"email": None}, idempotency_key="made-once")
    confirmed(shop, asked(shop, subject=customer))
    confirmed(shop, asked(shop, subject=str(created.json["id"])))
    if after_the_job:
        carry(shop)
    there = shop.owner.get("/v1/customers").json["data"]
    again = shop.owner.post(path, lines, idempotency_key="credit-once")
    assert (again.status, again.headers["location"]) == (201, made.headers["location"])
    assert len(shop.owner.get("/v1/credit-notes").json["data"]) == 1
    brought_back = shop.owner.post("/v1/customers", PERSON | {"email": None}, idempotency_key="made-once")
    assert brought_back.status == 201
    assert brought_back.json == {"erased": True}, "at once"
    if after_the_job:
        assert again.json == {"erased": True}
    nobody_in(again)
    nobody_in(brought_back)
    assert shop.owner.get("/v1/customers").json["data"] == there


def test_a_repeated_creation_names_nobody_who_was_erased_since(shop: Shop) -> None:
    made = shop.owner.post("/v1/customers", PERSON, idempotency_key="made-once").json
    confirmed(shop, asked(shop, subject=made["id"]))
    nobody_in(shop.owner.post("/v1/customers", PERSON, idempotency_key="made-once"))


@pytest.mark.parametrize("after_the_job", [False, True])
def test_a_repeated_request_names_no_member_who_was_erased_since(shop: Shop, after_the_job: bool) -> None:
    added = {"user": f"gone-{shop.company}", "email": "zineb@effacable.example", "role": "clerk"}
    made = shop.owner.post("/v1/members", added, idempotency_key="added-once")
    clerk = Client(shop.owner.gateway, shop.issuer.token(added["user"]), shop.company)
    opened = clerk.post("/v1/support", {"subject": CANARY, "text": "Cadeau"}, idempotency_key="opened-once").json
    path, reply = f"/v1/support/{opened['id']}/messages", {"text": "Cadeau"}
    assert shop.owner.post(path, reply, idempotency_key="answered-once").status == 201
    confirmed(shop, asked(shop, subject=made.json["id"]))
    if after_the_job:
        carry(shop)
    again = shop.owner.post("/v1/members", added, idempotency_key="added-once")
    assert (again.status, again.json) == (201, {"erased": True})
    answers = shop.owner.get("/openapi.json").json["paths"]["/v1/members"]["post"]["responses"]
    assert {"$ref": "#/components/schemas/Erased"} in answers["201"]["content"]["application/json"]["schema"]["anyOf"]
    nobody_in(shop.owner.post("/v1/support", {"subject": CANARY, "text": "Cadeau"}, idempotency_key="opened-once"))
    nobody_in(shop.owner.post(path, {"text": "Cadeau"}, idempotency_key="answered-once"))


def test_an_archive_made_before_hands_out_nobody_who_was_erased_since(shop: Shop) -> None:
    customer = person(shop)
    both = [asked(shop, kind="access"), asked(shop, kind="access", subject=customer)]
    other = asked(shop, kind="access", subject=shop.customer)
    for id in (*both, other):
        confirmed(shop, id)
    carry(shop)
    for id in (*both, other):
        assert shop.owner.get(f"{URL}/{id}/download", accept=JSON).status == 200
    confirmed(shop, asked(shop, subject=customer))
    for id in both:
        assert shop.owner.get(f"{URL}/{id}/download", accept=JSON).status == 404
    assert shop.owner.get(f"{URL}/{other}/download", accept=JSON).status == 200, "nobody of this one was erased"
    anew = asked(shop, kind="access")
    confirmed(shop, anew)
    carry(shop)
    assert shop.owner.get(f"{URL}/{anew}/download", accept=JSON).status == 200


def test_a_backups_archive_made_before_hands_out_nobody_who_was_erased_since(shop: Shop) -> None:
    customer = person(shop)
    backup = taken(turned_on(shop))
    path = f"/v1/backups/{backup.id}/download"

    def downloaded() -> Got:
        assert shop.owner.get(path, accept=JSON).status == 202
        for _ in range(4):
            carry(shop, "restores")
        return shop.owner.get(path, accept=JSON)

    assert downloaded().status == 200
    confirmed(shop, asked(shop, subject=customer))
    assert downloaded().status == 200, "made anew, without who was erased"


def test_a_backups_archive_shows_no_reference_by_which_an_erased_person_paid(shop: Shop) -> None:
    customer = person(shop)
    paid(shop, customer, f"CHQ {CANARY}")
    paid(shop, shop.customer, "CHQ autrui")
    path = f"/v1/backups/{taken(turned_on(shop)).id}/download"
    confirmed(shop, asked(shop, subject=customer))
    assert shop.owner.get(path, accept=JSON).status == 202
    for _ in range(4):
        carry(shop, "restores")
    assert shop.owner.get(path, accept=JSON).status == 200
    (key,) = [key for key in shop.world.files.list(prefixes.of_company(prefixes.EXPORTS, shop.company)) if "zip" in key]
    with zipfile.ZipFile(io.BytesIO(shop.world.files.read(key))) as archive:
        payments = json.loads(archive.read("data/payments.json"))
        assert not [name for name in archive.namelist() if CANARY.encode() in archive.read(name)]
    assert sorted(str(row["reference"]) for row in payments) == ["CHQ autrui", "None"]


def test_a_customer_whose_record_is_gone_may_be_erased_too(shop: Shop) -> None:
    customer = person(shop)
    invoice = shop.issued(customer=customer, notes="Cadeau")
    assert shop.owner.delete(f"/v1/customers/{customer}", "*").status == 200
    id = asked(shop, subject=customer)
    assert confirmed(shop, id).json["status"] == "verified"
    nobody_in(shop.owner.get(f"/v1/invoices/{invoice['id']}"))
    carry(shop)
    receipt = shop.owner.get(f"{URL}/{id}/receipt").json["content"]
    (own,) = [line for line in receipt["stores"] if line["match"] == "own" and "customer" in line["kinds"]]
    assert own["removed"] == 0, "the record had gone before"
    kept = [line for line in receipt["stores"] if line["place"] == "ledger" and "invoice" in line["kinds"]]
    assert sum(line["kept"] for line in kept) == 1
    again = shop.owner.post(URL, {"kind": "deletion", "subject": customer})
    assert again.status == 404, "once is enough"


def test_nobody_knows_a_customer_whom_no_document_names(shop: Shop) -> None:
    gone = person(shop)
    shop.draft(customer=gone)
    shop.issued()
    assert shop.owner.delete(f"/v1/customers/{gone}", "*").status == 200
    for nobody in (gone, "cus_01J00000000000000000000000", "sup_01J00000000000000000000000"):
        assert shop.owner.post(URL, {"kind": "deletion", "subject": nobody}).status == 404


def test_a_record_that_goes_between_asking_and_confirming_stops_nothing(shop: Shop) -> None:
    customer = person(shop)
    invoice = shop.issued(customer=customer)
    id = asked(shop, subject=customer)
    assert shop.owner.delete(f"/v1/customers/{customer}", "*").status == 200
    confirmed(shop, id)
    nobody_in(shop.owner.get(f"/v1/invoices/{invoice['id']}"))


def test_a_dry_run_shows_the_table_with_its_counts(shop: Shop) -> None:
    customer = person(shop)
    shop.issued(customer=customer)
    shop.draft(customer=customer)
    tried = shop.owner.post(URL, {"kind": "deletion", "subject": customer, "dry_run": True}).json
    id = asked(shop, subject=customer)
    confirmed(shop, id)
    carry(shop)
    receipt = shop.owner.get(f"{URL}/{id}/receipt").json["content"]

    def table(lines: list[dict[str, Any]]) -> dict[str, Any]:
        rows = [line for line in lines if line["store"] == "table" and line["place"] in ("workspace", "ledger")]
        return {f"{r['place']} {r['kinds']} {r['match']}": (r["removed"], r["kept"]) for r in rows}

    assert table(tried["steps"]) == table(receipt["stores"])


# A rogue owner, and a stranger.


def test_whose_address_another_changes_is_told_at_the_old_one(shop: Shop) -> None:
    open_mailbox(shop.world)
    added = shop.owner.post("/v1/members", {"user": "co-owner-told", "role": "owner", "email": "co@owner.example"})
    right = {"kind": "rectification", "subject": added.json["id"], "corrections": {"email": "rogue@owner.example"}}
    assert shop.owner.post(URL, right).status == 201
    for _ in range(2):
        carry(shop, "outbox")
    (told,) = mails(shop.world, "co@owner.example")
    assert "rogue@owner.example" not in told.text


def test_a_strangers_accounts_do_not_push_ones_own_off_the_page(
    new_shop: Callable[..., Shop], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account_page, "MOST_AT_ONCE", 1)
    stranger = new_shop()
    victim = new_shop()
    address = "victim@pushed.example"
    for shop in (victim, stranger):
        (member,) = shop.owner.get("/v1/members").json["data"]
        right = {"kind": "rectification", "subject": member["id"], "corrections": {"email": address}}
        assert shop.owner.post(URL, right).status == 201
    found = account_page._in_order(members_with(victim.world.store, _key(victim, address)))
    assert [row.company for row in found] == [victim.company, stranger.company]


def _key(shop: Shop, address: str) -> str:
    from chalicelib.services.codes import email_key

    return email_key(shop.world.settings, address) or ""


# Leaving the cloud.


def left(shop: Shop) -> None:
    gone = shop.owner.patch("/v1/settings", OFF | {"erase": True}, "*")
    assert gone.status == 202, gone.text


def test_what_is_off_keeps_no_answer_that_quotes_it(shop: Shop) -> None:
    shop.owner.post("/v1/customers", PERSON, idempotency_key="before-leaving")
    left(shop)
    run(shop.world, EXPIRY_JOB, now=shop.world.now(), left=within(60))
    rows = shop.world.store.query("transient", shop.company).records
    assert not [row for row in rows if isinstance(row, Answered) and CANARY.encode() in (row.body or b"")]
    again = shop.owner.post("/v1/customers", PERSON, idempotency_key="before-leaving")
    assert again.json["code"] == "cloud_storage_off"


def test_what_the_law_keeps_is_blocked_while_the_cloud_is_off(shop: Shop) -> None:
    invoice = shop.issued(customer=person(shop))
    note = shop.owner.post(f"/v1/invoices/{invoice['id']}/credit", {}).json
    own, credit = f"/v1/invoices/{invoice['id']}", f"/v1/credit-notes/{note['id']}"
    left(shop)
    for path in (
        own,
        f"{own}/pdf",
        f"{own}/ubl",
        f"{own}/payments",
        "/v1/invoices",
        credit,
        f"{credit}/pdf",
        f"{credit}/ubl",
        "/v1/credit-notes",
    ):
        got = shop.owner.get(path)
        assert (got.status, got.json["code"]) == (409, "cloud_storage_off"), path
    assert shop.owner.get("/v1/register/verify").json["verified"], "numbers and hashes name nobody"
    assert shop.owner.patch("/v1/settings", {"cloud": {"sync": True}}, "*").status == 200
    assert shop.owner.get(own).json["number"] == invoice["number"]


# A stolen key.


def test_a_key_reads_no_archive_and_confirms_nothing(shop: Shop) -> None:
    key, _ = shop.key("privacy.read", "privacy.write", "parties.read", "backups.read")
    made = key.post(URL, {"kind": "access"})
    assert made.status == 201
    assert key.post(f"{URL}/{made.json['id']}/confirm", {"code": "00000000"}).json["code"] == "proof_needed"
    confirmed(shop, made.json["id"])
    carry(shop)
    assert key.get(f"{URL}/{made.json['id']}/download", accept=JSON).json["code"] == "proof_needed"


def test_diagnostics_take_no_name_however_it_is_wrapped(shop: Shop) -> None:
    for hidden in ("zineb@effacable.example", "0612345678", "002136093000040"):
        for said in (hidden, base64.b64encode(hidden.encode()).decode(), hidden.encode().hex(), hidden[::-1]):
            for event in ({"code": f"crash.{said}", "count": 1}, {"code": "crash.home", "count": 1, said: 1}):
                sent = {"app_version": "1.0.0", "os": "android", "os_version": "14", "events": [event]}
                assert shop.owner.post("/v1/diagnostics", sent).status == 422, said


def test_an_owner_whose_address_was_changed_is_still_found_by_page(shop: Shop) -> None:
    (member,) = shop.owner.get("/v1/members").json["data"]
    right = {"kind": "rectification", "subject": member["id"], "corrections": {"email": "new@found.example"}}
    assert shop.owner.post(URL, right).status == 201
    found = members_with(shop.world.store, _key(shop, "new@found.example"))
    assert [row.company for row in found if isinstance(row, Member)] == [shop.company]


def test_who_is_a_member_no_more_may_be_erased_too(shop: Shop) -> None:
    clerk = shop.member("clerk", "clerk-who-left")
    assert clerk.post("/v1/support", {"subject": "Cadeau", "text": "Cadeau"}).status == 201
    (member,) = [row for row in shop.owner.get("/v1/members").json["data"] if row["user"] == "clerk-who-left"]
    assert shop.owner.delete(f"/v1/members/{member['id']}", "*").status == 200
    id = asked(shop, subject=member["id"])
    confirmed(shop, id)
    carry(shop)
    nobody_in(shop.owner.get("/v1/support"))
    receipt = shop.owner.get(f"{URL}/{id}/receipt").json["content"]
    (own,) = [line for line in receipt["stores"] if line["match"] == "own" and "member" in line["kinds"]]
    assert own["removed"] == 0, "the membership had gone before"
    assert shop.owner.post(URL, {"kind": "deletion", "subject": member["id"]}).status == 404


@pytest.mark.parametrize("role", ["customer", "member"])
def test_asked_for_twice_a_person_is_erased_once(shop: Shop, role: str) -> None:
    subject = shop.customer
    if role == "member":
        clerk = shop.member("clerk", "clerk-asked-twice")
        assert clerk.post("/v1/support", {"subject": "x", "text": "y"}).status == 201
        rows = shop.owner.get("/v1/members").json["data"]
        (subject,) = [row["id"] for row in rows if row["user"] == "clerk-asked-twice"]
    else:
        shop.issued()
    first, second = asked(shop, subject=subject), asked(shop, subject=subject)
    confirmed(shop, first)
    assert shop.owner.post(f"{URL}/{second}/confirm", {}).status == 404


# The signed receipt, against what the sweep does.


def test_a_receipt_names_the_day_until_which_the_sweep_keeps(shop: Shop) -> None:
    for end in ("06-30", "12-31"):  # what was dated under an older year end goes no earlier than by it
        assert shop.owner.patch("/v1/company", {"financial_year_end": end}, "*").status == 200
    customer = person(shop)
    shop.issued(customer=customer)
    (term,) = shop.world.store.records([Term.ref(shop.company)])
    assert isinstance(term, Term)
    kept = rule_of(term).kept_until(today(shop.world.now())).isoformat()
    assert kept[4:] in ("-06-30", "-12-31")
    for subject in (customer, None):
        tried = shop.owner.post(URL, {"kind": "deletion", "subject": subject, "dry_run": True}).json
        said = {step["until"] for step in tried["steps"] if step["place"] in ("ledger", "archive/")}
        assert said == {kept}, subject


def test_a_term_that_was_shortened_and_not_adopted_is_told_as_it_counts(shop: Shop) -> None:
    (term,) = shop.world.store.records([Term.ref(shop.company)])
    assert isinstance(term, Term)
    promised = replace(term, period="P12Y", ends=("02-28",))
    at = date(2028, 2, 29)
    assert erased_until(promised, at) == {date(2040, 2, 29)}
    assert erased_until(replace(promised, period="P5Y"), at) == {date(2038, 2, 28)}, "a longer one counts at once"


def erased_until(term: Term, at: date) -> set[date | None]:
    rule = rule_of(term)
    found = plan(current(), take(), "party", Circumstances(at, periods=rule.periods, years=rule.years))
    return {step.until for step in found.steps if step.place == "ledger"}


# What is held of one person, and what of it is shown once they are erased.


def unzipped(shop: Shop, id: str) -> dict[str, Any]:
    """The tables of an export, by name."""
    key = prefixes.export(shop.company, id)
    with zipfile.ZipFile(io.BytesIO(shop.world.files.read(key))) as archive:
        assert archive.testzip() is None
        return {
            name: json.loads(archive.read(name)) if name.endswith(".json") else archive.read(name).decode()
            for name in archive.namelist()
            if name.endswith((".json", ".html"))
        }


def paid(shop: Shop, customer: str, reference: str) -> str:
    invoice = str(shop.issued(customer=customer)["id"])
    money = {"amount": "1.00", "method": "cheque", "date": today(shop.world.now()).isoformat(), "reference": reference}
    assert shop.owner.post(f"/v1/invoices/{invoice}/payments", money).status == 201
    return invoice


def test_one_persons_export_holds_their_drafts_and_what_they_paid_and_no_one_elses(shop: Shop) -> None:
    customer = person(shop)
    paid(shop, customer, "CHQ Effacable")
    paid(shop, shop.customer, "CHQ autrui")
    draft, other = shop.draft(customer=customer, notes="Cadeau"), shop.draft(notes="Autrui")
    id = asked(shop, kind="access", subject=customer)
    confirmed(shop, id)
    carry(shop)
    held = unzipped(shop, id)
    assert [row["reference"] for row in held["data/payments.json"]] == ["CHQ Effacable"]
    assert [(row["id"], row["notes"]) for row in held["data/drafts.json"]] == [(draft["id"], "Cadeau")]
    assert other["id"] not in json.dumps(held)


def test_how_an_erased_person_paid_is_shown_without_what_was_noted_of_them(shop: Shop) -> None:
    customer = person(shop)
    invoice = paid(shop, customer, f"CHQ {CANARY}")
    paid(shop, shop.customer, "CHQ autrui")
    assert shop.owner.patch("/v1/settings", {"cloud": {"sync": True}}, "*").status == 200
    confirmed(shop, asked(shop, subject=customer))
    (told,) = shop.owner.get(f"/v1/invoices/{invoice}/payments").json["data"]
    assert (told["amount"], told["method"], told["reference"]) == ("1.00", "cheque", None)
    changed = shop.owner.get("/v1/changes?limit=100")
    nobody_in(changed)
    assert "CHQ autrui" in changed.text
    id = asked(shop, kind="access")
    confirmed(shop, id)
    carry(shop)
    payments = unzipped(shop, id)["data/payments.json"]
    assert sorted(str(row["reference"]) for row in payments) == ["CHQ autrui", "None"]


@pytest.mark.parametrize(
    "hidden",
    [
        "00000000000000000002136093000040",
        "0612345678".ljust(32, "a"),
        b"zineb@effacable.example".hex().ljust(64, "0"),
        b"zineb@fac.maXYZW".hex(),
        "0" + b"zineb@effacable.ma".hex() + "f" * 7 + "e" * 7 + "d" * 7 + "c" * 6,
    ],
)
def test_a_hash_that_is_no_hash_is_refused(shop: Shop, hidden: str) -> None:
    assert len(hidden) in (32, 64)
    event = {"code": "crash.home", "count": 1, "signature": hidden}
    sent = {"app_version": "1.0.0", "os": "android", "os_version": "14", "events": [event]}
    refused = shop.owner.post("/v1/diagnostics", sent)
    assert (refused.status, refused.json["errors"][0]["code"]) == (422, "personal_data")


def test_what_hashes_of_stacks_look_like_is_taken() -> None:
    stacks = [hashlib.sha256(f"main.dart:{n}".encode()).hexdigest() for n in range(2_000)]
    assert sum(map(disguised, stacks)) <= 2
    assert not any(disguised(hashlib.md5(f"{n}".encode(), usedforsecurity=False).hexdigest()) for n in range(2_000))


# What the law forbids telling of.


def test_nothing_that_a_company_gets_hints_at_a_hidden_demand_or_a_hold(shop: Shop) -> None:
    on = today(shop.world.now())
    told = disclosures.Told(
        "lawful_demand", "Tribunal", "CPP art. 47", ("document.buyer",), on, hidden_until=on + timedelta(days=9)
    )
    tried_before = shop.owner.post(URL, {"kind": "deletion", "dry_run": True}).json["steps"]
    demand = disclosures.record(shop.world, shop.company, told, "opr_7")
    hold = holds.place(shop.world, shop.company, "enquiry 9", "opr_7")
    tried = shop.owner.post(URL, {"kind": "deletion", "dry_run": True}).json["steps"]

    def about(steps: list[dict[str, Any]]) -> list[Any]:
        return [(s["removed"], s["kept"]) for s in steps if {"hold", "disclosure"} & set(s["kinds"])]

    assert about(tried) == about(tried_before)
    id = asked(shop, kind="access")
    confirmed(shop, id)
    carry(shop)
    held = json.dumps(unzipped(shop, id))
    for trace in (demand.id, hold.id, "opr_7", "disclosure_record", '"hold"', "Tribunal"):
        assert trace not in held, trace
    assert unzipped(shop, id)["data/journal_entries.json"], "all else is told"
    assert [receipts.told(m)["kept"] for m in measured("disclosure", "hold", "request")] == [None, None, 1]


def measured(*kinds: str) -> list[Measure]:
    return [
        Measure(store="table", place="requests", kinds=(kind,), match="all", action="keep", found=1) for kind in kinds
    ]
