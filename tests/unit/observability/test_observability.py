"""Nothing personal reaches a log, and figures have the shape that CloudWatch reads."""

import io
import json
import logging
import secrets
import subprocess
import sys
import threading
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chalicelib.domain.errors import Busy
from chalicelib.observability import MASK, OURS, Telemetry, code_of, telemetry
from chalicelib.policy.masks import names
from tests.jobs.worlds import settings

PERSONAL = {
    "name": "Amina Alaoui",
    "email": "amina.alaoui+facture@example.ma",
    "ice": "002136093000040",
    "rib": "011780000012345678901234",
    "phone": "+212 661-234567",
    "street": "12 rue Ibn Batouta",
}
EVENT = {
    "requestContext": {"requestId": "req-1", "identity": {"sourceIp": "196.200.1.2"}},
    "headers": {"authorization": "Bearer eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln"},
    "body": {"customer": PERSONAL, "lines": [{"description": "Consultation Alaoui", "unit_price": "1500.00"}]},
}
AWS = replace(settings("http://nowhere.example", "t"), endpoint=None)


class Written:
    """A telemetry whose output is at hand."""

    def __init__(self) -> None:
        self.logs, self.stream = io.StringIO(), io.StringIO()
        self.telemetry = Telemetry(
            AWS, masks=names, logs=self.logs, stream=self.stream, service=f"facture-{secrets.token_hex(4)}"
        )
        self.logger = logging.getLogger(self.telemetry.logger.service + ".part")

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.logs.getvalue().splitlines()]

    def lacks(self, *texts: str) -> None:
        for text in texts:
            assert text not in self.logs.getvalue()


@pytest.fixture
def written() -> Written:
    return Written()


def test_a_log_line_is_json_with_the_bound_values(written: Written) -> None:
    with written.telemetry.bound(request_id="req-1", company="cmp_1"):
        written.logger.warning("invoice issued", extra={"seconds": 0.5})
    written.logger.warning("another")
    first, second = written.lines
    assert (first["message"], first["request_id"], first["company"], first["seconds"]) == (
        "invoice issued",
        "req-1",
        "cmp_1",
        0.5,
    )
    assert (first["stage"], first["build"], first["level"]) == ("test", "test", "WARNING")
    assert "request_id" not in second


def test_bindings_nest_and_belong_to_their_thread(written: Written) -> None:
    def other() -> None:
        with written.telemetry.bound(request_id="req-2"):
            written.logger.warning("other")

    with written.telemetry.bound(request_id="req-1"):
        with written.telemetry.bound(job="outbox"):
            thread = threading.Thread(target=other)
            thread.start()
            thread.join()
        written.logger.warning("mine")
    other_line, mine = written.lines
    assert (other_line["request_id"], "job" in other_line) == ("req-2", False)
    assert (mine["request_id"], "job" in mine) == ("req-1", False)


def test_an_event_logged_by_mistake_shows_nobody(written: Written) -> None:
    written.logger.warning("event", extra={"event": EVENT})
    written.logger.warning(json.dumps(EVENT))
    written.logger.warning("customer %s of %s", PERSONAL["email"], PERSONAL["ice"])
    written.lacks(*PERSONAL.values(), "eyJ", "Consultation", "1500.00", "196.200.1.2")
    assert written.lines[0]["event"]["body"] == MASK
    assert written.lines[2]["message"] == f"customer {MASK} of {MASK}"


@pytest.mark.parametrize(
    "text",
    [
        "a.b@example.co.ma",
        "002136093000040",
        "ICE:002136093000040.",
        "011780000012345678901234",
        "0661234567",
        "06 61 23 45 67",
        "+212661234567",
        "00212 5 22 12 34 56",
        "fp_live_0a1b2c",
        "fp_test_XyZ",
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.",
        "196.200.1.2",
        "2001:db8:0:0:0:0:0:1",
        "2001:db8:85a3::8a2e:370",
    ],
)
def test_personal_data_is_masked_anywhere_in_a_line(written: Written, text: str) -> None:
    written.logger.warning("seen", extra={"note": ["x", {"deep": f"<{text}>"}]})
    digits = text.strip("ICE:.")
    assert written.logs.getvalue()
    written.lacks(digits)


@pytest.mark.parametrize(
    "text",
    [
        "inv_01KAV3X5N6B7QZ8M9R0T1V2W3X",
        "FA-2026-00042",
        "1500.00",
        "2026-11-23T08:00:00Z",
        "a" * 64,
        "08:15:30",
        "2.18.0",
    ],
)
def test_other_text_is_not_masked(written: Written, text: str) -> None:
    written.logger.warning("seen", extra={"ref": text})
    assert written.lines[0]["ref"] == text


def test_an_exception_shows_where_and_not_what(written: Written) -> None:
    def fail() -> None:
        try:
            json.loads("{}")[PERSONAL["name"]]
        except KeyError as cause:
            error = ValueError(f"no street {PERSONAL['street']}")
            error.add_note(PERSONAL["name"])
            raise error from cause

    try:
        fail()
    except ValueError:
        written.logger.exception("failed")
    written.lacks(PERSONAL["name"], PERSONAL["street"])
    (line,) = written.lines
    assert [part["class"] for part in line["exception"]] == ["ValueError", "KeyError"]
    assert line["exception"][0]["at"][-1].startswith("test_observability.py:")
    assert line["exception"][0]["at"][-1].endswith(" fail")
    assert line["exception_name"] == "ValueError"


def test_objects_are_named_by_their_class_only(written: Written) -> None:
    written.logger.warning("seen", extra={"thing": Busy(), "many": {ValueError(PERSONAL["name"])}})
    written.lacks(PERSONAL["name"])
    assert (written.lines[0]["thing"], written.lines[0]["many"]) == ("<Busy>", ["<ValueError>"])


def test_codes() -> None:
    assert code_of(Busy()) == "busy"
    assert code_of(ClientError({"Error": {"Code": "SlowDown"}}, "PutObject")) == "SlowDown"
    assert code_of(SystemExit(3)) is None
    assert code_of(ValueError("x")) is None


def test_names_that_skip_the_policy_are_none_of_its() -> None:
    assert not OURS & names()


def test_figures_are_in_the_embedded_metric_format(written: Written) -> None:
    written.telemetry.figures({"Applied": 3, "RunSeconds": 0.25}, job="bulk")
    (line,) = written.stream.getvalue().splitlines()
    figure = json.loads(line)
    (directive,) = figure["_aws"]["CloudWatchMetrics"]
    assert isinstance(figure["_aws"]["Timestamp"], int)
    assert directive["Namespace"] == "Facture"
    assert directive["Dimensions"] == [["stage", "job", "service"]]
    assert {(m["Name"], m["Unit"]) for m in directive["Metrics"]} == {
        ("Applied", "Count"),
        ("RunSeconds", "Seconds"),
    }
    for name in (*directive["Dimensions"][0], "Applied", "RunSeconds"):
        assert name in figure
    assert (figure["stage"], figure["job"], figure["Applied"]) == ("test", "bulk", [3.0])


def test_no_figures_no_line(written: Written) -> None:
    written.telemetry.figures({})
    assert not written.stream.getvalue()


def test_off_aws_figures_go_nowhere_and_spans_cost_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    here = telemetry(replace(AWS, endpoint="http://127.0.0.1:9"))
    here.figures({"InvoicesIssued": 1})
    with here.span("part"):
        pass
    assert not capsys.readouterr().out


def test_spans_on_aws_need_no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chalicelib.observability.find_spec", lambda name: None)
    ran = []
    with Written().telemetry.span("part"):
        ran.append("part")
    assert ran == ["part"]


def test_importing_it_loads_neither_the_policy_nor_x_ray() -> None:
    heavy = "aws_xray_sdk", "chalicelib.policy.load", "boto3", "pydantic"
    code = (
        f"import sys, chalicelib.observability; sys.exit(', '.join(m for m in {heavy!r} if m in sys.modules) or None)"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert (ended.returncode, ended.stderr) == (0, "")
