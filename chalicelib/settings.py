"""The environment, read once into one frozen object; `os.environ` appears nowhere else."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, cast, get_args

Ads = Literal["off", "non_personalised", "consented"]


class SettingsError(ValueError):
    """The environment lacks a setting or holds an unusable one."""


@dataclass(frozen=True)
class Settings:
    """What a function needs to know of where it runs. `endpoint` is empty on AWS and a URL elsewhere.

    `pepper` is the secret under which addresses and codes are looked up by their digests: at least 32 characters, the
    same for as long as the tables live. `mail_from` is a sender that SES has verified (default: the policy's contact).
    `ads` and `minimum_app` are what the application is told.
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
    ads: Ads = "non_personalised"
    minimum_app: str = "1.0.0"

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
            ads=cast(Ads, ads),
            minimum_app=env.get("FACTURE_MINIMUM_APP") or "1.0.0",
        )
