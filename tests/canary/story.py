"""The life of a company whose every field holds a canary, and what is found of them at each stage."""

import json
import re
from dataclasses import dataclass, field
from typing import Any

import urllib3

from tests.attaching import picture
from tests.canary.contract import Contract
from tests.canary.scan import Place, Scan, layers
from tests.canary.scenario import Scenario, file_of
from tests.canary.service import Aws, Person
from tests.canary.tour import Planted, Tour
from tests.canary.words import Nest
from tests.e2e.person import demonstration
from tests.e2e.serving import Served

SEED, DIGITS = "kgwb", "73"
WORDS = re.compile(rb"zqkgwb\d{5}x")
Found = dict[str, set[Place]]


@dataclass
class Story:
    """The calls and the scans. `own` are the canaries of the persons who are erased before the account."""

    contract: Contract
    tour: Tour
    scenario: Scenario
    served: Served
    data_map: dict[str, Any]
    own: frozenset[str] = frozenset()
    stages: dict[str, Found] = field(default_factory=dict)
    access: bytes = b""

    @property
    def planted(self) -> dict[str, Planted]:
        """Every canary."""
        return self.tour.planted

    def typed(self, text: str) -> str:
        """Where a canary was typed."""
        planted = self.planted.get(text)
        return f"{planted.verb} {'/'.join(planted.field)}" if planted else "what was refused"

    def look(self, stage: str) -> None:
        """Scan everything."""
        numbers = frozenset(each for each in self.planted if each.isdigit())
        scan = Scan(self.scenario.aws, WORDS, numbers)
        scan.rows()
        scan.objects()
        scan.mails()
        scan.lines(self.served.lines)
        scan.files(self.served.data)
        self.stages[stage] = scan.places


def begun(served: Served) -> Story:
    """A story at a running service."""
    contract = Contract(json.loads(served.request("GET", "/openapi.json").body))
    nest = Nest(SEED, DIGITS, lambda word: picture("PNG", comment=word))
    person = Person(served, "canary-owner", "canary-owner@owner.example")
    tour = Tour(contract, nest, person, lambda body, word: file_of(body, word, nest.known.get("cus_", [""])[0]))
    version = demonstration(served).must("GET", "/v1/company")["policy_version"]
    tour.learn({"policy_version": version, "version": version, "exemption": "92-I-1"})
    data_map = json.loads(served.request("GET", "/v1/privacy/data-map").body)
    scenario = Scenario(contract, tour, Aws.of(served), person)
    nest.known["day"] = [scenario.clock.date().isoformat(), scenario.later]
    return Story(contract, tour, scenario, served, data_map)


def told(served: Served) -> Story:
    """The complete story: use, access, the erasure of each kind of person, the end of their copies, the end of the
    account, and the end of the statutory terms."""
    story = begun(served)
    scenario, known = story.scenario, story.tour.nest.known
    scenario.sign_up()
    scenario.everything()
    persons = [known["cus_"][0], known["sup_"][0], scenario.joined()]
    scenario.imported()
    scenario.devices()
    access = scenario.requests(persons[0])
    scenario.finish()
    story.own = frozenset(each for each, at in story.planted.items() if is_own(at, persons))
    story.access = downloaded(scenario, access)
    story.look("used")
    for person in persons:
        scenario.erased(person)
    scenario.wait(0.01)
    story.look("persons erased")
    for days in (8.0, 30.0, 350.0):
        scenario.wait(days)
    story.look("copies ended")
    scenario.erased(None)
    for days in (0.1, 24, 6.0, 1.0, 9.0):
        scenario.wait(days)
    story.look("account erased")
    for days in (400.0, 4000.0, 10.0):
        scenario.wait(days)
    story.look("terms ended")
    return story


def is_own(planted: Planted, persons: list[str]) -> bool:
    """Whether a text was typed into a person's own record, into a request about them, or as the name of their file."""
    record = planted.address.rpartition("/")[2] in persons
    made = planted.verb in ("POST /v1/customers", "POST /v1/suppliers", "POST /v1/members", "POST /v1/attachments")
    asked = planted.verb.startswith("POST /v1/privacy/requests")
    return record or ((made or asked) and bool(planted.ids.intersection(persons)))


def downloaded(scenario: Scenario, request: str) -> bytes:
    """The archive of an access request, unpacked."""
    url = scenario.person.must("GET", f"/v1/privacy/requests/{request}/download")["url"]
    archive = urllib3.request("GET", url, retries=False).data
    return b"\n".join(layers(archive)).lower()
