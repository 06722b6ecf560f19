"""Sign-in and mail in CloudFormation: the user pool, the application's client, the secret of keyed digests, and the
settings under which SES sends."""

from typing import Any

from infra.stages import arn, ref, sub
from infra.tables import KEPT, KEY

POOL, CLIENT, PEPPER = "UserPool", "UserPoolClient", "PepperSecret"
MAIL_SETTINGS = "MailSettings"
"""The configuration set of SES under which all mails are sent, those of Cognito too."""
CLAIMS = "Claims"
"""The function that adds a verified address to access tokens (chalicelib/outside/claims.py)."""
ISSUER = sub("https://cognito-idp.${AWS::Region}.amazonaws.com/${" + POOL + "}")
KEYS = sub("https://cognito-idp.${AWS::Region}.amazonaws.com/${" + POOL + "}/.well-known/jwks.json")
ACCESS_MINUTES = 60
REFRESH_DAYS = 30


def identity(stage: str) -> dict[str, Any]:
    """Return the pool, its client, the secret, which AWS generates once at random, and the settings of SES."""
    return {
        MAIL_SETTINGS: {
            "Type": "AWS::SES::ConfigurationSet",
            # No reason: SES puts no address of a failed mail on a list, and reads none.
            "Properties": {"Name": f"facture-{stage}", "SuppressionOptions": {"SuppressedReasons": []}},
        },
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
        "UserPoolTier": "ESSENTIALS",  # the lowest tier in which a function can change access tokens
        "DeletionProtection": "ACTIVE",
        "UsernameAttributes": ["email"],
        "UsernameConfiguration": {"CaseSensitive": False},
        "AutoVerifiedAttributes": ["email"],
        "EmailConfiguration": {
            "Fn::If": [
                "WithMailIdentity",
                {
                    "EmailSendingAccount": "DEVELOPER",
                    "From": ref("MailFrom"),
                    "SourceArn": ref("MailIdentity"),
                    "ConfigurationSet": ref(MAIL_SETTINGS),
                },
                {"EmailSendingAccount": "COGNITO_DEFAULT"},  # at most fifty mails a day
            ]
        },
        "UserAttributeUpdateSettings": {"AttributesRequireVerificationBeforeUpdate": ["email"]},
        "MfaConfiguration": "OPTIONAL",
        "EnabledMfas": ["SOFTWARE_TOKEN_MFA"],
        "AccountRecoverySetting": {"RecoveryMechanisms": [{"Name": "verified_email", "Priority": 1}]},
        "Policies": {
            "PasswordPolicy": {
                # Length rather than complexity: NIST SP 800-63B-4, 3.1.1.2.
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
        "GenerateSecret": False,  # an application on a phone cannot keep a secret
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
