"""The key that signs receipts as CloudFormation: asymmetric, so that anybody verifies and nobody holds it."""

from typing import Any

from infra.tables import KEPT

RECEIPT_KEY = "ReceiptKey"
"""The logical name of the key, which the functions' policies refer to."""


def receipt_key(alias: str) -> dict[str, Any]:
    """The key (ECDSA, P-256) under `alias`, as FACTURE_RECEIPT_KEY names it. Never rotated, never deleted with a stack:
    receipts are verified for as long as somebody keeps one."""
    owner = {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}
    statement = {"Effect": "Allow", "Principal": {"AWS": owner}, "Action": "kms:*", "Resource": "*"}
    properties = {
        "Description": "Receipts of privacy requests",
        "KeySpec": "ECC_NIST_P256",
        "KeyUsage": "SIGN_VERIFY",
        "KeyPolicy": {"Version": "2012-10-17", "Statement": [statement]},
    }
    named = {"AliasName": alias, "TargetKeyId": {"Ref": RECEIPT_KEY}}
    return {
        RECEIPT_KEY: {"Type": "AWS::KMS::Key", **KEPT, "Properties": properties},
        f"{RECEIPT_KEY}Alias": {"Type": "AWS::KMS::Alias", "Properties": named},
    }
