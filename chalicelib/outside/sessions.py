"""Sessions of one company. STS starts them from the function's own role, with the company as a tag."""

from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from botocore.credentials import Credentials
from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NotConnected

from chalicelib.domain.errors import Busy
from chalicelib.outside.clients import bounded
from chalicelib.session import Session
from chalicelib.settings import Settings

ATTEMPTS = 3
TAG, INTO = "company", "into"
"""The tags, which the roles' policies read as `aws:PrincipalTag/company` and `aws:PrincipalTag/into`."""
LASTING = timedelta(minutes=15)
"""The shortest duration that STS allows."""
NEEDED = timedelta(minutes=6)
"""The least time that a session must have left at a run's start. A function runs for five minutes at most."""
MOST_KEPT = 5_000
"""The most sessions in memory, about 2 KB each: as many as the companies that a capped job looks at before its first
step."""
PASSING = frozenset({"Throttling", "ThrottlingException", "RequestLimitExceeded", "ServiceUnavailable"})


def tags(company: str, into: str | None) -> dict[str, str]:
    """Return the tags of a session."""
    return {TAG: company} if into is None else {TAG: company, INTO: into}


class Sessions:
    """Start and keep sessions. Threads that start sessions cannot share it: a job starts one at a time."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._kept: dict[tuple[str, str, str | None], Session] = {}

    @cached_property
    def client(self) -> Any:
        """The boto3 client of STS."""
        return bounded("sts", self.settings, attempts=ATTEMPTS)

    def of(self, job: str, company: str, into: str | None = None) -> Session | None:
        """Return a company's session for a job, or None when the settings name no role for the job's sessions.

        The session can also write `into` a second company. STS is called only when no earlier session lasts long
        enough. Raises Busy.
        """
        role = self.settings.session_role_of(job)
        if role is None:
            return None
        kept = self._kept.get((job, company, into))
        if kept is None or kept.ends - datetime.now(UTC) < NEEDED:
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            kept = self._kept[job, company, into] = self._begun(role, job, company, into)
        return kept

    def _begun(self, role: str, job: str, company: str, into: str | None) -> Session:
        try:
            answer = self.client.assume_role(
                RoleArn=role,
                RoleSessionName=job,
                DurationSeconds=int(LASTING.total_seconds()),
                Tags=[{"Key": key, "Value": value} for key, value in tags(company, into).items()],
            )["Credentials"]
        except (NotConnected, HTTPClientError) as error:
            raise Busy from error
        except ClientError as error:
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            if status >= 500 or error.response.get("Error", {}).get("Code") in PASSING:
                raise Busy from error
            raise
        credentials = Credentials(answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"])
        return Session(job, company, credentials, answer["Expiration"], into)
