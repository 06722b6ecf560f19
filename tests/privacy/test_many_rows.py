"""More than one page of a company's rows: the hundred and first row counts like the first."""

from chalicelib.domain.companies.member import Member
from chalicelib.domain.entity import new_row
from chalicelib.domain.privacy.request import Hold
from chalicelib.services.mail.notifications import owners
from chalicelib.services.privacy.legal.holds import held, holds
from chalicelib.services.privacy.subjects import members_of
from tests.privacy.worlds import Books, Turned
from tests.rows import put_row

MANY = 101


def test_a_hold_beyond_the_first_hundred_is_in_force(vault: Turned) -> None:
    shop = Books(vault, small=True)
    at = vault.now()
    for number in range(MANY):
        released = None if number == MANY - 1 else at
        hold = Hold(**new_row(shop.id, f"hld_{number:026}", at), reason="r", actor="o", released_at=released, due_at=at)
        put_row(vault.store, hold)
    assert len(holds(vault, shop.id)) == MANY
    assert held(vault, [shop.id])


def test_the_members_beyond_the_first_hundred_are_found(vault: Turned) -> None:
    shop = Books(vault, small=True)
    before = len(members_of(vault.store, shop.id))
    for number in range(MANY):
        put_row(
            vault.store,
            Member(**new_row(shop.id, f"mem_{number:026}", vault.now()), user=f"~{number:03}", role="owner"),
        )
    assert len(members_of(vault.store, shop.id)) == before + MANY
    assert f"mem_{MANY - 1:026}" in {member.id for member in owners(vault, shop.id)}
