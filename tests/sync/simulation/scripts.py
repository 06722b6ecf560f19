"""The scripts of a simulation: what happens besides the steps that the seed chooses."""

from collections.abc import Callable

from tests.sync.simulation.world import EDITABLE, NEWER, Simulation

Script = Callable[[Simulation], None]
STEPS = 50


def plain(simulation: Simulation) -> None:
    """Only the steps of devices and of the web."""
    simulation.begin()
    simulation.run(STEPS)


def revocation(simulation: Simulation) -> None:
    """A device is lost on the way, and the owner revokes it."""
    simulation.begin()
    simulation.run(20)
    simulation.revoke()
    simulation.run(30)


def recovery(simulation: Simulation) -> None:
    """The company is restored to an earlier time on the way."""
    simulation.begin()
    simulation.run(15)
    simulation.keep()
    simulation.run(15)
    simulation.recover()
    simulation.run(20)


def contention(simulation: Simulation) -> None:
    """Each device edits, and somebody on the web writes between its pull and its push."""
    simulation.begin()
    simulation.meanwhile_share = 1.0
    for _ in range(4):
        for device in simulation.devices:
            simulation.edit(device)
            simulation.synchronise(device)


def numbering(simulation: Simulation) -> None:
    """Each device asks for the numbers of several new drafts, and sends them together."""
    simulation.begin()
    for device in simulation.devices:
        for _ in range(3):
            draft = simulation.id("inv")
            device.create("drafts", draft, simulation.content("drafts", device.tables["customers"]))
            simulation.ask(device, draft)
        simulation.sync(device)


def change_of_schema(simulation: Simulation) -> None:
    """The service has a newer schema. The devices update their apps one after another, at last because they must."""
    simulation.editable = {table: (*EDITABLE[table], *NEWER[table]) for table in EDITABLE}
    simulation.begin()
    simulation.run(15)
    simulation.of_device.append(simulation.update)
    simulation.run(25)
    simulation.stop_answering_old_apps()
    simulation.run(10)


def old_apps(simulation: Simulation) -> None:
    """Somebody on the web states what the devices cannot express, and their people edit the same drafts."""
    simulation.begin()
    for draft in sorted(simulation.web["drafts"]):
        simulation.web_change("drafts", draft, "lines")
    for device in simulation.devices:
        simulation.synchronise(device)
        for draft in sorted(device.tables["drafts"]):
            device.edit("drafts", draft, {"lines": simulation.value("lines")})
        simulation.synchronise(device)


SCRIPTS: tuple[Script, ...] = (plain, plain, contention, revocation, recovery)
