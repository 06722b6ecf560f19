"""The bucket's lifecycle follows the rules, and a drift from them is found."""

from copy import deepcopy
from datetime import date, timedelta
from typing import Any

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator
from hypothesis import example, given
from hypothesis import strategies as st

from chalicelib.policy.lifecycle import configuration, days_kept
from chalicelib.policy.load import current
from chalicelib.policy.model import Prefix
from chalicelib.policy.terms import FinancialYear, kept_until
from tests.lifecycle_drift import drift
from tests.unit.policy.planting import changed


def rules() -> dict[str, dict[str, Any]]:
    return {rule["ID"]: rule for rule in configuration(current())["Rules"]}


def test_the_shape_is_the_one_that_s3_takes() -> None:
    model = ServiceModel(Loader().load_service_model("s3", "service-2"))
    shape = model.shape_for("BucketLifecycleConfiguration")
    assert not ParamValidator().validate(configuration(current()), shape).has_errors()


def test_every_prefix_has_its_rule() -> None:
    found = {rule["Filter"]["Prefix"]: rule for rule in rules().values() if rule["Filter"]["Prefix"]}
    assert set(found) == {path for path, prefix in current().prefixes.items() if prefix.bucket == "files"}
    assert found["exports/"]["Expiration"] == {"Days": 7}
    assert found["backups/monthly/"]["Expiration"] == {"Days": 366}
    assert found["backups/monthly/"]["Transitions"] == [{"Days": 30, "StorageClass": "STANDARD_IA"}]
    assert "Expiration" not in found["logos/"], "a logo lives as long as its account"


def test_the_archive_outlives_the_longest_lock() -> None:
    """Ten years from the end of a financial year that may begin on the day of issue, and never a day less."""
    (rule,) = [rule for rule in configuration(current(), "archive")["Rules"] if rule["Filter"]["Prefix"]]
    assert rule["Filter"]["Prefix"] == "archive/"
    assert rule["Expiration"]["Days"] >= 11 * 365 + 3
    assert rule["Transitions"] == [{"Days": 30, "StorageClass": "STANDARD_IA"}]


def test_old_versions_delete_markers_and_unfinished_uploads_go_too() -> None:
    of_prefixes = [rule for rule in rules().values() if rule["Filter"]["Prefix"]]
    assert of_prefixes
    for rule in of_prefixes:
        assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 7}
    assert rules()["expired-delete-markers"]["Expiration"] == {"ExpiredObjectDeleteMarker": True}
    assert rules()["unfinished-uploads"]["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 7}


def test_nothing_moves_to_infrequent_access_after_it_is_gone_or_too_early() -> None:
    moves = [
        (move["Days"], rule["Expiration"]["Days"]) for rule in rules().values() for move in rule.get("Transitions", [])
    ]
    assert moves
    assert [(after, gone) for after, gone in moves if not 30 <= after < gone] == []


def test_no_drift_from_itself_in_any_order() -> None:
    deployed = configuration(current())
    deployed["Rules"].reverse()
    assert drift(current(), deployed) == []


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        ("retention-exports", "Expiration", {"Days": 8}),
        ("retention-pdf", "Status", "Disabled"),
        ("retention-logos", "NoncurrentVersionExpiration", {"NoncurrentDays": 700}),
        ("expired-delete-markers", "ID", "something-else"),
    ],
)
def test_a_planted_drift_is_found(name: str, key: str, value: Any) -> None:
    deployed = deepcopy(configuration(current()))
    next(rule for rule in deployed["Rules"] if rule["ID"] == name)[key] = value
    assert any(name in fault for fault in drift(current(), deployed))


def test_a_changed_term_is_drift_of_the_deployed_rules() -> None:
    longer = changed('term = "P7D"', 'term = "P14D"')
    assert len(drift(longer, configuration(current()))) == 1
    assert len(drift(current(), {"Rules": []})) == len(rules())


def test_an_unknown_bucket_is_refused() -> None:
    with pytest.raises(KeyError):
        configuration(current(), "attic")


@example(date(2028, 1, 1), FinancialYear())
@given(
    st.dates(date(2020, 1, 1), date(2100, 1, 1)),
    st.dates(date(2028, 1, 1), date(2028, 12, 31)).map(lambda day: FinancialYear(day.month, day.day)),
)
def test_the_net_never_takes_a_statutory_object_before_its_day(created: date, year: FinancialYear) -> None:
    policy, rule = current(), current().rules["document.content"]
    days = days_kept(policy, Prefix("archive/", "archive", rule.name, None))
    assert days is not None
    assert rule.term is not None
    assert created + timedelta(days=days) > kept_until(rule.term, rule.start, created, year)
