"""The pipeline, from the wire to the wire: bodies, headers, answers, failures."""

import hashlib
import json
import logging
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.domain.call import bound_key
from tests.api.pipeline import gateway_of
from tests.client import Client

if TYPE_CHECKING:
    from chalicelib.wiring import World

THING = "cus_01J00000000000000000000000"


@pytest.fixture(scope="module")
def client(world: "World") -> Client:
    """A caller without a token."""
    return Client(gateway_of(world))


def test_making_a_thing(client: Client) -> None:
    got = client.post("/things", {"name": "Atlas"}, idempotency_key="k-1")
    assert got.status == 201
    assert got.json["key"] == bound_key("nobody", "k-1")
    assert got.json["verb"] == "post_things"
    assert got.json["secret"] == "s3cret"
    assert got.headers["location"] == "/things/thing_1"
    assert got.headers["content-type"] == "application/json"
    assert got.headers["request-id"]
    assert got.headers["cache-control"] == "no-store"
    assert got.headers["access-control-allow-origin"] == "*"
    assert got.headers["x-content-type-options"] == "nosniff"


def test_the_tag_of_an_answer_with_a_secret_is_that_of_the_resource(client: Client) -> None:
    from chalicelib.api.etag import etag

    got = client.post("/things", {"name": "Atlas"}, idempotency_key="k")
    assert got.etag == etag({name: value for name, value in got.json.items() if name != "secret"})


def test_a_request_is_known_by_method_path_and_content(client: Client) -> None:
    def request(raw: bytes, path: str = "/things") -> str:
        return str(client.post(path, raw=raw).json["request"])

    one = request(b'{"name": "Atlas", "price": "1.00"}')
    assert len(one) == len(hashlib.sha256().hexdigest())
    assert request(b'{ "price":"1.00",\n"name":"Atlas"}') == one
    assert request(b'{"name": "Atlas", "price": "1.0"}') != one
    assert request('{"name": "Néfle"}'.encode()) == request(b'{"name": "N\\u00e9fle"}')


DEEP = b'{"name": "a", "lines": ' + b"[" * 30 + b"]" * 30 + b"}"
MALFORMED: dict[str, tuple[bytes, str]] = {
    "cut off": (b'{"name": "a"', "not_json"),
    "nothing but space": (b"  ", "not_json"),
    "single quotes": (b"{'name': 'a'}", "not_json"),
    "a comment": (b'{"name": "a"} // x', "not_json"),
    "a comma too many": (b'{"name": "a",}', "not_json"),
    "two values": (b'{"name": "a"}{"name": "b"}', "not_json"),
    "a byte order mark": (b'\xef\xbb\xbf{"name": "a"}', "not_json"),
    "a raw control character": (b'{"name": "a\x00"}', "not_json"),
    "a bad escape": (b'{"name": "\\x41"}', "not_json"),
    "UTF-16": ('{"name": "a"}'.encode("utf-16"), "not_utf8"),
    "Latin-1": ('{"name": "é"}'.encode("latin-1"), "not_utf8"),
    "an overlong encoding": (b'{"name": "\xc0\xaf"}', "not_utf8"),
    "an encoded surrogate": (b'{"name": "\xed\xa0\x80"}', "not_utf8"),
    "an escaped lone surrogate": (b'{"name": "\\ud800"}', "lone_surrogate"),
    "a lone surrogate in a name": (b'{"name": "a", "\\udfff": 1}', "lone_surrogate"),
    "NaN": (b'{"name": NaN}', "number_out_of_range"),
    "infinity": (b'{"name": -Infinity}', "number_out_of_range"),
    "a number of 5,000 digits": (b'{"name": ' + b"9" * 5000 + b"}", "number_out_of_range"),
    "the same name twice": (b'{"name": "a", "name": "b"}', "duplicate_name"),
    "the same name twice, escaped": (b'{"name": "a", "n\\u0061me": "b"}', "duplicate_name"),
    "the same name twice, inside": (b'{"lines": [{"quantity": "1", "quantity": "2"}]}', "duplicate_name"),
    "30 levels": (DEEP, "too_deep"),
    "20,000 levels": (b'{"name": ' + b"[" * 20_000 + b"]" * 20_000 + b"}", "too_deep"),
    "20,000 levels, never closed": (b'{"name": ' + b'{"a":' * 20_000, "too_deep"),
    "100,000 levels": (b'{"name": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "too_many"),
    "300,000 empty arrays": (b'{"lines": [' + b",".join([b"[]"] * 300_000) + b"]}", "too_many"),
    "300,000 empty objects": (b'{"lines": [' + b",".join([b"{}"] * 300_000) + b"]}", "too_many"),
    "450,000 numbers": (b'{"lines": [' + b",".join([b"1"] * 450_000) + b"]}", "too_many"),
    "60,000 names": (b"{" + b",".join(b'"%d":1' % n for n in range(60_000)) + b"}", "too_many"),
    "150,000 times one name": (b"{" + b",".join([b'"a":1'] * 150_000) + b"}", "too_many"),
    "400,000 escaped quotes, never closed": (b'{"name": "' + b'\\"' * 400_000 + b"," * 60_000, "not_json"),
    "a list": (b"[]", "not_an_object"),
    "a string": (b'"a"', "not_an_object"),
    "null": (b"null", "not_an_object"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_bodies_that_cannot_be_read(client: Client, name: str) -> None:
    raw, code = MALFORMED[name]
    got = client.post("/things", raw=raw)
    assert (got.status, got.json["code"]) == (400, "malformed")
    assert got.codes == [("", code)]
    assert got.headers["content-type"] == "application/problem+json"


def test_commas_and_brackets_in_a_text_are_no_values(client: Client) -> None:
    got = client.post("/things", {"name": '",[{\\' * 100_000})
    assert (got.status, got.codes) == (422, [("/name", "too_long")])


def test_a_body_with_too_many_values_costs_almost_nothing(client: Client) -> None:
    raw = b'{"lines": [' + b",".join([b"[]"] * 300_000) + b"]}"
    tracemalloc.start()
    try:
        assert client.post("/things", raw=raw).status == 400
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 20_000_000, "each empty array was decoded"


INVALID: dict[str, tuple[dict[str, Any], str, str]] = {
    "nothing": ({}, "/name", "missing"),
    "null": ({"name": None}, "/name", "wrong_type"),
    "a number": ({"name": 5}, "/name", "wrong_type"),
    "an unknown name": ({"name": "a", "nom~/é": 1}, "/nom~0~1é", "unknown_field"),
    "too long": ({"name": "a" * 21}, "/name", "too_long"),
    "half a megabyte": ({"name": "a" * 500_000}, "/name", "too_long"),
    "a control character": ({"name": "a\x00b"}, "/name", "control_character"),
    "a character that shows nothing": ({"name": "\u202e\u3164"}, "/name", "nothing_visible"),
    "an amount as a number": ({"name": "a", "price": 12.5}, "/price", "number_not_string"),
    "a number of 40 digits": ({"name": "a", "price": "9" * 40}, "/price", "too_many_digits"),
    "a huge whole number": ({"name": "a", "price": 10**40}, "/price", "number_not_string"),
    "a negative quantity": (
        {"name": "a", "lines": [{"description": "x", "quantity": "-1"}]},
        "/lines/0/quantity",
        "not_positive",
    ),
    "the year 9999": ({"name": "a", "day": "9999-01-01"}, "/day", "out_of_range"),
    "another language": ({"name": "a", "language": "de"}, "/language", "not_one_of"),
    "a position as text": (
        {"name": "a", "lines": [{"description": "x", "quantity": "1", "position": "1"}]},
        "/lines/0/position",
        "wrong_type",
    ),
    "a position beyond": (
        {"name": "a", "lines": [{"description": "x", "quantity": "1", "position": 10**40}]},
        "/lines/0/position",
        "out_of_range",
    ),
    "too many lines": ({"name": "a", "lines": [{"description": "x", "quantity": "1"}] * 10_000}, "/lines", "too_many"),
}


@pytest.mark.parametrize("name", INVALID)
def test_content_that_is_not_acceptable(client: Client, name: str) -> None:
    body, pointer, code = INVALID[name]
    got = client.post("/things", body)
    assert got.status == 422
    assert got.codes == [(pointer, code)]


def test_a_body_above_the_limit(client: Client) -> None:
    got = client.post("/things", {"name": "a" * 1_000_000})
    assert (got.status, got.json["limit"]) == (413, "1 MB")


def test_errors_beyond_counting_are_not_listed(client: Client) -> None:
    some = client.post("/things", {f"x{index}": 1 for index in range(4_000)})
    assert len(some.json["errors"]) == 50
    many = client.post("/things", {f"x{index}": 1 for index in range(50_000)})
    assert (many.status, many.codes) == (422, [("", "too_many_errors")])


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 201),
        ("Application/JSON; charset=UTF-8", 201),
        ('application/json;charset="utf-8"', 201),
        ("application/json; charset=latin-1", 415),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("application/jsonx", 415),
        ("multipart/form-data; boundary=application/json", 415),
        ("x" * 5000, 415),
    ],
)
def test_content_types(client: Client, content_type: str, status: int) -> None:
    assert client.post("/things", {"name": "a"}, content_type=content_type).status == status


def test_idempotency_keys(client: Client) -> None:
    missing = client.post("/things", {"name": "a"}, idempotency_key="")
    assert (missing.status, missing.json["code"]) == (400, "idempotency_key_missing")
    for key in ("é", "a\tb", "a\x1fb", "§req_1:run", "k" * 256):
        got = client.post("/things", {"name": "a"}, idempotency_key=key)
        assert (got.status, got.codes) == (400, [("/header/Idempotency-Key", "bad_idempotency_key")])
    assert client.post("/things", {"name": "a"}, idempotency_key="k" * 255).status == 201


def test_if_match(client: Client) -> None:
    assert client.delete(f"/things/{THING}", "").status == 428
    assert client.delete(f"/things/{THING}", "nonsense").codes == [("/header/If-Match", "bad_etag")]
    got = client.delete(f"/things/{THING}", '"a"')
    assert (got.status, got.text) == (204, "")
    changed = client.patch(f"/things/{THING}", {"name": "a"}, '"b"')
    assert changed.json["if_match"] == '"b"'
    assert changed.headers["idempotency-replayed"] == "true"


def test_a_body_where_none_belongs(client: Client) -> None:
    got = client.ask("DELETE", f"/things/{THING}", {"force": True}, if_match="*", content_type="application/json")
    assert (got.status, got.codes) == (422, [("/force", "unknown_field")])


def test_query_strings(client: Client) -> None:
    assert client.get("/things", query={"limit": 5}).json["data"] == [{"limit": 5}]
    for query, pointer, code in (
        ({"limit": "0"}, "/query/limit", "out_of_range"),
        ({"limit": "many"}, "/query/limit", "wrong_type"),
        ({"limit": ["1", "2"]}, "/query/limit", "repeated_parameter"),
        ({"limits": "1"}, "/query/limits", "unknown_parameter"),
        ({"starting_after": "x#y"}, "/query/starting_after", "bad_cursor"),
        ({"starting_after": THING, "ending_before": THING}, "/query", "both_cursors"),
        ({"expand[]": ["customer", "secrets"]}, "/query/expand[]/1", "not_one_of"),
    ):
        got = client.get("/things", query=query)
        assert (got.status, got.codes) == (422, [(pointer, code)])
    assert client.get("/page", query={"x": "1"}).codes == [("/query/x", "unknown_parameter")]


def test_ids_in_the_path(client: Client) -> None:
    assert client.get(f"/things/{THING}").json["id"] == THING
    for id in ("x", "cus_01J0000000000000000000000", f"{THING}%23balance", f"{THING}#x", "%2e%2e", "é"):
        got = client.get(f"/things/{id}")
        assert (got.status, got.json["code"]) == (404, "not_found")


def test_tags_and_conditional_reads(client: Client) -> None:
    plain = client.get(f"/things/{THING}")
    wide = client.get(f"/things/{THING}", query={"expand[]": "customer"})
    assert wide.etag.startswith(plain.etag[:-1] + "-")
    again = client.get(f"/things/{THING}", if_none_match=plain.etag)
    assert (again.status, again.text, again.etag) == (304, "", plain.etag)
    assert client.get(f"/things/{THING}", if_none_match=wide.etag).status == 200
    assert "etag" not in client.get("/things").headers


def test_redirects_and_pages(client: Client) -> None:
    file = client.get(f"/things/{THING}/pdf")
    assert (file.status, file.headers["location"], file.text) == (303, "https://s3/x", "")
    page = client.get("/page")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.text.endswith("<p>é</p>")
    assert "script" not in page.headers["content-security-policy"]
    assert "style-src 'sha256-" in page.headers["content-security-policy"]


def test_a_failure_says_nothing_and_logs_no_content(
    client: Client, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.WARNING):
        got = client.post("/fail", {"name": "Madame Secret"}, accept_language="ar")
    assert (got.status, got.json["code"]) == (500, "internal_error")
    assert got.headers["content-language"] == "ar"
    assert "Secret" not in got.text + caplog.text
    assert "Traceback" not in got.text + caplog.text
    (record,) = caplog.records
    assert "ValueError at" in record.message
    assert "pipeline.py:" in record.message
    line = json.loads(capsys.readouterr().err)
    assert line["request_id"] == got.json["request_id"] == got.headers["request-id"]
    assert (line["level"], line["verb"]) == ("ERROR", "post_fail")


def test_a_dependency_that_does_not_answer_is_worth_another_try(client: Client) -> None:
    got = client.get("/unanswered")
    assert (got.status, got.json["code"], got.headers["retry-after"]) == (503, "busy", "2")


def test_refusals_are_declared(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    assert client.get("/conflict").json["code"] == "not_issued"
    assert not caplog.records
    assert client.get("/undeclared").json["code"] == "not_issued"
    assert "undeclared refusal not_issued by get_undeclared" in caplog.text


def test_the_gateways_own_refusals(client: Client) -> None:
    for method, path, status in (("GET", "/nowhere", 404), ("PUT", "/things", 405), ("GET", "/me", 401)):
        got = client.ask(method, path, accept_language="fr")
        assert got.status == got.json["status"] == status
        assert got.headers["content-type"] == "application/problem+json"
        assert got.json["request_id"] == got.headers["request-id"]


def test_bodies_are_small_json(client: Client) -> None:
    text = client.get(f"/things/{THING}").text
    assert text == json.dumps(json.loads(text), separators=(",", ":"), ensure_ascii=False)
