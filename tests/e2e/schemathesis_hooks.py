"""Facts that a schema cannot give Schemathesis: ids of existing things, and a new key for each valid request.

Requests that are meant to be refused stay as they were made.
"""

import json
import os
from itertools import cycle
from typing import Any
from uuid import uuid4

import schemathesis
from schemathesis import Case, GenerationMode, HookContext

_THINGS = {prefix: cycle(ids) for prefix, ids in json.loads(os.environ["FUZZ_THINGS"]).items()}


@schemathesis.hook
def before_call(context: HookContext, case: "Case[Any]", kwargs: dict[str, Any]) -> None:
    """Keep a made-up id, a key used before or a version never seen from being what stands in the way; and keep the
    company alive: after its deletion was asked for, everything else would answer that it is blocked, while a restore
    runs that it is shut, and once it has left the cloud that nothing is stored."""
    body = case.body
    if case.operation.label == "POST /v1/privacy/requests" and isinstance(body, dict):
        body["dry_run"] = True if body.get("dry_run", False) is False else body["dry_run"]
    if case.operation.label == "POST /v1/backups/{id}/restore" and isinstance(body, dict):
        body["dry_run"] = True if body.get("dry_run", False) is False else body["dry_run"]
    if case.operation.label == "PATCH /v1/settings" and isinstance(body, dict) and body.get("erase") is True:
        body["erase"] = False
    if case.meta is None or case.meta.generation.mode is not GenerationMode.POSITIVE:
        return
    if "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = str(uuid4())
    if "If-Match" in case.headers:
        case.headers["If-Match"] = "*"
    things = _THINGS.get(str(case.path_parameters.get("id", ""))[:3])
    if things is not None:
        case.path_parameters["id"] = next(things)
