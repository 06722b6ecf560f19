"""Sign-in accounts end with the last membership of their person, and sign-ups that nobody confirms end too."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chalicelib.domain.contact.code import PUBLIC
from chalicelib.domain.privacy.sign_in import EndingSignIn
from chalicelib.jobs.catalogue import named
from chalicelib.jobs.job import within
from chalicelib.jobs.runner import run
from chalicelib.policy.ends import end
from chalicelib.services.privacy.legal import holds
from chalicelib.store.wire import SORT
from tests.client import Client
from tests.conftest import Shop
from tests.crash import Work, prove
from tests.mailbox import open_mailbox
from tests.privacy.persons import URL, asked, carry, confirmed

_NUMBERS = count(1)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def box(shop: Shop) -> Iterator[None]:
    """The shop's world, whose sender may send. Its rows of sign-ins go afterwards."""
    open_mailbox(shop.world)
    yield
    for row in rows(shop):
        shop.world.store.connection.delete_item(shop.world.store.names["transient"], PUBLIC, row.key.sort)


def rows(shop: Shop) -> list[EndingSignIn]:
    """The sign-in accounts that are to be deleted."""
    found = shop.world.store.all("transient", PUBLIC, SORT.startswith("sign_in#"))
    return [row for row in found if isinstance(row, EndingSignIn)]


def pool(shop: Shop) -> Any:
    """The client of the pool."""
    assert shop.world.sign_ins is not None
    return shop.world.sign_ins.client


def account(shop: Shop) -> str:
    """A confirmed account with a TOTP secret to come; its subject."""
    email, id = f"person-{next(_NUMBERS)}-{shop.company[-6:].lower()}@pool.example", shop.world.settings.user_pool
    made = pool(shop).admin_create_user(
        UserPoolId=id, Username=email, MessageAction="SUPPRESS", UserAttributes=[{"Name": "email", "Value": email}]
    )
    pool(shop).admin_set_user_password(UserPoolId=id, Username=email, Password="Correct-horse-7", Permanent=True)
    return str(made["User"]["Username"])


def exists(shop: Shop, subject: str) -> bool:
    """Whether the pool has the account."""
    users = pool(shop).list_users(UserPoolId=shop.world.settings.user_pool, Filter=f'sub = "{subject}"')["Users"]
    return bool(users)


def go(shop: Shop, at: datetime) -> None:
    """Run the job at an instant."""
    report = run(shop.world, named("signins"), now=at, left=within(60))
    assert (report.outcome, report.failures) == ("done", [])


def member(shop: Shop, subject: str, role: str = "viewer") -> tuple[Client, str]:
    """The subject as a member of the shop: their client and id."""
    before = {row["id"] for row in shop.owner.get("/v1/members").json["data"]}
    client = shop.member(role, subject)
    (id,) = {row["id"] for row in shop.owner.get("/v1/members").json["data"]} - before
    return client, id


def removed(shop: Shop, id: str) -> datetime:
    """Remove a member; the instant."""
    assert shop.owner.delete(f"/v1/members/{id}", "*").status == 200
    return shop.world.now()


def test_a_removed_members_account_ends_once_their_mails_are_over(shop: Shop) -> None:
    subject = account(shop)
    _, id = member(shop, subject)
    at = removed(shop, id)
    go(shop, at + HOUR)
    assert exists(shop, subject), "a mail may still be sent"
    go(shop, end("transient.mail", at) + HOUR)
    assert not exists(shop, subject)
    assert [row for row in rows(shop) if row.account == subject] == []
    assert end("transient.mail", at) <= end("sign_in.account", at), "within the term of the policy"


def test_an_account_that_is_gone_already_ends_its_row(shop: Shop) -> None:
    _, id = member(shop, "no-such-account")
    at = removed(shop, id)
    go(shop, end("transient.mail", at) + HOUR)
    assert [row for row in rows(shop) if row.account == "no-such-account"] == []


def test_a_person_with_another_company_keeps_their_account(shop: Shop, new_shop: Callable[..., Shop]) -> None:
    subject = account(shop)
    member(new_shop(), subject)
    _, id = member(shop, subject)
    at = removed(shop, id)
    go(shop, end("transient.mail", at) + HOUR)
    assert exists(shop, subject)
    assert [row for row in rows(shop) if row.account == subject] == []


def test_a_former_owner_keeps_the_account_while_they_may_cancel_a_deletion(shop: Shop) -> None:
    subject = account(shop)
    _, id = member(shop, subject, "owner")
    at = removed(shop, id)
    go(shop, end("identity.former", at) - DAY)
    assert exists(shop, subject), "they may still stop a deletion of the account"
    go(shop, end("identity.former", at) + HOUR)
    assert not exists(shop, subject)


def test_an_open_request_and_a_hold_keep_the_account(shop: Shop) -> None:
    subject = account(shop)
    client, id = member(shop, subject)
    made = client.post(URL, {"kind": "access"})
    assert made.status == 201, made.text
    at = removed(shop, id)
    go(shop, end("transient.mail", at) + HOUR)
    assert exists(shop, subject), "their request is open"
    hold = holds.place(shop.world, shop.company, "court", "opr_1")
    go(shop, end("sign_in.account", at))
    assert exists(shop, subject), "a court's order"
    holds.release(shop.world, shop.company, hold.id, "opr_1")
    lapsed(shop, at + 8 * DAY)
    go(shop, at + 40 * DAY)
    assert not exists(shop, subject)


def lapsed(shop: Shop, at: datetime) -> None:
    """Let the requests end that nobody confirmed."""
    assert run(shop.world, named("requests"), now=at, left=within(60)).failures == []


def test_an_erased_members_account_ends_and_their_receipt_says_so(shop: Shop) -> None:
    subject = account(shop)
    client, id = member(shop, subject)
    request = client.post(URL, {"kind": "deletion"}).json["id"]
    assert client.post(f"{URL}/{request}/confirm", {}).status == 200
    for _ in range(3):
        carry(shop)
        carry(shop, "outbox")
    receipt = shop.owner.get(f"{URL}/{request}/receipt").json["content"]
    until = receipt["sign_in"].pop("until")
    assert receipt["sign_in"] == {"provider": "Amazon Cognito", "action": "delete", "unless": "other_company"}
    assert until >= shop.today.isoformat()
    go(shop, shop.world.now() + 8 * DAY)
    assert not exists(shop, subject)
    assert id


def test_an_erased_accounts_members_lose_their_accounts_after_the_last_mail(shop: Shop) -> None:
    subject = account(shop)
    member(shop, subject)
    id = asked(shop, kind="deletion")
    confirmed(shop, id)
    begun = shop.world.now() + 31 * DAY
    go(shop, begun - 2 * DAY)
    assert exists(shop, subject), "the account may still be saved"
    for hours in range(6):
        run(shop.world, named("requests"), now=begun + hours * HOUR, left=within(60))
    go(shop, begun + 6 * DAY)
    assert exists(shop, subject), "the last mail may still be sent"
    go(shop, begun + 9 * DAY)
    assert not exists(shop, subject)


def test_a_sign_up_that_nobody_confirms_ends_after_seven_days(shop: Shop) -> None:
    id = shop.world.settings.user_pool
    client = pool(shop).create_user_pool_client(UserPoolId=id, ClientName="app")["UserPoolClient"]["ClientId"]
    email = f"forgotten-{shop.company[-6:].lower()}@pool.example"
    subject = pool(shop).sign_up(
        ClientId=client,
        Username=email,
        Password="Correct-horse-7",
        UserAttributes=[{"Name": "email", "Value": email}],
    )["UserSub"]
    confirmed_one, at = account(shop), shop.world.now()
    go(shop, at + 6 * DAY)
    assert exists(shop, subject)
    go(shop, at + 7 * DAY + HOUR)
    assert not exists(shop, subject)
    assert exists(shop, confirmed_one)


def test_killed_at_any_call_the_account_ends_the_same(shop: Shop) -> None:
    def prepare() -> tuple[str, datetime]:
        subject = account(shop)
        _, id = member(shop, subject)
        return subject, removed(shop, id)

    def work(made: tuple[str, datetime]) -> None:
        go(shop, made[1] + 8 * DAY)

    def again(made: tuple[str, datetime]) -> None:
        for hours in (1, 2):
            go(shop, made[1] + 8 * DAY + hours * HOUR)

    def state(made: tuple[str, datetime]) -> object:
        return exists(shop, made[0]), [row.account for row in rows(shop) if row.account == made[0]]

    clients = [shop.world.store.connection.client, pool(shop)]
    assert prove(clients, Work(prepare, work, again, state)) >= 3


def test_the_engine_refuses_a_filter_that_cognito_refuses(shop: Shop) -> None:
    with pytest.raises(ClientError, match="InvalidParameterException"):
        pool(shop).list_users(UserPoolId=shop.world.settings.user_pool, Filter='custom:plan = "x"')
