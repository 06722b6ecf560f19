"""Make boto3 clients with explicit time limits. AWS's defaults wait for minutes, but an API gateway gives up after 29
seconds."""

from typing import Any

from botocore.config import Config

from chalicelib.settings import AwsService, Settings

CONNECT_SECONDS, READ_SECONDS = 2, 8


def bounded(service: AwsService, settings: Settings, *, attempts: int) -> Any:
    """Make a client of `service` at the settings' endpoint. It tries a request at most `attempts` times."""
    import boto3

    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": attempts},
    )
    endpoint = settings.endpoint_of(service)
    return boto3.client(service, region_name=settings.region, endpoint_url=endpoint, config=config)
