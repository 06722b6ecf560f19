"""The bucket's lifecycle, derived from the prefixes' rules: what S3 itself makes expire, in boto3's shape.

Expiring an object of a versioned bucket only hides it, so its old versions expire by a rule of their own, and the
delete markers left over by another. Lifecycle is a net: the sweep removes statutory objects on their exact day, so the
net is a whole financial year later and never takes what must be kept.
"""

from typing import Any

from chalicelib.policy.model import Policy, Prefix
from chalicelib.policy.terms import Period, Start, most_days

_LEAST_COLD = 30  # S3 moves nothing to infrequent access earlier


def days_kept(policy: Policy, prefix: Prefix) -> int | None:
    """After how many days from its creation an object of this prefix expires by itself; None if only an erasure ends
    it."""
    rule = policy.rules[prefix.rule]
    if rule.term is None or rule.start in (Start.ROW, Start.ACCOUNT_DELETION, Start.CLOSING):
        return None
    if rule.start is Start.END_OF_FINANCIAL_YEAR:
        return most_days(rule.term) + most_days(Period(years=1)) + 1
    return max(1, most_days(rule.term))


def _prefix_rule(policy: Policy, prefix: Prefix) -> dict[str, Any]:
    made: dict[str, Any] = {
        "ID": "retention-" + prefix.path.strip("/").replace("/", "-"),
        "Status": "Enabled",
        "Filter": {"Prefix": prefix.path},
        "NoncurrentVersionExpiration": {"NoncurrentDays": max(1, most_days(policy.storage.noncurrent))},
    }
    if (days := days_kept(policy, prefix)) is not None:
        made["Expiration"] = {"Days": days}
    if prefix.cold_after is not None:
        cold = max(_LEAST_COLD, most_days(prefix.cold_after))
        made["Transitions"] = [{"Days": cold, "StorageClass": "STANDARD_IA"}]
    return made


def configuration(policy: Policy, bucket: str = "files") -> dict[str, Any]:
    """The `LifecycleConfiguration` of a bucket, for `put_bucket_lifecycle_configuration`. Raises KeyError for a bucket
    that the policy does not know."""
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
