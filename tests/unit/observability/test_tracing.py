"""The X-Ray daemon receives the parts of an invocation and its calls to AWS, and no words of any person."""

import json
import subprocess
import sys
from typing import Any

import pytest

from chalicelib.settings import sampled

SECRET = "jane@example.ma"
TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=%d"
PROGRAM = f"""
import json, os, socket, sys
listening = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
listening.bind(("127.0.0.1", 0))
listening.settimeout(0.2)
os.environ["AWS_XRAY_DAEMON_ADDRESS"] = f"127.0.0.1:{{listening.getsockname()[1]}}"

import boto3
from botocore.awsrequest import AWSResponse
from chalicelib.domain.errors import NotFound
from chalicelib.observability import Telemetry
from chalicelib.settings import Settings

settings = Settings("prod", "eu-west-3", None, "p-", "f", "i", "a", "j", None, "1")
telemetry = Telemetry(settings, masks=frozenset)

def answering(**_):
    class Raw:
        def stream(self, **_):
            yield b'{{"message": "Email address is not verified: {SECRET}"}}'
    return AWSResponse("https://email.eu-west-3.amazonaws.com", 400, {{"x-amzn-errortype": "MessageRejected"}}, Raw())

ses = boto3.client("sesv2", region_name="eu-west-3", aws_access_key_id="x", aws_secret_access_key="y")
ses.meta.events.register("before-send.sesv2", answering)

def part(name, failing):
    try:
        with telemetry.span(name):
            failing()
    except Exception as error:
        print(type(error).__name__)

def defect():
    raise ValueError("no street of {SECRET}")

def refusal():
    raise NotFound

part("post_v1_mail", lambda: ses.send_email(
    FromEmailAddress="a@b.c", Destination={{"ToAddresses": ["{SECRET}"]}},
    Content={{"Simple": {{"Subject": {{"Data": "x"}}, "Body": {{"Text": {{"Data": "{SECRET}"}}}}}}}}))
part("get_defect", defect)
part("get_refusal", refusal)
sent = []
while True:
    try:
        sent.append(json.loads(listening.recv(65536).decode().split("\\n", 1)[1]))
    except TimeoutError:
        break
print(json.dumps({{"sent": sent, "loaded": "aws_xray_sdk.core" in sys.modules}}))
"""


def traced(flag: int) -> tuple[list[str], list[dict[str, Any]], bool]:
    """The errors that reached the caller, the parts that reached the daemon, and whether the library was loaded."""
    environment = {
        "LAMBDA_TASK_ROOT": "/var/task",
        "_X_AMZN_TRACE_ID": TRACE % flag,
        "AWS_DEFAULT_REGION": "eu-west-3",
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PATH": "",
    }
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert ended.returncode == 0, ended.stderr
    *errors, told = ended.stdout.splitlines()
    return errors, json.loads(told)["sent"], json.loads(told)["loaded"]


def test_parts_and_calls_are_traced_without_words() -> None:
    errors, sent, _ = traced(1)
    assert errors == ["MessageRejected", "ValueError", "NotFound"]
    parts = {part["name"]: part for part in sent}
    assert {"email", "## post_v1_mail", "## get_defect", "## get_refusal"} <= parts.keys()
    assert parts["email"]["aws"]["operation"] == "SendEmail"
    assert SECRET not in json.dumps(sent)
    assert "street" not in json.dumps(sent)
    assert not any("annotations" in part or "metadata" in part for part in sent)
    (cause,) = parts["## get_defect"]["cause"]["exceptions"]
    assert (parts["## get_defect"]["fault"], cause["type"]) == (True, "ValueError")


def test_a_refusal_is_an_error_and_no_fault() -> None:
    refused = {part["name"]: part for part in traced(1)[1]}["## get_refusal"]
    assert (refused.get("error"), refused.get("fault", False), "cause" in refused) == (True, False, False)


def test_an_invocation_that_is_not_sampled_does_not_load_the_library() -> None:
    errors, sent, loaded = traced(0)
    assert (errors, sent, loaded) == (["MessageRejected", "ValueError", "NotFound"], [], False)


@pytest.mark.parametrize(
    ("header", "expected"), [(TRACE % 1, True), (TRACE % 0, False), ("", False), ("Root=1-5759e988", False)]
)
def test_lambda_decides_which_requests_are_sampled(header: str, expected: bool) -> None:
    assert sampled({"_X_AMZN_TRACE_ID": header}) is expected
