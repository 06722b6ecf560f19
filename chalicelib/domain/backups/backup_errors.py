"""The errors of backups. They are conflicts. A failed backup stores the code as its reason."""

from chalicelib.domain.errors import Conflict


class BackupOff(Conflict):
    """Backup is off, so no backup is made."""

    code = "backup_off"


class BackupIncomplete(Conflict):
    """The backup is running or failed. It cannot be verified, downloaded or restored."""

    code = "backup_incomplete"


class BackupUnknownKey(Conflict):
    """The backup was encrypted under a data key that this installation does not have."""

    code = "backup_unknown_key"


class BackupKeyDestroyed(Conflict):
    """The backup's data key was destroyed when the account or its cloud storage was erased. Nobody can decrypt what is
    under this key."""

    code = "backup_key_destroyed"


class BackupDamaged(Conflict):
    """The backup differs from the stored original. `reason` is a stable code; `where` is the damaged object."""

    code = "backup_damaged"
