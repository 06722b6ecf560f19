"""Where objects lie in the bucket of files: one function a prefix, each a prefix of the policy with its own rule.

The company comes second in every key, so that what is one company's is found, and erased, by prefix.
"""

PDF = "pdf/"
LOGOS = "logos/"
UPLOADS = "uploads/"
EXPORTS = "exports/"
PREFIXES = (PDF, LOGOS, UPLOADS, EXPORTS)
"""Every prefix that is written; the policy's lifecycle and the deployed rules are tested against it."""


def pdf(company: str, digest: str) -> str:
    """A rendered document. `digest` is the SHA-256 (hex) of all that the page depends on."""
    return f"{PDF}{company}/{digest}.pdf"


def logo(company: str, digest: str, extension: str) -> str:
    """A company's logo as it was uploaded and checked. `digest` is the SHA-256 (hex) of its bytes."""
    return f"{LOGOS}{company}/{digest}.{extension}"


def of_company(prefix: str, company: str) -> str:
    """What every key of this company under `prefix` begins with."""
    return f"{prefix}{company}/"


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
