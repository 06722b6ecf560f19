"""Looks for canaries in all that the service keeps: rows, object versions, mails, lines of its log, and files."""

import gzip
import io
import json
import re
import zipfile
import zlib
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from botocore.exceptions import ClientError
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pypdf import PdfReader
from pypdf.errors import PyPdfError

from tests.canary.service import Aws

DEEP = 5
LONG_RUN = re.compile(rb"[A-Za-z0-9+/]{24,}={0,2}")
ENCRYPTED = re.compile(rb"FBK1([sw])", re.DOTALL)
NONCE = 12
KEY_OF = {b"s": "statutory", b"w": "working"}


class Place(NamedTuple):
    """Where a canary stands: a table, a kind of row and its attribute; or a part of the rest, and a prefix of keys."""

    room: str
    kind: str
    attribute: str = ""


def layers(content: bytes, deep: int = DEEP) -> Iterator[bytes]:
    """A content, and what is packed within it: archives, compressed streams, pages, and base64."""
    yield content
    if deep == 0:
        return
    for inner in (*_archived(content), *_inflated(content), *_printed(content), *_encoded(content)):
        yield from layers(inner, deep - 1)


def _archived(content: bytes) -> Iterator[bytes]:
    if not content.startswith(b"PK\x03\x04"):
        return
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            yield from (name.encode() + b"\n" + archive.read(name) for name in archive.namelist())
    except zipfile.BadZipFile:
        return


def _inflated(content: bytes) -> Iterator[bytes]:
    if content.startswith(b"\x1f\x8b"):
        yield gzip.decompress(content)
    elif content[:1] == b"\x78":
        try:
            yield zlib.decompress(content)
        except zlib.error:
            return
    elif content[:2] == b"\x00\x78":
        yield from _inflated(content[1:])


def _printed(content: bytes) -> Iterator[bytes]:
    if not content.startswith(b"%PDF"):
        return
    try:
        reader = PdfReader(io.BytesIO(content))
        text = "".join(page.extract_text() for page in reader.pages)
        yield "".join(text.split()).encode()  # a long word is printed on several lines
        yield str(reader.metadata).encode()
        yield from (part for parts in reader.attachments.values() for part in parts)
    except (PyPdfError, ValueError):
        return


def _encoded(content: bytes) -> Iterator[bytes]:
    for run in LONG_RUN.findall(content):
        try:
            yield b64decode(run + b"=" * (-len(run) % 4))
        except ValueError:
            continue


@dataclass
class Scan:
    """Where each canary stands now. `words` is the pattern of the canaries, `numbers` are those of digits."""

    aws: Aws
    words: re.Pattern[bytes]
    numbers: frozenset[str]
    places: dict[str, set[Place]] = field(default_factory=dict)
    keys: dict[str, dict[str, bytes]] = field(default_factory=dict)

    def look(self, place: Place, content: bytes | str) -> None:
        """Note the canaries of a content."""
        content = content.encode() if isinstance(content, str) else content
        for layer in layers(content):
            small = layer.lower()
            for each in self.words.findall(small):
                self.places.setdefault(each.decode(), set()).add(place)
            for run in re.findall(rb"\d{9,}", layer):
                for number in {run.decode(), run.decode()[-9:]} & self.numbers:
                    self.places.setdefault(number, set()).add(place)

    def rows(self) -> None:
        """Every row; the wrapped keys are kept, to read what is encrypted."""
        for table, row in self.aws.rows():
            kind = row.get("_kind", {}).get("S", "?")
            for name, value in row.items():
                self.look(Place(table, kind, name), b"\n".join(texts(value)))
                if kind == "backup_key" and name == "wrapped":
                    company = self.keys.setdefault(row["company"]["S"], {})
                    company[row["id"]["S"]] = bytes(value["B"])

    def objects(self) -> None:
        """Every version of every object, decrypted as a holder of the keys can."""
        held = list(self.aws.objects())
        manifests = {key.rpartition("/")[0]: body for key, _, body in held if key.endswith("/manifest.json")}
        for key, metadata, body in held:
            place = Place("files", prefix_of(key))
            self.look(place, f"{key} {metadata}")
            self.look(place, body)
            if ENCRYPTED.match(body):
                self.look(place, self._decrypted(key, body, manifests))

    def _decrypted(self, key: str, body: bytes, manifests: dict[str, bytes]) -> bytes:
        """A part of a backup, by the form that `docs/backups.md` states; empty when no key opens it."""
        folder, _, name = key.rpartition("/")
        company, backup = folder.split("/")[-2:]
        said = json.loads(manifests[folder].splitlines()[0])["keys"] if folder in manifests else {}
        kind, nonce, sealed = KEY_OF[body[4:5]], body[5 : 5 + NONCE], body[5 + NONCE :]
        named = said.get(kind)
        for id, wrapped in self.keys.get(company, {}).items():
            if named in (None, id) and (clear := self._unwrapped(company, id, wrapped)):
                info = f"facture backup 1\x1fpart\x1f{backup}".encode()
                secret = HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(clear)
                about = json.dumps([1, company, backup, name, kind], separators=(",", ":")).encode()
                try:
                    return AESGCM(secret).decrypt(nonce, sealed, about)
                except InvalidTag:
                    continue
        return b""

    def _unwrapped(self, company: str, id: str, wrapped: bytes) -> bytes:
        context = {"company": company, "key": id}
        try:
            found: bytes = self.aws.client("kms").decrypt(CiphertextBlob=wrapped, EncryptionContext=context)[
                "Plaintext"
            ]
        except ClientError:
            return b""
        return found

    def mails(self) -> None:
        """Every mail that was handed to SES, its addresses included."""
        for mail in self.aws.mails():
            for part in ("Subject", "BodyText", "BodyHtml", "To", "RawMessage"):
                self.look(Place("mail", part), json.dumps(mail.get(part), default=str))

    def lines(self, lines: list[str]) -> None:
        """The lines that the service has written."""
        self.look(Place("log", ""), "\n".join(lines))

    def files(self, folder: Path) -> None:
        """Every file below a folder, by its name."""
        for path in sorted(each for each in folder.rglob("*") if each.is_file()):
            within = path.relative_to(folder)
            if within.parts[:2] != ("aws", "s3"):  # `objects` reads these
                self.look(Place("disk", str(within)), path.read_bytes())


def texts(value: dict[str, Any]) -> Iterator[bytes]:
    """The bytes of all parts of an attribute value of DynamoDB; compressed ones are opened."""
    ((kind, held),) = value.items()
    if kind == "M":
        for name, part in held.items():
            yield name.encode()
            yield from texts(part)
    elif kind == "L":
        for part in held:
            yield from texts(part)
    elif kind == "B":
        yield from layers(bytes(held))
    else:
        yield str(held).encode()


def prefix_of(key: str) -> str:
    """The part of a key before the company's id."""
    return key.partition("cmp_")[0]
