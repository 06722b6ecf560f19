"""Ways to plant a fault in the policy, so that a test can see it found."""

from dataclasses import replace

from chalicelib.policy.load import HERE, current, parse
from chalicelib.policy.model import Policy

SOURCE = (HERE / "policy.toml").read_text("utf-8")


def changed(old: str, new: str) -> Policy:
    """The policy with the first `old` of its source replaced by `new`."""
    assert old in SOURCE, f"{old!r} is not in policy.toml"
    return parse(SOURCE.replace(old, new, 1))


def extended(more: str) -> Policy:
    """The policy with `more` TOML at its end."""
    return parse(SOURCE + more)


def decided() -> Policy:
    """The policy once the controller has decided: its last version awaits nothing."""
    policy = current()
    processors = {
        name: replace(each, where="region", transfer="listed_country") for name, each in policy.processors.items()
    }
    last = replace(policy.current, awaits=())
    return replace(policy, processors=processors, versions=(*policy.versions[:-1], last))


RULE = """
[rules."planted.rule"]
class = "technical"
bases = ["necessary_time"]
start = "creation"
term = "P1D"
on_erasure = "delete"
action = "delete"
exported = false
masked = false
label = { fr = "a", ar = "b", en = "c" }
purpose = { fr = "a", ar = "b", en = "c" }
"""
