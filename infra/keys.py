"""The KMS keys in CloudFormation: for data, backups and logs, and the key that signs receipts. No stack deletes a
key."""

from typing import Any

from infra.stages import OWNER, document, ref, sub
from infra.tables import KEPT, KEY

RECEIPT_KEY = "ReceiptKey"
"""Logical names of the keys. The functions' policies refer to them. `tables.KEY` names the data key."""
BACKUP_KEY = "BackupKey"
TRACE_KEY = "TraceKey"
WAITING_DAYS = 30
"""The longest waiting period that AWS allows before it deletes a key."""


def keys(stage: str) -> dict[str, Any]:
    """Return every key and its alias. The account's administrators manage them. Functions use them through their
    policies."""
    return {
        **_key(KEY, f"alias/facture-{stage}-data", "Tables and files of the invoicing service"),
        **_key(BACKUP_KEY, alias_of_backups(stage), "Wraps the data keys of the backups"),
        **_key(TRACE_KEY, f"alias/facture-{stage}-traces", "Logs and alarms", *_watchers()),
        **receipt_key(alias_of_receipts(stage)),
    }


def alias_of_backups(stage: str) -> str:
    """Return the alias that FACTURE_BACKUP_KEY names."""
    return f"alias/facture-{stage}-backups"


def alias_of_receipts(stage: str) -> str:
    """Return the alias that FACTURE_RECEIPT_KEY names."""
    return f"alias/facture-{stage}-receipts"


def receipt_key(alias: str) -> dict[str, Any]:
    """Return the key (ECDSA, P-256) under `alias`. It is asymmetric, so anyone can verify and nobody holds the private
    part.

    It is never rotated, because old receipts must stay verifiable.
    """
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
    """Return the statements for the services that write logs and send alarms, each for this account only."""
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
