"""The keys of objects in the bucket of files. Each function's prefix is a prefix of the policy with its own rule.

The company is the second part of every key, so that a company's objects are found and erased by prefix.
"""

from chalicelib.domain.backups.backup import Tier

PDF = "pdf/"
LOGOS = "logos/"
UPLOADS = "uploads/"
INCOMING = "incoming/"
"""Files as clients send them, until they are checked. Nothing serves them."""
PAPERS = "papers/"
"""The files of issued documents."""
EXPORTS = "exports/"
IMPORTS = "imports/"
SYNC = "sync/"
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


def upload_of(company: str, owner: str) -> str:
    """Return the beginning of every key of the files of an attachment, or of a thread whose files an earlier version
    stored within its messages."""
    return f"{UPLOADS}{company}/{owner}/"


def incoming(company: str, attachment: str) -> str:
    """Return the key of an attachment's file as it is sent."""
    return f"{INCOMING}{company}/{attachment}"


def kept_copies(company: str, attachment: str, extension: str, *, frozen: bool) -> tuple[str, ...]:
    """Return the keys of an attachment's cleaned copy: the content, and after it the thumbnail of a picture. `frozen`:
    its document is issued."""
    under = f"{PAPERS if frozen else UPLOADS}{company}/{attachment}/"
    return (f"{under}content.{extension}", *((f"{under}thumbnail.webp",) if extension != "pdf" else ()))


def export(company: str, request: str, extension: str = "zip") -> str:
    """Return the key of the file made for the privacy request or the job `request`."""
    return f"{EXPORTS}{company}/{request}.{extension}"


def export_parts(company: str, request: str) -> str:
    """Return the beginning of every key of an unfinished file's parts."""
    return f"{EXPORTS}{company}/{request}/"


def import_of(company: str, id: str) -> str:
    """Return the beginning of every key of the import `id`."""
    return f"{IMPORTS}{company}/{id}/"


def sync(company: str, device: str, name: str) -> str:
    """Return the key of an answer to a device's pull that is larger than a page."""
    return f"{SYNC}{company}/{device}/{name}.json"


def archived(company: str, digest: str) -> str:
    """Return the key of an issued document in the statutory archive. `digest` is its hash in the register."""
    return f"{ARCHIVE}{company}/{digest}.sealed"
