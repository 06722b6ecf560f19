"""The rights of every person: the requester is notified, a refusal has a reason and an author, recipients learn of an
erasure, and an access request that takes time has a dated signed receipt."""

import json
import re
from base64 import b64decode
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.clock import today
from chalicelib.domain.contact.code import PUBLIC
from chalicelib.domain.contact.letter import Letter
from chalicelib.domain.privacy.request import PrivacyRequest, Receipt
from chalicelib.services.privacy import transitions
from chalicelib.services.privacy.access import export
from chalicelib.services.privacy.legal import disclosures
from chalicelib.services.privacy.legal.disclosures import DisclosureInput
from chalicelib.services.privacy.receipts import check
from chalicelib.services.privacy.requests import account_page
from chalicelib.workflow import engine
from tests.client import Client
from tests.conftest import Shop
from tests.mailbox import mails, open_mailbox
from tests.privacy.persons import CANARY, JSON, URL, asked, carry, confirmed, person


@pytest.fixture(autouse=True)
def box(shop: Shop) -> Shop:
    """The shop's world, whose sender may send."""
    open_mailbox(shop.world)
    return shop


def addressed(shop: Shop, name: str) -> tuple[Client, str, str]:
    """A viewer with an address: their client, id and address."""
    before = {row["id"] for row in shop.owner.get("/v1/members").json["data"]}
    client = shop.member("viewer")
    (id,) = {row["id"] for row in shop.owner.get("/v1/members").json["data"]} - before
    to = f"{name}-{shop.company[-8:].lower()}@shop.example"
    wrong = {"kind": "rectification", "subject": id, "corrections": {"email": to}}
    assert shop.owner.post(URL, wrong).status == 201
    prove(shop, id, to)
    delivered(shop)
    return client, id, to


def prove(shop: Shop, id: str, to: str) -> None:
    """Let a member prove their address."""
    shop.prove(shop.owner.get(f"/v1/members/{id}").json["user"], to)


def delivered(shop: Shop) -> None:
    """Run what is due, and the mails about it."""
    for _ in range(3):
        carry(shop, "outbox")
        carry(shop)
    carry(shop, "outbox")


def about(shop: Shop, to: str, request: str) -> list[str]:
    """The subjects of the mails to an address about a request, oldest first."""
    return [mail.subject for mail in mails(shop.world, to) if request in mail.subject + mail.text]


def test_the_requester_is_notified_although_they_own_nothing(shop: Shop) -> None:
    clerk, id, to = addressed(shop, "lecteur")
    made = clerk.post(URL, {"kind": "access"})
    assert (made.status, made.json["subject"]) == (201, id)
    assert clerk.post(f"{URL}/{made.json['id']}/confirm", {}).status == 200
    delivered(shop)
    assert about(shop, to, made.json["id"])[-1] == f"Vos données sont prêtes : demande {made.json['id']}"
    assert clerk.get(f"{URL}/{made.json['id']}/download", accept=JSON).status == 200


def test_others_are_not_notified_of_a_request(shop: Shop) -> None:
    _, _, to = addressed(shop, "autre")
    id = asked(shop, kind="access")
    confirmed(shop, id)
    delivered(shop)
    assert about(shop, to, id) == []


def test_a_refusal_states_its_reason_and_the_operator(shop: Shop) -> None:
    clerk, _, to = addressed(shop, "refuse")
    id = clerk.post(URL, {"kind": "access"}).json["id"]
    (request,) = shop.world.store.records([PrivacyRequest.ref(shop.company, id)])
    assert isinstance(request, PrivacyRequest)
    assert transitions.close_by_operator(shop.world, request, "refused", "opr_7", reason="identity_not_proven")
    delivered(shop)
    shown = clerk.get(f"{URL}/{id}").json
    assert (shown["status"], shown["reason"], shown["decided_by"]) == ("refused", "identity_not_proven", "opr_7")
    assert about(shop, to, id)[-1] == f"Votre demande {id} a été refusée"
    (mail,) = [mail for mail in mails(shop.world, to) if "refusée" in mail.subject]
    assert "Motif : identity_not_proven. Décision prise par : opr_7." in mail.text


def disclosed(shop: Shop, recipient: str, **more: Any) -> str:
    """A disclosure of issued documents to a recipient; its id."""
    content: dict[str, Any] = {
        "kind": "lawful_demand",
        "recipient": recipient,
        "basis": "CGI, art. 214",
        "data": ("document.buyer",),
        "disclosed_on": today(shop.world.now()),
        "reference": "R-7",
    }
    return disclosures.record(shop.world, shop.company, DisclosureInput(**(content | more)), "opr_1").id


def test_recipients_are_informed_of_an_erasure(shop: Shop) -> None:
    _, owner = shop.owner, f"proprietaire-{shop.company[-8:].lower()}@shop.example"
    own = shop.owner.get("/v1/members").json["data"][0]["id"]
    wrong = {"kind": "rectification", "subject": own, "corrections": {"email": owner}}
    assert shop.owner.post(URL, wrong).status == 201
    prove(shop, own, owner)
    customer = person(shop)
    office = f"bureau-{shop.company[-8:].lower()}@administration.example"
    named = disclosed(shop, "Direction exemplaire", subject=customer, recipient_email=office)
    general = disclosed(shop, "Fiduciaire exemplaire")
    disclosed(shop, "Pour un autre", subject=shop.customer, recipient_email=office)
    disclosed(shop, "D'autres données", data=("company.bank",), recipient_email=office)
    id = asked(shop, subject=customer)
    confirmed(shop, id)
    delivered(shop)
    said = shop.owner.get(f"{URL}/{id}/receipt").json["content"]
    assert sorted(said["recipients"]) == sorted([named, general])
    assert "recipients_named" in said["remarks"]
    (told,) = mails(shop.world, office)
    assert told.subject == f"Données effacées : communication {named}"
    assert "R-7" in told.text
    assert CANARY not in told.text
    (mail,) = [mail for mail in mails(shop.world, owner) if "Fiduciaire exemplaire" in mail.text]
    assert "Direction exemplaire (R-7)" in mail.text
    assert "Pour un autre" not in mail.text
    assert "D'autres" not in mail.text


def test_an_erasure_without_recipients_names_none(shop: Shop) -> None:
    id = asked(shop, subject=person(shop))
    confirmed(shop, id)
    delivered(shop)
    said = shop.owner.get(f"{URL}/{id}/receipt").json["content"]
    assert said["recipients"] == []
    assert "recipients_named" not in said["remarks"]


def test_an_access_request_that_takes_time_has_a_dated_signed_receipt(shop: Shop) -> None:
    """Law 09-08 art. 7: if the answer is not immediate, a dated signed receipt says why."""
    id = asked(shop, kind="access", subject=shop.customer)
    assert shop.owner.get(f"{URL}/{id}/receipt").status == 404
    confirmed(shop, id)
    carry(shop)
    shown = shop.owner.get(f"{URL}/{id}").json
    signed = shop.owner.get(shown["receipt"]).json
    published = shop.owner.get("/privacy/receipt-key").json
    assert check(signed, published["public_key"]) == published["key"]
    said = signed["content"]
    assert (said["request"], said["kind"], said["reason"]) == (id, "access", "archive_in_preparation")
    assert (said["completed_at"], said["stores"]) == (None, []), "nothing was done yet, so nothing is counted"
    assert said["due"] == shown["due"]
    assert shown["verified_at"] <= said["issued_at"] <= said["due"], "the receipt has a date of its own"
    assert said["verified_at"] == shown["verified_at"]


@pytest.fixture
def attached(shop: Shop) -> Iterator[dict[str, dict[str, Any]]]:
    """The attachments of the mails that the world sends, by address. The engine's mailbox does not keep them."""
    found: dict[str, dict[str, Any]] = {}

    def keep(params: dict[str, Any], **_: Any) -> None:
        sent = json.loads(params["body"])
        for file in sent["Content"]["Simple"].get("Attachments", ()):
            (to,) = sent["Destination"]["ToAddresses"]
            found[to] = {"name": file["FileName"], "receipt": json.loads(b64decode(file["RawContent"]))}

    events = shop.world.mailer.client.meta.events
    events.register("before-call.sesv2.SendEmail", keep)
    yield found
    events.unregister("before-call.sesv2.SendEmail", keep)


def test_the_receipt_of_an_access_request_that_takes_time_is_mailed(
    shop: Shop, attached: dict[str, dict[str, Any]]
) -> None:
    """The policy says that the person receives it."""
    viewer, _, to = addressed(shop, "recepisse")
    id = str(viewer.post(URL, {"kind": "access"}).json["id"])
    assert viewer.post(f"{URL}/{id}/confirm", {}).status == 200
    (request,) = shop.world.store.records([PrivacyRequest.ref(shop.company, id)])
    assert isinstance(request, PrivacyRequest)
    engine.run(shop.world, export.WORKFLOW, request)
    carry(shop, "outbox")
    assert about(shop, to, id)[-1] == f"Récépissé de votre demande {id}"
    published = shop.owner.get("/privacy/receipt-key").json
    assert check(attached[to]["receipt"], published["public_key"]) == published["key"]
    assert attached[to]["receipt"]["content"]["reason"] == "archive_in_preparation"


def test_an_access_request_that_is_answered_at_once_mails_the_answer_alone(shop: Shop) -> None:
    viewer, _, to = addressed(shop, "rapide")
    id = str(viewer.post(URL, {"kind": "access"}).json["id"])
    assert viewer.post(f"{URL}/{id}/confirm", {}).status == 200
    carry(shop)
    carry(shop, "outbox")
    subjects = about(shop, to, id)
    assert subjects[-1] == f"Vos données sont prêtes : demande {id}"
    assert f"Récépissé de votre demande {id}" not in subjects


def test_an_erased_member_gets_the_signed_receipt_in_their_last_mail(
    shop: Shop, attached: dict[str, dict[str, Any]]
) -> None:
    """Their row and their sign-in are gone, so only this mail can bring it."""
    clerk, id, to = addressed(shop, "parti")
    request = clerk.post(URL, {"kind": "deletion"}).json["id"]
    assert clerk.post(f"{URL}/{request}/confirm", {}).status == 200
    delivered(shop)
    (mail,) = [mail for mail in mails(shop.world, to) if mail.subject.startswith("Vos données ont été effacées")]
    assert request in mail.text
    file = attached[to]
    assert file["name"] == f"receipt-{request}.json"
    published = shop.owner.get("/privacy/receipt-key").json
    assert check(file["receipt"], published["public_key"]) == published["key"]
    content = file["receipt"]["content"]
    assert (content["request"], content["subject"], content["kind"]) == (request, id, "deletion")
    assert to not in json.dumps(file), "the receipt names nobody"
    left = [letter for letter in shop.world.store.all_of(Letter, PUBLIC) if letter.to == to]
    assert left == [], "the address goes with its mail"


def test_an_erased_account_gets_the_signed_receipt_in_its_last_mail(
    shop: Shop, attached: dict[str, dict[str, Any]]
) -> None:
    to = f"dernier-{shop.company[-8:].lower()}@shop.example"
    own = shop.owner.get("/v1/members").json["data"][0]["id"]
    wrong = {"kind": "rectification", "subject": own, "corrections": {"email": to}}
    assert shop.owner.post(URL, wrong).status == 201
    prove(shop, own, to)
    request = asked(shop)
    got = shop.owner.post(f"{URL}/{request}/confirm", {"waive_grace": True})
    assert got.status == 200, got.text
    delivered(shop)
    published = Client(shop.owner.gateway).get("/privacy/receipt-key").json
    assert check(attached[to]["receipt"], published["public_key"]) == published["key"]
    assert attached[to]["receipt"]["content"]["affects"] == "company"


def test_recipients_are_informed_of_the_erasure_of_an_account(shop: Shop) -> None:
    """Nobody of the account is left who could inform them."""
    office = f"fisc-{shop.company[-8:].lower()}@administration.example"
    named = disclosed(shop, "Direction exemplaire", recipient_email=office)
    of_one = disclosed(shop, "Direction exemplaire", subject=shop.customer, recipient_email=office)
    hidden = disclosed(
        shop,
        "Enquete exemplaire",
        recipient_email=f"secret-{office}",
        hidden_until=today(shop.world.now()) + timedelta(days=90),
    )
    request = asked(shop)
    assert shop.owner.post(f"{URL}/{request}/confirm", {"waive_grace": True}).status == 200
    delivered(shop)
    found = mails(shop.world, office)
    assert {mail.subject for mail in found} == {f"Données effacées : communication {id}" for id in (named, of_one)}
    assert len(found) == 2
    assert all("Le compte a été effacé" in mail.text and request in mail.text for mail in found)
    assert mails(shop.world, f"secret-{office}") == [], "the law still hides this disclosure"
    (receipt,) = shop.world.store.records([Receipt.ref(shop.company, request)])
    assert isinstance(receipt, Receipt)
    said = json.loads(receipt.content)
    assert sorted(said["recipients"]) == sorted([named, of_one])
    assert hidden not in said["recipients"]
    assert "recipients_named" in said["remarks"]


def own_address(shop: Shop, name: str) -> str:
    """Give the owner an address that they prove."""
    to = f"{name}-{shop.company[-8:].lower()}@shop.example"
    own = shop.owner.get("/v1/members").json["data"][0]["id"]
    wrong = {"kind": "rectification", "subject": own, "corrections": {"email": to}}
    assert shop.owner.post(URL, wrong).status == 201
    delivered(shop)
    prove(shop, own, to)
    return to


def test_a_merchant_is_notified_of_a_customers_deletion_and_reads_the_receipt(shop: Shop) -> None:
    to = own_address(shop, "marchand")
    id = asked(shop, subject=person(shop))
    confirmed(shop, id)
    delivered(shop)
    assert len(about(shop, to, id)) >= 2, "the request, and its end"
    assert shop.owner.get(f"{URL}/{id}/receipt").json["content"]["request"] == id


def test_a_member_erased_from_the_public_page_gets_the_receipt(shop: Shop, attached: dict[str, dict[str, Any]]) -> None:
    _, id, to = addressed(shop, "page")
    account_page.send_code(shop.world, to, "198.51.100.31", "fr")
    carry(shop, "outbox")
    (code,) = {found for mail in mails(shop.world, to) for found in re.findall(r"[0-9]{4}(?: [0-9]{4}){3}", mail.text)}
    (outcome,) = account_page.delete(shop.world, to, code, "198.51.100.31")
    assert outcome.what == "own_data"
    delivered(shop)
    content = attached[to]["receipt"]["content"]
    assert (content["request"], content["subject"]) == (outcome.request, id)


def test_a_former_member_is_told_how_the_operator_decided(shop: Shop) -> None:
    """A member who was removed after their request has no row, so the code of their request answers them."""
    clerk = shop.former_member("clerk", f"clerk-{shop.company}")
    made = clerk.post(URL, {"kind": "access"}).json
    member = f"/v1/members/{made['subject']}"
    etag = shop.owner.get(member).headers["etag"]
    assert shop.owner.delete(member, if_match=etag).status == 200
    (request,) = shop.world.store.records([PrivacyRequest.ref(shop.company, made["id"])])
    assert isinstance(request, PrivacyRequest)
    assert transitions.close_by_operator(shop.world, request, "refused", "opr_7", reason="identity_not_proven")
    given = {"company": shop.company, "request": made["id"], "code": made["download_code"]}
    got = Client(shop.owner.gateway).post("/v1/privacy/receipts", given)
    assert (got.status, got.json["status"], got.json["reason"]) == (200, "refused", "identity_not_proven")
