"""The smallest service: what `local.serve` promises any application, tested without ours. `python -m` runs it."""

import os
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import boto3
from chalice.app import AuthRequest, AuthResponse, Chalice, Request, Response

from local.issuer import Issuer
from local.seed import Demo
from local.serve import Service, main

TABLE = "tiny-rows"
app = Chalice("tiny")


class TinyJob(NamedTuple):
    """A job as the clock sees it."""

    name: str
    schedule: str


def client(service: str) -> Any:
    """A client of the embedded engine."""
    return boto3.client(service, endpoint_url=os.environ["FACTURE_ENDPOINT"])


def asked() -> Request:
    """The request that this thread answers."""
    request = app.current_request
    assert request is not None
    return request


def prepare(data: Path) -> None:
    """Make the table unless it is there."""
    if TABLE not in client("dynamodb").list_tables()["TableNames"]:
        key = [{"AttributeName": "p", "KeyType": "HASH"}]
        definition = [{"AttributeName": "p", "AttributeType": "S"}]
        client("dynamodb").create_table(
            TableName=TABLE, KeySchema=key, AttributeDefinitions=definition, BillingMode="PAY_PER_REQUEST"
        )


@app.authorizer()
def guard(request: AuthRequest) -> AuthResponse:
    """Knows four tokens by name."""
    if request.token == "Bearer expired":
        raise ValueError("Unauthorized")
    if request.token == "Bearer broken":
        raise RuntimeError("a secret detail")
    context: dict[str, Any] = {"limit": 3, "owner": True}
    return AuthResponse([] if request.token == "Bearer denied" else ["*"], "someone", context)


@app.route("/rows/{key}", methods=["PUT"], authorizer=guard, content_types=["application/json"])
def put(key: str) -> Response:
    """Write a row and answer with what the authorizer handed over."""
    client("dynamodb").put_item(TableName=TABLE, Item={"p": {"S": key}})
    context = asked().context["authorizer"]
    return Response({"key": key, "context": context}, status_code=201, headers={"ETag": '"1"'})


@app.route("/rows/{key}", methods=["GET"])
def get(key: str) -> Response:
    """Read a row."""
    found = "Item" in client("dynamodb").get_item(TableName=TABLE, Key={"p": {"S": key}})
    return Response({"key": key, "found": found}, status_code=200 if found else 404)


@app.route("/echo/{one}/{two}", methods=["POST"], content_types=["*/*"])
def echo(one: str, two: str) -> dict[str, Any]:
    """Say what arrived."""
    request = asked()
    parameters = request.query_params
    query = {name: parameters.getlist(name) for name in parameters} if parameters else {}
    names = ("company", "if-match", "idempotency-key", "accept-language")
    headers = {name: request.headers[name] for name in names if name in request.headers}
    return {
        "one": one,
        "two": two,
        "parameters": request.uri_params,
        "query": query,
        "headers": headers,
        "bytes": len(request.raw_body),
        "sum": sum(request.raw_body),
    }


@app.route("/echo/{every}/mine", methods=["GET"])
def mine(every: str) -> dict[str, Any]:
    """A route that matches half-way before `/echo/{one}/{two}` does."""
    return {"every": every}


@app.route("/slow/{tag}")
def slow(tag: str) -> dict[str, Any]:
    """Take half a second or `seconds`, then say whose request and whose context this thread holds."""
    before = app.lambda_context.aws_request_id
    query = asked().query_params
    time.sleep(float(query["seconds"]) if query else 0.5)
    return {
        "tag": tag,
        "path": (asked().uri_params or {})["tag"],
        "same": app.lambda_context.aws_request_id == before,
    }


@app.route("/broken")
def broken() -> None:
    """Fail as code with a mistake does."""
    raise RuntimeError("a secret detail")


def run(name: str) -> None:
    """A job leaves a row named after itself."""
    client("dynamodb").put_item(TableName=TABLE, Item={"p": {"S": f"job-{name}"}})


def seed(base_url: str, issuer: Issuer, data: Path) -> Demo:
    """Nothing to seed."""
    return Demo(base_url, "key", "tiny")


if __name__ == "__main__":
    jobs = (TinyJob("sweep", "rate(1 minute)"), TinyJob("nightly", "cron(0 3 * * ? *)"))
    sys.exit(main(lambda: Service(app, prepare, jobs, run, seed)))
