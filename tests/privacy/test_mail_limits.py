"""Every operation that mails is limited by person, by company and by address (ADR 0125)."""

import re
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from urllib.parse import urlencode

import pytest

from chalicelib.api.parse import FORM
from chalicelib.domain.companies.member import Role
from chalicelib.domain.contact.letter import Letter
from chalicelib.domain.journal import Message
from chalicelib.jobs.catalogue import named
from chalicelib.jobs.job import within
from chalicelib.jobs.runner import run
from chalicelib.services import codes
from chalicelib.services.companies import invitations
from chalicelib.services.mail import limits
from chalicelib.services.privacy import limits as request_limits
from chalicelib.services.privacy.rectification import rectification
from chalicelib.services.privacy.requests import account_page, identity_codes
from tests.client import Client, Got
from tests.conftest import Shop
from tests.joining import accept, former_member, waiting
from tests.mailbox import Mail, mails, open_mailbox
from tests.privacy.persons import URL

_NUMBERS = count(1)
ACTS = 4
Act = Callable[[int], Got]


class Owner:
    """A second owner with a proven address, whose mails a test counts."""

    def __init__(self, shop: Shop) -> None:
        number = next(_NUMBERS)
        self.shop, self.world = shop, shop.world
        self.user, self.email = f"limited-{number}-{shop.company}", f"limited-{number}@limits.example"
        open_mailbox(self.world)
        self.id = self.joined(self.user)
        shop.prove(self.user, self.email)
        self.client = Client(shop.owner.gateway, shop.issuer.token(self.user, email=self.email), shop.company)
        self.deliver()
        self.before = len(mails(self.world, self.email))

    def joined(self, user: str, role: Role = "owner") -> str:
        """The id of a new member with this owner's address, which is proven."""
        return former_member(self.world, self.shop.company, user, role, self.email, proven=True).id

    def deliver(self, after: int = 1) -> None:
        """Run the outbox until nothing is due, so many seconds later."""
        now = self.world.now() + timedelta(seconds=after)
        while run(self.world, named("outbox"), now=now, left=within(60)).applied:
            continue

    def new_mails(self) -> list[Mail]:
        """The mails since the test began its acts."""
        return mails(self.world, self.email)[self.before :]


def _invite(me: Owner) -> Act:
    return lambda n: me.client.post("/v1/members", {"email": f"invited-{n}-{me.email}", "role": "owner"})


def _add_owners(me: Owner) -> Act:
    """Persons who accept to be owners. Each of them mails the earlier owners."""

    def accepted(n: int) -> Got:
        email = f"joined-{n}-{me.email}"
        code = waiting(me.world, me.shop.company, email, me.id, "owner")
        token = me.shop.issuer.token(f"joined-{n}-{me.user}", email=email)
        return accept(Client(me.client.gateway, token), code)

    return accepted


def _raise_clerks(me: Owner) -> Act:
    clerks = [me.joined(f"raised-{n}-{me.user}", "clerk") for n in range(ACTS)]
    return lambda n: me.client.patch(f"/v1/members/{clerks[n]}", {"role": "owner"}, "*")


def _remove_owners(me: Owner) -> Act:
    gone = [me.joined(f"gone-{n}-{me.user}") for n in range(ACTS)]
    return lambda n: me.client.delete(f"/v1/members/{gone[n]}", "*")


def _ask_for_help(me: Owner) -> Act:
    return lambda n: me.client.post("/v1/support", {"subject": f"Aide {n}", "text": "Bonjour"})


def _type_on_the_page(me: Owner) -> Act:
    form = urlencode({"email": me.email}).encode()
    return lambda _: Client(me.client.gateway).ask("POST", "/account/deletion", raw=form, content_type=FORM)


def _ask_for_codes(me: Owner) -> Act:
    asked = _asked(me, {"kind": "access"})
    return lambda _: me.client.post(f"{URL}/{asked}/code", {})


def _asked(me: Owner, body: dict[str, object]) -> str:
    made = me.client.post(URL, body)
    assert made.status == 201, made.text
    return str(made.json["id"])


def _correct(me: Owner) -> Act:
    body = {"kind": "rectification", "subject": me.shop.customer}
    return lambda n: me.client.post(URL, body | {"corrections": {"name": f"Client {n}"}})


def _confirm(me: Owner) -> Act:
    ids = [_asked(me, {"kind": "access"}) for _ in range(ACTS)]
    return lambda n: me.client.post(f"{URL}/{ids[n]}/confirm", {})


def _cancel(me: Owner) -> Act:
    ids = [_asked(me, {"kind": "access"}) for _ in range(ACTS)]
    assert [me.client.post(f"{URL}/{id}/confirm", {}).status for id in ids] == [200] * ACTS
    return lambda n: me.client.post(f"{URL}/{ids[n]}/cancel", {})


def _give_details(me: Owner) -> Act:
    ids = [_asked(me, {"kind": "rectification", "subject": me.shop.customer}) for _ in range(ACTS)]
    for id in ids:
        rectification.ask_details(me.world, me.shop.company, id, ["name"], "opr_1")
    return lambda n: me.client.post(f"{URL}/{ids[n]}/details", {"corrections": {"name": f"Client {n}"}})


SCENES: dict[str, Callable[[Owner], Act]] = {
    "post_members": _invite,
    "post_invitations_accept": _add_owners,
    "patch_members_id": _raise_clerks,
    "delete_members_id": _remove_owners,
    "post_support": _ask_for_help,
    "post_account_deletion": _type_on_the_page,
    "post_privacy_requests_id_code": _ask_for_codes,
    "post_privacy_requests": _correct,
    "post_privacy_requests_id_confirm": _confirm,
    "post_privacy_requests_id_cancel": _cancel,
    "post_privacy_requests_id_details": _give_details,
}
QUOTAS = {
    "post_members": "invitations-by-company",
    "post_invitations_accept": "mails-by-company",
    "patch_members_id": "mails-by-person",
    "post_support": "mails-by-person",
    "post_account_deletion": "deletion-by-source",
    "post_privacy_requests_id_code": "identity-code",
    "post_privacy_requests": "privacy-requests",
}
"""The quota that each operation states which is refused beyond it."""
HELD = [verb for verb, bound in limits.MAILING.items() if bound != "codes"]


def test_every_operation_that_mails_has_a_scene_here() -> None:
    assert set(SCENES) == set(limits.MAILING)
    never_refused = {verb for verb, bound in limits.MAILING.items() if bound in ("removal", "requests")}
    assert set(QUOTAS) == set(limits.MAILING) - never_refused | {"post_privacy_requests"}


@pytest.fixture
def me(shop: Shop) -> Owner:
    """The owner whose mails are counted."""
    return Owner(shop)


@pytest.mark.parametrize("verb", QUOTAS)
def test_an_operation_above_its_quota_is_refused_and_states_it(
    me: Owner, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    act, wait = SCENES[verb](me), codes.wait
    asked = 1 if verb == "post_privacy_requests_id_code" else 0  # Its scene made one request.
    monkeypatch.setattr(limits, "ACTS_OF_ONE", 2)
    if QUOTAS[verb] == "mails-by-company":
        monkeypatch.setattr(limits, "ACTS_OF_COMPANY", 2)
    monkeypatch.setattr(invitations, "INVITED_BY_COMPANY", 2)
    monkeypatch.setattr(account_page, "ASKED_AN_HOUR", 2)
    monkeypatch.setattr(identity_codes, "CODES_AN_HOUR", 2)
    monkeypatch.setattr(request_limits, "ASKED_A_DAY", 2 + asked)
    monkeypatch.setattr(codes, "wait", lambda world, what, who, **more: wait(world, what, who + me.user, **more))
    got = [act(n) for n in range(3)]
    assert [each.status for each in got] == [got[0].status, got[0].status, 429]
    assert got[0].status < 300
    seconds = 3600 if QUOTAS[verb] in ("deletion-by-source", "identity-code") else 86_400
    assert got[2].headers["ratelimit-policy"] == f'"{QUOTAS[verb]}";q=2;w={seconds}'
    left = int(got[2].headers["retry-after"])
    assert seconds - 60 < left <= seconds
    assert got[2].headers["ratelimit"] == f'"{QUOTAS[verb]}";r=0;t={left}'


@pytest.mark.parametrize("verb", [verb for verb, bound in limits.MAILING.items() if bound == "acts"])
def test_all_persons_of_a_company_share_a_quota(me: Owner, monkeypatch: pytest.MonkeyPatch, verb: str) -> None:
    act = SCENES[verb](me)
    assert act(0).status < 300
    monkeypatch.setattr(limits, "ACTS_OF_COMPANY", 1)
    refused = act(1)
    assert (refused.status, refused.json["code"]) == (429, "too_many_requests")
    assert refused.headers["ratelimit-policy"] == '"mails-by-company";q=1;w=86400'


@pytest.mark.parametrize("verb", [verb for verb, bound in limits.MAILING.items() if bound in ("removal", "requests")])
def test_what_takes_power_away_and_what_the_law_demands_is_never_refused(
    me: Owner, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    act = SCENES[verb](me)
    for name in ("ACTS_OF_ONE", "ACTS_OF_COMPANY", "TO_ONE"):
        monkeypatch.setattr(limits, name, 0)
    assert [act(n).status < 300 for n in range(ACTS)] == [True] * ACTS


def _without_ids(text: str) -> str:
    return re.sub(r"\b(req|thr)_\w+", r"\1_…", text)


@pytest.mark.parametrize("verb", HELD)
def test_an_address_gets_its_notices_above_the_limit_in_one_mail(
    me: Owner, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    """Before, 20 changes of a role sent 20 mails to each owner."""
    act = SCENES[verb](me)
    me.deliver()
    before = len(me.new_mails())
    monkeypatch.setattr(limits, "TO_ONE", before + 1)  # What the scene's own acts sent is counted.
    assert [act(n).status < 300 for n in range(ACTS)] == [True] * ACTS
    me.deliver()
    (first,) = me.new_mails()[before:]
    me.deliver(limits.WINDOW + 2)
    (together,) = me.new_mails()[before + 1 :]
    assert together.subject == f"{ACTS - 1} messages sur le compte {me.shop.company}"
    assert _without_ids(together.text).count(_without_ids(first.text.rpartition("\n--\n")[0]).strip()) == ACTS - 1
    assert together.text.count("\n--\n") == 1
    assert list(me.world.store.all_of(Letter, me.shop.company)) == []
    assert [row for row in me.world.store.all_of(Message, me.shop.company) if row.task != "attachments"] == []
    me.deliver(2 * limits.WINDOW)
    assert len(me.new_mails()) == before + 2


def test_a_notice_that_waits_for_one_owner_goes_to_the_others_once(me: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    other = Owner(me.shop)
    act = _confirm(me)
    me.deliver()
    before = [len(each.new_mails()) for each in (me, other)]
    monkeypatch.setattr(limits, "TO_ONE", 1)
    with monkeypatch.context() as patch:
        wait = codes.wait
        patch.setattr(
            codes,
            "wait",
            lambda world, what, who, **more: 60 if codes_of(me) in who else wait(world, what, who, **more),
        )
        assert act(0).status == 200
        me.deliver()
        assert [len(each.new_mails()) for each in (me, other)] == [before[0], before[1] + 1]
    me.deliver(90)
    me.deliver(limits.WINDOW + 90)
    assert [len(each.new_mails()) for each in (me, other)] == [before[0] + 1, before[1] + 1]


def codes_of(owner: Owner) -> str:
    """The keyed digest of an owner's address."""
    return codes.email_key(owner.world.settings, owner.email) or "-"


def test_another_company_does_not_use_up_the_notices_of_an_address(
    new_shop: Callable[..., Shop], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A company that a person joined may flood them. Its notices must not delay those of their own company."""
    noisy, own = Owner(new_shop()), Owner(new_shop())
    own.shop.prove(own.user, own.email)
    monkeypatch.setattr(limits, "TO_ONE", 1)
    former_member(noisy.world, noisy.shop.company, own.user, "owner", own.email, proven=True)
    for act in [_add_owners(noisy)] * 2:
        assert act(next(_NUMBERS)).status == 201
    own.deliver()
    seen = len(own.new_mails())
    assert _add_owners(own)(1).status == 201
    own.deliver()
    assert len(own.new_mails()) == seen + 1


def test_held_notices_are_sent_before_their_address_is_erased(me: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    """Afterwards nothing names the address: neither a held notice nor the slot for further ones."""
    act, requests = _confirm(me), [_asked(me, {"kind": "deletion", "subject": me.id})]
    me.deliver()
    monkeypatch.setattr(limits, "TO_ONE", 0)
    assert [act(n).status for n in range(ACTS)] == [200] * ACTS
    me.deliver()
    before = len(me.new_mails())
    assert [letter.to for letter, _ in limits.slots(me.world, me.shop.company)].count(me.email) == 1
    assert me.shop.owner.post(f"{URL}/{requests[0]}/confirm", {}).status == 200
    run(me.world, named("requests"), now=me.world.now() + timedelta(seconds=1), left=within(60))
    (together,) = [mail for mail in me.new_mails()[before:] if mail.subject.endswith(me.shop.company)]
    assert together.subject == f"{ACTS - 2} messages sur le compte {me.shop.company}"
    assert list(limits.slots(me.world, me.shop.company)) == []
    for windows in range(4):  # With a limit of one mail, each that waits opens a slot anew.
        me.deliver(windows * (limits.WINDOW + 2) + 1)
    assert list(me.world.store.all_of(Letter, me.shop.company)) == []


def test_so_many_notices_are_held_and_of_the_rest_the_number(me: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_HELD", 1)
    act = _confirm(me)
    me.deliver()
    monkeypatch.setattr(limits, "TO_ONE", 0)
    assert [act(n).status for n in range(ACTS)] == [200] * ACTS
    me.deliver()
    (found,) = [each for letter, each in limits.slots(me.world, me.shop.company) if letter.to == me.email]
    assert (len(found.texts), found.more) == (1, ACTS - 3)
