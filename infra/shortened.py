"""Find the objects that a shorter lifecycle rule would delete at once. A deployment that deletes any needs consent.

A row keeps the end date that it was given. A shorter term of `policy.toml` counts for later rows only, and for issued
documents when an operator adopts it (`privacy adopt-term`). A bucket's rule counts for every existing object on the day
of its deployment.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.policy.lifecycle import configuration
from chalicelib.policy.load import current
from infra.buckets import ARCHIVE, BUCKET

BUCKETS: Mapping[str, str] = {BUCKET: "files", ARCHIVE: "archive"}
"""The stack's buckets and their names in the policy."""
PAGES = 100
"""The number of listings of a prefix to count, 1,000 objects each."""


@dataclass(frozen=True)
class Shorter:
    """A rule that keeps less: the prefix, the old and new number of days, and the number of older objects. With `more`,
    the number is a minimum."""

    prefix: str
    days: int
    before: int | None
    going: int
    more: bool

    def __str__(self) -> str:
        least = "at least " if self.more else ""
        before = f"{self.before} days" if self.before else "no end"
        return f"{self.prefix}: {self.days} days instead of {before}, which deletes {least}{self.going} objects at once"


def shorter(storage: Any, name: str, bucket: str, now: datetime) -> list[Shorter]:
    """List what the policy's rules for `bucket` would shorten in the deployed bucket `name`."""
    try:
        deployed = storage.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchLifecycleConfiguration":
            raise
        deployed = []
    before = {rule["ID"]: _days(rule) for rule in deployed}
    found = []
    for rule in configuration(current(), bucket)["Rules"]:
        days, had = _days(rule), before.get(rule["ID"])
        if days is not None and (had is None or days < had):
            going, more = _older(storage, name, rule["Filter"]["Prefix"], now - timedelta(days=days))
            found.append(Shorter(rule["Filter"]["Prefix"], days, had, going, more))
    return found


def _days(rule: Mapping[str, Any]) -> int | None:
    days = rule.get("Expiration", {}).get("Days")
    return None if days is None else int(days)


def _older(storage: Any, name: str, prefix: str, than: datetime) -> tuple[int, bool]:
    pages: Iterator[Any] = iter(storage.get_paginator("list_objects_v2").paginate(Bucket=name, Prefix=prefix))
    going = 0
    for _ in range(PAGES):
        if (page := next(pages, None)) is None:
            return going, False
        going += sum(each["LastModified"] < than for each in page.get("Contents", ()))
    return going, next(pages, None) is not None
