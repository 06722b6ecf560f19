"""Add the verified address to Cognito's access tokens. Without it they name the user by number only, and the service
needs an address to send mail to."""

from typing import Any


def with_address(event: dict[str, Any]) -> dict[str, Any]:
    """Answer Cognito's pre-token event (version 2) with the address, if it is verified, and nothing else."""
    known = event["request"]["userAttributes"]
    if known.get("email") and known.get("email_verified") == "true":
        claims = {"email": known["email"], "email_verified": "true"}
        event["response"]["claimsAndScopeOverrideDetails"] = {
            "accessTokenGeneration": {"claimsToAddOrOverride": claims},
        }
    return event
