"""The embedded engine: exact numbers, nothing acknowledged lost when it is killed, no engine left behind."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import boto3
import pytest

from local import engine as embedded
from local.engine import Engine, EngineError
from local.resources import table_names

TABLE = "rows"
DIGITS = "12345678901234567890123456789012345678"


def client(engine: Engine, service: str) -> Any:
    """A client that can reach this engine only."""
    return boto3.client(
        service,
        endpoint_url=engine.endpoint,
        region_name=embedded.REGION,
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )


def create_table(engine: Engine, table: str = TABLE) -> Any:
    """A table with a partition and a sort key; returns its client."""
    database = client(engine, "dynamodb")
    names = (("p", "HASH"), ("s", "RANGE"))
    database.create_table(
        TableName=table,
        KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in names],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name, _ in names],
        BillingMode="PAY_PER_REQUEST",
    )
    return database


def key(sort: str) -> dict[str, dict[str, str]]:
    """The key of a row."""
    return {"p": {"S": "a"}, "s": {"S": sort}}


def read(engine: Engine) -> dict[str, str]:
    """Every row's number by its sort key."""
    items = client(engine, "dynamodb").scan(TableName=TABLE, ConsistentRead=True)["Items"]
    return {item["s"]["S"]: item["n"]["N"] for item in items}


def test_numbers_keep_38_digits() -> None:
    with embedded.running() as engine:
        database = create_table(engine)
        database.put_item(TableName=TABLE, Item={**key("1"), "n": {"N": DIGITS}})
        update = {":one": {"N": "1"}}
        database.update_item(
            TableName=TABLE, Key=key("1"), UpdateExpression="SET n = n + :one", ExpressionAttributeValues=update
        )
        assert read(engine) == {"1": str(int(DIGITS) + 1)}
        engine.reset()
        assert database.list_tables()["TableNames"] == []


def test_tables_beyond_the_first_page_are_found() -> None:
    """DynamoDB lists 100 names at a time. The service would else create its tables again, and tests would not empty
    theirs."""
    with embedded.running() as engine:
        database = client(engine, "dynamodb")
        names = [f"t-{number:03}" for number in range(101)]
        for name in names:
            create_table(engine, name)
        assert len(database.list_tables()["TableNames"]) == 100
        assert table_names(database) == names


def test_killed_it_comes_back_with_everything_acknowledged(tmp_path: Path) -> None:
    engine = embedded.start(tmp_path)
    database = create_table(engine)
    for sort in ("1", "2", "3"):
        database.put_item(TableName=TABLE, Item={**key(sort), "n": {"N": sort}})
    database.delete_item(TableName=TABLE, Key=key("1"))
    put = [{"Put": {"TableName": TABLE, "Item": {**key(sort), "n": {"N": "9"}}}} for sort in ("2", "4")]
    database.transact_write_items(TransactItems=put)
    secret = client(engine, "kms").create_key()["KeyMetadata"]["KeyId"]
    sealed = client(engine, "kms").encrypt(KeyId=secret, Plaintext=b"word")["CiphertextBlob"]
    files = client(engine, "s3")
    files.create_bucket(Bucket="files", CreateBucketConfiguration={"LocationConstraint": embedded.REGION})
    files.put_bucket_versioning(Bucket="files", VersioningConfiguration={"Status": "Enabled"})
    for body in (b"one", b"two"):
        files.put_object(Bucket="files", Key="a/b.pdf", Body=body, ContentType="application/pdf")
    engine.kill()

    again = embedded.start(tmp_path)
    assert read(again) == {"2": "9", "3": "3", "4": "9"}
    assert client(again, "kms").decrypt(CiphertextBlob=sealed)["Plaintext"] == b"word"
    files = client(again, "s3")
    found = files.get_object(Bucket="files", Key="a/b.pdf")
    assert (found["Body"].read(), found["ContentType"]) == (b"two", "application/pdf")
    assert len(files.list_object_versions(Bucket="files")["Versions"]) == 2
    again.kill()  # before anything was written: the journal has been folded in and must not be needed twice.

    third = embedded.start(tmp_path)
    assert read(third) == {"2": "9", "3": "3", "4": "9"}
    third.stop()
    assert third.process.returncode == 0


def test_a_torn_last_line_is_left_out_and_a_deleted_table_stays_deleted(tmp_path: Path) -> None:
    engine = embedded.start(tmp_path)
    database = create_table(engine)
    database.put_item(TableName=TABLE, Item={**key("old"), "n": {"N": "1"}})
    old = (tmp_path / "journal.jsonl").read_bytes()
    database.delete_table(TableName=TABLE)
    create_table(engine)
    database.put_item(TableName=TABLE, Item={**key("new"), "n": {"N": "2"}})
    engine.kill()
    new = (tmp_path / "journal.jsonl").read_bytes()
    (tmp_path / "journal.jsonl").write_bytes(old + new + new.replace(b"new", b"torn")[:-1])
    again = embedded.start(tmp_path)
    assert read(again) == {"new": "2"}
    again.stop()


def test_an_earlier_value_leaves_the_journal_file(tmp_path: Path) -> None:
    engine = embedded.start(tmp_path, settings={"JOURNAL_STALE_SECONDS": "0"})
    database = create_table(engine)
    journal = tmp_path / "journal.jsonl"
    for sort in ("edited", "removed"):
        database.put_item(TableName=TABLE, Item={**key(sort), "n": {"N": "1"}, "name": {"S": f"{sort} person"}})
    assert b"edited person" in journal.read_bytes()
    database.put_item(TableName=TABLE, Item={**key("edited"), "n": {"N": "2"}})
    database.delete_item(TableName=TABLE, Key=key("removed"))
    database.put_item(TableName=TABLE, Item={**key("next"), "n": {"N": "3"}})
    kept = journal.read_bytes() + (tmp_path / "dynamodb.json").read_bytes()
    assert b"person" not in kept
    engine.kill()
    again = embedded.start(tmp_path)
    assert read(again) == {"edited": "2", "next": "3"}
    again.stop()


def test_a_state_that_cannot_be_read_is_never_overwritten(tmp_path: Path) -> None:
    engine = embedded.start(tmp_path)
    create_table(engine)
    engine.stop()
    snapshot = tmp_path / "dynamodb.json"
    snapshot.write_text(snapshot.read_text()[:-5])
    before = snapshot.read_text()
    with pytest.raises(EngineError, match=r"dynamodb\.json cannot be read"):
        embedded.start(tmp_path)
    assert snapshot.read_text() == before


def killed_parent(directory: Path | None) -> int:
    """Start an engine in a process that is killed after one write; return the engine's process id."""
    script = f"""
        import os
        from pathlib import Path
        from local import engine
        from tests.local.test_engine import create_table, key
        started = engine.start({f"Path({str(directory)!r})" if directory else None})
        create_table(started).put_item(TableName="rows", Item={{**key("1"), "n": {{"N": "1"}}}})
        print(started.process.pid, flush=True)
        os.kill(os.getpid(), 9)
    """
    command = [sys.executable, "-c", textwrap.dedent(script)]
    parent = subprocess.run(command, cwd=embedded.ROOT, capture_output=True, text=True, check=False)
    assert parent.returncode == -signal.SIGKILL, parent.stderr
    return int(parent.stdout)


def test_an_engine_whose_parent_was_killed_leaves_by_itself() -> None:
    assert not is_running(killed_parent(None))


def test_an_engine_that_a_killed_run_left_is_waited_for(tmp_path: Path) -> None:
    left = killed_parent(tmp_path)
    engine = embedded.start(tmp_path)
    assert read(engine) == {"1": "1"}
    assert not is_running(left)
    engine.stop()


def is_running(pid: int) -> bool:
    """True when the process is still there after five seconds; one that only waits to be collected is not."""
    for _ in range(250):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        if Path(f"/proc/{pid}/stat").exists() and " Z " in Path(f"/proc/{pid}/stat").read_text():
            return False
        time.sleep(0.02)
    return True
