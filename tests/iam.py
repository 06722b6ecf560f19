"""IAM for tests: every call that code makes as a function must be allowed by that function's own policy.

The embedded engine enforces no policy, so the calls of the whole suite are held against `.chalice/` here: what runs
under `serve` is the HTTP function's, under `authorize` the authorizer's, under a run of a job that job's, and within a
session of a company that session's. A call that the policy does not allow is refused as AWS would, and fails the test
that made it; a grant that a whole run never needed is listed at its end, unless its reason is written
(`infra.permissions.UNTRIED`).
"""

import contextvars
import functools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chalicelib import session
from chalicelib.outside.sessions import tags
from infra.permissions import UNTRIED, WOKEN, Grant, functions, grants, principals, session_of
from tests.iam_needs import OTHERS, Need, meant, needs
from tests.tiers import chose_every_test

running: contextvars.ContextVar[str] = contextvars.ContextVar("running", default="")
"""The function in whose place this thread works; empty: a test's own calls, or an operator's."""


@dataclass
class Watch:
    """The permissions needed so far: the grants that were used, and the needs that no grant allowed."""

    used: set[tuple[str, Grant]] = field(default_factory=set)
    refused: list[str] = field(default_factory=list)
    seen: dict[tuple[str, Need], bool] = field(default_factory=dict)

    def note(self, function: str, need: Need) -> bool:
        """Hold a need against a policy; whether it is granted."""
        if (known := self.seen.get((function, need))) is None:
            found = [grant for grant in grants(function) if allows(grant, need)]
            self.used |= {(function, grant) for grant in found}
            known = self.seen[function, need] = bool(found)
        if not known:
            told = ", ".join(f"{key} {sorted(values)}" for key, values in need.context)
            self.refused.append(f"{function} may not {need.action} on {need.resource} {told}".strip())
        return known

    def unused(self) -> list[str]:
        """Grants that nothing needed and that have no reason, but for those that the platform itself uses."""
        rest = {(f, g) for f in principals() for g in grants(f)} - self.used
        own = ("logs:", "xray:", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
        shown = (
            f"{f}: {g.action} on {g.resource}"
            for f, g in rest
            if not g.action.startswith(own) and not _of_service(g) and untried(f, g) is None
        )
        return sorted(shown)


WATCH = Watch()
REFUSAL = {
    "Error": {"Code": "AccessDeniedException", "Message": "is not authorized"},
    "ResponseMetadata": {"HTTPStatusCode": 400},
}


def _of_service(grant: Grant) -> bool:
    """Whether a key is used by DynamoDB or S3 on the function's behalf."""
    return "kms:ViaService" in grant.under


def untried(function: str, grant: Grant) -> str | None:
    """Return the reason why no test uses a function's grant, or None for a grant without a reason."""
    if function == "wake" and any(grant in grants(job) for job in WOKEN):
        return "the permissions of the jobs that it wakes"
    for (name, action, resource), reason in UNTRIED.items():
        if (name, action) == (function, grant.action) and fnmatchcase(grant.resource, resource):
            return reason
    return None


def covers(grant: Grant, action: str, resource: str) -> bool:
    """Return whether the grant covers this action on this resource. Its conditions are not read."""
    return action == grant.action and fnmatchcase(resource, grant.resource)


def allows(grant: Grant, need: Need) -> bool:
    """Whether the grant gives what is needed. Raises KeyError for a condition that is not known here."""
    if not any(covers(grant, need.action, resource) for resource in meant(need.resource)):
        return False
    context = dict(need.context)
    return all(
        _TESTS[test](context.get(key, frozenset()), values)
        for test, keys in grant.condition.items()
        for key, values in keys.items()
    )


def _every(found: frozenset[str], allowed: Any) -> bool:
    return all(set(meant(value)) & set(allowed) for value in found)


def _like(found: frozenset[str], allowed: Any) -> bool:
    patterns = allowed if isinstance(allowed, list) else [allowed]
    return bool(found) and all(any(fnmatchcase(v, p) for v in meant(value) for p in patterns) for value in found)


def _equal(found: frozenset[str], allowed: Any) -> bool:
    """References are to the stack's own values, which a test does not have."""
    values = allowed if isinstance(allowed, list) else [allowed]
    return all(isinstance(value, dict) for value in values) or (
        bool(found) and _every(found, [str(value) for value in values])
    )


_TESTS: dict[str, Callable[[frozenset[str], Any], bool]] = {
    "ForAllValues:StringEquals": _every,
    "StringLike": _like,
    "StringEquals": _equal,
}


def _in_place_of(function: Callable[[Any], str], wrapped: Callable[..., Any]) -> Callable[..., Any]:
    """`wrapped`, whose calls count as those of the function; within another function's they count as that one's."""

    @functools.wraps(wrapped)
    def run(*args: Any, **kwargs: Any) -> Any:
        name = running.get() or function(args[0] if args else None)
        if name not in functions():
            return wrapped(*args, **kwargs)
        token = running.set(name)
        try:
            return wrapped(*args, **kwargs)
        finally:
            running.reset(token)

    return run


def _lends(client: Any, operation: str) -> bool:
    """Whether this very client signs under the session of whoever asks (chalicelib/session.py): one that was not told
    to is its function, whoever asks."""
    event = f"before-sign.{client.meta.service_model.service_id.hyphenize()}.{operation}"
    return session.sign in client.meta.events._emitter._handlers.prefix_search(event)


def _observed(original: Callable[..., Any]) -> Callable[..., Any]:
    def emit(client: Any, api_params: Any, operation_model: Any, context: Any) -> Any:
        if name := running.get():
            service, operation = operation_model.service_model.service_name, operation_model.name
            lent = session.current() if _lends(client, operation) else None
            if lent:
                name = session_of(lent.job)
            try:
                asked = list(needs(service, operation, api_params, tags(lent.company, lent.into) if lent else {}))
                if [need for need in asked if not WATCH.note(name, need)]:
                    raise ClientError(REFUSAL, operation)
            except KeyError:
                WATCH.refused.append(
                    f"{name} calls {service} {operation}, and tests/iam.py does not know what it needs"
                )
        return original(client, api_params, operation_model, context)

    return emit


def _fetched(original: Callable[..., str]) -> Callable[..., str]:
    """The pepper is fetched once a process. The need must be recorded for every user of it, not only for the first."""

    @functools.wraps(original)
    def pepper(settings: Any) -> str:
        if name := running.get():
            WATCH.note(name, Need(*OTHERS["secretsmanager", "GetSecretValue"]))
        return original(settings)

    return pepper


def _carrying(submit: Callable[..., Any]) -> Callable[..., Any]:
    """Threads of a pool work in the place of whoever asked them to. Nothing else of the context goes with them: whether
    a session does is the code's to see to, and this must not do it in its stead."""

    @functools.wraps(submit)
    def carry(self: Any, work: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        name = running.get()

        def run(*args: Any, **kwargs: Any) -> Any:
            token = running.set(name)
            try:
                return work(*args, **kwargs)
            finally:
                running.reset(token)

        return submit(self, run, *args, **kwargs)

    return carry


@pytest.fixture(scope="session", autouse=True)
def iam() -> Iterator[Watch]:
    """Hold every AWS call of this session against the policy of the function that makes it."""
    from botocore.client import BaseClient

    from chalicelib.api import auth, serve
    from chalicelib.jobs import runner
    from chalicelib.services import codes

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseClient, "_emit_api_params", _observed(BaseClient._emit_api_params))
        patch.setattr(ThreadPoolExecutor, "submit", _carrying(ThreadPoolExecutor.submit))
        patch.setattr(serve, "serve", _in_place_of(lambda _: "api_handler", serve.serve))
        patch.setattr(auth, "authorize", _in_place_of(lambda _: "token", auth.authorize))
        patch.setattr(runner._Run, "work", _in_place_of(lambda run: run.job.name, runner._Run.work))
        patch.setattr(codes, "pepper", _fetched(codes.pepper))
        yield WATCH


@pytest.fixture(autouse=True)
def only_what_is_granted(iam: Watch) -> Iterator[None]:
    """Fail the test in whose course a function did what its policy does not allow."""
    before = len(iam.refused)
    yield
    if refused := list(dict.fromkeys(iam.refused[before:])):
        pytest.fail("not granted:\n" + "\n".join(refused), pytrace=False)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Send the grants that a worker of xdist used to the controller."""
    if (output := getattr(session.config, "workeroutput", None)) is not None:
        output["grants"] = [(name, grant.action, grant.resource, grant.under) for name, grant in WATCH.used]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take what a worker used."""
    WATCH.used |= {(name, Grant(*grant)) for name, *grant in getattr(node, "workeroutput", {}).get("grants", ())}


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """After a run of everything, list the grants that nothing needed: each is one to take away, or a test to write."""
    if chose_every_test(config) and (unused := WATCH.unused()):
        terminalreporter.section("grants that no test needed")
        terminalreporter.write_line("\n".join(unused))
