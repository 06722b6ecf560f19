"""Who signs in, as CloudFormation: the pool of users, the application's client, and the secret of keyed digests."""

from typing import Any

from infra.stages import arn, ref, sub
from infra.tables import KEPT, KEY

POOL, CLIENT, PEPPER = "UserPool", "UserPoolClient", "PepperSecret"
CLAIMS = "Claims"
"""The function that puts a verified address into access tokens (chalicelib/outside/claims.py)."""
ISSUER = sub("https://cognito-idp.${AWS::Region}.amazonaws.com/${" + POOL + "}")
KEYS = sub("https://cognito-idp.${AWS::Region}.amazonaws.com/${" + POOL + "}/.well-known/jwks.json")
ACCESS_MINUTES = 60
REFRESH_DAYS = 30


def identity(stage: str) -> dict[str, Any]:
    """The pool, its client, and the secret: made once, at random, and never shown."""
    return {
        POOL: {"Type": "AWS::Cognito::UserPool", **KEPT, "Properties": _pool(stage)},
        CLIENT: {"Type": "AWS::Cognito::UserPoolClient", **KEPT, "Properties": _client()},
        f"{CLAIMS}PoolPermission": {
            "Type": "AWS::Lambda::Permission",
            "Properties": {
                "FunctionName": arn(CLAIMS),
                "Action": "lambda:InvokeFunction",
                "Principal": "cognito-idp.amazonaws.com",
                "SourceAccount": ref("AWS::AccountId"),
                "SourceArn": arn(POOL),
            },
        },
        PEPPER: {
            "Type": "AWS::SecretsManager::Secret",
            **KEPT,
            "Properties": {
                "Description": "Under which addresses and codes are looked up by their digests; the same for ever",
                "KmsKeyId": arn(KEY),
                "GenerateSecretString": {"PasswordLength": 64, "ExcludePunctuation": True},
            },
        },
    }


def _pool(stage: str) -> dict[str, Any]:
    return {
        "UserPoolName": f"facture-{stage}",
        "UserPoolTier": "ESSENTIALS",  # the least that lets a function complete access tokens
        "DeletionProtection": "ACTIVE",
        "UsernameAttributes": ["email"],
        "UsernameConfiguration": {"CaseSensitive": False},
        "AutoVerifiedAttributes": ["email"],
        "EmailConfiguration": {
            "Fn::If": [
                "WithMailIdentity",
                {"EmailSendingAccount": "DEVELOPER", "From": ref("MailFrom"), "SourceArn": ref("MailIdentity")},
                {"EmailSendingAccount": "COGNITO_DEFAULT"},  # fifty mails a day and no more
            ]
        },
        "UserAttributeUpdateSettings": {"AttributesRequireVerificationBeforeUpdate": ["email"]},
        "MfaConfiguration": "OPTIONAL",
        "EnabledMfas": ["SOFTWARE_TOKEN_MFA"],
        "AccountRecoverySetting": {"RecoveryMechanisms": [{"Name": "verified_email", "Priority": 1}]},
        "Policies": {
            "PasswordPolicy": {
                # Long rather than contorted: NIST SP 800-63B-4, 3.1.1.2.
                "MinimumLength": 15,
                "RequireLowercase": False,
                "RequireUppercase": False,
                "RequireNumbers": False,
                "RequireSymbols": False,
                "TemporaryPasswordValidityDays": 3,
            }
        },
        "LambdaConfig": {"PreTokenGenerationConfig": {"LambdaArn": arn(CLAIMS), "LambdaVersion": "V2_0"}},
    }


def _client() -> dict[str, Any]:
    return {
        "UserPoolId": ref(POOL),
        "GenerateSecret": False,  # an application on a phone keeps none
        "ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        "PreventUserExistenceErrors": "ENABLED",
        "EnableTokenRevocation": True,
        "AccessTokenValidity": ACCESS_MINUTES,
        "IdTokenValidity": ACCESS_MINUTES,
        "RefreshTokenValidity": REFRESH_DAYS,
        "TokenValidityUnits": {"AccessToken": "minutes", "IdToken": "minutes", "RefreshToken": "days"},
        "ReadAttributes": ["email", "email_verified"],
        "WriteAttributes": ["email"],
    }
