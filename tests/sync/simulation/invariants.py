"""The invariants of a settled simulation. Each check returns what is wrong; nothing is wrong if it is empty."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from tests.sync.simulation.facts import REDUCED, discounts
from tests.sync.simulation.model import ModelDevice
from tests.sync.simulation.world import MOST_ROUNDS, PATHS, Simulation

Check = Callable[[Simulation], list[str]]
ROWS_OF_A_DEVICE = ("notices",)
"""Tables whose rows only one device sees."""


def shown(device: ModelDevice, table: str) -> dict[str, Any]:
    """The rows of a device that are not pending."""
    return {id: row.cells for id, row in device.tables[table].items() if row.status == "synced"}


def fresh(simulation: Simulation, version: int | None = None) -> ModelDevice:
    """A new device that pulls everything: the server's view of a schema version. It is made again after a commit."""
    version = version or simulation.published["version"]
    known = simulation.views.get(version)
    if known is None or known.clock != simulation.company.clock():
        known = simulation.views[version] = simulation.device(ModelDevice, version)
        known.pull_all({})
    return known


def devices_equal_the_server(simulation: Simulation) -> list[str]:
    """(a) Each device has the server's rows, apart from what is pending; (f) pulls in parts equal one pull."""
    wrong = []
    for device in simulation.live:
        server = fresh(simulation, device.version)
        for table in set(device.tables) - set(ROWS_OF_A_DEVICE):
            mine, theirs = shown(device, table), shown(server, table)
            waiting = {id for name, id in device.pending() if name == table}
            wrong += [
                f"{device.id} {table}/{id}: {difference(mine.get(id), theirs.get(id))}"
                for id in (mine.keys() | theirs.keys()) - waiting
                if difference(mine.get(id), theirs.get(id))
            ]
    return wrong


def difference(mine: Mapping[str, Any] | None, theirs: Mapping[str, Any] | None) -> str:
    """Where two rows differ, in the columns that the device has."""
    if mine == theirs:
        return ""
    if mine is None or theirs is None:
        return "only on the server" if mine is None else "only on the device"
    return ", ".join(f"{name}: {mine[name]} / {theirs[name]}" for name in mine if mine[name] != theirs[name])


def lists_equal_the_server(simulation: Simulation) -> list[str]:
    """(a) The lists of the API have the same rows."""
    server, wrong = fresh(simulation), []
    for table, path in PATHS.items():
        listed = set()
        query = {"limit": "100"} | ({"status": "draft"} if table == "drafts" else {})
        while True:
            page = simulation.owner.get(path, query=query).json
            listed |= {row["id"] for row in page["data"]}
            if not page["has_more"]:
                break
            query["starting_after"] = page["data"][-1]["id"]
        wrong += [f"{table}/{id}" for id in listed ^ server.tables[table].keys()]
    return wrong


def another_sync_moves_nothing(simulation: Simulation) -> list[str]:
    """(b) A further synchronisation brings no row and makes no commit."""
    clock, wrong = simulation.company.clock(), []
    for device in simulation.live:
        before = device.received
        simulation.synchronise(device)
        if device.received != before:
            wrong.append(f"{device.id} received {device.received - before} rows")
    if simulation.company.clock() != clock:
        wrong.append(f"{simulation.company.clock() - clock} commits")
    return wrong


def no_accepted_value_is_lost(simulation: Simulation) -> list[str]:
    """(c) The last accepted value of each cell is there, unless the row was deleted or issued."""
    server = fresh(simulation)
    return [
        f"{table}/{id} {name}: {cell_of(row.cells, name)} instead of {value}"
        for (table, id, name), value in simulation.facts.accepted.items()
        if (row := server.tables[table].get(id)) and table in PATHS and not same(cell_of(row.cells, name), value)
    ]


def cell_of(cells: Mapping[str, Any], name: str) -> Any:
    """A cell, or the discounts in the lines of a draft."""
    return discounts(cells["lines"]) if name == REDUCED else cells[name]


def same(stored: Any, typed: Any) -> bool:
    """Whether a cell states what was typed. The server adds to lines and addresses, so their own members count."""
    if not (isinstance(typed, str) and typed[:1] in "[{" and isinstance(stored, str)):
        return bool(stored == typed)
    one, other = json.loads(typed), json.loads(stored)
    if isinstance(one, dict):
        return all(other.get(name) == value for name, value in one.items())
    return [line["description"] for line in one] == [line["description"] for line in other]


def numbers_have_no_gap(simulation: Simulation) -> list[str]:
    """(d) No number is given twice or left out, and each request states its number."""
    documents = fresh(simulation).tables["documents"].values()
    places = sorted(json.loads(row.cells["register"])["position"] for row in documents)
    wrong = [] if places == list(range(1, len(places) + 1)) else [f"positions {places}"]
    states = [row.cells for device in simulation.live for row in device.tables["issue_requests"].values()]
    issued: dict[str, str] = {row.cells["id"]: row.cells["number"] for row in documents}
    wrong += [
        f"{cells['id']} was told {cells['number']}"
        for cells in states
        if cells["state"] == "issued" and issued.get(cells["document_id"]) != cells["number"]
    ]
    return wrong + [f"{cells['id']} still waits" for cells in states if cells["state"] == "pending"]


def numbers_follow_the_requests(simulation: Simulation) -> list[str]:
    """(d) Requests of earlier pushes have earlier numbers. In one push, the person who asked first has the first."""
    server = fresh(simulation)
    asked = [row.cells for row in server.tables["issue_requests"].values() if row.cells["state"] == "issued"]
    asked.sort(key=lambda cells: (cells["created_at"], cells["requested_at"], cells["id"]))
    documents = dict.fromkeys(cells["document_id"] for cells in asked)
    registered = [server.tables["documents"].get(id) for id in documents]
    places = [json.loads(row.cells["register"])["position"] for row in registered if row]
    return [] if places == sorted(places) else [f"positions {places}"]


def documents_never_change(simulation: Simulation) -> list[str]:
    """(e) An issued document is what it was when it was first seen."""
    return list(simulation.facts.changed_documents)


def every_refusal_is_reported(simulation: Simulation) -> list[str]:
    """(g) Each refused row has a reason in the answer, and a notice on its device."""
    wrong = list(simulation.facts.unexplained)
    for device in simulation.live:
        told = reasons(device).keys()
        wrong += [f"{device.id} {each}" for each in simulation.facts.refused.get(device.id, set()) - told]
    return wrong


def no_edit_disappears(simulation: Simulation) -> list[str]:
    """(i) Everything that a person typed was accepted, or waits, or is in `unsent`, or a notice names its row."""
    wrong = []
    for device in simulation.live:
        known = reasons(device).keys() | device.pending()
        kept = {(each.table, each.id, name): value for each in device.unsent for name, value in each.cells.items()}
        typed = simulation.facts.typed.get(device.id, {})
        wrong += [
            f"{device.id} {cell}: {value}"
            for cell, value in typed.items()
            if cell[:2] not in known and kept.get(cell) != value
        ]
    return wrong


def a_repeated_push_makes_no_commit(simulation: Simulation) -> list[str]:
    """(b) A request that arrives twice is stored once."""
    return list(simulation.facts.repeated)


def only_refused_content_waits(simulation: Simulation) -> list[str]:
    """(g) A row stays pending only for a reason that its device was told, and that a person can mend."""
    wrong = []
    for device in simulation.live:
        told = reasons(device)
        for table, id in device.pending():
            if not told.get((table, id), set()) - {"already_issued", "in_use", "read_only"}:
                wrong.append(f"{device.id} {table}/{id}: {told.get((table, id))}")
    return wrong


def reasons(device: ModelDevice) -> dict[tuple[str, str], set[str]]:
    """The codes of a device's notices, by row."""
    found: dict[tuple[str, str], set[str]] = {}
    for row in device.tables["notices"].values():
        found.setdefault((row.cells["table_name"], row.cells["row_id"]), set()).add(row.cells["code"])
    return found


def nobody_issues_what_they_did_not_see(simulation: Simulation) -> list[str]:
    """(d) A draft that somebody else changed after the device saw it gets no number on the device's request."""
    requests = [row.cells for row in fresh(simulation).tables["issue_requests"].values()]
    return [
        cells["id"]
        for cells in requests
        if cells["state"] == "issued"
        for clock in simulation.facts.by_others.get(cells["document_id"], ())
        if clock > cells["seen_clock"]
    ]


def a_revoked_device_is_empty(simulation: Simulation) -> list[str]:
    """A revoked device has wiped its copy."""
    return sorted(simulation.revoked - simulation.wiped)


def it_settles_in_few_rounds(simulation: Simulation) -> list[str]:
    """(h) A bounded number of rounds brings everybody to the end."""
    return [f"not settled after {MOST_ROUNDS} rounds"] if simulation.rounds > MOST_ROUNDS else []


CHECKS: tuple[Check, ...] = (
    it_settles_in_few_rounds,
    devices_equal_the_server,
    lists_equal_the_server,
    another_sync_moves_nothing,
    a_repeated_push_makes_no_commit,
    no_accepted_value_is_lost,
    numbers_have_no_gap,
    numbers_follow_the_requests,
    documents_never_change,
    nobody_issues_what_they_did_not_see,
    every_refusal_is_reported,
    only_refused_content_waits,
    a_revoked_device_is_empty,
    no_edit_disappears,
)


def violated(simulation: Simulation) -> dict[str, list[str]]:
    """The checks that do not hold, and what each found."""
    found = {check.__name__: check(simulation) for check in CHECKS}
    return {name: wrong for name, wrong in found.items() if wrong}
