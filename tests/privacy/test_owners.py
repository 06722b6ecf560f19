"""Owners who come, leave or are removed: who waives a deletion's grace, who stops it, and who is told of its end."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from chalicelib.api.presenters.privacy import present_receipt
from chalicelib.domain.clock import instant
from chalicelib.domain.companies.company import Head
from chalicelib.domain.companies.member import OWNER_CHANGE_DELAY
from chalicelib.domain.contact.code import PUBLIC
from chalicelib.domain.contact.letter import Letter
from chalicelib.domain.errors import AnotherOwnerNeeded, OwnersChanged, Refusal, RequestSettled
from chalicelib.jobs.catalogue import named
from chalicelib.jobs.job import within
from chalicelib.jobs.runner import run
from chalicelib.services.companies import access
from chalicelib.services.privacy import subjects, transitions
from chalicelib.services.privacy.erasure import deletion
from chalicelib.services.privacy.requests import confirmation, requests
from chalicelib.store.read import Reader, open_company
from chalicelib.workflow import engine
from tests.client import Client
from tests.conftest import Shop
from tests.crash import Killed, watched
from tests.joining import former_member, joined
from tests.mailbox import mails, open_mailbox
from tests.privacy.test_misuse import URL, asked, confirmed, id_of, state
from tests.privacy.worlds import Books, Turned, carried


def _reader(books: Books) -> Reader:
    return open_company(books.world.store, books.id)


def _clerk(books: Books) -> str:
    return former_member(books.world, books.id, books.new("sub"), "clerk").id


def _came(books: Books) -> None:
    joined(books.world, books.id, books.owners[0], "sub-puppet", "owner")


def _raised(books: Books) -> None:
    access.change_role(_reader(books), books.call(), _clerk(books), "owner")


def _removed(books: Books) -> None:
    access.remove_member(_reader(books), books.call(), books.owners[1])


def _demoted(books: Books) -> None:
    access.change_role(_reader(books), books.call(), books.owners[1], "clerk")


def _erased(books: Books) -> None:
    books.confirmed(books.owners[1])


WAYS: list[tuple[Callable[[Books], None], int, type[Refusal]]] = [
    (_came, 1, AnotherOwnerNeeded),
    (_raised, 1, AnotherOwnerNeeded),
    (_removed, 0, OwnersChanged),
    (_demoted, 0, OwnersChanged),
    (_erased, 0, OwnersChanged),
]
"""How the owners change, which owner then tries to waive, and the refusal of a waiver with the confirmation."""


@pytest.mark.parametrize(("way", "who", "at_once"), WAYS, ids=lambda each: getattr(each, "__name__", ""))
def test_nobody_waives_for_thirty_days_after_a_change_among_the_owners(
    vault: Turned, way: Callable[[Books], None], who: int, at_once: type[Refusal]
) -> None:
    books = Books(vault, owners=2, small=True)
    way(books)
    (head,) = vault.store.records([Head.ref(books.id)])
    assert isinstance(head, Head)
    assert head.owners_changed is not None
    id = books.asked()
    with pytest.raises(at_once):
        requests.confirm(vault, books.call(), books.owner(), id, waive=True)
    assert books.request(id).status == "requested"
    requests.confirm(vault, books.call(), books.owner(), id)
    vault.offset = OWNER_CHANGE_DELAY - timedelta(minutes=1)
    with pytest.raises(OwnersChanged) as refused:
        requests.confirm(vault, books.call(), books.owner(who), id, waive=True)
    assert refused.value.params == {"possible_from": instant(head.owners_changed + OWNER_CHANGE_DELAY)}
    assert books.request(id).status == "grace"
    vault.offset = OWNER_CHANGE_DELAY + timedelta(seconds=1)
    requests.confirm(vault, books.call(), books.owner(who), id, waive=True)
    assert books.request(id).status == "verified"


def test_a_clerk_who_joins_or_leaves_is_no_change_of_owners(vault: Turned) -> None:
    books = Books(vault, small=True)
    clerk = _clerk(books)
    access.change_role(_reader(books), books.call(), clerk, "accountant")
    access.remove_member(_reader(books), books.call(), clerk)
    books.confirmed(waive=True)
    assert confirmation.former_owners(vault.store, books.id, vault.now()) == []


@pytest.mark.parametrize("language", ["fr", "ar", "en"])
def test_it_is_said_from_when_a_waiver_is_possible(shop: Shop, language: str) -> None:
    co = shop.member("owner")
    id = asked(shop.owner)
    assert confirmed(shop.owner, id).status == 200
    got = co.post(f"{URL}/{id}/confirm", {"waive_grace": True}, accept_language=language)
    assert (got.status, got.json["code"]) == (409, "owners_changed")
    assert datetime.fromisoformat(got.json["possible_from"]) > shop.world.now() + timedelta(days=29)
    assert got.json["possible_from"] in got.json["detail"]


def _shut_out(shop: Shop, how: str, user: str) -> None:
    """An owner gets rid of another one."""
    member = id_of(shop, user)
    if how == "removed":
        assert shop.owner.ask("DELETE", f"/v1/members/{member}", if_match="*").status == 200
    elif how == "demoted":
        assert shop.owner.ask("PATCH", f"/v1/members/{member}", {"role": "viewer"}, if_match="*").status == 200
    else:
        assert confirmed(shop.owner, asked(shop.owner, subject=member)).status == 200


@pytest.mark.parametrize("how", ["removed", "demoted", "erased"])
@pytest.mark.parametrize("first", [True, False])
def test_a_removed_owner_may_stop_the_deletion(shop: Shop, how: str, first: bool) -> None:
    user = f"shut-out-{how}-{first}"
    victim, fired = shop.member("owner", user), shop.member("clerk", f"{user}-clerk")
    assert shop.owner.ask("DELETE", f"/v1/members/{id_of(shop, f'{user}-clerk')}", if_match="*").status == 200
    if first:
        _shut_out(shop, how, user)
    id = asked(shop.owner)
    if not first:
        _shut_out(shop, how, user)
    assert confirmed(shop.owner, id).status == 200
    stranger = Client(shop.owner.gateway, shop.issuer.token("never-an-owner"), shop.company)
    for other in (stranger, fired):
        assert other.get(f"{URL}/{id}").status == 404
        assert other.post(f"{URL}/{id}/cancel").status == 404
        assert other.post(f"{URL}/{id}/cancel", idempotency_key="").status == 404, "before anything else is looked at"
    assert [each["id"] for each in victim.get(URL).json["data"]] == [id]
    assert victim.get("/v1/customers").status == (403 if how == "demoted" else 404)
    assert confirmed(victim, id, waive_grace=True).status == 403
    stopped = victim.post(f"{URL}/{id}/cancel")
    assert (stopped.status, stopped.json["status"]) == (200, "cancelled")
    assert stopped.json["reason"] == ("cancelled_by_company" if how == "demoted" else "cancelled_by_former_owner")
    assert state(shop) == "active"
    assert victim.post(f"{URL}/{id}/cancel").status == (409 if how == "demoted" else 404)


def test_a_former_owner_is_forgotten_after_thirty_days(vault: Turned) -> None:
    books = Books(vault, owners=2, small=True)
    _removed(books)
    known = confirmation.former_owners(vault.store, books.id, vault.now())
    assert len(known) == 1
    assert books.owners[1] not in str(books.rows("transient"))
    assert confirmation.former_owners(vault.store, books.id, vault.now() + OWNER_CHANGE_DELAY) == []
    vault.offset = OWNER_CHANGE_DELAY + timedelta(minutes=1)
    staying = confirmation.owner_digests(subjects.members_of(vault.store, books.id), [])
    assert books.request(books.asked()).owners == staying


def test_a_removed_owner_and_all_owners_at_a_deletion_request_are_notified(shop: Shop) -> None:
    open_mailbox(shop.world)
    address = f"shut-out-{shop.company}@shop.example".lower()
    added = shop.join(f"s-{shop.company}", "owner", address)
    id = asked(shop.owner)
    _delivered(shop)
    assert [id in mail.text for mail in mails(shop.world, address)] == [True]
    assert shop.owner.ask("DELETE", f"/v1/members/{added['id']}", if_match="*").status == 200
    _delivered(shop)
    told = mails(shop.world, address)[-1]
    assert shop.company in told.subject
    assert "30 jours" in told.text
    assert confirmed(shop.owner, id).status == 200


def _run(shop: Shop, job: str, **later: float) -> None:
    run(shop.world, named(job), now=shop.world.now() + timedelta(**later), left=within(60))


def _delivered(shop: Shop) -> None:
    """Deliver all messages that are due; those of other tests come first."""
    while run(shop.world, named("outbox"), now=shop.world.now() + timedelta(seconds=1), left=within(60)).applied:
        continue


def _add_owner(shop: Shop, user: str) -> None:
    assert shop.join(user, "owner")["role"] == "owner"


def _promote_to_owner(shop: Shop, user: str) -> None:
    made = shop.join(user, "clerk")
    assert shop.owner.patch(f"/v1/members/{made['id']}", {"role": "owner"}, "*").status == 200


@pytest.mark.parametrize("change", [_add_owner, _promote_to_owner])
def test_the_owners_are_notified_of_a_new_owner(shop: Shop, change: Callable[[Shop, str], None]) -> None:
    """A thief of a token can become a lasting owner, but not without a notice to the owners."""
    open_mailbox(shop.world)
    to = f"came-{change.__name__}-{shop.company[-8:].lower()}@shop.example"
    shop.join(f"x-{shop.company}", "owner", to)
    before = len(mails(shop.world, to))
    change(shop, f"y-{shop.company}")
    _delivered(shop)
    told = mails(shop.world, to)[before:]
    assert [shop.company in mail.subject for mail in told] == [True]
    assert told[0].subject.startswith("Un propriétaire a été ajouté")


def test_an_operator_stops_a_deletion_in_its_grace(vault: Turned) -> None:
    books = Books(vault, small=True)
    id = books.confirmed()
    assert transitions.close_by_operator(vault, books.request(id), "refused", "opr_1", reason="owner_wrote")
    assert _open(books)
    with pytest.raises(RequestSettled):
        transitions.close_by_operator(vault, books.request(id), "refused", "opr_1", reason="again")


def _open(books: Books) -> bool:
    (head,) = books.world.store.records([Head.ref(books.id)])
    return isinstance(head, Head) and head.state == "active"


def _waiting(world: Turned, company: str) -> list[Letter]:
    """The mails about a company that wait outside of it."""
    found = world.store.query("transient", PUBLIC).records
    return [row for row in found if isinstance(row, Letter) and company.encode() in row.values]


def test_the_owners_get_the_completion_mail_and_then_no_address_is_left(vault: Turned) -> None:
    open_mailbox(vault)
    mark = "told" + vault.random(4).hex()
    books, address = Books(vault, owners=2, mark=mark, small=True), f"{mark}@member.example"
    id = books.asked()
    requests.confirm(vault, books.call(), books.owner(), id)
    requests.confirm(vault, books.call(), books.owner(1), id, waive=True)
    carried(vault)
    assert books.request(id).status == "completed"
    (letter,) = _waiting(vault, books.id)
    assert letter.to == address
    assert letter.expires_at <= letter.created_at.timestamp() + 7 * 86_400
    before = len(mails(vault, address))
    run(vault, named("outbox"), now=vault.now(), left=within(30))
    (last,) = mails(vault, address)[before:]
    assert id in last.subject
    assert books.id in last.text
    assert _waiting(vault, books.id) == []
    assert books.request(id).letters == ()
    receipt = present_receipt(requests.receipt(vault, books.id, books.owner(), id), vault.keys.pem)["content"]
    assert "addresses_until_told" in receipt["remarks"]


def test_killed_while_it_begins_or_ends_one_mail_waits_and_is_handed_over_once(vault: Turned) -> None:
    clients = [vault.store.connection.client]

    def through(books: Books, id: str) -> None:
        carried(vault)
        assert books.request(id).status == "completed"

    def begun(books: Books, id: str) -> None:
        engine.run(vault, deletion.WORKFLOW, books.request(id))

    def ended(books: Books, id: str) -> None:
        engine.run(vault, deletion.WORKFLOW, books.request(id))

    def at_the_end(books: Books, id: str) -> None:
        begun(books, id)
        while not all(measure.done for measure in books.request(id).measures):
            engine.run(vault, deletion.WORKFLOW, books.request(id))

    for prepare, verb in ((lambda *_: None, begun), (at_the_end, ended)):
        books = Books(vault, small=True)
        id = books.confirmed(waive=True)
        prepare(books, id)
        with watched(clients) as calls:
            verb(books, id)
        assert calls.writes
        for at, when in calls.moments:
            books = Books(vault, small=True)
            id = books.confirmed(waive=True)
            prepare(books, id)
            with pytest.raises(Killed), watched(clients, at, when):
                verb(books, id)
            through(books, id)
            assert len(_waiting(vault, books.id)) == 1, f"killed {when} call {at}"
            assert len(_handed_over(vault, books)) == 1, f"killed {when} call {at}"


def _handed_over(world: Turned, books: Books) -> list[str]:
    (letter,) = _waiting(world, books.id)
    rows = world.store.query("journal", PUBLIC).records
    return [row.id for row in rows if letter.id in getattr(row, "about", ())]


def test_every_owner_of_a_closed_account_reads_its_receipt(shop: Shop) -> None:
    co = shop.member("owner", f"co-{shop.company}")
    id = asked(shop.owner)
    assert confirmed(shop.owner, id).status == 200
    for days in (23.5, 29.5, 30.5):
        _run(shop, "requests", days=days)
    assert state(shop) == "closed"
    for owner in (co, shop.owner):
        assert owner.get(f"{URL}/{id}/receipt").json["content"]["request"] == id
    stranger = Client(shop.owner.gateway, shop.issuer.token("never-there"), shop.company)
    assert stranger.get(f"{URL}/{id}/receipt").status == 404
