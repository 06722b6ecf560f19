"""The names of document kinds that models accept and show, derived from the registry.

A type checker sees plain text. Pydantic sees the closed list, so that another name is refused and described.
"""

from typing import TYPE_CHECKING, Final, Literal

from chalicelib.domain.documents.document_type import DRAFT
from chalicelib.domain.documents.registry import document_types

_TYPES: Final = document_types()
_STATES: Final = tuple(state for each in _TYPES if each.registered for state in (*each.states, *each.derived_states))

if TYPE_CHECKING:
    DocumentKind = str
    NumberedKind = str
    RegisteredKind = str
    RegisteredStatus = str
    ChangedKind = str
    RestoredKind = str
else:
    DocumentKind = Literal[tuple(each.kind for each in _TYPES)]
    """Every kind."""
    NumberedKind = Literal[tuple(each.kind for each in _TYPES if each.series)]
    """The kinds that take a number of a series of ours."""
    RegisteredKind = Literal[tuple(each.kind for each in _TYPES if each.registered)]
    """The kinds that the register holds."""
    RegisteredStatus = Literal[tuple(dict.fromkeys((*(state for state in _STATES if state != DRAFT), "missing")))]
    """The states of a registered document, and that of a number whose document is missing."""
    ChangedKind = Literal[
        (
            "company",
            "customer",
            "supplier",
            "item",
            *(each.kind for each in _TYPES if each.on_devices),
            "attachment",
            "payment",
            "credit_entry",
            "refund",
        )
    ]
    """The kinds of what the change feed shows."""
    RestoredKind = Literal[
        (
            "company",
            "customers",
            "suppliers",
            "items",
            "drafts",
            *(each.backup_group for each in _TYPES),
            "payments",
            "attachments",
        )
    ]
    """The names by which a restore chooses what comes back."""
