"""The language of a request: of the person's mails and archive, and of the mails that follow an erased account."""

import re
from collections.abc import Callable

import pytest

from chalicelib.domain.contact.letter import MailTemplate
from chalicelib.domain.language import Language
from chalicelib.domain.privacy.request import PrivacyRequest
from chalicelib.services.mail import writing
from chalicelib.services.privacy.requests import account_page
from tests.conftest import Shop
from tests.mailbox import Mail, mails, open_mailbox
from tests.privacy.persons import URL, asked, carry, confirmed, person
from tests.privacy.test_rights_for_everyone import about, addressed, delivered, disclosed, own_address


@pytest.fixture
def arabic(new_shop: Callable[..., Shop]) -> Shop:
    """A company whose language is Arabic."""
    shop = new_shop(language="ar")
    open_mailbox(shop.world)
    return shop


def row_of(shop: Shop, id: str) -> PrivacyRequest:
    (row,) = shop.world.store.records([PrivacyRequest.ref(shop.company, id)])
    assert isinstance(row, PrivacyRequest)
    return row


def subject(template: MailTemplate, language: Language, **values: str) -> str:
    """The subject of a mail in a language, from the catalogue of mails."""
    rest = dict.fromkeys(
        ("request", "kind", "date", "company", "recipients", "reason", "by", "reference", "attributes"), "-"
    )
    return writing.compose(language, template, rest | values)[0]


def subjects(found: list[Mail]) -> set[str]:
    return {mail.subject for mail in found}


def test_a_request_keeps_the_chosen_language_or_the_companys(arabic: Shop) -> None:
    chosen = arabic.owner.post(URL, {"kind": "access", "subject": arabic.customer, "language": "en"})
    assert (chosen.status, chosen.json["language"]) == (201, "en")
    assert arabic.owner.get(f"{URL}/{chosen.json['id']}").json["language"] == "en"
    assert arabic.owner.get(f"{URL}/{asked(arabic, kind='access')}").json["language"] == "ar"
    assert row_of(arabic, chosen.json["id"]).account_language == "ar"


def test_an_unknown_language_is_refused_at_its_field(shop: Shop) -> None:
    got = shop.owner.post(URL, {"kind": "access", "language": "de"})
    assert (got.status, got.json["errors"][0]["pointer"]) == (422, "/language")


def test_recipients_of_an_erased_account_read_its_language(arabic: Shop) -> None:
    """The company's profile is erased when the mail is written, so the request keeps its language."""
    office = f"fisc-{arabic.company[-8:].lower()}@administration.example"
    named = disclosed(arabic, "Direction exemplaire", recipient_email=office)
    request = asked(arabic, language="en")
    assert arabic.owner.post(f"{URL}/{request}/confirm", {"waive_grace": True}).status == 200
    delivered(arabic)
    assert subjects(mails(arabic.world, office)) == {subject("recipient_account_erased", "ar", disclosure=named)}


def test_recipients_of_a_persons_data_read_the_companys_language(arabic: Shop) -> None:
    office = f"bureau-{arabic.company[-8:].lower()}@administration.example"
    customer = person(arabic)
    named = disclosed(arabic, "Direction exemplaire", subject=customer, recipient_email=office)
    confirmed(arabic, asked(arabic, subject=customer, language="en"))
    delivered(arabic)
    assert subjects(mails(arabic.world, office)) == {subject("recipient_erased", "ar", disclosure=named)}


def test_the_requester_reads_their_language_and_the_owner_the_companys(arabic: Shop) -> None:
    owner = own_address(arabic, "proprietaire")
    viewer, _, to = addressed(arabic, "lecteur")
    id = str(viewer.post(URL, {"kind": "access", "language": "en"}).json["id"])
    assert viewer.post(f"{URL}/{id}/confirm", {}).status == 200
    delivered(arabic)
    assert about(arabic, to, id)[-1] == subject("request_ready", "en", request=id)
    assert about(arabic, owner, id)[-1] == subject("request_ready", "ar", request=id)


@pytest.mark.parametrize(("language", "read"), [("en", "en"), (None, "ar")])
def test_the_last_mail_of_an_erased_member_is_in_their_language(
    arabic: Shop, language: Language | None, read: Language
) -> None:
    viewer, _, to = addressed(arabic, f"parti-{read}")
    id = str(viewer.post(URL, {"kind": "deletion", "language": language}).json["id"])
    assert viewer.post(f"{URL}/{id}/confirm", {}).status == 200
    delivered(arabic)
    assert about(arabic, to, id)[-1] == subject("member_erased", read, request=id)


def test_the_last_mail_of_an_erased_account_is_in_the_language_of_its_reader(arabic: Shop) -> None:
    to = own_address(arabic, "dernier")
    request = asked(arabic, language="en")
    assert arabic.owner.post(f"{URL}/{request}/confirm", {"waive_grace": True}).status == 200
    delivered(arabic)
    assert about(arabic, to, request)[-1] == subject("account_erased", "en", request=request)


def test_a_request_of_an_earlier_release_uses_the_companys_language(arabic: Shop) -> None:
    to = own_address(arabic, "ancien")
    request = asked(arabic, kind="access")
    client = arabic.world.store.connection.client
    table = arabic.world.store.names["requests"]
    key = {"company": {"S": arabic.company}, "sort": {"S": f"request#{request}"}}
    client.update_item(
        TableName=table,
        Key=key,
        UpdateExpression="REMOVE #one, account_language",
        ExpressionAttributeNames={"#one": "language"},
    )
    assert (row_of(arabic, request).language, row_of(arabic, request).account_language) == (None, None)
    confirmed(arabic, request)
    carry(arabic)
    delivered(arabic)
    assert about(arabic, to, request)[-1] == subject("request_ready", "ar", request=request)


def test_the_public_page_gives_its_language_to_the_request(arabic: Shop) -> None:
    _, _, to = addressed(arabic, "page")
    account_page.send_code(arabic.world, to, "198.51.100.41", "en")
    carry(arabic, "outbox")
    code = next(found[0] for mail in mails(arabic.world, to) if (found := re.search(r"\d{4}(?: \d{4}){3}", mail.text)))
    (outcome,) = account_page.delete(arabic.world, to, code, "198.51.100.41", "en")
    assert outcome.request is not None
    assert row_of(arabic, outcome.request).language == "en"
