"""Problems: their members, headers and languages."""

import json
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field, ValidationError

from chalicelib.api.fields import Amount, Model
from chalicelib.api.problems import MEDIA, gateway_problem, negotiate, problem
from chalicelib.domain import errors
from chalicelib.domain.errors import Fault
from chalicelib.services.inputs.faults import MOST_FAULTS, faults_of, pointer


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("fr", "fr"),
        ("ar-MA", "ar"),
        ("fr-MA,fr;q=0.9,en;q=0.8", "fr"),
        ("de, ar;q=0.5, fr;q=0.7", "fr"),
        ("FR", "fr"),
        ("fr;q=0", "en"),
        ("es", "en"),
        ("*", "en"),
        ("fr;q=abc, ar", "ar"),
        (";;;,,,", "en"),
        ("fr" * 10_000, "en"),
        ("x," * 100_000 + "fr", "en"),
    ],
)
def test_negotiation(header: str | None, language: str) -> None:
    assert negotiate(header) == language


def test_a_problem_has_every_member() -> None:
    refusal = errors.invalid(
        "/lines/0/vat_rate", "vat_rate_not_in_force", rate="14", date="2026-11-20", rates="20, 10, 0"
    )
    status, headers, body = problem(refusal, "fr", "r-1")
    assert status == 422
    assert headers["Content-Type"] == MEDIA
    assert headers["Content-Language"] == "fr"
    assert headers["Request-Id"] == "r-1"
    shown = json.loads(body)
    assert set(shown) == {"type", "title", "status", "detail", "code", "request_id", "errors"}
    assert shown["type"] == "/problems/invalid_content"
    assert shown["errors"] == [
        {
            "pointer": "/lines/0/vat_rate",
            "code": "vat_rate_not_in_force",
            "detail": "Le taux de TVA de 14 % n’est pas en vigueur au 2026-11-20. En vigueur : 20, 10, 0 %.",
        }
    ]


def test_headers_that_a_status_demands() -> None:
    assert "WWW-Authenticate" in problem(errors.Unauthenticated(), "en", "r")[1]
    assert problem(errors.Busy(), "en", "r")[1]["Retry-After"] == "2"
    assert problem(errors.TooManyRequests(retry_after=9), "en", "r")[1]["Retry-After"] == "9"
    status, headers, body = problem(errors.StaleVersion(current_etag='"abc"', current_version=4), "ar", "r")
    assert (status, headers["ETag"]) == (412, '"abc"')
    assert json.loads(body)["current_version"] == 4


def test_limits_are_named_for_people() -> None:
    for limit in ("300 kB", 300_000):
        assert json.loads(problem(errors.TooLarge(limit=limit), "en", "r")[2])["limit"] == "300 kB"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 413, 415, 429, 500, 503, 504, 418, 599])
def test_the_gateways_own_answers_are_problems(status: int) -> None:
    code, headers, body = gateway_problem(status, language="ar", request_id="r", allow=("POST", "GET"))
    assert code == {504: 503, 418: 400, 599: 500}.get(status, status)
    assert json.loads(body)["status"] == code
    assert headers.get("Allow") == ("GET, POST" if status == 405 else None)


def test_words_survive_hostile_and_missing_parameters() -> None:
    hostile = errors.invalid("/a", "not_one_of", allowed=["{0.__class__}", "{x}", "\ud800"])
    assert "{0.__class__}" in json.loads(problem(hostile, "en", "r")[2])["errors"][0]["detail"]
    nothing = errors.invalid("/a", "out_of_range")
    assert "…" in json.loads(problem(nothing, "en", "r")[2])["errors"][0]["detail"]
    assert (
        json.loads(problem(errors.invalid("/a", "nobody_knows"), "en", "r")[2])["errors"][0]["code"] == "nobody_knows"
    )


def test_many_faults_are_cut() -> None:
    many = errors.InvalidContent(*(Fault(f"/{index}", "missing") for index in range(1000)))
    assert len(json.loads(problem(many, "en", "r")[2])["errors"]) == MOST_FAULTS


def test_pointers_are_escaped() -> None:
    assert pointer(["a/b", "c~d", 0, ""]) == "/a~1b/c~0d/0/"
    assert pointer(["limit"], "/query") == "/query/limit"


class _Part(Model):
    amount: Amount
    kind: Literal["a", "b"] = "a"


class _Whole(Model):
    parts: tuple[_Part, ...] = ()
    some: Annotated[tuple[_Part, ...], Field(min_length=1)] | None = None
    flag: bool = False
    count: int = 0


@pytest.mark.parametrize(
    ("sent", "code", "where"),
    [
        ({"parts": [{}]}, "missing", "/parts/0/amount"),
        ({"x/y": 1}, "unknown_field", "/x~1y"),
        ({"flag": "true"}, "wrong_type", "/flag"),
        ({"count": "1"}, "wrong_type", "/count"),
        ({"count": 1.5}, "wrong_type", "/count"),
        ({"count": True}, "wrong_type", "/count"),
        ({"parts": {}}, "wrong_type", "/parts"),
        ({"parts": [3]}, "wrong_type", "/parts/0"),
        ({"parts": [{"amount": 3}]}, "number_not_string", "/parts/0/amount"),
        ({"parts": [{"amount": "3", "kind": "c"}]}, "not_one_of", "/parts/0/kind"),
        ({"parts": None}, "wrong_type", "/parts"),
        ({"some": []}, "too_few", "/some"),
        ({"some": [{}]}, "missing", "/some/0/amount"),
    ],
)
def test_pydantics_findings_become_ours(sent: Any, code: str, where: str) -> None:
    with pytest.raises(ValidationError) as caught:
        _Whole.model_validate_json(json.dumps(sent))
    assert [(fault.pointer, fault.code) for fault in faults_of(caught.value)] == [(where, code)]
