"""A seeded simulation of devices that work offline: it replays everything that goes wrong between them and the server,
and then checks what must hold."""
