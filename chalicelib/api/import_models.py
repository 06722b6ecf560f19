"""The bodies and answers of imports."""

from typing import Annotated, Literal

from pydantic import Field

from chalicelib.api.fields import Model, ResponseModel, Text
from chalicelib.domain.imports.model import MOST_BYTES, ImportKind, ImportStatus, Source
from chalicelib.domain.tabular.numbers import DecimalSign

_SHA256 = Annotated[
    str,
    Field(pattern="^[0-9a-f]{64}$", description="SHA-256 of the file, in hexadecimal.", examples=["0a" * 32]),
]


class ImportNew(Model):
    """A file to import. Its name is checked and not stored, because a name may name a person."""

    kind: Annotated[ImportKind, Field(description="The kind of records in the file.", examples=["customers"])]
    name: Annotated[str, Text(255)]
    content_type: Annotated[
        Literal[
            "text/csv",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "application/xml",
            "application/pdf",
        ],
        Field(description="The media type of the file.", examples=["text/csv"]),
    ]
    bytes: Annotated[int, Field(ge=1, le=MOST_BYTES, description="The size of the file.", examples=[20480])]
    sha256: _SHA256


class ColumnIn(Model):
    """A decision about one column. Omitted columns stay as they are."""

    column: Annotated[int, Field(ge=1, le=200, description="The number of the column, from 1.", examples=[3])]
    field: Annotated[str, Text(60)] | None = Field(
        None,
        description="The field that the column fills, as in the API, such as address.city; null ignores it.",
        examples=["address.city"],
    )
    decimal: DecimalSign | None = Field(
        None, description="The decimal sign of the column's numbers.", examples=["comma"]
    )


class MappingIn(Model):
    """The mapping of columns. A new encoding reads the file anew and discards the mapping."""

    columns: Annotated[tuple[ColumnIn, ...], Field(max_length=200)] = ()
    encoding: Literal["utf-8", "utf-16-le", "utf-16-be", "cp1252", "cp1256"] | None = None


class ImportEdit(Model):
    """A change of the mapping. The file is analysed again."""

    mapping: MappingIn


class CommitIn(Model):
    """`rows`: all rows or none, or the valid ones only."""

    rows: Annotated[Literal["all", "valid"], Field(description="All rows, or the valid ones.", examples=["valid"])] = (
        "all"
    )


class ColumnShown(ResponseModel):
    """A column of the file. `field` is what it fills; null: it is ignored. `ask` is what the mapping must still say."""

    column: int
    header: str
    field: str | None
    decimal: DecimalSign | None
    ask: Literal["decimal"] | None


class MappingShown(ResponseModel):
    """How the file is read. `source` is the program whose headers it has."""

    encoding: str | None
    delimiter: str | None
    source: Source | None
    columns: list[ColumnShown]


class ImportCountsShown(ResponseModel):
    """The rows of the file, by what a commit does, or did, with them."""

    rows: int
    new: int
    changed: int
    same: int
    refused: int


class RowShown(ResponseModel):
    """One of the first rows, with its cells."""

    row: int
    outcome: Literal["new", "changed", "unchanged", "refused"]
    cells: list[str]


class RefusedShown(ResponseModel):
    """The reason why a row is refused, or a warning about it."""

    row: int
    column: int | None
    field: str | None
    value: str
    code: str
    detail: str


class ReasonShown(ResponseModel):
    """A reason: its stable code, and its text."""

    code: str
    detail: str


class UploadShown(ResponseModel):
    """The request that uploads the file: a PUT of exactly this file, with these headers."""

    url: str
    headers: dict[str, str]
    expires_at: str


class ImportShown(ResponseModel):
    """A file that becomes records of the company. `rows`, `refusals` and `warnings` show values of the file and are
    deleted with it: at the commit, or after a day. `refusals_file` links to all refusals as CSV. A commit can be undone
    until `undo_until`."""

    id: str
    object: Literal["import"]
    kind: ImportKind
    status: ImportStatus
    failure: ReasonShown | None
    content_type: str
    bytes: int
    sha256: str
    mapping: MappingShown | None
    counts: ImportCountsShown | None
    rows: list[RowShown]
    refusals: list[RefusedShown]
    warnings: list[RefusedShown]
    job: str | None
    undo_until: str | None
    undone: int | None
    touched: int | None
    version: int
    created_at: str
    updated_at: str
    upload: UploadShown | None = None
    refusals_file: str | None = None
