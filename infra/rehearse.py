"""A stage's package on the embedded AWS: deployed as it would be on Amazon's, asked over its gateway's address.

The scenario is tests/infra/test_rehearsal.py (`make rehearse`), what differs from Amazon docs/rehearsal.md. The engine
checks signatures and IAM, so each function may do here what its own role allows and nothing else.
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
from infra.deploy import Change, Clients, stack_name
from infra.identity import CLIENT, POOL
from infra.translate import translated
from local import engine
from local.engine import REGION, Engine
from local.gateway import Incoming, Reply

WAIT_SECONDS = 120.0
"""The longest that anything is waited for: the emulator looks at schedules every ten seconds, machines are busy."""
POLL_SECONDS = 0.5


class RehearsalError(Exception):
    """Something that should have happened did not."""


@dataclass
class Rehearsal:
    """A stage on an engine of its own. `deploy` before anything else."""

    engine: Engine
    stage: str
    scratch: Path

    @cached_property
    def clients(self) -> Clients:
        """What `make deploy` asks."""
        return Clients.of(REGION, self.engine.endpoint)

    def client(self, service: str) -> Any:
        """A client of another service, under the operator's credentials."""
        return boto3.client(service, region_name=REGION, endpoint_url=self.engine.endpoint)

    def deploy(self, built: Built) -> list[Change]:
        """Deploy a package, translated, exactly as `make deploy` does; what changed. Raises DeployError."""
        template = translated(json.loads(built.template.read_text("utf-8")), self.engine.endpoint)
        path = self.scratch / "template.json"
        path.write_text(json.dumps(template), "utf-8")
        changes = deploy.deploy(self.clients, replace(built, template=path), self.stage, REGION, {})
        self._lock(template["Resources"][ARCHIVE]["Properties"]["ObjectLockConfiguration"])
        return changes

    def _lock(self, told: dict[str, Any]) -> None:
        """What CloudFormation does on AWS: Object Lock on the archive."""
        self.clients.storage.put_object_lock_configuration(Bucket=self.outputs[ARCHIVE], ObjectLockConfiguration=told)

    def confirm(self, email: str, code: str) -> None:
        """A person types the code that was mailed; the address is proven from then on, as it is with Cognito."""
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
        """What the stack shows."""
        return {output["OutputKey"]: output["OutputValue"] for output in self.stack["Outputs"]}

    def resources(self) -> dict[str, dict[str, Any]]:
        """Every resource of the stack by its logical name."""
        pages = self.clients.formation.get_paginator("list_stack_resources").paginate(StackName=self.stack["StackName"])
        return {each["LogicalResourceId"]: each for page in pages for each in page["StackResourceSummaries"]}

    def physical(self, logical: str) -> str:
        """What a resource is called outside its template."""
        return str(self.resources()[logical]["PhysicalResourceId"])

    @property
    def url(self) -> str:
        """Where the gateway's stage answers."""
        return f"{self.engine.endpoint}/restapis/{self.outputs['RestAPIId']}/api/_user_request_"

    def settings(self) -> Settings:
        """An operator's settings: the HTTP function's own environment, and where the engine is."""
        found = self.client("lambda").get_function_configuration(FunctionName=self.physical("APIHandler"))
        return Settings.from_env(found["Environment"]["Variables"] | {"FACTURE_ENDPOINT": self.engine.endpoint})

    def fire(self, job: str) -> None:
        """Let a job's schedule fire once, now: a second schedule with the same target, role, input and group."""
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
        """Nothing is woken within the `with` block: what happens, a schedule does."""
        functions = self.client("lambda")
        (mapping,) = functions.list_event_source_mappings(FunctionName=self.physical("Wake"))["EventSourceMappings"]
        functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
        try:
            yield
        finally:
            functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)

    def lines(self, function: str) -> list[str]:
        """Every line of a function's log so far, Lambda's own too."""
        logs = self.client("logs")
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=f"/facture/{self.stage}/{function}")
        return [line for page in pages for event in page["events"] for line in event["message"].splitlines()]

    def logged(self, function: str) -> list[dict[str, Any]]:
        """What a function has logged itself so far."""
        return [json.loads(line) for line in self.lines(function) if line.startswith("{")]

    def invocations(self, function: str) -> int:
        """How often a function has run."""
        return sum(line.startswith("START ") for line in self.lines(function))


@dataclass(frozen=True)
class Wire:
    """The gateway as `tests.client.Client` asks one, over HTTP."""

    url: str

    def respond(self, request: Incoming) -> Reply:
        """Send a request, follow nothing."""
        answer = urllib3.request(
            request.method,
            self.url + request.path,
            headers=dict(request.headers),
            body=request.body,
            redirect=False,
            retries=False,
            timeout=WAIT_SECONDS,
        )
        return Reply(answer.status, dict(answer.headers), answer.data)


def edition(built: Built, folder: Path, more: Mapping[str, Any] | None = None, *, words: str = "another") -> Built:
    """Another package of the same code: with a file more, which holds `words`, its own build, and `more` resources."""
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
    """What the code of a package is called (`FACTURE_BUILD`)."""
    return sha256(built.application.read_bytes()).hexdigest()[:12]


def until(found: Callable[[], Any], what: str, seconds: float = WAIT_SECONDS) -> Any:
    """What `found` returns once it is something. Raises RehearsalError, saying `what` was waited for."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := found():
            return value
        time.sleep(POLL_SECONDS)
    raise RehearsalError(f"waited {seconds:.0f} s for {what}")


@contextmanager
def rehearsal(stage: str) -> Iterator[Rehearsal]:
    """A rehearsal of `stage` on an empty engine, for the length of a `with` block."""
    with (
        TemporaryDirectory(prefix="facture-") as scratch,
        # The engine unpacks functions where temporary files go, and leaves them there.
        engine.running(settings={**engine.ENFORCING, "TMPDIR": scratch}) as started,
    ):
        yield Rehearsal(started, stage, Path(scratch))
