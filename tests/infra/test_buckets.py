"""The deployed bucket expires what the policy says, and lets nobody in."""

import pytest

from chalicelib.policy.lifecycle import configuration
from chalicelib.policy.load import current
from infra.buckets import BUCKET, _rule, buckets
from infra.tables import KEPT

MADE = buckets(current())
PROPERTIES = MADE[BUCKET]["Properties"]


def test_the_lifecycle_is_the_policys() -> None:
    deployed = {rule["Id"]: rule for rule in PROPERTIES["LifecycleConfiguration"]["Rules"]}
    expected = {rule["ID"]: rule for rule in configuration(current())["Rules"]}
    assert deployed.keys() == expected.keys()
    for name, rule in expected.items():
        own = deployed[name]
        assert own["Status"] == "Enabled"
        assert own.get("Prefix", "") == rule["Filter"]["Prefix"]
        assert own.get("ExpirationInDays") == rule.get("Expiration", {}).get("Days")
        assert own.get("ExpiredObjectDeleteMarker") == rule.get("Expiration", {}).get("ExpiredObjectDeleteMarker")
        assert own.get("NoncurrentVersionExpiration") == rule.get("NoncurrentVersionExpiration")
        assert own.get("AbortIncompleteMultipartUpload") == rule.get("AbortIncompleteMultipartUpload")
        moved = [(t["TransitionInDays"], t["StorageClass"]) for t in own.get("Transitions", ())]
        assert moved == [(t["Days"], t["StorageClass"]) for t in rule.get("Transitions", ())]


def test_a_part_that_is_not_known_is_not_lost() -> None:
    with pytest.raises(KeyError):
        _rule({"ID": "x", "ObjectSizeGreaterThan": 5})


def test_private_encrypted_versioned_and_kept() -> None:
    assert MADE[BUCKET].items() >= KEPT.items()
    assert set(PROPERTIES["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(PROPERTIES["PublicAccessBlockConfiguration"]) == 4
    assert PROPERTIES["VersioningConfiguration"] == {"Status": "Enabled"}
    (encryption,) = PROPERTIES["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert encryption["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert PROPERTIES["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    (refused,) = MADE[f"{BUCKET}Policy"]["Properties"]["PolicyDocument"]["Statement"]
    assert (refused["Effect"], refused["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
