"""Catalogue items as a simple resource. Their TVA rate is checked as of the day of the write."""

from collections.abc import Mapping
from typing import Any

from chalicelib.domain.clock import today
from chalicelib.domain.companies.item import Item
from chalicelib.domain.errors import Fault, InvalidContent
from chalicelib.domain.metadata import merged
from chalicelib.domain.morocco.vat import article_key, check_rate
from chalicelib.services.records.editing import Resource


def normalize(changes: Mapping[str, Any], before: Item | None) -> dict[str, Any]:
    """The changes, with the exemption's article as the code writes it ("92-I-1"), and all pairs of the metadata."""
    values = dict(changes)
    if article := values.get("exemption"):
        values["exemption"] = article_key(article) or article
    if "metadata" in values:
        values["metadata"] = merged(before.metadata if before else None, values["metadata"])
    return values


def validate(item: Item, changed: Mapping[str, Any]) -> None:
    """Raises InvalidContent unless the rate is in force today and a rate of 0 names its article (CGI art. 91 to 94).

    The article may be missing: the seller may charge no TVA at all. The item's documents check that.
    """
    if not {"vat_rate", "exemption"} & changed.keys():
        return
    findings = check_rate(item.vat_rate, item.exemption, today(item.updated_at))
    faults = [
        Fault("/exemption" if finding.code.startswith("exemption") else "/vat_rate", finding.code, dict(finding.params))
        for finding in findings
        if finding.severity == "refuse" and finding.code != "exemption_required"
    ]
    if faults:
        raise InvalidContent(*faults)


ITEMS = Resource(Item, normalize, validate)
