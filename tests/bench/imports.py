"""Imports of 10,000 rows: analysis, commit and undo, as the job does them, each in an interpreter of its own."""

import io
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Final

from chalicelib.domain.imports.model import Import, ImportKind
from chalicelib.jobs.imports import IMPORTS
from chalicelib.jobs.job import within
from chalicelib.jobs.runner import run
from chalicelib.services.imports import operations
from chalicelib.services.imports.storage import file_key
from chalicelib.store.read import open_company
from chalicelib.wiring import World
from tests.bench.backups import peak
from tests.histories import company as companies

ROWS: Final = 10_000
GOAL_SECONDS, GOAL_MEMORY = 60, 150
PREFIX: Final = "import-bench-"
MEDIA: Final = {"CSV": "text/csv", "XLSX": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
LISTS: Final[tuple[tuple[ImportKind, str], ...]] = (("customers", "CSV"), ("customers", "XLSX"), ("items", "CSV"))
"""The measured files: a kind of records and a form."""


@dataclass(frozen=True)
class Taken:
    """The imported file, the seconds of its analysis, of the commit and of the undo, and the peak memory (MB)."""

    file: str
    analysis: float
    commit: float
    undo: float
    peak: float

    @property
    def seconds(self) -> float:
        """Seconds from the file to the records."""
        return self.analysis + self.commit


def measured(world: World) -> list[Taken]:
    """Measure each file in a new process. The world has its tables."""
    place = {"LocationConstraint": world.settings.region}
    world.files.client.create_bucket(Bucket=world.settings.files_bucket, CreateBucketConfiguration=place)
    settings = world.settings
    command = [sys.executable, "-m", "tests.bench.imports", str(settings.endpoint), settings.table_prefix]
    found = []
    for file in LISTS:
        done = subprocess.run([*command, *file], check=True, capture_output=True, text=True)
        found.append(Taken(**json.loads(done.stdout.splitlines()[-1])))
    return found


def main() -> int:
    """The entry point of a measuring process: `endpoint prefix kind form`."""
    endpoint, prefix, named, form = sys.argv[1:]
    (kind,) = {each for each, _ in LISTS if each == named}
    world = World(companies.settings(endpoint, prefix))
    company = companies.founded(world, f"imports-{kind}-{form}")
    content = _csv(_rows(kind)) if form == "CSV" else _xlsx(_rows(kind))
    announced = operations.Announced(kind, MEDIA[form], len(content), sha256(content).hexdigest())
    imported = operations.announce(world, companies.call(world, company, "post_imports", "i"), announced).outcome
    world.files.put(file_key(imported), content, MEDIA[form])
    analysis, commit, undo = [_timed(world, company, imported.id, verb) for verb in ("complete", "commit", "undo")]
    sys.stdout.write(json.dumps(vars(Taken(f"{kind}, {form}", analysis, commit, undo, peak()))))
    return 0


def _timed(world: World, company: str, id: str, verb: str) -> float:
    begun = time.perf_counter()
    call, reader = companies.call(world, company, verb, verb), open_company(world.store, company)
    if verb == "complete":
        operations.complete(world, reader, call, id)
    elif verb == "commit":
        operations.commit(world, reader, call, id, only_valid=False)
    else:
        operations.undo(world, reader, call, id)
    report = run(world, IMPORTS, now=world.now() + timedelta(seconds=1), left=within(600))
    (found,) = world.store.records([Import.ref(company, id)])
    wanted = {"complete": "analysed", "commit": "committed", "undo": "undone"}[verb]
    if not isinstance(found, Import) or found.status != wanted:
        raise RuntimeError(f"{verb}: {found}, {report}")
    return time.perf_counter() - begun


def _rows(kind: ImportKind) -> Iterator[Sequence[str]]:
    if kind == "items":
        yield "Référence", "Désignation", "Prix unitaire HT", "TVA %", "Unité", "Nature"
        yield from ((f"R-{n}", f"Article {n}", f"{n % 900 + 1},5", "20", "pièce", "Bien") for n in range(ROWS))
        return
    yield "Raison sociale", "ICE", "Adresse", "Ville", "Téléphone", "E-mail", "Remarque"
    for n in range(ROWS):
        name, mail = f"Société {n} SARL", f"c{n}@clients.example"
        yield name, "", f"{n} rue Ibn Batouta", "Casablanca", f"05{n:08d}", mail, "livraison"


def _csv(rows: Iterator[Sequence[str]]) -> bytes:
    return "\r\n".join(map(";".join, rows)).encode()


def _xlsx(rows: Iterator[Sequence[str]]) -> bytes:
    from xlsxwriter import Workbook

    into = io.BytesIO()
    with Workbook(into, {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(rows):
            for place, text in enumerate(row):
                sheet.write_string(number, place, text)
    return into.getvalue()


if __name__ == "__main__":
    raise SystemExit(main())
