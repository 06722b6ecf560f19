"""Rows in DynamoDB's answers: parsed as botocore parses them."""

import json
from typing import Any

import pytest
from botocore.parsers import JSONParser
from botocore.session import get_session

from chalicelib.domain.companies.company import Company
from chalicelib.store.parsing import RowParser, RowParsers
from chalicelib.store.read import open_company
from chalicelib.wiring import World
from tests.histories import company as companies

ROW: dict[str, Any] = {
    "company": {"S": "cmp_01"},
    "number": {"N": "12.50"},
    "salt": {"B": "aGVsbG8="},
    "open": {"BOOL": False},
    "none": {"NULL": True},
    "names": {"SS": ["a", "b"]},
    "sizes": {"NS": ["1", "2"]},
    "files": {"BS": ["aGVsbG8=", "YQ=="]},
    "lines": {"L": [{"M": {"text": {"S": "é"}, "packed": {"B": "YQ=="}}}, {"L": []}, {"M": {}}]},
    "empty": {"S": ""},
}
KEY = {"company": {"S": "cmp_01"}, "sort": {"S": "head"}}
USED = {"TableName": "rows", "CapacityUnits": 2.0}
ANSWERS: dict[str, dict[str, Any]] = {
    "Query": {"Items": [ROW, ROW], "Count": 2, "LastEvaluatedKey": KEY, "ConsumedCapacity": USED},
    "GetItem": {"Item": ROW, "ConsumedCapacity": USED},
    "TransactGetItems": {"Responses": [{"Item": ROW}, {}], "ConsumedCapacity": [USED]},
    "BatchGetItem": {
        "Responses": {"rows": [ROW]},
        "UnprocessedKeys": {"rows": {"Keys": [KEY], "ConsistentRead": True}},
    },
    "UpdateItem": {"Attributes": ROW},
    "DescribeTable": {"Table": {"TableName": "rows", "CreationDateTime": 1.5, "KeySchema": []}},
}


@pytest.mark.parametrize("operation", ANSWERS)
def test_an_answer_is_parsed_as_botocore_parses_it(operation: str) -> None:
    shape = get_session().get_service_model("dynamodb").operation_model(operation).output_shape
    answer = {"status_code": 200, "headers": {}, "body": json.dumps(ANSWERS[operation]).encode()}
    assert RowParser().parse(answer, shape) == JSONParser().parse(answer, shape)


def test_a_refusal_is_parsed_as_botocore_parses_it() -> None:
    shape = get_session().get_service_model("dynamodb").operation_model("TransactWriteItems").output_shape
    reasons = [{"Code": "ConditionalCheckFailed", "Item": ROW}, {"Code": "None"}]
    body = {"__type": "com.amazonaws#TransactionCanceledException", "Message": "m", "CancellationReasons": reasons}
    answer = {"status_code": 400, "headers": {}, "body": json.dumps(body).encode()}
    assert RowParser().parse(answer, shape) == JSONParser().parse(answer, shape)


def test_the_store_parses_its_rows_so(bare_world: World) -> None:
    company = companies.founded(bare_world, "parsed")
    assert isinstance(bare_world.store.connection.client._endpoint._response_parser_factory, RowParsers)
    assert open_company(bare_world.store, company).get(Company, company).id == company
