"""The rights of a person who is invited and has not accepted: nothing of them stays, and their row tells no secret."""

import pytest

from chalicelib.domain.companies.invitation import Invitation
from chalicelib.domain.contact.letter import Letter
from chalicelib.domain.privacy.consent import Acceptance
from tests.client import Client, Got
from tests.conftest import Shop
from tests.joining import accept, address, letters, take_code
from tests.privacy.persons import URL, asked, carry, confirmed, unzipped
from tests.privacy.test_access import exported

GONE = (404, "invitation_not_found")


def _invited(shop: Shop, email: str) -> str:
    got = shop.owner.post("/v1/members", {"email": email, "role": "clerk"})
    assert got.status == 201, got.text
    return str(got.json["id"])


def _accepts(shop: Shop, email: str, code: str) -> Got:
    return accept(Client(shop.owner.gateway, shop.issuer.token(f"sub-{email}", email=email)), code)


def test_an_invited_person_is_erased_at_once(shop: Shop) -> None:
    """The code opens nothing, also after the job, and no table has the address."""
    email = address()
    id = _invited(shop, email)
    code = take_code(shop.world, shop.company, email)
    request = asked(shop, subject=id)
    confirmed(shop, request)
    refused = _accepts(shop, email, code)
    assert (refused.status, refused.json["code"]) == GONE
    carry(shop)
    assert shop.owner.get(f"{URL}/{request}").json["status"] == "completed"
    assert (_accepts(shop, email, code).status, shop.owner.get(f"/v1/members/{id}").status) == (404, 404)
    every = [row for table in shop.world.store.names for row in shop.world.store.all(table, shop.company)]
    assert every
    assert email not in repr(every)


def test_a_repeated_invitation_leaves_the_erased_person_out(shop: Shop) -> None:
    email = address()
    body = {"email": email, "role": "clerk"}
    id = shop.owner.post("/v1/members", body, idempotency_key="invited-once").json["id"]
    take_code(shop.world, shop.company, email)
    confirmed(shop, asked(shop, subject=id))
    again = shop.owner.post("/v1/members", body, idempotency_key="invited-once")
    assert (again.status, again.json) == (201, {"erased": True})
    assert [*shop.world.store.all_of(Invitation, shop.company)] == []


def test_a_member_who_joined_is_erased_with_their_acceptance_kept(shop: Shop) -> None:
    """The proof stays for its term, and it names nobody."""
    email = address()
    id = shop.join(f"sub-{email}", "clerk", email)["id"]
    confirmed(shop, asked(shop, subject=id))
    carry(shop)
    (proof,) = [row for row in shop.world.store.all_of(Acceptance, shop.company) if row.member == id]
    assert (proof.old_enough, proof.joined) == (True, True)
    assert email not in repr(proof)


def test_invitations_and_their_mails_end_with_the_account(shop: Shop) -> None:
    email = address()
    _invited(shop, email)
    assert len(letters(shop.world, shop.company, email)) == 1
    confirmed(shop, asked(shop))
    for _ in range(4):
        carry(shop, days=31)
    kinds = (Invitation, Letter)
    assert [row for cls in kinds for row in shop.world.store.all_of(cls, shop.company)] == []


def test_an_export_shows_the_invitation_without_its_secrets(shop: Shop) -> None:
    """In the export of the account as the list shows it. The digests of the code and of the address stay out."""
    id = _invited(shop, address())
    (shown,) = [row for row in shop.owner.get("/v1/members").json["data"] if row["id"] == id]
    (row,) = shop.world.store.all_of(Invitation, shop.company)
    tables = unzipped(shop, exported(shop))
    assert tables["data/invitations.json"] == [shown]
    assert row.digest not in str(tables)
    assert row.email_key not in str(tables)


@pytest.mark.parametrize("kind", ["access", "opposition"])
def test_an_invited_person_who_used_a_right_may_still_join(shop: Shop, kind: str) -> None:
    """An opposition makes the row of their choices before they join."""
    email = address()
    id = _invited(shop, email)
    code = take_code(shop.world, shop.company, email)
    request = asked(shop, kind=kind, subject=id)
    joined = _accepts(shop, email, code)
    assert (joined.status, joined.json["id"]) == (201, id)
    client = Client(shop.owner.gateway, shop.issuer.token(f"sub-{email}"), shop.company)
    consents = client.get("/v1/consents").json
    assert consents["policy"]["must_accept"] is False
    assert consents["diagnostics"]["granted"] is (kind == "access")
    assert shop.owner.get(f"{URL}/{request}").status == 200


def test_an_invited_address_is_not_corrected(shop: Shop) -> None:
    """It would prove nothing to its new holder. An owner withdraws the invitation and makes another."""
    id, clock = _invited(shop, address()), shop.clock
    right = {"kind": "rectification", "subject": id, "corrections": {"email": "other@members.example"}}
    refused = shop.owner.post(URL, right)
    assert (refused.status, refused.codes, shop.clock) == (422, [("/corrections/email", "unknown_field")], clock)
