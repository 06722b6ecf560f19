"""The API's manners on the wire: methods, languages, tags, cross-origin answers, and bodies that nobody should send."""

import gzip
import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.e2e.person import CUSTOMER, LINE, Person, demonstration, signed_up
from tests.e2e.serving import Served, assert_problem

JSON = "application/json"
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
ALWAYS = {
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "access-control-allow-origin": "*",
}


@pytest.fixture(scope="module")
def me(live: Served) -> Person:
    """The owner of a company of this module."""
    return signed_up(live, "manners")


def clock(me: Person) -> int:
    """The clock at the end of the company's change feed."""
    after = 0
    while True:
        page = me.must("GET", f"/v1/changes?after={after}&limit=100")
        after = page["clock"]
        if not page["has_more"]:
            return int(after)


class TestMethods:
    @pytest.mark.parametrize("path", ["/v1", "/v1/nowhere", "/v2/invoices", "/v1/customers/a/b/c", "/v1//customers"])
    def test_an_unknown_path_is_404(self, me: Person, path: str) -> None:
        for method in ("GET", "POST", "DELETE"):
            assert_problem(me.ask(method, path), 404)

    @pytest.mark.parametrize(
        ("method", "path", "allow"),
        [
            ("PUT", "/v1/customers", "GET, HEAD, OPTIONS, POST"),
            ("DELETE", "/v1/invoices", "GET, HEAD, OPTIONS, POST"),
            ("POST", "/v1/company", "GET, HEAD, OPTIONS, PATCH"),
            ("POST", "/v1/company/logo", "GET, HEAD, OPTIONS, PUT"),
            ("PROPFIND", "/v1/customers", "GET, HEAD, OPTIONS, POST"),
            ("TRACE", "/health", "GET, HEAD, OPTIONS"),
        ],
    )
    def test_an_unknown_method_is_405_and_names_the_known_ones(
        self, live: Served, method: str, path: str, allow: str
    ) -> None:
        answer = live.request(method, path)
        assert_problem(answer, 405)
        assert answer.headers["allow"] == allow

    def test_head_is_get_without_a_body(self, me: Person) -> None:
        get, head = me.ask("GET", "/v1/company"), me.ask("HEAD", "/v1/company")
        assert (head.status, head.body, head.headers["etag"]) == (200, b"", get.headers["etag"])
        assert head.headers["content-length"] == str(len(get.body))
        assert me.ask("HEAD", "/v1/invoices/preview").status == 405

    def test_every_answer_carries_an_id_and_the_same_care(self, me: Person) -> None:
        answers = [me.ask("GET", path) for path in ("/v1/company", "/health", "/", "/docs", "/v1/customers/x")]
        ids = [answer.headers["request-id"] for answer in answers]
        assert all(UUID.fullmatch(id) for id in ids)
        assert len(set(ids)) == len(ids)
        for answer in answers:
            assert {name: answer.headers.get(name) for name in ALWAYS} == ALWAYS
            assert "'none'" in answer.headers["content-security-policy"]


class TestCrossOrigin:
    def test_a_preflight_of_every_path_is_answered_without_a_token(self, live: Served) -> None:
        paths = live.request("GET", "/openapi.json").json()["paths"]
        assert paths
        for path in paths:
            answer = live.request(
                "OPTIONS", path.replace("{id}", "x"), Origin="https://app.example", Access_Control_Request_Method="POST"
            )
            assert (answer.status, answer.body) == (204, b"")
            allowed = {name.strip().lower() for name in answer.headers["access-control-allow-headers"].split(",")}
            assert {
                "authorization",
                "company",
                "content-type",
                "idempotency-key",
                "if-match",
                "if-none-match",
            } <= allowed
            assert answer.headers["access-control-allow-origin"] == "*"
            assert "access-control-allow-credentials" not in answer.headers
            assert answer.headers["access-control-max-age"] == "600"

    @pytest.mark.parametrize(("path", "status"), [("/v1/company", 401), ("/v1/nowhere", 404), ("/health", 200)])
    def test_a_page_can_read_refusals_too(self, live: Served, path: str, status: int) -> None:
        answer = live.request("GET", path, Origin="https://app.example")
        assert answer.status == status
        assert answer.headers["access-control-allow-origin"] == "*"


class TestLanguages:
    @pytest.mark.parametrize(
        ("wanted", "given"),
        [
            (None, "en"),
            ("fr", "fr"),
            ("ar-MA", "ar"),
            ("fr-MA, en;q=0.9", "fr"),
            ("en;q=0.5, fr;q=0.9, ar;q=0.1", "fr"),
            ("fr;q=0, ar;q=0.001", "ar"),
            ("de, es", "en"),
            ("*", "en"),
            (";;;q=", "en"),
        ],
    )
    def test_a_problem_speaks_the_callers_language(self, live: Served, wanted: str | None, given: str) -> None:
        headers: dict[str, str] = {} if wanted is None else {"Accept_Language": wanted}
        for path in ("/v1/company", "/v1/nowhere"):
            assert live.request("GET", path, None, **headers).headers["content-language"] == given


class TestTags:
    def test_an_unchanged_resource_is_not_sent_again(self, me: Person) -> None:
        url = f"/v1/customers/{me.must('POST', '/v1/customers', CUSTOMER)['id']}"
        read = me.ask("GET", url)
        tag = read.headers["etag"]
        for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
            again = me.ask("GET", url, If_None_Match=known)
            assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)
        for unknown in ('"other"', "nonsense", "", f"{tag[:-2]}"):
            assert me.ask("GET", url, If_None_Match=unknown).status == 200
        me.must("PATCH", url, {"notes": "x"}, If_Match=tag)
        assert me.ask("GET", url, If_None_Match=tag).status == 200

    def test_a_tag_changes_with_a_payment(self, me: Person) -> None:
        customer = me.must("POST", "/v1/customers", CUSTOMER)["id"]
        draft = me.must("POST", "/v1/invoices", {"customer": customer, "lines": [LINE]})["id"]
        issued = me.ask("POST", f"/v1/invoices/{draft}/issue", {})
        before = me.ask("GET", f"/v1/invoices/{draft}").headers["etag"]
        assert issued.headers["etag"] == before
        day = issued.json()["issue_date"]
        me.must("POST", f"/v1/invoices/{draft}/payments", {"amount": "1.00", "method": "transfer", "date": day})
        assert me.ask("GET", f"/v1/invoices/{draft}", If_None_Match=before).status == 200


MALFORMED: dict[str, bytes] = {
    "half an object": b'{"name": ',
    "a trailing comma": b'{"name": "x",}',
    "single quotes": b"{'name': 'x'}",
    "a comment": b'{"name": "x"} // y',
    "two objects": b'{"name": "x"}{"name": "y"}',
    "a name twice": b'{"name": "x", "name": "y"}',
    "an array": b"[]",
    "a string": b'"x"',
    "null": b"null",
    "NaN": b'{"name": NaN}',
    "infinity": b'{"name": -Infinity}',
    "a number without end": b'{"name": ' + b"9" * 5_000 + b"}",
    "a byte order mark": b'\xef\xbb\xbf{"name": "x"}',
    "Latin-1": '{"name": "é"}'.encode("latin-1"),
    "UTF-16": '{"name": "x"}'.encode("utf-16"),
    "half a surrogate": b'{"name": "\\ud800"}',
    "a NUL": b'{"name": "x"}\x00',
    "a raw control character": b'{"name": "a\x01b"}',
    "a bad escape": b'{"name": "\\x41"}',
    "21 levels": b'{"name": ' * 21 + b"1" + b"}" * 21,
    "100,000 brackets": b"[" * 100_000,
    "100,000 braces": b'{"a":' * 100_000,
    "XML": b"<name>x</name>",
    "a billion laughs": b'<!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>',
}


class TestBodies:
    @pytest.mark.parametrize("kind", MALFORMED)
    def test_a_body_other_than_one_json_object_is_400(self, me: Person, kind: str) -> None:
        answer = me.served.request(
            "POST",
            "/v1/customers",
            MALFORMED[kind],
            Authorization=f"Bearer {me.token}",
            Content_Type=JSON,
            Idempotency_Key=f"malformed-{kind}".encode("ascii", "replace").decode(),
        )
        assert_problem(answer, 400)
        assert answer.json()["code"] == "malformed"

    def test_the_malformed_left_nothing_behind(self, me: Person) -> None:
        before = clock(me)
        for kind in MALFORMED:
            self.test_a_body_other_than_one_json_object_is_400(me, kind)
        assert clock(me) == before

    @pytest.mark.parametrize(
        ("kind", "status"),
        [
            (JSON, 201),
            ("application/json; charset=utf-8", 201),
            ("APPLICATION/JSON", 201),
            ("application/json; charset=latin-1", 415),
            ("text/plain", 415),
            ("text/json", 415),
            ("application/x-www-form-urlencoded", 415),
            ("multipart/form-data; boundary=x", 415),
            ("application/vnd.api+json", 415),
            ("nonsense", 415),
        ],
    )
    def test_content_types(self, me: Person, kind: str, status: int) -> None:
        answer = me.ask("POST", "/v1/customers", CUSTOMER, Content_Type=kind)
        assert answer.status == status
        if status == 415:
            assert_problem(answer, 415)

    @pytest.mark.parametrize("size", [1_000_001, 1024 * 1024 + 1, 4_000_000])
    def test_above_a_megabyte_is_413_with_the_limit(self, me: Person, size: int) -> None:
        answer = me.ask("POST", "/v1/customers", CUSTOMER | {"notes": "x" * size})
        assert_problem(answer, 413)
        assert answer.json()["limit"] == "1 MB"

    def test_a_path_that_cannot_name_a_thing(self, me: Person) -> None:
        for id in ("x", "%00", "cus_%2E%2E", "cus_01J%23", "a" * 5_000, "..%2F..%2Fetc%2Fpasswd", "%F0%9F%92%A9"):
            assert_problem(me.ask("GET", f"/v1/customers/{id}"), 404)


class TestRepeats:
    def test_the_same_key_at_once_does_it_once(self, me: Person) -> None:
        body = CUSTOMER | {"name": "Une Seule Fois"}
        with ThreadPoolExecutor(8) as pool:
            answers = list(
                pool.map(lambda _: me.ask("POST", "/v1/customers", body, Idempotency_Key="at-once"), range(8))
            )
        assert {answer.status for answer in answers} == {201}
        assert len({answer.json()["id"] for answer in answers}) == 1
        assert sum("idempotency-replayed" not in answer.headers for answer in answers) == 1
        found = me.must("GET", "/v1/customers?q=une%20seule%20fois")["data"]
        assert len(found) == 1

    def test_a_secret_is_shown_once(self, me: Person) -> None:
        body = {"name": "caisse", "scopes": ["documents.read"]}
        first = me.ask("POST", "/v1/api-keys", body, Idempotency_Key="a-key")
        again = me.ask("POST", "/v1/api-keys", body, Idempotency_Key="a-key")
        assert first.json()["key"].startswith("fp_live_")
        assert (again.status, again.headers["idempotency-replayed"]) == (201, "true")
        assert "key" not in again.json()
        assert again.headers["etag"] == first.headers["etag"]


class TestPages:
    def test_the_documents_of_the_api(self, live: Served) -> None:
        document = live.request("GET", "/openapi.json")
        assert (document.status, document.headers["content-type"]) == (200, JSON)
        assert document.json()["openapi"].startswith("3.1")
        page = live.request("GET", "/docs")
        assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert "script" not in page.headers["content-security-policy"]
        shown = page.body.decode()
        assert all(f">{path}</code>" in shown for path in document.json()["paths"])
        assert list(_elsewhere(shown)) == []

    def test_the_document_of_the_api_is_compressed_for_who_takes_it(self, live: Served) -> None:
        plain = live.request("GET", "/openapi.json")
        packed = live.request("GET", "/openapi.json", Accept_Encoding="gzip, br")
        assert "content-encoding" not in plain.headers
        assert (packed.headers["content-encoding"], packed.headers["etag"]) == ("gzip", plain.headers["etag"])
        assert len(packed.body) < 98_000 < len(plain.body)
        assert gzip.decompress(packed.body) == plain.body

    def test_health(self, live: Served) -> None:
        told = live.request("GET", "/health").json()
        assert (told["status"], told["stage"]) == ("ok", "local")
        assert set(told["dependencies"].values()) == {"reachable"}

    def test_a_cursor_of_another_company_tells_nothing(self, live: Served, me: Person) -> None:
        theirs = demonstration(live).must("GET", "/v1/invoices?limit=1")["data"][0]["id"]
        page = me.must("GET", f"/v1/invoices?starting_after={theirs}")
        assert theirs not in json.dumps(page)


def _elsewhere(page: str) -> Iterator[str]:
    """Addresses that a page would load from another place."""
    for found in re.findall(r'(?:src|href)="([^"]+)"', page):
        if "://" in found or found.startswith("//"):
            yield found
