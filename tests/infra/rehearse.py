"""Run a stage's package on the embedded AWS. It is deployed as on AWS and called through its gateway's address.

The scenario is tests/infra/test_rehearsal.py (`make rehearse`). docs/rehearsal.md lists the differences from AWS. The
engine checks signatures and IAM, so each function has the permissions of its own role only.
"""

import json
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zipfile import ZipFile, ZipInfo

import boto3
import urllib3

from chalicelib.settings import Settings
from infra import deploy, zips
from infra.buckets import ARCHIVE
from infra.build import Built
from infra.deploy import Clients, ResourceChange, stack_name
from infra.identity import CLIENT, POOL
from local import engine
from local.engine import REGION, Engine
from local.gateway import HttpResponse, Incoming
from tests.infra.translate import translated

WAIT_SECONDS = 120.0
"""The longest wait. The emulator looks at schedules every ten seconds, and machines are busy."""
POLL_SECONDS = 0.5


class RehearsalError(Exception):
    """An expected event did not happen."""


@dataclass
class Rehearsal:
    """A stage on its own engine. Call `deploy` first."""

    engine: Engine
    stage: str
    scratch: Path

    @cached_property
    def clients(self) -> Clients:
        """The clients that `make deploy` uses."""
        return Clients.of(REGION, self.engine.endpoint)

    def client(self, service: str) -> Any:
        """Make a client of another service, with the operator's credentials."""
        return boto3.client(service, region_name=REGION, endpoint_url=self.engine.endpoint)

    def deploy(self, built: Built) -> list[ResourceChange]:
        """Translate a package and deploy it as `make deploy` does. Return the changes. Raises DeployError."""
        template = translated(json.loads(built.template.read_text("utf-8")), self.engine.endpoint)
        path = self.scratch / "template.json"
        path.write_text(json.dumps(template), "utf-8")
        changes = deploy.deploy(self.clients, replace(built, template=path), self.stage, REGION, {})
        self._lock(template["Resources"][ARCHIVE]["Properties"]["ObjectLockConfiguration"])
        return changes

    def _lock(self, configuration: dict[str, Any]) -> None:
        """Set Object Lock on the archive, as CloudFormation does on AWS."""
        self.clients.storage.put_object_lock_configuration(
            Bucket=self.outputs[ARCHIVE], ObjectLockConfiguration=configuration
        )

    def confirm(self, email: str, code: str) -> None:
        """Confirm a user with the mailed code. Their address is verified from then on, as with Cognito."""
        cognito, shown = self.client("cognito-idp"), self.outputs
        cognito.confirm_sign_up(ClientId=shown[CLIENT], Username=email, ConfirmationCode=code)
        proven = [{"Name": "email_verified", "Value": "true"}]
        cognito.admin_update_user_attributes(UserPoolId=shown[POOL], Username=email, UserAttributes=proven)

    @property
    def stack(self) -> dict[str, Any]:
        """The stack as CloudFormation describes it."""
        (found,) = self.clients.formation.describe_stacks(StackName=stack_name(self.stage))["Stacks"]
        return dict(found)

    @property
    def outputs(self) -> dict[str, str]:
        """The stack's outputs."""
        return {output["OutputKey"]: output["OutputValue"] for output in self.stack["Outputs"]}

    def resources(self) -> dict[str, dict[str, Any]]:
        """Return every resource of the stack by its logical name."""
        pages = self.clients.formation.get_paginator("list_stack_resources").paginate(StackName=self.stack["StackName"])
        return {each["LogicalResourceId"]: each for page in pages for each in page["StackResourceSummaries"]}

    def physical(self, logical: str) -> str:
        """Return the physical name of a resource."""
        return str(self.resources()[logical]["PhysicalResourceId"])

    @property
    def url(self) -> str:
        """The URL of the gateway's stage."""
        return f"{self.engine.endpoint}/restapis/{self.outputs['RestAPIId']}/api/_user_request_"

    def settings(self) -> Settings:
        """Return an operator's settings: the environment of the HTTP function and the engine's endpoint."""
        found = self.client("lambda").get_function_configuration(FunctionName=self.physical("APIHandler"))
        return Settings.from_env(found["Environment"]["Variables"] | {"FACTURE_ENDPOINT": self.engine.endpoint})

    def fire(self, job: str) -> None:
        """Fire a job's schedule once, now. A second schedule has the same target, role, input and group."""
        scheduler = self.client("scheduler")
        named = self.physical(f"{job.title()}Schedule").rpartition("/")[2]
        group = f"facture-{self.stage}"
        own = scheduler.get_schedule(Name=named, GroupName=group)
        scheduler.create_schedule(
            Name=f"now-{job}-{time.time_ns()}",
            GroupName=group,
            ScheduleExpression="at(2020-01-01T00:00:00)",
            ActionAfterCompletion="DELETE",
            **{part: own[part] for part in ("Target", "FlexibleTimeWindow", "ScheduleExpressionTimezone")},
        )

    @contextmanager
    def asleep(self) -> Iterator[None]:
        """Disable the wake queue within the `with` block, so that only schedules start jobs."""
        functions = self.client("lambda")
        (mapping,) = functions.list_event_source_mappings(FunctionName=self.physical("Wake"))["EventSourceMappings"]
        functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
        try:
            yield
        finally:
            functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)

    def lines(self, function: str) -> list[str]:
        """Return every line of a function's log, Lambda's own lines included."""
        logs = self.client("logs")
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=f"/facture/{self.stage}/{function}")
        return [line for page in pages for event in page["events"] for line in event["message"].splitlines()]

    def logged(self, function: str) -> list[dict[str, Any]]:
        """Return the lines that a function logged itself."""
        return [json.loads(line) for line in self.lines(function) if line.startswith("{")]

    def invocations(self, function: str) -> int:
        """Return how often a function has run."""
        return sum(line.startswith("START ") for line in self.lines(function))


@dataclass(frozen=True)
class HttpGateway:
    """The gateway as `tests.client.Client` calls one, over HTTP."""

    url: str

    def respond(self, request: Incoming) -> HttpResponse:
        """Send a request without following redirects."""
        answer = urllib3.request(
            request.method,
            self.url + request.path,
            headers=dict(request.headers),
            body=request.body,
            redirect=False,
            retries=False,
            timeout=WAIT_SECONDS,
        )
        return HttpResponse(answer.status, dict(answer.headers), answer.data)


def edition(built: Built, folder: Path, more: Mapping[str, Any] | None = None, *, words: str = "another") -> Built:
    """Make another package of the same code. It has one more file, which holds `words`, its own build, and `more`
    resources."""
    folder.mkdir()
    application = Path(shutil.copy(built.application, folder))
    with ZipFile(application, "a") as archive:
        archive.writestr(ZipInfo("edition.txt", zips.WHEN), words)
    text = built.template.read_text("utf-8").replace(build_of(built), build_of(replace(built, application=application)))
    template = json.loads(text)
    template["Resources"] |= more or {}
    (folder / "template.json").write_text(json.dumps(template), "utf-8")
    return replace(built, folder=folder, template=folder / "template.json", application=application)


def build_of(built: Built) -> str:
    """Return the name of a package's code (`FACTURE_BUILD`)."""
    return sha256(built.application.read_bytes()).hexdigest()[:12]


def until(found: Callable[[], Any], what: str, seconds: float = WAIT_SECONDS) -> Any:
    """Call `found` until it returns a true value, and return that. Raises RehearsalError, which names `what`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := found():
            return value
        time.sleep(POLL_SECONDS)
    raise RehearsalError(f"waited {seconds:.0f} s for {what}")


@contextmanager
def rehearsal(stage: str) -> Iterator[Rehearsal]:
    """Run a rehearsal of `stage` on an empty engine within the `with` block."""
    with (
        TemporaryDirectory(prefix="facture-") as scratch,
        # The engine unpacks functions into the temporary folder and leaves them there.
        engine.running(settings={**engine.ENFORCING, "TMPDIR": scratch}) as started,
    ):
        yield Rehearsal(started, stage, Path(scratch))
