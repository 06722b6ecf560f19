"""Listens to what a world publishes, as CloudWatch reads it."""

import io
import json
from collections import Counter
from typing import Any

from chalicelib.observability import Telemetry
from chalicelib.policy.masks import names
from chalicelib.wiring import World


class Published:
    """The figures that a world publishes, as CloudWatch reads them."""

    def __init__(self, world: World) -> None:
        self.stream = io.StringIO()
        self.telemetry = Telemetry(world.settings, masks=names, stream=self.stream, service="facture-figures")

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]

    @property
    def counts(self) -> Counter[str]:
        """Every figure's sum."""
        total: Counter[str] = Counter()
        for line in self.lines:
            for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]:
                total[metric["Name"]] += sum(line[metric["Name"]])
        return total
