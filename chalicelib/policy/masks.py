"""The attribute names that logs must mask: attributes under a masked rule, and all packed attributes."""

from chalicelib.policy.inventory import Inventory, build_inventory
from chalicelib.policy.load import current, per_policy
from chalicelib.policy.model import Policy
from chalicelib.policy.rules import Attribute, defined

_CLOSED = ("Literal[", "bool")
"""Types with few known values. They name nobody, and `status` or `kind` in a log is useful."""


def _masked(policy: Policy, attribute: Attribute) -> bool:
    if attribute.packed:
        return True
    rules = (defined(policy, attribute.rule), defined(policy, attribute.governed_by))
    return any(rule.masked for rule in rules) and not attribute.type.startswith(_CLOSED)


def masked_names(policy: Policy, inventory: Inventory) -> frozenset[str]:
    """The last part of the path of every masked attribute (`email`, `street`, `lines`). The name is masked everywhere,
    even if another attribute of that name need not be."""
    return frozenset(a.path.rpartition(".")[2] for s in inventory for a in s.attributes if _masked(policy, a))


@per_policy()
def names() -> frozenset[str]:
    """The names to mask in logs, from the present policy and entities."""
    return masked_names(current(), build_inventory())
