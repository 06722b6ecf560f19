"""Logs, figures and traces of one process, without personal data.

Our code logs through the standard library under `facture.…`; `telemetry` adds the only handler. A function's event and
its answer are never logged. Three protections follow: attributes that the policy masks are masked by name; text that
looks like personal data is masked by pattern; an exception keeps only its classes, codes and source lines, because its
message may quote data.
"""

import json
import logging
import re
import sys
import traceback
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import cache, cached_property
from importlib.util import find_spec
from typing import Any, TextIO, cast

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

from chalicelib.domain.errors import Refusal
from chalicelib.figures import BY_JOB, FIGURES
from chalicelib.settings import Settings, sampled

SERVICE = "facture"
NAMESPACE = "Facture"
MASK = "***"
OURS = frozenset(
    {
        "level",
        "location",
        "message",
        "timestamp",
        "service",
        "stage",
        "build",
        "xray_trace_id",
        "request_id",
        "company",
        "exception",
        "exception_name",
        "class",
        "error",
        "at",
        "job",
        "outcome",
        "found",
        "planned",
        "applied",
        "skipped",
        "held",
        "failed",
        "dead",
        "seconds",
        "dry_run",
        "ref",
        "method",
        "route",
        "status",
        "verb",
    }
)
"""Attribute names that only our code fills, never with personal data. Loading the policy takes 0.3 s; a line with only
these names does not need it."""
LABEL = re.compile(r"[a-z]{2,20}")
"""A job's name, and no name with digits."""
UNSEEN = re.compile(
    r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"  # an e-mail address
    r"|(?<![0-9A-Za-z])(?:\d{24}|\d{15})(?![0-9A-Za-z])"  # a RIB, an ICE
    r"|(?<![0-9A-Za-z])(?:\+|00)?(?:212[ .-]?|0)[5-7](?:[ .-]?\d){8}(?![0-9A-Za-z])"  # a Moroccan phone number
    r"|(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.])"  # an IPv4 address
    r"|(?<![\w:])(?:[0-9a-fA-F]{0,4}:){3,7}[0-9a-fA-F]{1,4}(?![\w:])"  # an IPv6 address
    r"|\bfp_(?:live|test)_\w+"  # an API key
    r"|\beyJ[\w-]+\.[\w-]+\.[\w-]*"  # a token
)


Names = Callable[[], Collection[str]]


def masked(value: Any, names: Names) -> Any:
    """A copy of `value`, with masked attribute names and masked personal data in texts."""
    if isinstance(value, str):
        return UNSEEN.sub(MASK, value)
    if isinstance(value, Mapping):
        hidden = {key for key in value if key not in OURS and key in names()}
        return {str(key): MASK if key in hidden else masked(part, names) for key, part in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [masked(part, names) for part in value]
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return f"<{type(value).__name__}>"  # An object of unknown content: its text may hold personal data.


def described(error: BaseException) -> list[dict[str, Any]]:
    """An exception and its causes, outermost first: class, code if any, and source lines, without messages."""
    chain: list[dict[str, Any]] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        frames = traceback.extract_tb(current.__traceback__)
        where = [f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames]
        chain.append({"class": type(current).__name__, "error": code_of(current), "at": where})
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return chain


def code_of(error: BaseException) -> str | None:
    """The stable code of our own error or of an AWS error; None for any other exception."""
    code = getattr(error, "code", None) or getattr(error, "cause_response_code", None)
    response = getattr(error, "response", None)
    if not code and isinstance(response, Mapping):
        code = response.get("Error", {}).get("Code")
    return code if isinstance(code, str) else None


class _Formatter(LambdaPowertoolsFormatter):
    """One JSON line a record, masked as the module says."""

    def __init__(self, names: Names, **options: Any) -> None:
        super().__init__(utc=True, use_rfc3339=True, serialize_stacktrace=False, **options)
        self.names = names

    def serialize(self, log: Any) -> str:
        return json.dumps(masked(log, self.names), ensure_ascii=False)

    def _extract_log_exception(self, log_record: logging.LogRecord) -> Any:
        error = log_record.exc_info[1] if log_record.exc_info else None
        return (described(error), type(error).__name__, None) if error else (None, None, None)


class Errors:
    """The present `sys.stderr`, read at each write, so that a test that captures it gets the line."""

    def write(self, text: str) -> int:
        """Write to the present standard error."""
        return sys.stderr.write(text)

    def flush(self) -> None:
        """Flush the present standard error."""
        sys.stderr.flush()


class Telemetry:
    """The logger, figures and traces of one process. `masks` returns the attribute names that the policy masks.
    `stream` receives the figures, one line of CloudWatch's embedded metric format each (None: no output)."""

    def __init__(
        self,
        settings: Settings,
        *,
        masks: Names,
        logs: TextIO | None = None,
        stream: TextIO | None = None,
        service: str = SERVICE,
    ) -> None:
        self.settings = settings
        self.stream = stream
        formatter = _Formatter(masks, service=service, stage=settings.stage, build=settings.build)
        self.logger = Logger(service=service, logger_formatter=formatter, stream=cast(TextIO, logs or Errors()))

    @contextmanager
    def bound(self, **keys: str) -> Iterator[None]:
        """Add keys (request_id, company, actor, job: opaque ids) to every line that this thread logs within the
        block."""
        before = dict(self.logger.thread_safe_get_current_keys())
        self.logger.thread_safe_append_keys(**keys)
        try:
            yield
        finally:
            self.logger.thread_safe_clear_keys()
            self.logger.thread_safe_append_keys(**before)

    def figures(self, values: Mapping[str, float], job: str | None = None) -> None:
        """Publish figures of `chalicelib.figures`. A name that ends in `Seconds` is a time, any other a count. Raises
        ValueError for another name, or a missing or superfluous label: each is billed and could identify a company."""
        if strange := values.keys() - FIGURES.keys():
            raise ValueError(f"not in chalicelib/figures.py: {', '.join(sorted(strange))}")
        if strange := {name for name in values if (name in BY_JOB) != (job is not None)}:
            raise ValueError(f"with or without a job's name (chalicelib/figures.py): {', '.join(sorted(strange))}")
        if job and not LABEL.fullmatch(job):
            raise ValueError("a label that is no job's name")
        if self.stream is None or not values:
            return
        from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

        metrics = EphemeralMetrics(namespace=NAMESPACE, service=SERVICE)
        for name, label in (("stage", self.settings.stage), ("job", job)):
            if label:
                metrics.add_dimension(name=name, value=label)
        for name, value in values.items():
            unit = MetricUnit.Seconds if name.endswith("Seconds") else MetricUnit.Count
            metrics.add_metric(name=name, unit=unit, value=value)
        self.stream.write(json.dumps(metrics.serialize_metric_set()) + "\n")
        self.stream.flush()

    @contextmanager
    def span(self, name: str) -> Iterator[None]:
        """Trace a block as a subsegment, if this invocation is sampled. Does nothing outside AWS. X-Ray records a
        refusal as an error and a failure as a fault."""
        recorder = self._recorder if sampled() and not self.settings.endpoint else None
        if recorder is None:
            yield
            return
        refusal: Exception | None = None
        with recorder.in_subsegment(f"## {name}") as part:
            try:
                yield
            except Exception as error:
                if not isinstance(error, Refusal) or error.passing:
                    raise
                part.add_error_flag()
                refusal = error
        if refusal:
            raise refusal

    @cached_property
    def _recorder(self) -> Any:
        # Without the library, Lambda still traces the invocation itself.
        if find_spec("aws_xray_sdk") is None:
            return None
        from chalicelib.tracing import recorder

        return recorder(SERVICE)


@cache
def telemetry(settings: Settings) -> Telemetry:
    """This process's telemetry. Figures go to standard output on AWS, where CloudWatch reads them, and to no output
    elsewhere."""
    return Telemetry(settings, masks=_masks, stream=None if settings.endpoint else sys.stdout)


def _masks() -> Collection[str]:
    from chalicelib.policy.masks import names

    return names()
