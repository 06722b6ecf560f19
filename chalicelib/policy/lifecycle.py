"""The bucket's lifecycle, derived from the prefixes' rules, in boto3's shape: the objects that S3 itself deletes.

The expiry of an object in a versioned bucket only hides it. So its old versions expire by their own rule, and delete
markers by another. The lifecycle is only a safety net: the purge deletes statutory objects on their exact day. So the
lifecycle is a complete financial year later and never deletes data that must be kept.
"""

from typing import Any

from chalicelib.policy.model import Policy, Prefix
from chalicelib.policy.terms import Period, Start, most_days

_LEAST_COLD = 30  # S3 moves nothing to infrequent access earlier.


def days_kept(policy: Policy, prefix: Prefix) -> int | None:
    """The number of days after which an object of this prefix expires; None if only an erasure deletes it."""
    rule = policy.rules[prefix.rule]
    if rule.term is None or rule.start in (Start.ROW, Start.ACCOUNT_DELETION, Start.CLOSING):
        return None
    if rule.start is Start.END_OF_FINANCIAL_YEAR:
        return most_days(rule.term) + most_days(Period(years=1)) + 1
    return max(1, most_days(rule.term))


def _prefix_rule(policy: Policy, prefix: Prefix) -> dict[str, Any]:
    lifecycle_rule: dict[str, Any] = {
        "ID": "retention-" + prefix.path.strip("/").replace("/", "-"),
        "Status": "Enabled",
        "Filter": {"Prefix": prefix.path},
        "NoncurrentVersionExpiration": {"NoncurrentDays": max(1, most_days(policy.storage.noncurrent))},
    }
    if (days := days_kept(policy, prefix)) is not None:
        lifecycle_rule["Expiration"] = {"Days": days}
    if prefix.cold_after is not None:
        cold = max(_LEAST_COLD, most_days(prefix.cold_after))
        lifecycle_rule["Transitions"] = [{"Days": cold, "StorageClass": "STANDARD_IA"}]
    return lifecycle_rule


def configuration(policy: Policy, bucket: str = "files") -> dict[str, Any]:
    """The `LifecycleConfiguration` of a bucket, for `put_bucket_lifecycle_configuration`. Raises KeyError for a bucket
    that the policy does not define."""
    prefixes = sorted((p for p in policy.prefixes.values() if p.bucket == bucket), key=lambda prefix: prefix.path)
    if not prefixes:
        raise KeyError(bucket)
    whole: dict[str, Any] = {"Status": "Enabled", "Filter": {"Prefix": ""}}
    unfinished = {"DaysAfterInitiation": max(1, most_days(policy.storage.unfinished_uploads))}
    return {
        "Rules": [_prefix_rule(policy, prefix) for prefix in prefixes]
        + [
            {"ID": "expired-delete-markers", **whole, "Expiration": {"ExpiredObjectDeleteMarker": True}},
            {"ID": "unfinished-uploads", **whole, "AbortIncompleteMultipartUpload": unfinished},
        ]
    }
