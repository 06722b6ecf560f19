"""Objects through the real engine: put once, read within a limit, hand out, delete; and S3's errors as ours."""

import secrets
import time
import urllib.request
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError

from chalicelib.domain.errors import Busy, NotFound, TooLarge
from chalicelib.files.objects import Files
from local.engine import REGION, Engine
from tests.jobs.worlds import settings

ARABIC = "فاتورة-42.pdf"


@pytest.fixture(scope="module")
def files(engine: Engine) -> Files:
    made = Files(settings(engine.endpoint, f"files-{secrets.token_hex(4)}"))
    made.client.create_bucket(Bucket=made.bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    return made


@pytest.fixture
def key() -> str:
    return f"pdf/cmp_1/{secrets.token_hex(8)}.pdf"


def test_the_first_to_put_wins(files: Files, key: str) -> None:
    assert not files.exists(key)
    assert files.put(key, b"first", "application/pdf")
    assert not files.put(key, b"second", "application/pdf")
    assert files.read(key) == b"first"
    assert files.put(key, b"third", "application/pdf", only_if_absent=False)
    assert files.read(key) == b"third"
    assert files.exists(key)


def test_a_missing_object_is_not_found(files: Files, key: str) -> None:
    with pytest.raises(NotFound):
        files.read(key)
    files.delete(key)
    assert not files.exists(key)


def test_a_limit_is_kept_without_reading(files: Files, key: str) -> None:
    files.put(key, b"12345", "application/pdf")
    assert files.read(key, 5) == b"12345"
    with pytest.raises(TooLarge) as refused:
        files.read(key, 4)
    assert refused.value.params == {"limit": 4}


def test_list_goes_through_every_page(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    company = f"cmp_{secrets.token_hex(4)}"
    keys = [f"pdf/{company}/{number:02}.pdf" for number in range(5)]
    for each in keys:
        files.put(each, b"x", "application/pdf")
    files.put(f"pdf/{company}0/other.pdf", b"x", "application/pdf")
    paged = files.client.list_objects_v2
    calls: list[int] = []

    def two(**asked: Any) -> Any:
        calls.append(1)
        return paged(**asked, MaxKeys=2)

    real = files.client.get_paginator("list_objects_v2")
    monkeypatch.setattr(real, "_method", two)
    monkeypatch.setattr(files.client, "get_paginator", lambda name: real)
    assert list(files.list(f"pdf/{company}/")) == keys
    assert len(calls) == 3


def test_a_link_reads_and_names_the_file(files: Files, key: str) -> None:
    files.put(key, b"%PDF-", "application/pdf")
    before = datetime.now(UTC)
    link, ends = files.url(key, ARABIC)
    asked = parse_qs(urlsplit(link).query)
    assert asked["X-Amz-Expires"] == ["300"]
    assert asked["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert timedelta(seconds=298) <= ends - before <= timedelta(seconds=301)
    with urllib.request.urlopen(link, timeout=5) as answer:
        assert answer.read() == b"%PDF-"
        assert answer.headers["Content-Type"] == "application/pdf"
        assert answer.headers["Content-Disposition"].endswith(
            "filename*=UTF-8''%D9%81%D8%A7%D8%AA%D9%88%D8%B1%D8%A9-42.pdf"
        )


def test_a_link_is_never_html(files: Files) -> None:
    link, _ = files.url("uploads/cmp_1/x.html", "x.html", seconds=60)
    asked = parse_qs(urlsplit(link).query)
    assert asked["response-content-type"] == ["application/octet-stream"]
    assert asked["X-Amz-Expires"] == ["60"]


def test_styles_of_address(files: Files) -> None:
    assert urlsplit(files.url("pdf/a.pdf", "a.pdf")[0]).path == f"/{files.bucket}/pdf/a.pdf"
    on_aws = Files(replace(files.settings, endpoint=None, places=()))
    assert urlsplit(on_aws.url("pdf/a.pdf", "a.pdf")[0]).netloc.startswith(f"{files.bucket}.s3.")


@pytest.mark.usefixtures("embedded_s3")
def test_encryption_is_asked_for_where_there_is_a_key(files: Files, key: str) -> None:
    seen: list[dict[str, Any]] = []
    for key_id in (None, "alias/facture"):
        made = Files(files.settings, key_id)
        made.client.meta.events.register(
            "before-parameter-build.s3.PutObject", lambda params, **_: seen.append(dict(params))
        )
        made.put(f"{key}{key_id is None}", b"x", "application/pdf")
    assert "ServerSideEncryption" not in seen[0]
    assert (seen[1]["ServerSideEncryption"], seen[1]["SSEKMSKeyId"]) == ("aws:kms", "alias/facture")


@pytest.fixture
def answering(files: Files, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Make S3 answer every call with this status and code; botocore's own retries included. Counts them."""
    made = Files(files.settings)
    sent: list[str] = []

    def answer(status: int, code: str) -> tuple[Files, list[str]]:
        body = f"<Error><Code>{code}</Code><Message>m</Message></Error>".encode()

        def respond(request: Any, **_: Any) -> AWSResponse:
            sent.append(request.method)
            raw = type("Raw", (), {"stream": lambda self, **_: iter([body]), "read": lambda self, *_: body})()
            return AWSResponse(request.url, status, {"content-type": "application/xml"}, raw)

        made.client.meta.events.register("before-send.s3.*", respond)
        return made, sent

    monkeypatch.setattr(time, "sleep", lambda _: None)
    return answer


@pytest.mark.parametrize(
    ("status", "code"), [(503, "SlowDown"), (500, "InternalError"), (409, "ConditionalRequestConflict")]
)
def test_a_passing_error_is_busy(answering: Any, key: str, status: int, code: str) -> None:
    files, sent = answering(status, code)
    with pytest.raises(Busy):
        files.put(key, b"x", "application/pdf")
    assert len(sent) == (3 if status >= 500 else 1), "tried three times at most"


@pytest.mark.parametrize(("status", "code"), [(403, "AccessDenied"), (404, "NoSuchBucket")])
def test_a_defect_is_raised_as_it_is(answering: Any, key: str, status: int, code: str) -> None:
    files, _ = answering(status, code)
    with pytest.raises(ClientError):
        files.read(key)


@pytest.mark.parametrize("there", [True, False])
def test_a_missing_object_is_distinguished_from_a_forbidden_one(files: Files, key: str, there: bool) -> None:
    """S3 answers 403 for both without the right to list. Here only the read of the object itself is refused."""
    made = Files(files.settings)
    if there:
        made.put(key, b"x", "application/pdf")
    made.put(f"{key}.later", b"x", "application/pdf")
    body = b"<Error><Code>AccessDenied</Code><Message>m</Message></Error>"

    def refuse(request: Any, **_: Any) -> AWSResponse:
        raw = type("Raw", (), {"stream": lambda self, **_: iter([body]), "read": lambda self, *_: body})()
        return AWSResponse(request.url, 403, {"content-type": "application/xml"}, raw)

    for operation in ("GetObject", "HeadObject"):
        made.client.meta.events.register(f"before-send.s3.{operation}", refuse)
    if there:
        for ask in (made.read, made.exists):
            with pytest.raises(ClientError):
                ask(key)
    else:
        assert not made.exists(key)
        with pytest.raises(NotFound):
            made.read(key)


def test_no_answer_is_busy(files: Files, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)
    away = Files(replace(files.settings, endpoint="http://127.0.0.1:9", places=()))
    for ask in (
        lambda: away.exists(key),
        lambda: away.read(key),
        lambda: away.delete(key),
        lambda: list(away.list("pdf/")),
    ):
        with pytest.raises(Busy):
            ask()
