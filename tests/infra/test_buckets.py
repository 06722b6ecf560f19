"""The deployed buckets expire what the policy says, let nobody in, and let nothing archived go."""

import pytest

from chalicelib.files import prefixes
from chalicelib.policy.lifecycle import configuration
from chalicelib.policy.load import current
from infra.buckets import ACCESS_LOGS, ARCHIVE, BUCKET, _rule, buckets
from infra.malware import SCAN, SCAN_ROLE, malware
from infra.stages import trace_days
from infra.tables import KEPT

MADE = buckets(current())


@pytest.mark.parametrize(("logical", "bucket"), [(BUCKET, "files"), (ARCHIVE, "archive")])
def test_the_lifecycle_is_the_policys(logical: str, bucket: str) -> None:
    deployed = {rule["Id"]: rule for rule in MADE[logical]["Properties"]["LifecycleConfiguration"]["Rules"]}
    expected = {rule["ID"]: rule for rule in configuration(current(), bucket)["Rules"]}
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


@pytest.mark.parametrize("logical", [BUCKET, ARCHIVE, ACCESS_LOGS])
def test_private_encrypted_versioned_and_kept(logical: str) -> None:
    properties = MADE[logical]["Properties"]
    assert MADE[logical].items() >= KEPT.items()
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(properties["PublicAccessBlockConfiguration"]) == 4
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
    assert properties["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    (encryption,) = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    by = encryption["ServerSideEncryptionByDefault"]["SSEAlgorithm"]
    assert by == ("AES256" if logical == ACCESS_LOGS else "aws:kms"), "S3 delivers logs under its own key only"
    refused = MADE[f"{logical}Policy"]["Properties"]["PolicyDocument"]["Statement"][0]
    assert (refused["Effect"], refused["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def test_an_archived_object_cannot_be_deleted() -> None:
    archive = MADE[ARCHIVE]["Properties"]
    assert archive["ObjectLockEnabled"] is True
    assert archive["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]["Mode"] == "COMPLIANCE"


def test_access_logs_are_kept_apart_and_expire() -> None:
    for logical in (BUCKET, ARCHIVE):
        assert MADE[logical]["Properties"]["LoggingConfiguration"]["DestinationBucketName"] == {"Ref": ACCESS_LOGS}
    ends = MADE[ACCESS_LOGS]["Properties"]["LifecycleConfiguration"]["Rules"][0]
    assert ends["ExpirationInDays"] == trace_days(current())
    delivery = MADE[f"{ACCESS_LOGS}Policy"]["Properties"]["PolicyDocument"]["Statement"][1]
    assert delivery["Principal"] == {"Service": "logging.s3.amazonaws.com"}
    assert delivery["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def test_the_log_is_ready_before_anybody_delivers_to_it() -> None:
    for logical in (BUCKET, ARCHIVE):
        assert MADE[logical]["DependsOn"] == [f"{ACCESS_LOGS}Policy"]


def test_expired_objects_leave_no_delete_markers() -> None:
    for logical in (BUCKET, ARCHIVE, ACCESS_LOGS):
        rules = MADE[logical]["Properties"]["LifecycleConfiguration"]["Rules"]
        assert any(rule.get("ExpiredObjectDeleteMarker") for rule in rules), logical


def test_a_web_application_reads_and_uploads_by_its_link() -> None:
    (rule,) = MADE[BUCKET]["Properties"]["CorsConfiguration"]["CorsRules"]
    assert (rule["AllowedMethods"], rule["AllowedOrigins"]) == (["GET", "PUT"], ["*"])
    assert rule["AllowedHeaders"] == ["content-type", "if-none-match", "x-amz-checksum-sha256"]
    assert "CorsConfiguration" not in MADE[ARCHIVE]["Properties"]


def test_nobody_reads_an_upload_that_is_not_clean() -> None:
    statements = {s["Sid"]: s for s in MADE[f"{BUCKET}Policy"]["Properties"]["PolicyDocument"]["Statement"]}
    scanner = {"aws:PrincipalArn": {"Fn::GetAtt": [SCAN_ROLE, "Arn"]}}
    uploads = {"Fn::Sub": "${FilesBucket.Arn}/incoming/*"}
    gate = statements["OnlyCleanUploads"]
    assert (gate["Effect"], gate["Principal"], gate["Resource"]) == ("Deny", "*", uploads)
    assert gate["Action"] == ["s3:GetObject", "s3:GetObjectVersion"]
    assert gate["Condition"] == {
        "StringNotEquals": {"s3:ExistingObjectTag/GuardDutyMalwareScanStatus": "NO_THREATS_FOUND"},
        "ArnNotEquals": scanner,
    }
    seal = statements["OnlyTheScannerTags"]
    assert (seal["Effect"], seal["Resource"]) == ("Deny", uploads)
    assert (seal["Action"], seal["Condition"]) == (
        ["s3:PutObjectTagging", "s3:PutObjectVersionTagging"],
        {"ArnNotEquals": scanner},
    )


def test_the_scan_covers_exactly_the_uploads() -> None:
    made = malware(BUCKET)
    plan = made[SCAN]["Properties"]
    assert plan["ProtectedResource"] == {
        "S3Bucket": {"BucketName": {"Ref": BUCKET}, "ObjectPrefixes": [prefixes.INCOMING]}
    }
    assert plan["Actions"] == {"Tagging": {"Status": "ENABLED"}}
    assert plan["Role"] == {"Fn::GetAtt": [SCAN_ROLE, "Arn"]}
    role = made[SCAN_ROLE]["Properties"]
    (trusted,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trusted["Principal"] == {"Service": "malware-protection-plan.guardduty.amazonaws.com"}
    assert trusted["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    allowed = role["Policies"][0]["PolicyDocument"]["Statement"]
    assert [each["Resource"] for each in allowed if "s3:GetObject" in each["Action"]] == [
        {"Fn::Sub": "${FilesBucket.Arn}/incoming/*"}
    ]
    assert "*" not in [each["Resource"] for each in allowed]
