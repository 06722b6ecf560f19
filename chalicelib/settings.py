"""The environment, read once into one frozen object. No other module reads `os.environ`."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final, Literal, cast, get_args

Ads = Literal["off", "non_personalised", "consented"]
AwsService = Literal["dynamodb", "s3", "kms", "sesv2", "sqs", "secretsmanager", "lambda", "sts", "cognito-idp"]
"""The AWS services used, by boto3's names. Each may have its own endpoint."""
PLACES: Mapping[AwsService, str] = {
    "dynamodb": "FACTURE_ENDPOINT_DYNAMODB",
    "s3": "FACTURE_ENDPOINT_S3",
    "kms": "FACTURE_ENDPOINT_KMS",
    "sesv2": "FACTURE_ENDPOINT_SES",
    "sqs": "FACTURE_ENDPOINT_SQS",
    "secretsmanager": "FACTURE_ENDPOINT_SECRETS",
    "lambda": "FACTURE_ENDPOINT_LAMBDA",
    "sts": "FACTURE_ENDPOINT_STS",
    "cognito-idp": "FACTURE_ENDPOINT_COGNITO",
}
"""The variable that holds each service's own endpoint."""
FUNCTIONS: Mapping[str, str] = {"backups": "FACTURE_FUNCTION_BACKUPS", "restores": "FACTURE_FUNCTION_RESTORES"}
"""The variable that names the separate function of a job, for jobs that have one."""


UNBOUND_DAYS: Final = timedelta(days=31)
"""The term of an answer (rule `transient.idempotency`), and a day."""


class SettingsError(ValueError):
    """A setting is missing or unusable."""


@dataclass(frozen=True)
class Settings:
    """The configuration of a function. `endpoint` is empty on AWS and a URL elsewhere. `places` are the services with
    their own endpoints (docs/self-hosting.md).

    `pepper` is the secret of keyed digests of addresses and codes: at least 32 characters, unchanged while the tables
    exist. On AWS, `pepper_secret` names its secret in Secrets Manager. `mail_from` is a sender verified in SES
    (default: the policy's contact), and `mail_settings` the configuration set of SES under which mails are sent. `ads`
    and `minimum_app` are sent to the application. `backup_key` wraps the data keys of backups. `functions` maps a job
    to the AWS name of its own function, if it has one. `archive_bucket` holds the statutory archive under Object Lock
    (default: the files bucket's name and `-archive`). `session_roles` maps a job to the ARN of its session role for one
    company; a job without one uses the function's role (docs/adr/0059). `user_pool` is the Cognito pool of the sign-in
    accounts; None if another issuer keeps them. `answers_bound_since` is the day of the first deployment whose answers
    are bound to a person (docs/adr/0122).
    """

    stage: str
    region: str
    endpoint: str | None
    table_prefix: str
    files_bucket: str
    issuer: str
    audience: str
    jwks_url: str
    wake_queue: str | None
    build: str
    receipt_key: str = "alias/facture-receipts"
    pepper: str = field(default="", repr=False)
    mail_from: str | None = None
    mail_settings: str | None = None
    ads: Ads = "non_personalised"
    minimum_app: str = "1.0.0"
    places: tuple[tuple[AwsService, str], ...] = ()
    backup_key: str = "alias/facture-backups"
    archive_bucket: str = ""
    pepper_secret: str | None = None
    functions: tuple[tuple[str, str], ...] = ()
    session_roles: tuple[tuple[str, str], ...] = ()
    user_pool: str | None = None
    answers_bound_since: date | None = None

    def answers_unbound(self, at: datetime) -> bool:
        """Whether answers of before ADR 0122, which are bound to no person, may still be valid at this instant."""
        since = self.answers_bound_since
        return since is None or at.date() <= since + UNBOUND_DAYS

    def endpoint_of(self, service: AwsService) -> str | None:
        """The endpoint of a service: its own, otherwise the common one; None for AWS."""
        return dict(self.places).get(service, self.endpoint)

    def session_role_of(self, job: str) -> str | None:
        """The session role of this job; None if it has none."""
        return dict(self.session_roles).get(job)

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """Read `environ` (default: the process's). Raises SettingsError naming every missing variable."""
        env = os.environ if environ is None else environ
        required = (
            "FACTURE_TABLE_PREFIX",
            "FACTURE_BUCKET_FILES",
            "FACTURE_ISSUER",
            "FACTURE_AUDIENCE",
            "FACTURE_JWKS_URL",
        )
        if missing := [name for name in required if not env.get(name)]:
            raise SettingsError(f"missing in the environment: {', '.join(missing)}")
        if (ads := env.get("FACTURE_ADS") or "non_personalised") not in get_args(Ads):
            raise SettingsError(f"FACTURE_ADS is {ads!r}: one of {', '.join(get_args(Ads))} is expected")
        return cls(
            stage=env.get("FACTURE_STAGE", "dev"),
            region=env.get("AWS_DEFAULT_REGION") or env.get("AWS_REGION", "eu-west-3"),
            endpoint=env.get("FACTURE_ENDPOINT") or None,
            table_prefix=env["FACTURE_TABLE_PREFIX"],
            files_bucket=env["FACTURE_BUCKET_FILES"],
            issuer=env["FACTURE_ISSUER"],
            audience=env["FACTURE_AUDIENCE"],
            jwks_url=env["FACTURE_JWKS_URL"],
            wake_queue=env.get("FACTURE_WAKE_QUEUE") or None,
            build=env.get("FACTURE_BUILD", "dev"),
            receipt_key=env.get("FACTURE_RECEIPT_KEY") or "alias/facture-receipts",
            pepper=env.get("FACTURE_PEPPER", ""),
            mail_from=env.get("FACTURE_MAIL_FROM") or None,
            mail_settings=env.get("FACTURE_MAIL_SETTINGS") or None,
            ads=cast(Ads, ads),
            minimum_app=env.get("FACTURE_MINIMUM_APP") or "1.0.0",
            places=places_of(env),
            backup_key=env.get("FACTURE_BACKUP_KEY") or "alias/facture-backups",
            pepper_secret=env.get("FACTURE_PEPPER_SECRET") or None,
            archive_bucket=env.get("FACTURE_BUCKET_ARCHIVE") or f"{env['FACTURE_BUCKET_FILES']}-archive",
            functions=tuple((job, env[name]) for job, name in FUNCTIONS.items() if env.get(name)),
            session_roles=session_roles_of(env),
            user_pool=env.get("FACTURE_USER_POOL") or None,
            answers_bound_since=day_of(env, "FACTURE_ANSWERS_BOUND_SINCE"),
        )


def places_of(env: Mapping[str, str]) -> tuple[tuple[AwsService, str], ...]:
    """The services for which `env` names an own endpoint."""
    return tuple((service, env[name]) for service, name in PLACES.items() if env.get(name))


def day_of(env: Mapping[str, str], name: str) -> date | None:
    """The day that a variable names; None if it is empty. Raises SettingsError."""
    text = env.get(name)
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise SettingsError(f"{name} is {text!r}: a day such as 2026-12-01 is expected") from None


def session_roles_of(env: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """The session roles in `env`, as `retention=ARN,requests=ARN`. Raises SettingsError."""
    named = [part.partition("=") for part in env.get("FACTURE_SESSION_ROLES", "").split(",") if part]
    if any(not (job and role) for job, _, role in named):
        raise SettingsError("FACTURE_SESSION_ROLES is a list of JOB=ARN")
    return tuple((job, role) for job, _, role in named)


def sampled(environ: Mapping[str, str] | None = None) -> bool:
    """Whether X-Ray records this invocation. Lambda decides it for each invocation."""
    env = os.environ if environ is None else environ
    return "Sampled=1" in env.get("_X_AMZN_TRACE_ID", "")
