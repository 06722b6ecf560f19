"""Attachments of tests: pictures with metadata, plain PDFs, the three requests of an upload, and the files that an
earlier version stored within messages to support."""

from base64 import b64decode
from hashlib import sha256
from io import BytesIO
from typing import Any

import urllib3
from PIL import Image

from chalicelib.domain.contact.support import EnclosedFile, SupportMessage, Thread
from chalicelib.domain.entity import new_row
from chalicelib.domain.ids import new_id
from chalicelib.files import prefixes
from chalicelib.wiring import World
from tests.client import Client, Got
from tests.rows import put_row

PLACE = b"33.5731 N 7.5898 W"
PDF = b"%PDF-1.7\n1 0 obj<</Type/Catalog/JavaScript 2 0 R>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
HEIC = b64decode(
    "AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAb5tZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAA"
    "ADRpbG9jAAAAAERAAAIAAQAAAAAB4gABAAAAAAAAABoAAgAAAAAB/AABAAAAAAAAAEQAAAA4aWluZgAAAAAAAgAAABVpbmZlAgAA"
    "AAABAABodmMxAAAAABVpbmZlAgAAAQACAABFeGlmAAAAAA5waXRtAAAAAAABAAAA/WlwcnAAAADdaXBjbwAAAHZodmNDAQNwAAAA"
    "kAAAAAAAHvAA/P34+AAADwNgAAEAGEABDAH//wNwAAADAJAAAAMAAAMAHroCQGEAAQAqQgEBA3AAAAMAkAAAAwAAAwAeoCCBBZbq"
    "5Ka5uAhoMCAAAAMDIAAAAwAhYgABAAZEAcFzwIkAAAATY29scm5jbHgAAQANAAaAAAAAFGlzcGUAAAAAAAAAQAAAAEAAAAAoY2xh"
    "cAAAAEAAAAABAAAAIAAAAAEAAAAAAAAAAv///+AAAAACAAAAEHBpeGkAAAAAAwgICAAAABhpcG1hAAAAAAAAAAEAAQWBAgMFhAAA"
    "ABppcmVmAAAAAAAAAA5jZHNjAAIAAQABAAAAZm1kYXQAAAAWKAGvGYDvSaW//9szBHNHb/X61pj5uAAAAAZFeGlmAABNTQAqAAAA"
    "CAACAQ4AAgAAABMAAAAmARIAAwAAAAEABgAAAAAAADMzLjU3MzEgTiA3LjU4OTggVwAA"
)
"""A picture of 64 by 32 pixels, whose EXIF names the place. The tests have no encoder of HEIC."""
TYPES = {
    "jpg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "heic": "image/heic",
    "pdf": "application/pdf",
}


def picture(form: str = "JPEG", size: tuple[int, int] = (64, 32), colour: str = "teal", **info: Any) -> bytes:
    """A picture whose metadata name a place, in EXIF and XMP. It lies on its side."""
    exif = Image.Exif()
    exif[0x010E] = PLACE.decode()
    exif[0x0112] = 6
    file = BytesIO()
    Image.new("RGB", size, colour).save(file, form, exif=exif, **({"xmp": b"<x>" + PLACE + b"</x>"} | info))
    return file.getvalue()


def announced(
    client: Client, owner: str, content: bytes, name: str = "photo.jpg", changes: dict[str, Any] | None = None
) -> Got:
    """The answer to the announcement of a file."""
    body = {
        "owner": owner,
        "name": name,
        "content_type": TYPES[name.rpartition(".")[2]],
        "bytes": len(content),
        "sha256": sha256(content).hexdigest(),
    }
    return client.post("/v1/attachments", body | (changes or {}))


def put(attachment: dict[str, Any], content: bytes) -> int:
    """Upload a file as its announcement says; the status of S3's answer."""
    upload = attachment["upload"]
    return urllib3.request("PUT", upload["url"], body=content, headers=upload["headers"], retries=False).status


def attach(
    client: Client, owner: str, content: bytes, name: str = "photo.jpg", expect: str = "ready"
) -> dict[str, Any]:
    """Announce a file, upload it and complete it; the attachment."""
    got = announced(client, owner, content, name)
    assert got.status == 201, got.text
    assert put(got.json, content) == 200
    done = client.post(f"/v1/attachments/{got.json['id']}/complete")
    assert (done.status, done.json["status"]) == (200, expect), done.text
    body: dict[str, Any] = done.json
    return body


def fetched(client: Client, id: str, part: str = "content") -> urllib3.BaseHTTPResponse:
    """The file behind the link of an attachment."""
    got = client.get(f"/v1/attachments/{id}/{part}", accept="application/json")
    assert got.status == 200, got.text
    return urllib3.request("GET", got.json["url"])


def enclose(world: World, thread: Thread, content: bytes = PDF, by: str | None = None) -> str:
    """Add a message whose file lies within it, as an earlier version stored it; the file's name."""
    at = world.now()
    name = f"{world.random(15).hex()}-0.pdf"
    key = prefixes.upload_of(thread.company, thread.id) + name
    world.files.put(key, content, "application/pdf")
    put_row(
        world.store,
        SupportMessage(
            **new_row(thread.company, new_id(SupportMessage.PREFIX, at, world.random(10)), at),
            thread=thread.id,
            opened_by=thread.opened_by,
            by=by or thread.opened_by,
            text="Voici.",
            attachments=(EnclosedFile(key=key, name="facture.pdf", media="application/pdf", size=len(content)),),
        ),
    )
    return name
