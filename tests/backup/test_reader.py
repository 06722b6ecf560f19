"""A reader of backups written from docs/backups.md alone: the standard library, a cipher, and only rows of ours."""

import gzip
import hmac
import json
from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chalicelib.domain.backups.backup import StatutoryKey, WorkingKey
from chalicelib.domain.companies.item import Item
from chalicelib.files import prefixes
from tests.backup.restoring import Kept
from tests.privacy.worlds import Turned

LETTERS = {b"s": "statutory", b"w": "working"}
WORKSPACE = ("company", "customers", "suppliers", "items", "drafts", "templates", "import_mappings")
AROUND = ("head", "journal", "terms", "leftovers")
"""Groups of what stands around the books, in the table of the journal."""


@pytest.fixture
def kept(vault: Turned) -> Kept:
    return Kept(vault, mark="Perle")


def hkdf(key: bytes, info: str) -> bytes:
    """HKDF-SHA-256 of RFC 5869 without salt, one block."""
    extracted = hmac.digest(b"\0" * 32, key, "sha256")
    return hmac.digest(extracted, info.encode() + b"\x01", "sha256")


class Reader:
    """A backup as the page describes it."""

    def __init__(self, kept: Kept, backup: str) -> None:
        self.kept, self.backup = kept, backup
        self.prefix = f"backups/daily/{kept.id}/{backup}/"
        content, signature = self.stored("manifest.json").split(b"\n")
        self.manifest: dict[str, Any] = json.loads(content)
        self.keys = {seal: self.unwrapped(seal, id) for seal, id in self.manifest["keys"].items()}
        key = hkdf(self.keys["statutory"], f"facture backup 1\x1fmanifest\x1f{backup}")
        assert signature.decode() == hmac.new(key, content, sha256).hexdigest()
        assert content == json.dumps(self.manifest, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

    def unwrapped(self, seal: str, id: str) -> bytes:
        cls = {"statutory": StatutoryKey, "working": WorkingKey}[seal]
        row = self.kept.there(cls.ref(self.kept.id, id))
        assert isinstance(row, (StatutoryKey, WorkingKey))
        context = {"company": self.kept.id, "key": id}
        answer = self.kept.world.vault.client.decrypt(CiphertextBlob=row.wrapped, EncryptionContext=context)
        plain: bytes = answer["Plaintext"]
        return plain

    def stored(self, name: str) -> bytes:
        return self.kept.world.files.read(self.prefix + name)

    def opened(self, stated: dict[str, Any]) -> bytes:
        content = self.stored(stated["name"])
        assert (len(content), sha256(content).hexdigest()) == (stated["size"], stated["sha256"])
        assert content[:4] == b"FBK1"
        seal = LETTERS[content[4:5]]
        place = json.dumps([1, self.kept.id, self.backup, stated["name"], seal], separators=(",", ":")).encode()
        key = hkdf(self.keys[seal], f"facture backup 1\x1fpart\x1f{self.backup}")
        return AESGCM(key).decrypt(content[5:17], content[17:], place)

    def rows(self) -> dict[tuple[str, str], dict[str, Any]]:
        """The lines as they stand at the cut, by group and sort key."""
        found: dict[tuple[str, str], dict[str, Any]] = {}
        for part in sorted(self.manifest["parts"], key=lambda part: part["layer"]):
            header, *lines = map(json.loads, gzip.decompress(self.opened(part)).splitlines())
            assert (header["group"], header["layer"], len(lines)) == (part["group"], part["layer"], part["lines"])
            for line in lines:
                found.pop((part["group"], line["sort"]), None)
                if not line.get("gone"):
                    found[part["group"], line["sort"]] = line
        return found


def test_a_backup_is_read_from_its_description_alone(kept: Kept) -> None:
    reader = Reader(kept, kept.taken())
    rows = reader.rows()
    told = {("workspace" if group in WORKSPACE else "ledger", sort) for group, sort in rows if group not in AROUND}
    assert told == kept.content().keys()
    (item,) = [row for row in kept.content().values() if isinstance(row, Item)]
    line = rows["items", item.key.sort]
    assert (line["kind"], line["data"]["name"], line["data"]["unit_price"]) == ("item", item.name, "1")
    assert "company" not in line["data"]
    kinds = [line["kind"] for (group, _), line in rows.items() if group == "invoices"]
    counts = reader.manifest["counts"]
    assert (kinds.count("invoice"), kinds.count("balance")) == (counts["invoices"], counts["balances"]) == (1, 1)
    assert reader.manifest["clock"] == rows["head", "head"]["data"]["clock"]


def test_a_logo_and_the_chain_of_manifests_are_as_described(kept: Kept) -> None:
    kept.put(kept.profile.edited(kept.world.now(), logo=prefixes.logo(kept.id, "b", "png")))
    first, second = kept.taken(), kept.taken()
    reader = Reader(kept, second)
    (blob,) = reader.manifest["blobs"]
    assert blob["name"] == f"logo-{sha256(blob['key'].encode()).hexdigest()[:32]}"
    assert reader.opened(blob) == kept.world.files.read(blob["key"])
    assert reader.manifest["previous"] == sha256(Reader(kept, first).stored("manifest.json")).hexdigest()
