"""The refusals of a push, and of single rows in it. `api.problems` gives each class its status."""

from chalicelib.domain.errors import Conflict, TooLarge


class SyncConflict(Conflict):
    """Rows of a push were changed by others since the device's last pull. `conflicts` names them. Nothing is stored."""

    code = "sync_conflict"


class PullFirst(Conflict):
    """The device's last pull is too old for a push."""

    code = "pull_first"


class PushTooLarge(TooLarge):
    """A push has too many rows or bytes. The client splits it."""

    code = "push_too_large"


class RowDeleted(Conflict):
    """The row was deleted by somebody else."""

    code = "deleted"


class RowReadOnly(Conflict):
    """Devices only read this row."""

    code = "read_only"


class ClockLost(Conflict):
    """Nobody can tell whether somebody else changed the row since the device has read it."""

    code = "clock_lost"


class RowChanged(Conflict):
    """Others changed the row, or too much, after a part of the push was stored. The device pulls and pushes again."""

    code = "row_changed"


class DraftRejected(Conflict):
    """The draft that is to be issued was refused in the same push."""

    code = "draft_rejected"


class DraftChanged(Conflict):
    """The draft changed elsewhere after the device last saw it: by somebody else, or on another device."""

    code = "draft_changed"
