"""Names of `store.bookkeeping` under its former address, for the modules that have not moved yet."""

from chalicelib.store.bookkeeping import (
    DEAD,
    PAGE,
    Claim,
    claim,
    cursor_of,
    defer,
    due_at,
    finish,
    is_dead,
    page,
    postpone,
    release,
    remember,
    revive,
    save,
    swap,
)

__all__ = [
    "DEAD",
    "PAGE",
    "Claim",
    "claim",
    "cursor_of",
    "defer",
    "due_at",
    "finish",
    "is_dead",
    "page",
    "postpone",
    "release",
    "remember",
    "revive",
    "save",
    "swap",
]
