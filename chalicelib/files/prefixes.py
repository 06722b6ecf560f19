"""Where objects lie in the bucket of files: one function a prefix, each a prefix of the policy with its own rule.

The company comes second in every key, so that what is one company's is found, and erased, by prefix.
"""

from chalicelib.domain.backup import Tier

PDF = "pdf/"
LOGOS = "logos/"
UPLOADS = "uploads/"
EXPORTS = "exports/"
ARCHIVE = "archive/"
"""In the archive's own bucket, under Object Lock."""
BACKUPS: dict[Tier, str] = {"daily": "backups/daily/", "weekly": "backups/weekly/", "monthly": "backups/monthly/"}


def pdf(company: str, digest: str) -> str:
    """A rendered document. `digest` is the SHA-256 (hex) of all that the page depends on."""
    return f"{PDF}{company}/{digest}.pdf"


def logo(company: str, digest: str, extension: str) -> str:
    """A company's logo as it was uploaded and checked. `digest` is the SHA-256 (hex) of its bytes."""
    return f"{LOGOS}{company}/{digest}.{extension}"


def own_logo(company: str, key: str | None) -> str | None:
    """Where `company` keeps the logo that `key` names: a copy of a company shows its own copy of the picture."""
    return f"{LOGOS}{company}/{key.rpartition('/')[2]}" if key else None


def of_company(prefix: str, company: str) -> str:
    """What every key of this company under `prefix` begins with."""
    return f"{prefix}{company}/"


def backup(tier: Tier, company: str, backup: str) -> str:
    """What every key of a backup's objects begins with."""
    return f"{BACKUPS[tier]}{company}/{backup}/"


def upload(company: str, owner: str, name: str, extension: str) -> str:
    """A file that somebody attached to what `owner` is the id of."""
    return f"{upload_of(company, owner)}{name}.{extension}"


def upload_of(company: str, owner: str) -> str:
    """What every key of the files attached to `owner` begins with."""
    return f"{UPLOADS}{company}/{owner}/"


def export(company: str, request: str) -> str:
    """The archive of what is held, made for the privacy request `request`."""
    return f"{EXPORTS}{company}/{request}.zip"


def export_parts(company: str, request: str) -> str:
    """What every key of an unfinished archive's parts begins with."""
    return f"{EXPORTS}{company}/{request}/"


def archived(company: str, digest: str) -> str:
    """An issued document in the statutory archive, by the hash that the register commits to."""
    return f"{ARCHIVE}{company}/{digest}.sealed"
