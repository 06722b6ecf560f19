"""The parts that the steps of an export share: its request, its progress, and the places of its objects."""

from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Final, Self

import msgspec

from chalicelib.domain.clock import today
from chalicelib.domain.companies.company import Head
from chalicelib.domain.exports.model import PAPERS, ExportRequest
from chalicelib.domain.exports.tables import Table, tables_of
from chalicelib.domain.journal import JobRow
from chalicelib.files import prefixes
from chalicelib.files.joined import Joined
from chalicelib.files.zips import Pieces, Sent, ZipEntry
from chalicelib.services.exports.pieces import OBJECTS, Gathered
from chalicelib.services.exports.sheets import EXTENSIONS, MEDIA
from chalicelib.store.read import Reader, open_company

if TYPE_CHECKING:
    from chalicelib.wiring import World

ZIP: Final = "zip"


@dataclass(frozen=True)
class ExportProgress:
    """The progress of an export. `since` is the digest of the erasures that it respects. `place` is the kind that is
    read, after the cursor `after`. `pieces` and `pairs` are the number of pieces and the names of metadata of each
    kind. `table` and `piece` are what is written next, and `ends` is the end of the file's term."""

    step: str = "gather"
    since: str | None = None
    place: int = 0
    after: str = ""
    pieces: tuple[int, ...] = ()
    pairs: tuple[tuple[str, ...], ...] = ()
    rows: int = 0
    lines: int = 0
    table: int = 0
    piece: int = 0
    written: int = 0
    missing: int = 0
    member: ZipEntry = field(default_factory=ZipEntry)
    sent: Sent | None = None
    ends: str | None = None
    failure: str | None = None


@dataclass(frozen=True)
class Inputs:
    """The content of the row of an export's job."""

    request: ExportRequest
    progress: ExportProgress = field(default_factory=ExportProgress)


@dataclass(frozen=True)
class ExportContext:
    """The world, the job, its request and a reader of its company."""

    world: "World"
    job: JobRow
    inputs: Inputs
    reader: Reader

    @classmethod
    def of(cls, world: "World", job: JobRow) -> Self:
        """The context of a job. Raises CompanyBlocked, CompanyRestoring, NotFound."""
        return cls(world, job, inputs_of(job), open_company(world.store, job.company))

    @property
    def request(self) -> ExportRequest:
        """The content of the export."""
        return self.inputs.request

    @property
    def prefix(self) -> str:
        """The beginning of the keys of the export's pieces."""
        return f"{prefixes.export_parts(self.job.company, self.job.id)}{digest(self.reader.head)}/"

    @property
    def gathered(self) -> Gathered:
        """The gathered rows."""
        return Gathered(self.world.files, self.prefix)

    @property
    def key(self) -> str:
        """The key of the finished file."""
        return key_of(self.job, self.request)

    def tables(self, state: ExportProgress) -> list[Table]:
        """The tables of the file."""
        return tables_of(self.request, state.pairs)

    def sink(self) -> Pieces | Joined:
        """The file in the making."""
        prefix = self.prefix + OBJECTS
        if extension_of(self.request) == ZIP:
            return Pieces(self.world.files, prefix, self.job.created_at)
        return Joined(self.world.files, prefix, MEDIA[self.request.format])


def inputs_of(job: JobRow) -> Inputs:
    """The request and the progress of a job's row."""
    return msgspec.json.decode(job.inputs, type=Inputs)


def digest(head: Head) -> str:
    """A digest of the erasures of a company. A file with another digest is outdated."""
    return sha256(head.erased or b"").hexdigest()[:16]


def extension_of(request: ExportRequest) -> str:
    """The extension of the file: several tables, and papers, are in a ZIP."""
    several = len(tables_of(request, [()] * len(request.kinds))) > 1 and request.format != "xlsx"
    return ZIP if several or request.format in PAPERS else EXTENSIONS[request.format]


def key_of(job: JobRow, request: ExportRequest) -> str:
    """The key of a job's file."""
    return prefixes.export(job.company, job.id, extension_of(request))


def filename_of(job: JobRow, request: ExportRequest) -> str:
    """The name under which a browser saves the file."""
    kinds = "-".join(request.kinds) if len(request.kinds) == 1 else "export"
    return f"facture-{kinds}-{today(job.created_at).isoformat()}.{extension_of(request)}"


def encoded_inputs(inputs: Inputs) -> bytes:
    """The inputs as the job's row holds them."""
    return msgspec.json.encode(inputs)
