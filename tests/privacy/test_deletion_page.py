"""Deleting an account from the public page: the same answer for every address, one live code, and what then begins."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from itertools import count
from types import SimpleNamespace
from urllib.parse import urlencode

import pytest

from chalicelib.api import account_page as page
from chalicelib.api.parse import FORM
from chalicelib.api.serve import _source
from chalicelib.domain.companies.company import Head
from chalicelib.domain.contact.code import DIGITS, LONG_DIGITS, PUBLIC, Code, Tally, code_of, grouped, network, typed
from chalicelib.domain.contact.letter import Letter
from chalicelib.domain.errors import TooManyRequests
from chalicelib.domain.privacy.request import PrivacyRequest
from chalicelib.jobs.catalogue import named
from chalicelib.jobs.job import within
from chalicelib.jobs.runner import run
from chalicelib.policy.load import use
from chalicelib.services import codes
from chalicelib.services.privacy.requester import Requester
from chalicelib.services.privacy.requests import account_page, requests
from chalicelib.services.replies import remembering_id
from chalicelib.store.read import members_with
from chalicelib.store.wire import SORT
from chalicelib.wiring import World
from local.gateway import Gateway
from local.issuer import Issuer
from tests.client import Client, Got
from tests.clocks import clock_at
from tests.conftest import Shop
from tests.crash import watched
from tests.mailbox import mails, open_mailbox
from tests.moved import with_term

_NUMBERS = count(1)


@pytest.fixture
def anybody(gateway: Gateway, world: World, monkeypatch: pytest.MonkeyPatch) -> Client:
    """Somebody without a token; each test is counted apart, since all come from one address."""
    open_mailbox(world)
    own, wait = f" of test {next(_NUMBERS)}", codes.wait
    monkeypatch.setattr(codes, "wait", lambda world, what, who, **most: wait(world, what + own, who, **most))
    return Client(gateway)


def _send(client: Client, language: str = "fr", **fields: str) -> Got:
    return client.ask(
        "POST", "/account/deletion", raw=urlencode(fields).encode(), query={"lang": language}, content_type=FORM
    )


def _mailed(world: World, email: str) -> str:
    """Run the outbox; the last code that the address was sent."""
    run(world, named("outbox"), now=world.now(), left=within(30))
    found = [code for mail in mails(world, email) for code in re.findall(r"[0-9]{4}(?: [0-9]{4}){3}", mail.subject)]
    return found[-1] if found else ""


@pytest.fixture
def owner(new_shop: Callable[..., Shop], gateway: Gateway, issuer: Issuer) -> tuple[Shop, str]:
    """A company whose owner has an address of their own."""
    number = next(_NUMBERS)
    shop = new_shop()
    email = f"owner-{number}@shop.example"
    shop.join(f"second-{shop.company}", "owner", email)
    return shop, email


def _requests(shop: Shop) -> list[PrivacyRequest]:
    found = shop.world.store.query("requests", shop.company, SORT.startswith("request#")).records
    return [row for row in found if isinstance(row, PrivacyRequest)]


def _state(shop: Shop) -> str:
    (head,) = shop.world.store.records([Head.ref(shop.company)])
    assert isinstance(head, Head)
    return head.state


@pytest.mark.parametrize(
    ("language", "title"),
    [
        ("fr", "Supprimer votre compte"),
        ("ar", "حذف حسابكم"),
        ("en", "Delete your account"),
    ],
)
def test_the_form_is_there_in_three_languages(anybody: Client, language: str, title: str) -> None:
    got = anybody.get("/account/deletion", query={"lang": language})
    assert (got.status, got.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert f"<h1>{title}</h1>" in got.text
    assert f'dir="{"rtl" if language == "ar" else "ltr"}"' in got.text
    assert "<script" not in got.text
    assert "form-action 'self'" in got.headers["content-security-policy"]
    assert "{" not in got.text.partition("</style>")[2]


def test_from_the_page_to_a_blocked_account(anybody: Client, owner: tuple[Shop, str], world: World) -> None:
    shop, email = owner
    asked = _send(anybody, email=email.upper())
    assert (asked.status, _state(shop)) == (200, "active")
    done = _send(anybody, email=email, code=_mailed(world, email.upper()))
    assert done.status == 200
    (request,) = _requests(shop)
    assert (request.kind, request.affects, request.status) == ("deletion", "company", "grace")
    assert request.id in done.text
    assert "La suppression a commencé" in done.text
    assert _state(shop) == "blocked"
    assert shop.owner.get("/v1/company").status == 403


def test_a_member_who_is_no_owner_deletes_their_own_data_alone(anybody: Client, shop: Shop, world: World) -> None:
    email = f"clerk-{shop.company}@shop.example".lower()
    added = shop.join(f"clerk-{shop.company}", "clerk", email)
    _send(anybody, "en", email=email)
    done = _send(anybody, "en", email=email, code=_mailed(world, email))
    (request,) = _requests(shop)
    assert (request.affects, request.subject) == ("member", added["id"])
    assert "Your data as a member was deleted." in done.text
    assert _state(shop) == "active"


def test_every_address_gets_the_same_answer_by_the_same_calls(
    anybody: Client, owner: tuple[Shop, str], world: World
) -> None:
    shop, email = owner
    stranger = email.replace("owner", "niemand")
    clients = [world.store.connection.client]
    answers, calls = [], []
    for each in (email, stranger):
        with watched(clients) as made:
            answers.append(_send(anybody, email=each).text.replace(each, "…"))
        calls.append(made.made)
    assert answers[0] == answers[1]
    assert calls[0] == calls[1]
    assert _mailed(world, stranger) == ""
    wrong = [_send(anybody, email=each, code="000000x").text.replace(each, "…") for each in (email, stranger)]
    assert wrong[0] == wrong[1]
    assert "pas valable" in wrong[0]
    assert _requests(shop) == []


def test_the_page_states_the_terms_of_the_rules_and_of_the_code(
    anybody: Client, owner: tuple[Shop, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "GRACE", timedelta(days=45))
    with use(with_term("document.content", "P12Y")):
        for language, said in (
            ("fr", ("supprimé après 45 jours", "dans un délai de 10 jours francs", "conservés 12 ans")),
            ("ar", ("يُحذف بعد 45 يومًا", "أقصاه 10 أيام كاملة", "محجوبةً 12 سنة")),
            ("en", ("deleted after 45 days", "within 10 clear days", "kept for 12 years")),
        ):
            shown = anybody.ask("GET", "/account/deletion", query={"lang": language}).text
            assert all(words in shown for words in said), language
            assert not re.search(r"\{\w+\}", shown.partition("<main")[2])
    with use(with_term("transient.code", "PT5M")):
        for language, words in (("fr", "au moins 5 minutes"), ("ar", "5 دقائق"), ("en", "at least 5 minutes")):
            assert words in _send(anybody, language, email=owner[1]).text


def test_the_french_page_has_the_apostrophe_of_the_messages(anybody: Client) -> None:
    shown = anybody.ask("GET", "/account/deletion", query={"lang": "fr"}).text
    assert "l’application" in shown
    assert "&#x27;" not in shown


def test_a_code_counts_once(anybody: Client, owner: tuple[Shop, str], world: World) -> None:
    shop, email = owner
    _send(anybody, email=email)
    code = _mailed(world, email)
    assert "commencé" in _send(anybody, email=email, code=code).text
    assert "pas valable" in _send(anybody, email=email, code=code).text
    assert len(_requests(shop)) == 1


def test_an_interrupted_page_without_a_key_mark_continues_and_makes_no_second_request(
    anybody: Client, owner: tuple[Shop, str], world: World
) -> None:
    shop, email = owner
    _send(anybody, email=email)
    code, key = _mailed(world, email), codes.email_key(world.settings, email) or ""
    right = codes.live(world, account_page.PURPOSE, key, code=code, digits=LONG_DIGITS)
    assert right is not None
    (member,) = members_with(world.store, key)
    bare = world.client_call(
        shop.company, member.id, account_page.VERB, key=f"page-ask-{right.nonce}-{member.id}", request=""
    )
    requester = Requester(id=member.id, role=member.role, subject=member.user, proven=True)
    asked = requests.ask(world, remembering_id(bare), requester, "deletion", None, capped=False)
    done = _send(anybody, email=email, code=code)
    (request,) = _requests(shop)
    assert (request.id, request.status) == (asked.outcome.id, "grace")
    assert request.id in done.text


def _wrong(code: str) -> str:
    digits = typed(code)
    return str((int(digits) + 1) % 10 ** len(digits)).zfill(len(digits))


def test_strangers_at_20_sources_cannot_use_up_the_owners_code(
    anybody: Client, owner: tuple[Shop, str], world: World
) -> None:
    """Before, 200 wrong codes an hour from 20 sources ended the code, and every new one too."""
    shop, email = owner
    _send(anybody, email=email)
    code = _mailed(world, email)
    for number in range(20):
        for _ in range(account_page.TYPED_FOR_ONE):
            assert account_page.delete(world, email, _wrong(code), f"198.51.100.{number}") == []
    assert _requests(shop) == []
    assert "commencé" in _send(anybody, email=email, code=code).text


def test_a_stranger_in_the_same_network_cannot_use_up_the_owners_tries(
    anybody: Client, owner: tuple[Shop, str], world: World
) -> None:
    """Before, ten wrong codes of somebody behind the same address refused the right one."""
    shop, email = owner
    _send(anybody, email=email)
    code = _mailed(world, email)
    for _ in range(account_page.TYPED_AN_HOUR):
        assert account_page.delete(world, email, _wrong(code), "198.51.100.7") == []
    with pytest.raises(TooManyRequests):
        account_page.delete(world, email, _wrong(code), "198.51.100.7")
    assert _requests(shop) == []
    assert [each.what for each in account_page.delete(world, email, code, "198.51.100.7")] == ["account"]


def _earlier_code(world: World, email: str, tries: int) -> str:
    """A code of eight digits, as the releases until 2026-12-01 mailed them."""
    key = codes.email_key(world.settings, email) or ""
    return codes.begin(world, account_page.EARLIER, key, again=3600, mails=9, tries=tries) or ""


def test_a_code_of_eight_digits_is_still_valid(anybody: Client, owner: tuple[Shop, str], world: World) -> None:
    shop, email = owner
    code = _earlier_code(world, email, 200)
    assert len(code) == DIGITS
    assert "pas valable" in _send(anybody, email=email, code=_wrong(code)).text
    assert "commencé" in _send(anybody, email=email, code=code).text
    assert "pas valable" in _send(anybody, email=email, code=code).text
    assert len(_requests(shop)) == 1


def test_nobody_guesses_a_code_of_eight_digits(anybody: Client, owner: tuple[Shop, str], world: World) -> None:
    shop, email = owner
    code = _earlier_code(world, email, 12)
    for _ in range(account_page.TYPED_FOR_ONE):
        assert account_page.delete(world, email, _wrong(code), "198.51.100.1") == []
    with pytest.raises(TooManyRequests):
        account_page.delete(world, email, code, "198.51.100.1")
    for number in range(2, 4):
        assert account_page.delete(world, email, _wrong(code), f"198.51.100.{number}") == []
    assert "pas valable" in _send(anybody, email=email, code=code).text
    assert _requests(shop) == []


def test_a_code_lasts_ten_minutes(anybody: Client, owner: tuple[Shop, str], world: World) -> None:
    _, email = owner
    key = codes.email_key(world.settings, email) or ""
    begun = world.now()
    code = codes.begin(world, "trial", key) or ""
    for seconds, right in ((601, False), (598, True)):
        with clock_at(world, begun + timedelta(seconds=seconds)):
            assert codes.prove(world, "trial", key, code=code) is right
    assert not codes.prove(world, "another", key, code=code)


def test_for_an_hour_it_is_the_same_code_and_good_to_the_end(
    anybody: Client, owner: tuple[Shop, str], world: World
) -> None:
    _, email = owner
    begun = world.now()

    def after(seconds: int) -> AbstractContextManager[World]:
        return clock_at(world, begun + timedelta(seconds=seconds))

    first = codes.begin(world, "again", email, again=3600, mails=3)
    with after(3590):
        assert codes.begin(world, "again", email, again=3600, mails=3) == first
    with after(4180):
        assert codes.prove(world, "again", email, code=first or "")
    with after(0):
        other = codes.begin(world, "renewed", email, again=3600, mails=3)
    with after(3601):
        assert codes.begin(world, "renewed", email, again=3600, mails=3) != other


def test_strangers_cannot_lock_the_owner_out_by_asking(anybody: Client, owner: tuple[Shop, str], world: World) -> None:
    shop, email = owner
    _send(anybody, email=email)
    first = _mailed(world, email)
    begun = world.now()
    for number in range(20):
        with clock_at(world, begun + timedelta(minutes=17 * number)):
            account_page.send_code(world, email, f"198.51.100.{number}", "fr")
    with clock_at(world, begun + timedelta(minutes=17 * 20)):
        assert _mailed(world, email) == first, "whoever asks, the code in the mailbox is the same"
        assert len(mails(world, email)) == account_page.MAILS
        _send(anybody, email=email)
        assert "commencé" in _send(anybody, email=email, code=first).text
    assert _state(shop) == "blocked"


def test_a_source_has_an_address_written_to_three_times_an_hour(
    anybody: Client, owner: tuple[Shop, str], world: World
) -> None:
    _, email = owner
    texts = {_send(anybody, email=email).text for _ in range(account_page.ASKED_FOR_ONE + 2)}
    assert len(texts) == 1, "the page does not say that no more is sent"
    _mailed(world, email)
    assert len(mails(world, email)) == account_page.ASKED_FOR_ONE
    account_page.send_code(world, email, "198.51.100.9", "fr")
    _mailed(world, email)
    assert len(mails(world, email)) == account_page.ASKED_FOR_ONE + 1, "another source has its own"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:7:9::1", "2001:db8:7:9:ffff::2", True),
        ("2001:db8:7:9::1", "2001:db8:7:a::1", False),
        ("192.0.2.1", "192.0.2.2", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("", "", True),
        ("unknown", "unknown", True),
    ],
)
def test_a_subscriber_counts_once(one: str, other: str, same: bool) -> None:
    assert (network(one) == network(other)) is same


def test_a_source_is_its_network() -> None:
    request = SimpleNamespace(context={"identity": {"sourceIp": "2001:db8:7:9::1"}})
    assert _source(request) == "2001:db8:7:9::/64"  # type: ignore[arg-type]


def test_one_source_asks_and_guesses_so_often_and_no_more(anybody: Client, world: World) -> None:
    for number in range(account_page.ASKED_AN_HOUR):
        assert _send(anybody, email=f"a{number}@shop.example").status == 200
    slow = _send(anybody, email="b@shop.example")
    assert (slow.status, "Trop de demandes" in slow.text) == (429, True)
    assert re.fullmatch(r'"deletion-by-source";r=0;t=[0-9]+', slow.headers["ratelimit"])
    assert slow.headers["ratelimit-policy"] == '"deletion-by-source";q=20;w=3600'
    assert slow.headers["retry-after"] == slow.headers["ratelimit"].partition("t=")[2]
    for number in range(account_page.TYPED_AN_HOUR):
        assert _send(anybody, email=f"a{number}@shop.example", code="1").status == 200
    for code in ("1", "1" * LONG_DIGITS):
        refused = _send(anybody, email="b@shop.example", code=code)
        assert (refused.status, refused.headers["content-type"]) == (429, "text/html; charset=utf-8")
        assert refused.headers["ratelimit-policy"] == '"deletion-code-by-source";q=30;w=3600'


def test_neither_address_nor_source_nor_code_is_kept_in_clear(
    anybody: Client, owner: tuple[Shop, str], world: World
) -> None:
    _, email = owner
    _send(anybody, email=email)
    code = _mailed(world, email)
    found = world.store.query("transient", PUBLIC).records
    assert {type(row) for row in found} >= {Code, Tally}
    assert not [row for row in found if isinstance(row, Letter) and row.to == email]
    for row in found:
        assert email not in repr(row)
        assert "127.0.0.1" not in repr(row)
        assert not isinstance(row, Code) or typed(code) not in (row.nonce, row.id)
        assert code not in repr(row)
        assert typed(code) not in repr(row)


@pytest.mark.parametrize(
    "email", ["", "nobody", "a@b", "x" * 300 + "@shop.example", '"><script>alert(1)</script>@x.ma']
)
def test_an_invalid_address_is_reported_at_its_field(anybody: Client, world: World, email: str) -> None:
    got = _send(anybody, "en", email=email)
    assert got.status == 200
    assert 'role="alert"' in got.text
    assert 'aria-describedby="fault"' in got.text
    assert "<script" not in got.text


def test_a_form_is_a_form(anybody: Client) -> None:
    json = anybody.post("/account/deletion", {"email": "x@shop.example"})
    assert json.status == 415
    twice = anybody.ask("POST", "/account/deletion", raw=b"email=a&email=b", content_type=FORM)
    assert (twice.status, twice.codes) == (400, [("", "duplicate_name")])
    assert anybody.ask("POST", "/account/deletion", raw=b"email=%ff", content_type=FORM).codes == [("", "not_utf8")]
    assert anybody.ask("POST", "/account/deletion", raw=b"colour=red", content_type=FORM).status == 422
    assert (
        anybody.ask(
            "POST", "/account/deletion", raw=b"&".join([b"a%d=1" % n for n in range(30)]), content_type=FORM
        ).status
        == 400
    )


def test_an_account_under_way_is_said_to_be(anybody: Client, owner: tuple[Shop, str], world: World) -> None:
    shop, email = owner
    for said in ("commencé", "déjà en cours"):
        _send(anybody, email=email)
        assert said in _send(anybody, email=email, code=_mailed(world, email)).text
    assert len(_requests(shop)) == 1


def test_the_owners_are_notified(anybody: Client, owner: tuple[Shop, str], world: World) -> None:
    _, email = owner
    _send(anybody, email=email)
    _send(anybody, email=email, code=_mailed(world, email))
    _mailed(world, email)
    assert mails(world, email)[-1].subject.startswith("Le compte sera supprimé le")


@pytest.mark.parametrize(("text", "digits"), [("123 456", "123456"), ("123-456", "123456"), ("١٢٣٤٥٦", "123456")])
def test_a_code_may_be_typed_as_people_do(text: str, digits: str) -> None:
    assert typed(text) == digits


def test_codes_have_eight_or_sixteen_digits() -> None:
    assert (code_of(bytes(16)), code_of(bytes(16), LONG_DIGITS)) == ("0" * 8, "0" * 16)
    assert grouped(code_of(b"\x01" * 16, LONG_DIGITS)) == "3625 9114 9713 0241"
    assert [typed(f"\u2066{grouped('١٢٣٤٥٦')}\u2069"), typed(grouped("1234567"))] == ["123456", "1234567"]
    assert len({code_of(bytes([n] * 16)) for n in range(256)}) > 250
