"""Answers that an earlier version gave under idempotency keys: the same request gets the same answer again."""

import pytest

from tests.client import Got
from tests.stored.scenes import PLACE, answers
from tests.stored.stage import Stage

SHOWN = ("content-type", "etag", "idempotency-replayed", "location")
"""Headers that belong to the answer; the others belong to the pipeline."""


ANSWERS = sorted(path.stem for path in (PLACE / "answers").iterdir())


@pytest.mark.parametrize("name", ANSWERS)
def test_a_repeated_request_gets_its_first_answer(stage: Stage, name: str) -> None:
    """Status, headers and body are compared whole, and nothing is written."""
    stage.load(name)
    before = {table: stage.tables.all(table) for table in ("workspace", "ledger", "journal", "identity", "requests")}
    for said in answers(name):
        request = said["request"]
        client = stage.client(request["company"], request["subject"])
        got = client.ask(
            request["method"],
            request["path"],
            request["body"],
            idempotency_key=request["key"],
            **request["headers"],
        )
        assert _shown(got) == said["answer"], request
    assert {table: stage.tables.all(table) for table in before} == before


def test_every_shape_of_answer_is_among_them() -> None:
    """The files hold a created draft, an issued invoice, a credit note, a key whose secret is withheld, a job that was
    accepted, an answer whose body was taken away, and a document whose buyer was erased since."""
    books = {(said["request"]["method"], _place(said["request"]["path"])) for said in answers("books")}
    assert {
        ("POST", "/v1/invoices"),
        ("POST", "/v1/invoices/{id}/issue"),
        ("POST", "/v1/invoices/{id}/credit"),
        ("POST", "/v1/api-keys"),
        ("DELETE", "/v1/items/{id}"),
    } <= books
    (accepted,) = answers("bulk-unsaved")
    assert accepted["answer"]["status"] == 202
    assert accepted["answer"]["headers"]["location"] == f"/v1/jobs/{accepted['answer']['body']['id']}"
    (key,) = (said["answer"]["body"] for said in answers("books") if said["request"]["path"] == "/v1/api-keys")
    assert "key" not in key
    bodies = [said["answer"]["body"] for said in answers("erased")]
    assert {"erased": True} in bodies
    buyers = [body["buyer"] for body in bodies if body.get("buyer")]
    assert [buyer["name"] for buyer in buyers if "erased" in buyer] == ["Client effacé à sa demande"]


def test_the_same_key_for_another_request_is_refused(stage: Stage) -> None:
    """The digest of the request is compared with the stored one."""
    stage.load("books")
    request = answers("books")[3]["request"]
    client = stage.client(request["company"])
    got = client.post(request["path"], {"name": "Autre client", "kind": "consumer"}, idempotency_key=request["key"])
    assert (got.status, got.json["code"]) == (422, "idempotency_key_reused")


def test_an_answer_is_forgotten_after_thirty_days(stage: Stage) -> None:
    """The request is then carried out anew: its first customer has another id."""
    stage.load("books")
    said = next(said for said in answers("books") if said["request"]["path"] == "/v1/suppliers")
    stage.later(days=30, minutes=1)
    client = stage.client(said["request"]["company"])
    got = client.post("/v1/suppliers", said["request"]["body"], idempotency_key=said["request"]["key"])
    assert got.status == 201
    assert got.json["id"] != said["answer"]["body"]["id"]


def _shown(got: Got) -> dict[str, object]:
    headers = {name: got.headers[name] for name in SHOWN if name in got.headers}
    return {"status": got.status, "headers": headers, "body": got.json if got.text else None}


def _place(path: str) -> str:
    return "/".join("{id}" if "_" in part else part for part in path.split("/"))
