"""boto3 clients with explicit bounds: AWS's own defaults wait for minutes, an API gateway gives up after 29 seconds."""

from typing import Any

from botocore.config import Config

from chalicelib.settings import Service, Settings

CONNECT_SECONDS, READ_SECONDS = 2, 8


def bounded(service: Service, settings: Settings, *, attempts: int) -> Any:
    """A client of `service` where the settings say it is, that tries `attempts` times in all."""
    import boto3

    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": attempts},
    )
    endpoint = settings.endpoint_of(service)
    return boto3.client(service, region_name=settings.region, endpoint_url=endpoint, config=config)
