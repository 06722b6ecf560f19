"""The guard over the real store: roles, scopes, keys, companies, and what each caller is told."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import boto3
import pytest

from chalicelib.api.roles import GRANTABLE, ROLE_SCOPES, SCOPES
from chalicelib.domain.companies.company import Head
from chalicelib.domain.companies.member import ApiKey
from chalicelib.domain.entity import Record, Ref
from chalicelib.outside.tokens import Tokens, make_api_key
from chalicelib.policy.load import policy_version
from chalicelib.services.companies import access
from chalicelib.store.codec import to_row
from chalicelib.store.wire import Store
from tests.api.pipeline import gateway_of
from tests.bench.traffic import Traffic
from tests.client import Client

if TYPE_CHECKING:
    from chalicelib.wiring import World
    from local.gateway import Gateway
    from local.issuer import Issuer
    from tests.conftest import Shop

ELSEWHERE = "cmp_01J00000000000000000000000"
CLERKS = {"parties.read": 200, "company.write": 403}
"""The answers to a key of a clerk."""


@pytest.fixture(scope="module")
def guarded(world: "World") -> "Gateway":
    """One route for each scope."""
    return gateway_of(world)


@dataclass
class Reads:
    """Counts the reads of one row within a `with` block."""

    store: Store
    ref: Ref
    count: int = 0

    def __enter__(self) -> Self:
        self.store.connection.client.meta.events.register(
            "provide-client-params.dynamodb", self._see, unique_id="reads"
        )
        return self

    def __exit__(self, *_: object) -> None:
        self.store.connection.client.meta.events.unregister("provide-client-params.dynamodb", unique_id="reads")

    def _see(self, params: dict[str, Any], **_: Any) -> None:
        gets = [part["Get"] for part in params.get("TransactItems", ()) if "Get" in part]
        keys = [get["Key"] for get in gets] + ([params["Key"]] if "Key" in params else [])
        self.count += sum(key["sort"]["S"] == self.ref.sort for key in keys)


def reached(client: Client) -> set[str]:
    """The scopes whose route lets `client` in; every other must say 403."""
    answers = {scope: client.get(f"/scopes/{scope}") for scope in SCOPES}
    assert {got.status for got in answers.values()} <= {200, 403}
    assert all(got.json["scope"] == scope for scope, got in answers.items() if got.status == 403)
    return {scope for scope, got in answers.items() if got.status == 200}


@pytest.mark.parametrize("role", ["viewer", "clerk", "accountant", "owner"])
def test_a_role_reaches_its_scopes_and_no_other(shop: "Shop", guarded: "Gateway", role: Any) -> None:
    client = shop.member(role)
    assert reached(Client(guarded, client.token, shop.company)) == ROLE_SCOPES[role]


def test_the_permissions_of_each_role() -> None:
    viewer, clerk, accountant = ROLE_SCOPES["viewer"], ROLE_SCOPES["clerk"], ROLE_SCOPES["accountant"]
    assert viewer < clerk < accountant < ROLE_SCOPES["owner"] == SCOPES
    own = {"attachments.write", "consents.write", "support.write", "privacy.write", "devices.write"}
    assert all(scope.endswith(".read") for scope in viewer - own), "a viewer decides about what is theirs alone"
    assert "documents.issue" in accountant - clerk
    assert "company.write" not in accountant
    assert not any(scope.startswith(("members.", "keys.")) for scope in GRANTABLE | viewer | clerk)


def test_a_key_reaches_the_operations_of_its_scopes(shop: "Shop", guarded: "Gateway") -> None:
    client, _ = shop.key("documents.read", "parties.read")
    assert reached(Client(guarded, client.token)) == {"documents.read", "parties.read"}
    got = Client(guarded, client.token).get("/scopes/documents.read").json
    assert (got["kind"], got["company"], got["role"]) == ("api_key", shop.company, None)


def test_a_revoked_key_is_refused_at_once(shop: "Shop", guarded: "Gateway") -> None:
    client, row = shop.key("documents.read")
    client = Client(guarded, client.token)
    assert client.get("/scopes/documents.read").status == 200
    etag = shop.owner.get(f"/v1/api-keys/{row['id']}").etag
    assert shop.owner.delete(f"/v1/api-keys/{row['id']}", etag).status < 300
    got = client.get("/scopes/documents.read")
    assert (got.status, got.json["code"]) == (401, "unauthenticated")
    assert "www-authenticate" in got.headers


def role_of_key(role: str) -> frozenset[str]:
    """The scopes that a key with every scope can use while its maker has this role."""
    own = {"privacy.read", "privacy.write"}  # a key has them for anybody, a member of another role for themselves
    return GRANTABLE if role == "owner" else GRANTABLE & ROLE_SCOPES[role] - own  # type: ignore[index]


def maker(shop: "Shop", *scopes: str) -> tuple[str, str]:
    """A second owner and their key: the member's path, and the key."""
    subject = f"maker-{shop.company}"
    client = shop.member("owner", subject)
    made = client.post("/v1/api-keys", {"name": "theirs", "scopes": list(scopes)})
    (id,) = [row["id"] for row in shop.owner.get("/v1/members").json["data"] if row["user"] == subject]
    return f"/v1/members/{id}", made.json["key"]


def test_a_key_is_worth_at_most_its_makers_present_role(shop: "Shop", guarded: "Gateway") -> None:
    path, token = maker(shop, *GRANTABLE)
    for role in ("viewer", "clerk", "accountant", "owner"):
        assert shop.owner.patch(path, {"role": role}, "*").status == 200
        assert reached(Client(guarded, token)) == role_of_key(role)


def test_every_key_of_a_removed_member_is_worth_nothing(
    shop: "Shop", guarded: "Gateway", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "MOST_KEYS_SHUT", 0)
    path, token = maker(shop, "documents.read")
    assert Client(guarded, token).get("/scopes/documents.read").status == 200
    assert shop.owner.delete(path, "*").status == 200
    got = Client(guarded, token).get("/scopes/documents.read")
    assert (got.status, got.json["code"]) == (401, "unauthenticated")
    shop.member("owner", f"maker-{shop.company}")
    assert Client(guarded, token).get("/scopes/documents.read").status == 401, "who came back is another member"


@pytest.mark.parametrize(
    ("verb", "body", "status"),
    [("DELETE", None, {"parties.read": 401, "company.write": 401}), ("PATCH", {"role": "clerk"}, CLERKS)],
)
def test_a_key_made_while_its_makers_role_ends_opens_nothing_more(
    shop: "Shop", guarded: "Gateway", monkeypatch: pytest.MonkeyPatch, verb: str, body: Any, status: dict[str, int]
) -> None:
    """The pipeline admits an owner, whose role ends before the key is written."""
    path, _ = maker(shop, "documents.read")
    ended: list[int] = []

    def slow(company: str, mode: Any, random: bytes) -> Any:
        if not ended:
            ended.append(shop.owner.ask(verb, path, body, if_match="*").status)
        return make_api_key(company, mode, random)

    monkeypatch.setattr("chalicelib.services.companies.access.make_api_key", slow)
    leaving = Client(shop.owner.gateway, shop.issuer.token(f"maker-{shop.company}"), shop.company)
    made = leaving.post("/v1/api-keys", {"name": "late", "scopes": list(status)})
    assert (made.status, ended) == (201, [200])
    late = Client(guarded, made.json["key"])
    assert {scope: late.get(f"/scopes/{scope}").status for scope in status} == status


def test_a_key_is_read_once_a_request(shop: "Shop", guarded: "Gateway", world: "World") -> None:
    client, row = shop.key("documents.read")
    client = Client(guarded, client.token)
    trips: list[int] = []
    for _ in range(3):
        with Traffic(world.store) as traffic, Reads(world.store, ApiKey.ref(shop.company, row["id"])) as reads:
            assert client.get("/scopes/documents.read").status == 200
        assert reads.count == (1 if trips else 2)
        trips.append(traffic.total)
    members = 1  # read once in a process
    use = 2  # the first use of a day is a commit (ADR 0132)
    assert trips == [1 + members + use, 1, 1]


def test_a_forged_key_costs_one_read_and_no_list_of_members(shop: "Shop", guarded: "Gateway", world: "World") -> None:
    forged = Client(guarded, make_api_key(shop.company, "live", bytes(32)).token)
    for scope in ("documents.read", "company.write"):
        with Traffic(world.store) as traffic:
            assert forged.get(f"/scopes/{scope}").status == 401
        assert traffic.calls == {"TransactGetItems": 1}
    assert forged.get("/me").status == 401


def test_a_key_of_the_wrong_form_is_refused_without_a_read(shop: "Shop", guarded: "Gateway", world: "World") -> None:
    with Traffic(world.store) as traffic:
        assert Client(guarded, f"fp_live_{shop.company}").get("/scopes/documents.read").status == 401
    assert traffic.total == 0


def test_a_key_does_not_stand_for_a_person(shop: "Shop", guarded: "Gateway") -> None:
    client, _ = shop.key("documents.read")
    assert Client(guarded, client.token).get("/me").status == 403


def test_keys_that_nobody_made(shop: "Shop", guarded: "Gateway") -> None:
    real, _ = shop.key("documents.read")
    assert real.token is not None
    invented = make_api_key(shop.company, "live", bytes(32)).token
    for token in (
        invented,
        real.token[:-1] + "_",
        real.token.replace("fp_live", "fp_test"),
        "fp_live_",
        real.token + "a",
    ):
        assert Client(guarded, token).get("/scopes/documents.read").status == 401


def put(world: "World", table: str, record: Record) -> None:
    """Store a row behind the pipeline's back."""
    endpoint = world.settings.endpoint_of("dynamodb")
    dynamodb = boto3.client("dynamodb", endpoint_url=endpoint, region_name=world.settings.region)
    dynamodb.put_item(TableName=world.store.names[table], Item=to_row(record, b"salt"))


@pytest.mark.parametrize(
    ("mode", "digest", "status"), [("live", None, 200), ("live", "0" * 64, 401), ("test", None, 401)]
)
def test_a_row_must_match_in_digest_and_mode(
    shop: "Shop", guarded: "Gateway", world: "World", mode: Any, digest: str | None, status: int
) -> None:
    key = make_api_key(shop.company, mode, bytes(32))
    (owner,) = shop.owner.get("/v1/members").json["data"]
    row = ApiKey(
        company=shop.company,
        id=key.id,
        name="x",
        digest=digest or key.digest,
        hint=key.hint,
        created_by=owner["id"],
        scopes=("documents.read",),
        created_at=world.now(),
        updated_at=world.now(),
    )
    put(world, "identity", row)
    assert Client(guarded, key.token).get("/scopes/documents.read").status == status


def test_keys_of_a_test_company_say_so(new_shop: "Callable[..., Shop]", guarded: "Gateway") -> None:
    client, _ = new_shop(mode="test").key("documents.read")
    assert client.token is not None
    assert client.token.startswith("fp_test_")
    assert Client(guarded, client.token).get("/scopes/documents.read").status == 200


def test_another_company_and_none_look_alike(new_shop: "Callable[..., Shop]", guarded: "Gateway") -> None:
    mine, theirs = new_shop(), new_shop()
    key, _ = mine.key("documents.read")
    for token in (mine.owner.token, key.token):
        answers = []
        for company in (theirs.company, ELSEWHERE, "nonsense", f"{mine.company}#"):
            got = Client(guarded, token, company).get("/scopes/documents.read")
            answers.append((got.status, {**got.json, "request_id": ""}))
        assert answers[0][0] == 404
        assert all(answer == answers[0] for answer in answers)
        assert Client(guarded, token, mine.company).get("/scopes/documents.read").status == 200


def test_a_person_of_one_company_need_not_name_it(new_shop: "Callable[..., Shop]", guarded: "Gateway") -> None:
    one, other = new_shop(), new_shop()
    person = one.member("clerk")
    client = Client(guarded, person.token)
    assert client.get("/scopes/documents.read").json["company"] == one.company
    subject = client.get("/me").json["subject"]
    other.member("viewer", subject)
    assert client.get("/scopes/documents.read").json["company"] == one.company, (
        "a stranger's company is not the caller's own"
    )
    client.company = other.company
    assert client.get("/scopes/documents.read").json["role"] == "viewer"


def test_a_person_of_several_companies_names_one(shop: "Shop", guarded: "Gateway") -> None:
    profile = {
        "name": "Seconde Boutique",
        "policy_version": policy_version(),
        "of_age": True,
        "address": {"city": "Fès"},
    }
    owner = Client(shop.owner.gateway, shop.owner.token)
    assert owner.post("/v1/companies", profile).status == 201
    got = Client(guarded, shop.owner.token).get("/scopes/documents.read")
    assert (got.status, got.codes) == (422, [("/header/Company", "company_header_required")])


def test_signed_in_without_a_company(guarded: "Gateway", issuer: "Issuer", shop: "Shop") -> None:
    stranger = Client(guarded, issuer.token("stranger", email="s@x.example"))
    assert stranger.get("/me").json == {
        "subject": "stranger",
        "kind": "user",
        "role": None,
        "company": "",
        "email": "s@x.example",
    }
    assert stranger.get("/scopes/documents.read").status == 404
    key, _ = shop.key("documents.read")
    assert Client(guarded, key.token).get("/me").status == 403


def test_a_blocked_company_is_closed_to_its_owner_and_unknown_to_others(
    new_shop: "Callable[..., Shop]", guarded: "Gateway", issuer: "Issuer", world: "World"
) -> None:
    shop = new_shop()
    head = world.store.records([Head.ref(shop.company)])[0]
    assert isinstance(head, Head)
    put(world, "journal", replace(head, state="blocked"))
    got = Client(guarded, shop.owner.token, shop.company).get("/scopes/documents.read")
    assert (got.status, got.json["code"]) == (403, "company_blocked")
    stranger = Client(guarded, issuer.token("stranger"), shop.company)
    assert stranger.get("/scopes/documents.read").status == 404


@pytest.mark.parametrize(
    "value", ["", "Bearer", "Bearer ", "Basic YTpi", "bearer x y", "Bearer \x00", "é", "fp_live_x"]
)
def test_values_that_are_no_credentials(guarded: "Gateway", value: str) -> None:
    got = Client(guarded).get("/scopes/documents.read", authorization=value)
    assert (got.status, got.json["code"]) == (401, "unauthenticated")


def test_an_issuer_out_of_reach_is_not_a_bad_token(
    world: "World", guarded: "Gateway", issuer: "Issuer", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world, "tokens", Tokens(replace(world.settings, jwks_url="http://127.0.0.1:1/")))
    got = Client(guarded, issuer.token("person")).get("/me")
    assert (got.status, got.json["code"]) == (503, "busy")


def test_the_guard_believes_only_the_authorizer(world: "World") -> None:
    from chalice.app import Request

    from chalicelib.api.auth import guard
    from chalicelib.domain.errors import Unauthenticated
    from tests.api.pipeline import ENDPOINTS

    me = next(endpoint for endpoint in ENDPOINTS if endpoint.path == "/me")
    for authorizer in (None, {}, {"principalId": "x"}, {"kind": "owner", "subject": "x"}, {"kind": "user"}):
        request = Request(
            {
                "multiValueQueryStringParameters": None,
                "pathParameters": None,
                "stageVariables": None,
                "body": None,
                "headers": {"kind": "user", "subject": "x", "authorization": "Bearer x"},
                "requestContext": {"httpMethod": "GET", "resourcePath": "/me", "authorizer": authorizer},
            }
        )
        with pytest.raises(Unauthenticated):
            guard(world, me, request)
