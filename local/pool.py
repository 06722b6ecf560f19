"""Make the embedded engine's list of users as strict as Cognito's.

Cognito refuses a filter that it cannot read, or that names an attribute that cannot be searched. The engine would
ignore such a filter and return every user.
"""

import re
from typing import Any

SEARCHABLE = frozenset(
    {
        "username",
        "email",
        "phone_number",
        "name",
        "given_name",
        "family_name",
        "preferred_username",
        "cognito:user_status",
        "status",
        "sub",
    }
)
"""The attributes that a filter may name (Cognito API reference, ListUsers)."""
STATUS = "cognito:user_status"
_FILTER = re.compile(r'\s*"?(?P<name>[\w:]+)"?\s*(?P<operator>\^?=)\s*"(?P<value>[^"]*)"\s*')


def install() -> None:
    """Replace the engine's list of users. Call it before the engine's application is made."""
    from ministack.services import cognito

    lenient = cognito._list_users

    def list_users(data: dict[str, Any]) -> Any:
        text = data.get("Filter", "")
        if not text:
            return lenient(data)
        found = _FILTER.fullmatch(text)
        if found is None or found["name"] not in SEARCHABLE:
            return cognito.error_response_json("InvalidParameterException", "Error while parsing filter.", 400)
        return lenient(data)

    def apply_filter(users: list[dict[str, Any]], text: str) -> list[dict[str, Any]]:
        found = _FILTER.fullmatch(text)
        if found is None or found["name"] != STATUS:
            kept: list[dict[str, Any]] = by_attribute(users, text)
            return kept
        value, exact = found["value"].casefold(), found["operator"] == "="
        states = ((user, str(user["UserStatus"]).casefold()) for user in users)
        return [user for user, state in states if (state == value if exact else state.startswith(value))]

    by_attribute = cognito._apply_user_filter
    cognito._list_users, cognito._apply_user_filter = list_users, apply_filter
