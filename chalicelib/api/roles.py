"""The scopes of each role, and the most scopes of an API key."""

from collections.abc import Mapping
from typing import Final, get_args

from chalicelib.api.endpoint import Endpoint, Scope
from chalicelib.domain.companies.member import Role

SCOPES: Final[frozenset[str]] = frozenset(get_args(Scope))
_VIEWER: Final = frozenset(
    {
        "company.read",
        "parties.read",
        "items.read",
        "documents.read",
        "attachments.read",
        "attachments.write",
        "changes.read",
        "devices.read",
        "devices.write",
        "consents.read",
        "consents.write",
        "support.read",
        "support.write",
        "privacy.read",
        "privacy.write",
    }
)
_CLERK: Final = _VIEWER | {
    "parties.write",
    "items.write",
    "documents.write",
    "payments.write",
    "devices.push",
    "imports.read",
    "imports.write",
}
_ACCOUNTANT: Final = _CLERK | {"documents.issue", "register.read", "members.read", "exports.read", "exports.write"}
ROLE_SCOPES: Final[Mapping[Role, frozenset[str]]] = {
    "viewer": _VIEWER,
    "clerk": _CLERK,
    "accountant": _ACCOUNTANT,
    "owner": SCOPES,
}
"""The scopes of each role; anything else is denied. Numbering and bank details (`company.write`) are the owner's. An
attachment needs the scope of its owner too, so a viewer attaches files to their requests for help alone."""
_PERSONAL: Final = ("members.", "keys.", "consents.", "support.", "devices.")
GRANTABLE: Final = frozenset(scope for scope in SCOPES if not scope.startswith(_PERSONAL))
"""The scopes that an API key may have. A key cannot manage keys or members, give consents, ask for help or hold
a device."""
_ABOUT_ANYBODY: Final = frozenset({"privacy.read", "privacy.write"})
"""Scopes that cover every person for a key or an owner, but only the own person for a member of another role."""
KEY_SCOPES: Final[Mapping[Role, frozenset[str]]] = {
    role: GRANTABLE & (held if role == "owner" else held - _ABOUT_ANYBODY) for role, held in ROLE_SCOPES.items()
}
"""The most scopes of a key whose maker has this role."""
ACTING: Final = frozenset(scope for scope in SCOPES if not scope.endswith(".read")) - {
    "consents.write",
    "privacy.write",
    "support.write",
    "exports.write",
    "devices.write",
}
"""Scopes whose verbs change the company. A member who must accept the policy may still read, pull, accept, export, ask
for help, and make privacy requests."""


def acts(endpoint: Endpoint) -> bool:
    """Whether its caller must have accepted the policy (`must_accept`): it changes the company."""
    return endpoint.method != "GET" and endpoint.scope in ACTING
