"""The refusals of backups: conflicts (409) like others, and their codes the reason that a backup failed with."""

from chalicelib.domain.errors import Conflict


class BackupOff(Conflict):
    """Backup is off, so none is made."""

    code = "backup_off"


class BackupIncomplete(Conflict):
    """The backup still runs, or failed: there is nothing to verify, hand out or restore."""

    code = "backup_incomplete"


class BackupUnknownKey(Conflict):
    """The backup was sealed under a data key that this installation does not have."""

    code = "backup_unknown_key"


class BackupKeyDestroyed(Conflict):
    """The backup's data key was destroyed with the account: what it sealed cannot be read by anybody."""

    code = "backup_key_destroyed"


class BackupDamaged(Conflict):
    """The backup is not what was stored: `reason` is a stable code, `where` the object concerned."""

    code = "backup_damaged"
