"""Sessions of one company: STS makes them from the function's own role, tagged with the company that they may reach."""

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
"""What the roles' policies call `aws:PrincipalTag/company`, and `aws:PrincipalTag/into` for a job that has one."""
LASTING = timedelta(minutes=15)
"""The shortest that STS gives."""
NEEDED = timedelta(minutes=6)
"""What must be left of a session that is begun with: a function runs for five minutes at most."""
MOST_KEPT = 5_000
"""Sessions held in memory, some 2 KB each: as many as the companies that a capped job surveys before its first step."""
PASSING = frozenset({"Throttling", "ThrottlingException", "RequestLimitExceeded", "ServiceUnavailable"})


def tags(company: str, into: str | None) -> dict[str, str]:
    """The tags of a session."""
    return {TAG: company} if into is None else {TAG: company, INTO: into}


class Sessions:
    """Makes and keeps sessions. Not to be shared between threads that begin them: a job begins one at a time."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._kept: dict[tuple[str, str, str | None], Session] = {}

    @cached_property
    def client(self) -> Any:
        """STS."""
        return bounded("sts", self.settings, attempts=ATTEMPTS)

    def of(self, job: str, company: str, into: str | None = None) -> Session | None:
        """The session of a company for a job, which may put things `into` another; one call of STS, and none while an
        earlier one lasts. None where the settings name no role for the job's sessions. Raises Busy."""
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
        own = Credentials(answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"])
        return Session(job, company, own, answer["Expiration"], into)
