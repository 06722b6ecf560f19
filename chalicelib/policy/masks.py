"""The names under which logs may show nothing: attributes whose rule is masked, and whatever is stored packed."""

from chalicelib.policy.inventory import Inventory, take
from chalicelib.policy.load import current, per_policy
from chalicelib.policy.model import Policy
from chalicelib.policy.rules import Attribute, defined

_CLOSED = ("Literal[", "bool")
"""Types of few known values: they name nobody, and `status` or `kind` in a log is worth having."""


def _masked(policy: Policy, attribute: Attribute) -> bool:
    if attribute.packed:
        return True
    rules = (defined(policy, attribute.rule), defined(policy, attribute.governed_by))
    return any(rule.masked for rule in rules) and not attribute.type.startswith(_CLOSED)


def masked_names(policy: Policy, inventory: Inventory) -> frozenset[str]:
    """The last part of the path of every masked attribute (`email`, `street`, `lines`): a name is masked wherever it
    occurs, even if another attribute of that name need not be."""
    return frozenset(a.path.rpartition(".")[2] for s in inventory for a in s.attributes if _masked(policy, a))


@per_policy()
def names() -> frozenset[str]:
    """The names to mask in logs, from the policy and the entities as they are."""
    return masked_names(current(), take())
