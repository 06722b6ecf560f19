"""Public resources: the service's health and the OpenAPI document."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Literal

from chalicelib.api.answers import Answer
from chalicelib.api.endpoint import Endpoint, RequestContext
from chalicelib.api.fields import ResponseModel
from chalicelib.api.routing import endpoint_of

if TYPE_CHECKING:
    from chalicelib.settings import AwsService, Settings

_PATIENCE_SECONDS: Final = 2.0


class HealthShown(ResponseModel):
    """`ok` if every dependency answers; `degraded`, with status 503, if one does not."""

    status: Literal["ok", "degraded"]
    build: str
    stage: str
    dependencies: dict[str, Literal["reachable", "unreachable"]]


def reachable(checks: Mapping[str, Callable[[], object]]) -> dict[str, str]:
    """Each check's name and whether it succeeded within two seconds. The checks run in parallel."""
    pool = ThreadPoolExecutor(max_workers=len(checks), thread_name_prefix="health")
    try:
        running = {name: pool.submit(check) for name, check in checks.items()}
        wait(running.values(), timeout=_PATIENCE_SECONDS)
        good = {name for name, future in running.items() if future.done() and future.exception() is None}
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    return {name: "reachable" if name in good else "unreachable" for name in running}


@cache
def _clients(settings: "Settings") -> tuple[Any, Any]:
    """Separate clients that try once with a short time-out. A probe that retried would hide a slow dependency."""
    import boto3
    from botocore.config import Config

    config = Config(
        connect_timeout=1, read_timeout=1, retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}
    )

    def client(service: "AwsService") -> Any:
        endpoint = settings.endpoint_of(service)
        return boto3.client(service, region_name=settings.region, endpoint_url=endpoint, config=config)

    return client("dynamodb"), client("s3")


def _health(context: RequestContext) -> Answer:
    from chalicelib.store.tables import table_name

    settings = context.world.settings
    dynamodb, s3 = _clients(settings)
    nothing = {"company": {"S": "health"}, "sort": {"S": "health"}}
    dependencies = reachable(
        {
            "dynamodb": lambda: dynamodb.get_item(TableName=table_name(settings, "workspace"), Key=nothing),
            "s3": lambda: s3.list_objects_v2(Bucket=settings.files_bucket, MaxKeys=1, Prefix="health/"),
        }
    )
    well = "unreachable" not in dependencies.values()
    body = {"status": "ok" if well else "degraded", "build": settings.build, "stage": settings.stage}
    return Answer({**body, "dependencies": dependencies}, status=200 if well else 503)


@cache
def document(version: str) -> dict[str, Any]:
    """The OpenAPI document of every endpoint."""
    from chalicelib.api import openapi
    from chalicelib.api.routes import ROUTES

    return openapi.document([endpoint_of(route) for route in ROUTES], version=version)


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/health",
        scope="PUBLIC",
        handler=_health,
        response_model=HealthShown,
        also=(503,),
        tag="Service",
        summary="The build, the stage, and the health of each dependency",
    ),
    Endpoint(
        method="GET",
        path="/openapi.json",
        scope="PUBLIC",
        handler=lambda context: Answer(document(context.world.settings.build)),
        summary="This API as an OpenAPI 3.1 document",
        tag="Service",
    ),
)
