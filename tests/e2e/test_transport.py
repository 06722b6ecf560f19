"""The guarantees of `local.serve` for any application, with faults that the product does not have: a service of a few
lines fails, stalls and echoes on demand."""

import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import boto3
import pytest

from local import engine, resources
from tests.e2e.serving import Served, assert_problem

TINY = "tests.e2e.tiny_service"
MIB = 1024 * 1024
JSON = {"Content_Type": "application/json"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One service for the tests that leave it as it was."""
    running = Served.start(tmp_path_factory.mktemp("data"), TINY)
    yield running
    assert running.stop() == 0


class TestRefusals:
    @pytest.mark.parametrize(
        ("token", "status"), [(None, 401), ("Bearer expired", 401), ("Bearer denied", 403), ("Bearer broken", 500)]
    )
    def test_the_real_authorizer_decides(self, served: Served, token: str | None, status: int) -> None:
        headers = {"Authorization": token} if token else {}
        answer = served.request("PUT", "/rows/a", b"{}", **JSON, **headers)
        assert_problem(answer, status)
        assert ("www-authenticate" in answer.headers) == (status == 401)

    def test_a_wrong_content_type_is_415_and_a_bug_is_500(self, served: Served) -> None:
        answer = served.request("PUT", "/rows/a", b"a=1", Content_Type="text/plain", Authorization="Bearer good")
        assert_problem(answer, 415)
        assert_problem(served.request("GET", "/broken"), 500)

    @pytest.mark.parametrize(
        "head",
        [
            b"GARBAGE\r\n\r\n",
            b"GET /rows/a HTTP/9.9\r\n\r\n",
            b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n",
            b"GET * HTTP/1.1\r\n\r\n",
            b"POST /echo/a/b HTTP/1.1\r\nContent-Length: abc\r\n\r\n",
            b"POST /echo/a/b HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
            b"POST /echo/a/b HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
            b"POST /echo/a/b HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            b"POST /echo/a/b HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
            b"POST /echo/a/b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        ],
    )
    def test_an_unreadable_request_is_400(self, served: Served, head: bytes) -> None:
        answer = served.raw(head)
        assert_problem(answer, 400)
        assert answer.headers["connection"] == "close"


class TestBodies:
    def test_one_mebibyte_passes_whole_and_one_byte_more_is_413(self, served: Served) -> None:
        body = bytes(range(256)) * (MIB // 256)
        assert served.request("POST", "/echo/a/b", body).json()["sum"] == sum(body)
        answer = served.request("POST", "/echo/a/b", body + b"x")
        assert_problem(answer, 413)

    def test_a_much_larger_body_still_gets_its_answer(self, served: Served) -> None:
        assert_problem(served.request("POST", "/echo/a/b", b"x" * (8 * MIB)), 413)

    def test_chunks_are_read_and_counted(self, served: Served) -> None:
        head = b"POST /echo/a/b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
        assert served.raw(head + b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: 1\r\n\r\n").json()["bytes"] == 5
        assert_problem(served.raw(head + b"FFFFFFF\r\n"), 413)

    def test_a_client_that_asks_first_is_answered_at_once(self, served: Served) -> None:
        head = b"POST /echo/a/b HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n"
        with socket.create_connection(("127.0.0.1", served.port), timeout=5) as connection:
            connection.sendall(head % 3)
            assert connection.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
            connection.sendall(b"abc")
            assert b'"bytes":3' in connection.recv(1000)
        assert_problem(served.raw(head % (2 * MIB)), 413)


class TestRequests:
    def test_everything_arrives_as_it_was_sent(self, served: Served) -> None:
        answer = served.request(
            "POST",
            "/echo/a%2Fb/c?x=1&x=2&empty=&%C3%A9=a%20b",
            b"\xff\x00",
            COMPANY="com_1",
            If_Match='"7"',
            Idempotency_Key="key",
        )
        assert answer.json() == {
            "one": "a%2Fb",
            "two": "c",
            "parameters": {"one": "a%2Fb", "two": "c"},
            "query": {"x": ["1", "2"], "empty": [""], "é": ["a b"]},
            "headers": {"company": "com_1", "if-match": '"7"', "idempotency-key": "key"},
            "bytes": 2,
            "sum": 255,
        }

    def test_an_authorizers_context_is_text_as_on_aws(self, served: Served) -> None:
        answer = served.request("PUT", "/rows/b", b"{}", **JSON, Authorization="Bearer good")
        assert (answer.status, answer.headers["etag"]) == (201, '"1"')
        assert answer.json()["context"] == {"limit": "3", "owner": "true", "principalId": "someone"}

    def test_head_is_get_without_a_body_and_options_lists_methods(self, served: Served) -> None:
        head, get = served.request("HEAD", "/rows/none"), served.request("GET", "/rows/none")
        assert (head.status, head.body) == (404, b"")
        assert head.headers["content-length"] == str(len(get.body))
        options = served.request("OPTIONS", "/rows/none")
        assert (options.status, options.headers["allow"]) == (204, "GET, HEAD, OPTIONS, PUT")

    def test_an_answer_of_ours_is_left_as_it_is(self, served: Served) -> None:
        answer = served.request("GET", "/rows/none")
        assert answer.json() == {"key": "none", "found": False}
        assert answer.headers["request-id"]

    def test_requests_at_once_keep_their_own_request_and_context(self, served: Served) -> None:
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda tag: served.request("GET", f"/slow/{tag}").json(), range(8)))
        assert [answer["path"] for answer in answers] == [str(tag) for tag in range(8)]
        assert all(answer["same"] for answer in answers)


class TestLife:
    def test_a_request_under_way_is_answered_before_the_end(self, tmp_path: Path) -> None:
        served = Served.start(tmp_path, TINY)
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(served.request, "GET", "/slow/last?seconds=3")
            time.sleep(0.2)
            assert served.stop() == 0
            assert answer.result().status == 200

    def test_a_message_on_the_queue_wakes_its_job_at_once(self, tmp_path: Path) -> None:
        served = Served.start(tmp_path, TINY)
        queue = boto3.client(
            "sqs",
            endpoint_url=endpoint_of(served),
            region_name=engine.REGION,
            aws_access_key_id="local",
            aws_secret_access_key="local",
        )
        url = queue.get_queue_url(QueueName=resources.WAKE_QUEUE)["QueueUrl"]
        queue.send_message(QueueUrl=url, MessageBody="nonsense")
        queue.send_message(QueueUrl=url, MessageBody=json.dumps({"job": "nightly"}))
        deadline = time.monotonic() + 10
        while not served.request("GET", "/rows/job-nightly").json()["found"]:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert served.stop() == 0


def endpoint_of(served: Served) -> str:
    """The endpoint of the embedded engine, as the service prints it."""
    return next(line.rsplit(" ", 1)[1] for line in served.lines if "embedded AWS listens on" in line)
