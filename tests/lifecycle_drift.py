"""Compare a deployed lifecycle configuration with the policy's."""

from typing import Any

from chalicelib.policy.lifecycle import configuration
from chalicelib.policy.model import Policy


def drift(policy: Policy, deployed: dict[str, Any], bucket: str = "files") -> list[str]:
    """List how a deployed `LifecycleConfiguration` differs from the policy's, one line a rule."""
    expected = {rule["ID"]: rule for rule in configuration(policy, bucket)["Rules"]}
    found = {rule.get("ID", "?"): rule for rule in deployed.get("Rules", [])}
    shared = sorted(expected.keys() & found.keys())
    return (
        [f"the rule {name} is missing" for name in sorted(expected.keys() - found.keys())]
        + [f"the rule {name} is not the policy's" for name in sorted(found.keys() - expected.keys())]
        + [f"the rule {n} is {found[n]}, not {expected[n]}" for n in shared if expected[n] != found[n]]
    )
