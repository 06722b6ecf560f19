"""The keys of objects in the bucket of files. Each function's prefix is a prefix of the policy with its own rule.

The company is the second part of every key, so that a company's objects are found and erased by prefix.
"""

from chalicelib.domain.backups.backup import Tier

PDF = "pdf/"
LOGOS = "logos/"
UPLOADS = "uploads/"
EXPORTS = "exports/"
ARCHIVE = "archive/"
"""In the archive's own bucket, under Object Lock."""
BACKUPS: dict[Tier, str] = {"daily": "backups/daily/", "weekly": "backups/weekly/", "monthly": "backups/monthly/"}


def pdf(company: str, digest: str) -> str:
    """Return the key of a rendered document. `digest` is the SHA-256 (hex) of everything that decides the page."""
    return f"{PDF}{company}/{digest}.pdf"


def logo(company: str, digest: str, extension: str) -> str:
    """Return the key of a company's logo. `digest` is the SHA-256 (hex) of its cleaned bytes."""
    return f"{LOGOS}{company}/{digest}.{extension}"


def own_logo(company: str, key: str | None) -> str | None:
    """Return the key under which `company` keeps the logo of `key`. A copy of a company has its own copy of the
    logo."""
    return f"{LOGOS}{company}/{key.rpartition('/')[2]}" if key else None


def of_company(prefix: str, company: str) -> str:
    """Return the beginning of every key of this company under `prefix`."""
    return f"{prefix}{company}/"


def backup(tier: Tier, company: str, backup: str) -> str:
    """Return the beginning of every key of a backup's objects."""
    return f"{BACKUPS[tier]}{company}/{backup}/"


def upload(company: str, owner: str, name: str, extension: str) -> str:
    """Return the key of a file attached to the thread or message with the id `owner`."""
    return f"{upload_of(company, owner)}{name}.{extension}"


def upload_of(company: str, owner: str) -> str:
    """Return the beginning of every key of the files attached to `owner`."""
    return f"{UPLOADS}{company}/{owner}/"


def export(company: str, request: str) -> str:
    """Return the key of the archive made for the privacy request `request`."""
    return f"{EXPORTS}{company}/{request}.zip"


def export_parts(company: str, request: str) -> str:
    """Return the beginning of every key of an unfinished archive's parts."""
    return f"{EXPORTS}{company}/{request}/"


def archived(company: str, digest: str) -> str:
    """Return the key of an issued document in the statutory archive. `digest` is its hash in the register."""
    return f"{ARCHIVE}{company}/{digest}.sealed"
