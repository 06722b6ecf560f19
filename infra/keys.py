"""The keys as CloudFormation: of data, of backups, of logs, and the one that signs receipts. No stack deletes one."""

from typing import Any

from infra.stages import OWNER, document, ref, sub
from infra.tables import KEPT, KEY

RECEIPT_KEY = "ReceiptKey"
"""The logical names of the keys, which the functions' policies refer to. The data key is the tables' (`tables.KEY`)."""
BACKUP_KEY = "BackupKey"
TRACE_KEY = "TraceKey"
WAITING_DAYS = 30
"""The longest that AWS lets a key wait for its deletion."""


def keys(stage: str) -> dict[str, Any]:
    """Every key and its alias. The account's administrators administer them; functions use them by their policies."""
    return {
        **_key(KEY, f"alias/facture-{stage}-data", "Tables and files of the invoicing service"),
        **_key(BACKUP_KEY, alias_of_backups(stage), "Wraps the data keys of the backups"),
        **_key(TRACE_KEY, f"alias/facture-{stage}-traces", "Logs and alarms", *_watchers()),
        **receipt_key(alias_of_receipts(stage)),
    }


def alias_of_backups(stage: str) -> str:
    """What FACTURE_BACKUP_KEY names."""
    return f"alias/facture-{stage}-backups"


def alias_of_receipts(stage: str) -> str:
    """What FACTURE_RECEIPT_KEY names."""
    return f"alias/facture-{stage}-receipts"


def receipt_key(alias: str) -> dict[str, Any]:
    """The key (ECDSA, P-256) under `alias`: asymmetric, so that anybody verifies and nobody holds it. Never rotated:
    receipts are verified for as long as somebody keeps one."""
    return _key(RECEIPT_KEY, alias, "Receipts of privacy requests", KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")


def _key(name: str, alias: str, use: str, *statements: dict[str, Any], **kind: str) -> dict[str, Any]:
    owner = {"Sid": "Owner", "Effect": "Allow", "Principal": {"AWS": OWNER}, "Action": "kms:*", "Resource": "*"}
    properties: dict[str, Any] = {
        "Description": use,
        "PendingWindowInDays": WAITING_DAYS,
        "KeyPolicy": document(owner, *statements),
        **(kind or {"EnableKeyRotation": True}),
    }
    named = {"AliasName": alias, "TargetKeyId": ref(name)}
    return {
        name: {"Type": "AWS::KMS::Key", **KEPT, "Properties": properties},
        f"{name}Alias": {"Type": "AWS::KMS::Alias", "Properties": named},
    }


def _watchers() -> tuple[dict[str, Any], ...]:
    """The services that write logs and raise alarms, each for this account's only."""
    logs = {
        "Sid": "Logs",
        "Effect": "Allow",
        "Principal": {"Service": sub("logs.${AWS::Region}.amazonaws.com")},
        "Action": ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
        "Resource": "*",
        "Condition": {
            "ArnLike": {
                "kms:EncryptionContext:aws:logs:arn": sub(
                    "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:/facture/*"
                )
            }
        },
    }
    alarms = {
        "Sid": "Alarms",
        "Effect": "Allow",
        "Principal": {"Service": "cloudwatch.amazonaws.com"},
        "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:SourceAccount": ref("AWS::AccountId")}},
    }
    return logs, alarms
