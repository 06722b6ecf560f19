"""The traces of erased persons in what a history left: answers, feeds, rows, files and mails."""

import gzip
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.request import urlopen

from chalicelib.domain.companies.company import Head
from chalicelib.files import prefixes
from chalicelib.store.tables import TABLES
from tests.backup.restoring import rows_of
from tests.backup.year import read
from tests.mailbox import mails
from tests.privacy.canaries import _bytes, buckets
from tests.privacy.erasure_history import History, Person

UNNAMED = ("workspace", "identity")
"""The tables that may not even hold the id of an erased person. In others it names a blocked document, a commit, a
proof, or the address of a repeated answer."""


@dataclass
class Traces:
    """Looks for erased persons after each action. Files and mails are read once: a new one is a way back."""

    history: History
    files: set[str] = field(default_factory=set)
    mailed: int = 0
    erased: list[Person] = field(default_factory=list)
    """The persons who were erased before the present action."""

    def __post_init__(self) -> None:
        self.mailed = len(mails(self.history.world))

    def found(self) -> list[str]:
        """Each trace with its place. Afterwards the next action begins."""
        found = [*self._in(self._answers()), *self._in(self._mails()), *self._in(self._new_files()), *self._in_rows()]
        self.erased = [person for person in self.history.persons if person.erased]
        for person in self.erased:
            person.gone = person.gone or self._completed(person)
        return found

    def _erased_from(self, company: str) -> list[Person]:
        """The persons who were erased from the company before the present action."""
        return [person for person in self.history.erased_from(company) if person in self.erased]

    def _in(self, contents: Iterator[tuple[str, str, bytes]]) -> list[str]:
        return [
            f"{person.kind} in {place} of {company}"
            for company, place, content in contents
            for person in self._erased_from(company)
            if person.trace.encode() in content or (person.gone and person.typed.encode() in content)
        ]

    def _completed(self, person: Person) -> bool:
        got = self.history.owner.get(f"/v1/privacy/requests/{person.asked}")
        return got.status == 404 or got.json["status"] == "completed"

    def _answers(self) -> Iterator[tuple[str, str, bytes]]:
        """All lists, feeds, documents and downloads of the company and its copies."""
        history, source = self.history, self.history.shop.company
        everything = self.history.log[-1].startswith(("restores", "outlives"))
        for client in history.companies if everything else history.companies[:1]:
            yield str(client.company), "answers", read(client, everything=everything).encode()
        for since in ("the last pull", "the first pull"):
            yield source, f"pull since {since}", json.dumps(history.phone.pull()).encode()
            history.phone.clock = None
        for path in history.exports:
            got = history.owner.get(path, accept="application/json")
            if got.status == 200 and got.json.get("url"):
                with urlopen(got.json["url"]) as answered:
                    yield from ((source, f"download {path}", part) for part in packed(answered.read()))
        for client in history.companies:
            for person in self._erased_from(str(client.company)):
                for path in (f"/v1/invoices/{each}/{file}" for each in person.documents for file in ("pdf", "ubl")):
                    if client.get(path, accept="application/json").status not in (404, 409):
                        yield str(client.company), path, person.trace.encode()

    def _mails(self) -> Iterator[tuple[str, str, bytes]]:
        """The mails since the last look that name a person whose deletion is complete, without their own last mail."""
        sent = mails(self.history.world)
        told, self.mailed = sent[self.mailed :], len(sent)
        gone = [person for person in self.erased if person.gone]
        for mail in told:
            text = f"{mail.subject} {mail.text}"
            if any(person.trace in text and person.trace not in mail.to for person in gone):
                yield self.history.shop.company, f"mail {mail.subject}", text.encode()

    def _new_files(self) -> Iterator[tuple[str, str, bytes]]:
        companies = {str(client.company) for client in self.history.companies}
        for files in buckets(self.history.world):
            for page in files.client.get_paginator("list_object_versions").paginate(Bucket=files.bucket):
                for each in page.get("Versions", ()):
                    key, version = each["Key"], each["VersionId"]
                    own = companies.intersection(key.split("/"))
                    if not own or f"{key}@{version}" in self.files:
                        continue
                    self.files.add(f"{key}@{version}")
                    body = files.client.get_object(Bucket=files.bucket, Key=key, VersionId=version)["Body"].read()
                    yield from ((own.copy().pop(), f"file {key}", part) for part in packed(body))

    def _in_rows(self) -> list[str]:
        """Rows outside the ledger that hold a trace or, where none may, the id. None has a page left."""
        history, found = self.history, list[str]()
        for company in (str(client.company) for client in history.companies):
            gone = [person for person in self._erased_from(company) if person.gone]
            for table in (each.name for each in TABLES if each.name != "ledger"):
                for row in rows_of(history.world, company, table):
                    content = b" ".join(part for value in row.values() for part in _bytes(value)).decode(
                        errors="replace"
                    )
                    found += [
                        f"{person.kind} {person.id} in {table} {row['sort']['S']} of {company}"
                        for person in gone
                        if person.trace in content
                        or person.typed in content
                        or (table in UNNAMED and person.id in content)
                    ]
            pages = " ".join(history.world.files.list(prefixes.of_company(prefixes.PDF, company)))
            found += [f"page of {each} of {company}" for person in gone for each in person.documents if each in pages]
        return found


def packed(content: bytes) -> Iterator[bytes]:
    """Bytes, and the members of an archive or the content of a compressed file."""
    yield content
    if zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            yield from (archive.read(name) for name in archive.namelist())
    elif content.startswith(b"\x1f\x8b"):
        yield gzip.decompress(content)


def open_again(history: History) -> bool:
    """Whether no company of the history stays closed."""
    heads = history.world.store.records([Head.ref(str(client.company)) for client in history.companies])
    return all(isinstance(head, Head) and head.state == "active" for head in heads)
