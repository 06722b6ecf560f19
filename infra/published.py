"""Compare the policy that a stage serves with the frozen texts: `python -m infra.published https://…`.

Run it after a deployment. It reads each version in each language and prints what differs.
"""

import argparse
import sys
from collections.abc import Callable
from urllib.request import urlopen

from chalicelib.domain.language import LANGUAGES
from chalicelib.policy.load import current
from chalicelib.policy.page import REGION
from chalicelib.policy.publish import FROZEN

SECONDS = 20


def differences(fetch: Callable[[str], str]) -> list[str]:
    """The versions whose served text is not the frozen one. `fetch` returns the page at a path.

    The place of the data is a setting of the stage, so the text around it is compared.
    """
    found = []
    for version in current().versions:
        for language in LANGUAGES:
            page = fetch(f"/privacy?version={version.version}&lang={language}")
            frozen = (FROZEN / f"{version.version}.{language}.html").read_text("utf-8")
            if not all(part in page for part in frozen.split(REGION)):
                found.append(f"{version.version}.{language}: the served text is not the frozen one")
    return found


def main(arguments: list[str]) -> int:
    """Run the command line. Return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m infra.published", description=__doc__)
    parser.add_argument("address", help="the stage's address, such as https://api.example.ma")
    base = parser.parse_args(arguments).address.rstrip("/")

    def fetch(path: str) -> str:
        with urlopen(base + path, timeout=SECONDS) as answer:  # noqa: S310 — the operator's own address
            return str(answer.read().decode("utf-8"))

    found = differences(fetch)
    sys.stderr.writelines(fault + "\n" for fault in found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
