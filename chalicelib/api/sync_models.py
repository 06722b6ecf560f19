"""The models of synchronisation: the schema, the pull in WatermelonDB's form and in RxDB's."""

from typing import Annotated, Any, Literal

from pydantic import Field

from chalicelib.api.fields import Id, Model, ResponseModel, Text
from chalicelib.domain.sync.changes import MOST_REVIVED
from chalicelib.domain.sync.columns import ColumnType
from chalicelib.domain.sync.device import Device
from chalicelib.domain.sync.tables import OLDEST_SCHEMA, SCHEMA_VERSION, TABLES, known_table
from chalicelib.services.sync.answering import PullRequest
from chalicelib.services.sync.pull import Migration

LAST_CLOCK = 2**53 - 1
"""The largest whole number that JavaScript represents exactly."""
DeviceId = Annotated[
    str,
    Id(Device.PREFIX),
    Field(description="The device's id, chosen by the device once.", examples=["dev_01J9ZK5N8Q0V3X6T2R4W7Y1B5C"]),
]
Clock = Annotated[int, Field(ge=0, le=LAST_CLOCK)]
Version = Annotated[
    int, Field(ge=0, le=1_000_000, description="The schema version that the device has.", examples=[SCHEMA_VERSION])
]
Name = Annotated[str, Text(60)]


class ColumnShown(ResponseModel):
    """A column of a device's table."""

    name: Annotated[str, Field(description="The name of the column in the device's database.", examples=["unit_price"])]
    type: Annotated[
        ColumnType, Field(description="What a cell holds: text, a number, or true or false.", examples=["string"])
    ]
    optional: Annotated[bool, Field(description="Whether a cell may be null.", examples=[False])]
    writable: Annotated[bool, Field(description="Whether a device may state it.", examples=[True])]
    json_: Annotated[
        bool,
        Field(alias="json", description="Whether it holds JSON text, which is merged as a whole.", examples=[False]),
    ]
    since: Annotated[int, Field(description="The schema version that added it.", examples=[1])]


class TableShown(ResponseModel):
    """A table that devices keep, with its columns."""

    name: Annotated[str, Field(description="The name of the table in the device's database.", examples=["items"])]
    writes: Annotated[
        Literal["all", "create", "nothing"],
        Field(
            description="Whether a device changes its rows, only creates them, or only reads them.", examples=["all"]
        ),
    ]
    since: Annotated[int, Field(description="The schema version that added it.", examples=[1])]
    columns: list[ColumnShown]


class SchemaShown(ResponseModel):
    """The tables that a device keeps."""

    object: Literal["sync_schema"]
    version: Annotated[
        int, Field(description="The version of the schema that the server has now.", examples=[SCHEMA_VERSION])
    ]
    oldest: Annotated[int, Field(description="The oldest version that is still answered.", examples=[OLDEST_SCHEMA])]
    tables: list[TableShown]


class NewColumns(Model):
    """The columns that a device's new schema adds to a table."""

    table: Annotated[Name, Field(description="The name of the table that gets new columns.", examples=["items"])]
    columns: Annotated[
        tuple[Name, ...],
        Field(max_length=200, strict=False, description="What the new schema adds to the table.", examples=[["unit"]]),
    ]


class MigrationIn(Model):
    """The additions of a device's new schema. Names that the server does not know are ignored."""

    from_: Annotated[int, Field(alias="from", ge=0, description="The schema before.", examples=[1])]
    tables: Annotated[
        tuple[Name, ...],
        Field(
            max_length=100, strict=False, description="The tables that only the new schema has.", examples=[["items"]]
        ),
    ] = ()
    columns: Annotated[
        tuple[NewColumns, ...],
        Field(
            max_length=100,
            strict=False,
            description="The columns that only the new schema has, by table.",
            examples=[[{"table": "items", "columns": ["unit"]}]],
        ),
    ] = ()

    def value(self) -> Migration:
        """The migration as the service takes it."""
        return Migration(self.from_, self.tables, {each.table: each.columns for each in self.columns})


class PullIn(Model):
    """A pull, in the form of WatermelonDB's `pullChanges`."""

    last_pulled_at: Annotated[
        Clock | None, Field(description="The `timestamp` of the last pull; null or 0 for the first.", examples=[4711])
    ] = None
    schema_version: Version
    migration: MigrationIn | None = None
    device: DeviceId
    replace: Annotated[
        bool, Field(description="The device has sent its changes and takes everything anew.", examples=[False])
    ] = False
    revive: Annotated[
        dict[Name, Annotated[tuple[Name, ...], Field(max_length=MOST_REVIVED, strict=False)]],
        Field(
            max_length=len(TABLES),
            description="Ids by table that the server refused to change: it sends them back under `created`.",
            examples=[{"documents": ["inv_01J9ZK5N8Q0V3X6T2R4W7Y1B5C"]}],
        ),
    ] = Field(default_factory=dict)

    def request(self) -> PullRequest:
        """The pull as the service takes it. Raises InvalidContent for an unknown table."""
        return PullRequest(
            device=self.device,
            version=self.schema_version,
            after=self.last_pulled_at or 0,
            replace=self.replace,
            migration=self.migration.value() if self.migration else None,
            revive={known_table(table, "/revive").name: ids for table, ids in self.revive.items()},
        )


class TableChangesShown(ResponseModel):
    """The changes of one table. A row has its id and every column of the device's schema."""

    created: Annotated[list[dict[str, Any]], Field(description="Rows that the device asked back.", examples=[[]])]
    updated: Annotated[list[dict[str, Any]], Field(description="New and changed rows.", examples=[[]])]
    deleted: Annotated[list[str], Field(description="Ids of rows that are gone.", examples=[[]])]


class PullNotice(ResponseModel):
    """A notice about the pull itself."""

    code: Annotated[
        str, Field(description="`schema_outdated`: the application should be updated.", examples=["schema_outdated"])
    ]
    current: Annotated[
        int, Field(description="The version of the schema that the server has now.", examples=[SCHEMA_VERSION])
    ]


class PullShown(ResponseModel):
    """The changes since a clock, in complete commits. Instead, the address of a file with the same JSON, gzipped, when
    they are larger than a page."""

    changes: Annotated[
        dict[str, TableChangesShown] | None, Field(description="The changed rows by table; null when `url` has them.")
    ] = None
    timestamp: Annotated[int | None, Field(description="The clock to pull from next.", examples=[4711])] = None
    more: Annotated[bool | None, Field(description="Whether to pull again at once.", examples=[False])] = None
    notices: Annotated[list[PullNotice] | None, Field(description="What the device should know about this pull.")] = (
        None
    )
    experimentalStrategy: Annotated[  # noqa: N815 — WatermelonDB's name
        Literal["replacement"] | None,
        Field(description="The rows replace the device's copy.", examples=["replacement"]),
    ] = None
    url: Annotated[str | None, Field(description="Where the file is.", examples=["https://…"])] = None
    expires_at: Annotated[
        str | None, Field(description="When its address ends.", examples=["2026-11-30T10:10:00Z"])
    ] = None


class Checkpoint(Model):
    """The position of a replication."""

    clock: Annotated[
        Clock, Field(description="The company's clock, which rises with each stored commit.", examples=[4711])
    ]


class RxdbPullIn(Model):
    """A pull, in the form of RxDB's `pull.handler`."""

    checkpoint: Annotated[
        Checkpoint | None,
        Field(
            description="The last checkpoint; null at first. The answer to null has deletions, too.", examples=[None]
        ),
    ] = None
    limit: Annotated[int, Field(ge=1, le=1_000, description="About how many documents.", examples=[100])] = 100
    schema_version: Version = SCHEMA_VERSION
    device: DeviceId


class CheckpointShown(ResponseModel):
    """The position of a replication."""

    clock: Annotated[
        int, Field(description="The company's clock, which rises with each stored commit.", examples=[4711])
    ]


class RxdbPullShown(ResponseModel):
    """The documents that changed, in complete commits."""

    documents: Annotated[
        list[dict[str, Any]], Field(description="Rows with `_deleted` and the `clock` of their change.", examples=[[]])
    ]
    checkpoint: CheckpointShown
    more: Annotated[bool, Field(description="Whether to pull again at once.", examples=[False])]
