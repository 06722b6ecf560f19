"""Invitations: a person becomes a member when they accept, with the address that was invited, and not before."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.companies.company import Head
from chalicelib.domain.companies.invitation import Invitation
from chalicelib.domain.companies.member import Member
from chalicelib.domain.language import LANGUAGES
from chalicelib.domain.privacy.consent import Acceptance, Consent
from chalicelib.jobs.catalogue import named
from chalicelib.jobs.job import within
from chalicelib.jobs.runner import run
from chalicelib.policy.load import policy_version
from chalicelib.services.companies import access, invitations, joining
from tests.client import Client, Got
from tests.clocks import clock_at
from tests.conftest import Shop
from tests.joining import CODE, accept, address, letters, take_code
from tests.mailbox import mails, open_mailbox

WEEK, DAY = timedelta(days=7), timedelta(days=1)
URL = "/v1/members"


def _invite(shop: Shop, email: str, role: str = "clerk", *, status: int = 201, **more: Any) -> Got:
    got = shop.owner.post(URL, {"email": email, "role": role} | more)
    assert got.status == status, got.text
    return got


def _person(shop: Shop, email: str | None, user: str | None = None) -> Client:
    """A signed-in person without a company, whose token proves the address."""
    return Client(shop.owner.gateway, shop.issuer.token(user or f"sub-{email or address()}", email=email))


def _listed(shop: Shop, id: str) -> dict[str, Any] | None:
    return next((row for row in shop.owner.get(URL).json["data"] if row["id"] == id), None)


def _rows(shop: Shop) -> list[Invitation]:
    return [*shop.world.store.all_of(Invitation, shop.company)]


def _not_found(got: Got) -> bool:
    return (got.status, got.json.get("code")) == (404, "invitation_not_found")


def test_an_invited_person_has_no_power_until_they_accept(shop: Shop) -> None:
    email = address()
    invited = _invite(shop, email)
    id = invited.json["id"]
    assert (invited.status, invited.headers["location"]) == (201, f"{URL}/{id}")
    assert (invited.json["status"], invited.json["user"], invited.json["role"]) == ("invited", None, "clerk")
    assert shop.owner.get(f"{URL}/{id}").json == _listed(shop, id) == invited.json
    person = _person(shop, email)
    person.company = shop.company
    assert [person.get(path).status for path in ("/v1/company", "/v1/customers", "/v1/consents")] == [404, 404, 404]
    assert person.get("/v1/companies").json["data"] == []

    joined = accept(person, take_code(shop.world, shop.company, email))
    assert (joined.status, joined.headers["location"]) == (201, f"{URL}/{id}")
    assert (joined.json["id"], joined.json["status"], joined.json["company"]) == (id, "active", shop.company)
    assert (joined.json["email"], joined.json["role"], joined.json["invitation_ends_at"]) == (email, "clerk", None)
    assert person.post("/v1/customers", {"name": "X", "kind": "consumer"}).status == 201
    assert [row["id"] for row in person.get("/v1/companies").json["data"]] == [shop.company]
    shown = _listed(shop, id)
    assert shown is not None
    assert (shown["status"], shown["user"]) == ("active", f"sub-{email}")
    assert _rows(shop) == []


def test_the_answers_of_the_person_are_in_the_ledger_of_consents(shop: Shop) -> None:
    """Age, policy and joining, with the version and the instant. The address is proven."""
    email = address()
    id = _invite(shop, email).json["id"]
    person = _person(shop, email)
    assert accept(person, take_code(shop.world, shop.company, email)).status == 201
    (proof,) = [row for row in shop.world.store.all_of(Acceptance, shop.company) if row.member == id]
    assert (proof.old_enough, proof.joined, proof.policy_version) == (True, True, policy_version())
    member, choices = shop.world.store.records(
        [Member.ref(shop.company, user=f"sub-{email}"), Consent.ref(shop.company, id)]
    )
    assert isinstance(member, Member)
    assert isinstance(choices, Consent)
    assert (member.proven, member.created_at, member.email) == (True, proof.created_at, email)
    assert (choices.policy_version, choices.accepted_at) == (policy_version(), proof.created_at)
    person.company = shop.company
    assert person.get("/v1/consents").json["policy"]["must_accept"] is False


def test_the_owner_who_signs_up_proves_their_age_too(shop: Shop) -> None:
    (proof,) = shop.world.store.all_of(Acceptance, shop.company)
    assert (proof.old_enough, proof.joined) == (True, None)


@pytest.mark.parametrize(
    ("changes", "status", "fault"),
    [
        ({"of_age": False}, 403, "age_refused"),
        ({"join": False}, 422, "/join"),
        ({"policy_version": "2020-01-01"}, 422, "/policy_version"),
        ({"of_age": None}, 422, "/of_age"),
        ({"code": ""}, 422, "/code"),
    ],
)
def test_each_answer_is_needed(shop: Shop, changes: dict[str, Any], status: int, fault: str) -> None:
    """A refusal changes nothing, and the code still opens."""
    email = address()
    _invite(shop, email)
    code, clock, person = take_code(shop.world, shop.company, email), shop.clock, _person(shop, email)
    refused = accept(person, code, **changes)
    assert refused.status == status
    assert fault in (refused.json["code"], *(at for at, _ in refused.codes))
    assert (shop.clock, person.get("/v1/companies").json["data"]) == (clock, [])
    assert accept(person, code).status == 201


def test_only_the_invited_address_accepts(shop: Shop, new_shop: Callable[..., Shop]) -> None:
    """Another address, an address that the token does not prove, another code and another company: one answer."""
    email, other = address(), new_shop()
    _invite(shop, email)
    code, clock = take_code(shop.world, shop.company, email), shop.clock
    unproven = Client(shop.owner.gateway, shop.issuer.token("unproven", email=email, email_verified=False))
    assert _not_found(accept(_person(shop, address()), code))
    assert _not_found(accept(_person(shop, None), code))
    assert _not_found(accept(unproven, code))
    person = _person(shop, email)
    for wrong in (
        code[:-1] + ("A" if code[-1] != "A" else "B"),
        code[:26],
        other.company[4:] + code[26:],
        "x",
        "0" * 52,
    ):
        assert _not_found(accept(person, wrong))
    assert (shop.clock, len(_rows(shop))) == (clock, 1)
    spelled = f"{code[:26].lower()}-{code[26:40]} {code[40:]}"
    assert accept(person, spelled).status == 201


def test_a_stranger_learns_nothing_of_a_blocked_company(shop: Shop) -> None:
    email = address()
    _invite(shop, email)
    code = take_code(shop.world, shop.company, email)
    request = shop.owner.post("/v1/privacy/requests", {"kind": "deletion"}).json
    assert shop.owner.post(f"/v1/privacy/requests/{request['id']}/confirm").status == 200
    assert _not_found(accept(_person(shop, address()), code))
    blocked = accept(_person(shop, email), code)
    assert (blocked.status, blocked.json["code"]) == (403, "company_blocked")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_mail_brings_the_code(shop: Shop, language: str) -> None:
    """In the language that the owner names. The code stands in no answer and in no row."""
    open_mailbox(shop.world)
    email = address()
    invited = _invite(shop, email, language=language)
    _deliver(shop)
    (mail,) = mails(shop.world, email)
    (code,) = CODE.findall(mail.text)
    assert "Boutique Exemple" in mail.text
    assert code not in invited.text
    assert code[26:] not in repr(_rows(shop))
    assert accept(_person(shop, email), code).status == 201


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Atlas Négoce S.A.R.L", "Atlas Négoce S. A. R. L"),
        ("Prix http://evil.example/x", "Prix http:// evil. example/ x"),
        ("a@evil.example", "a@ evil. example"),
        ("x" * 200, "x" * 60),
        ("Ets. Benali & fils", "Ets. Benali & fils"),
    ],
)
def test_a_companys_name_carries_no_link_to_a_stranger(name: str, shown: str) -> None:
    assert invitations.plain_name(name) == shown


def _deliver(shop: Shop) -> None:
    while run(shop.world, named("outbox"), now=shop.world.now() + timedelta(seconds=1), left=within(60)).applied:
        continue


def test_an_address_is_mailed_once_a_day(shop: Shop) -> None:
    """Inviting again answers the same invitation. The next day it is mailed again, with a new code and a new end."""
    email = address()
    first = _invite(shop, email)
    code = take_code(shop.world, shop.company, email)
    again = _invite(shop, email.upper(), role="viewer", status=200)
    assert (again.json["id"], again.json["role"]) == (first.json["id"], "viewer")
    assert letters(shop.world, shop.company, email) == letters(shop.world, shop.company, email.upper()) == []
    clock = shop.clock
    assert _invite(shop, email, role="viewer", status=200).json == again.json
    assert shop.clock == clock, "nothing changed"
    with clock_at(shop.world, shop.world.now() + DAY):
        renewed = _invite(shop, email, role="viewer", status=200)
        assert renewed.json["id"] == first.json["id"]
        assert renewed.json["invitation_ends_at"] > first.json["invitation_ends_at"]
        new = take_code(shop.world, shop.company, email)
        person = _person(shop, email)
        assert _not_found(accept(person, code)), "a new mail replaces the code"
        assert accept(person, new).json["role"] == "viewer"


def test_a_repeated_request_mails_nothing_more(shop: Shop) -> None:
    email = address()
    body = {"email": email, "role": "clerk"}
    first = shop.owner.post(URL, body, idempotency_key="once")
    take_code(shop.world, shop.company, email)
    assert shop.owner.delete(f"{URL}/{first.json['id']}", "*").status == 200
    again = shop.owner.post(URL, body, idempotency_key="once")
    assert (again.status, again.json, again.headers["idempotency-replayed"]) == (201, first.json, "true")
    assert (letters(shop.world, shop.company, email), _rows(shop)) == ([], [])


def test_a_repeated_acceptance_gets_its_first_answer(shop: Shop) -> None:
    email = address()
    _invite(shop, email)
    person, code = _person(shop, email), take_code(shop.world, shop.company, email)
    body = {"code": code, "of_age": True, "policy_version": policy_version(), "join": True}
    first, again = (person.post("/v1/invitations/accept", body, idempotency_key="join") for _ in range(2))
    assert (first.status, again.status, again.json) == (201, 201, first.json)
    assert _not_found(person.post("/v1/invitations/accept", body)), "a code opens once"


@pytest.mark.parametrize(("after", "opens"), [(WEEK - timedelta(minutes=1), True), (WEEK, False)])
def test_an_invitation_ends_after_seven_days(shop: Shop, after: timedelta, opens: bool) -> None:
    email = address()
    id, at = _invite(shop, email).json["id"], shop.world.now()
    code = take_code(shop.world, shop.company, email)
    with clock_at(shop.world, at + after):
        assert (_listed(shop, id) is not None) is opens
        assert shop.owner.get(f"{URL}/{id}").status == (200 if opens else 404)
        assert shop.owner.delete(f"{URL}/{id}", '"stale"').status == (412 if opens else 404)
        person = _person(shop, email)
        assert _not_found(accept(person, code)) is not opens
        if not opens:
            assert _invite(shop, email).json["id"] != id


def test_an_owner_withdraws_an_invitation(shop: Shop) -> None:
    """Its code opens nothing. The address is not mailed a second time that day."""
    email = address()
    invited = _invite(shop, email)
    code, path = take_code(shop.world, shop.company, email), invited.headers["location"]
    assert shop.owner.delete(path, '"stale"').status == 412
    gone = shop.owner.delete(path, invited.etag)
    assert gone.json == {"id": invited.json["id"], "object": "member", "deleted": True}
    assert _not_found(accept(_person(shop, email), code))
    assert (_rows(shop), shop.owner.get(path).status) == ([], 404)
    refused = shop.owner.post(URL, {"email": email, "role": "clerk"})
    assert (refused.status, refused.json["code"]) == (429, "too_many_requests")
    assert refused.headers["ratelimit-policy"] == '"invitations-to-one";q=1;w=86400'
    with clock_at(shop.world, shop.world.now() + DAY):
        assert _invite(shop, email).status == 201


def test_mails_are_limited_by_company_and_by_address(
    shop: Shop, new_shop: Callable[..., Shop], monkeypatch: pytest.MonkeyPatch
) -> None:
    email, second = address(), new_shop()
    monkeypatch.setattr(invitations, "INVITED_TO_ADDRESS", 1)
    _invite(shop, email)
    clock = second.clock
    refused = second.owner.post(URL, {"email": email, "role": "clerk"})
    assert (refused.status, second.clock) == (429, clock)
    assert refused.headers["ratelimit-policy"] == '"invitations-of-address";q=1;w=86400'
    monkeypatch.setattr(invitations, "INVITED_BY_COMPANY", 1)
    full = shop.owner.post(URL, {"email": address(), "role": "clerk"})
    assert full.headers["ratelimit-policy"] == '"invitations-by-company";q=1;w=86400'


def test_a_person_tries_so_many_codes_an_hour(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joining, "TYPED_BY_PERSON", 2)
    person = _person(shop, address())
    assert [accept(person, "x").status for _ in range(3)] == [404, 404, 429]


def test_the_role_is_that_of_the_invitation(shop: Shop) -> None:
    """An owner changes it before the person joins."""
    email = address()
    invited = _invite(shop, email, role="accountant")
    path = invited.headers["location"]
    changed = shop.owner.patch(path, {"role": "viewer"}, invited.etag)
    assert (changed.json["role"], changed.json["version"], changed.json["status"]) == ("viewer", 2, "invited")
    assert shop.owner.patch(path, {"role": "owner"}, invited.etag).status == 412
    person = _person(shop, email)
    code = take_code(shop.world, shop.company, email)
    assert accept(person, code, role="owner").codes == [("/role", "unknown_field")]
    assert accept(person, code).json["role"] == "viewer"


@pytest.mark.parametrize("role", ["accountant", "clerk", "viewer"])
def test_only_an_owner_invites(shop: Shop, role: str) -> None:
    client, invited = shop.member(role), _invite(shop, address())
    path, clock = invited.headers["location"], shop.clock
    assert client.post(URL, {"email": address(), "role": "viewer"}).status == 403
    assert client.patch(path, {"role": "owner"}, "*").status == 403
    assert client.delete(path, "*").status == 403
    assert shop.clock == clock


@pytest.mark.parametrize("leaves", ["removed", "demoted"])
def test_the_invitation_of_a_former_owner_is_void(shop: Shop, leaves: str) -> None:
    """An owner whose token was stolen leaves no way in."""
    second = shop.member("owner", f"second-{shop.company}")
    email = address()
    id = second.post(URL, {"email": email, "role": "owner"}).json["id"]
    code = take_code(shop.world, shop.company, email)
    (row,) = [each for each in shop.owner.get(URL).json["data"] if each["user"] == f"second-{shop.company}"]
    path = f"{URL}/{row['id']}"
    assert _listed(shop, id) is not None
    gone = shop.owner.delete(path, "*") if leaves == "removed" else shop.owner.patch(path, {"role": "viewer"}, "*")
    assert gone.status == 200
    assert _not_found(accept(_person(shop, email), code))
    assert _listed(shop, id) is None


def test_a_new_owner_counts_from_the_day_on_which_they_join(shop: Shop) -> None:
    """The other owners get their mail then, and nobody waives the delay of a deletion for a while."""
    email = address()
    _invite(shop, email, role="owner")
    assert _head(shop).owners_changed is None
    assert accept(_person(shop, email), take_code(shop.world, shop.company, email)).status == 201
    assert _head(shop).owners_changed is not None


def _head(shop: Shop) -> Head:
    (head,) = shop.world.store.records([Head.ref(shop.company)])
    assert isinstance(head, Head)
    return head


def test_a_member_is_not_invited_again(shop: Shop) -> None:
    """Neither by their address, nor by another address of theirs."""
    email, user = address(), f"sub-{shop.company}"
    shop.join(user, "viewer", email)
    assert shop.owner.post(URL, {"email": email, "role": "owner"}).status == 409
    another = address()
    _invite(shop, another, role="owner")
    twice = accept(_person(shop, another, user), take_code(shop.world, shop.company, another))
    assert (twice.status, twice.json["code"]) == (409, "already_exists")
    assert [row["role"] for row in shop.owner.get(URL).json["data"] if row["user"] == user] == ["viewer"]


def test_an_address_that_is_invited_meanwhile_has_one_invitation(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The invitations are read again at the clock of the commit."""
    email, roster, overtaken = address(), access.roster, list[Got]()

    def slow_roster(reader: Any) -> Any:
        seen = roster(reader)
        if not overtaken:
            overtaken.append(Got(0, {}, ""))
            overtaken.append(_invite(shop, email, role="viewer"))
        return seen

    monkeypatch.setattr(access, "roster", slow_roster)
    late = shop.owner.post(URL, {"email": email, "role": "clerk"})
    assert (late.status, late.json["id"]) == (200, overtaken[1].json["id"])
    assert [row.role for row in _rows(shop)] == ["clerk"]
    assert len(letters(shop.world, shop.company, email)) == 1


def test_open_invitations_take_places(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "MAX_MEMBERS", 2)
    email = address()
    _invite(shop, email)
    clock = shop.clock
    assert shop.owner.post(URL, {"email": address(), "role": "clerk"}).codes == [("", "too_many")]
    assert shop.clock == clock
    assert accept(_person(shop, email), take_code(shop.world, shop.company, email)).status == 201


def test_logs_name_no_invited_address(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    email = address()
    _invite(shop, email)
    code = take_code(shop.world, shop.company, email)
    assert _not_found(accept(_person(shop, address()), code))
    assert accept(_person(shop, email), code).status == 201
    assert not re.search(rf"{email}|{code[26:]}", caplog.text)
