"""The published policy: every version's page in three languages, and the freezing of published texts.

`python -m chalicelib.policy.publish --freeze 2026-11-23` stores the text of a version, tables included, on the day of
its publication. That text is served from then on, and a change of the rules needs a new version. `SHA256SUMS` beside
the texts holds the digest of each. The text of a version that is pending may still change: `--write` freezes it anew.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping
from datetime import date
from hashlib import sha256
from html import escape
from pathlib import Path

from chalicelib.domain.language import LANGUAGES, Language
from chalicelib.policy.data_map import location
from chalicelib.policy.load import HERE, current, sections
from chalicelib.policy.model import Policy, PolicyError, PolicyVersion
from chalicelib.policy.page import REGION, article, complete_page
from chalicelib.policy.promises import promise_faults, promises
from chalicelib.policy.wording import say

FROZEN = HERE / "texts" / "frozen"
SUMS = "SHA256SUMS"
"""The digests of the frozen texts, in the form of the program `sha256sum`."""


def render(language: Language, version: str | None = None, region: str | None = None, on: date | None = None) -> str:
    """The public page of a version (default: the one in force). `region` is the deployment's region (default: the
    policy's). `on` is the day of reading (default: the last version's). Raises PolicyError for a version that was never
    published."""
    policy = current()
    now = policy.in_force(on or policy.date)
    shown = find(policy, version or now.version)
    frozen = _frozen_path(shown, language)
    text = frozen.read_text("utf-8") if frozen.is_file() else derived(policy, shown, language)
    where = location(policy, policy.processors["hosting"], language, region)
    return complete_page(policy, shown, sections(shown.version), text.replace(REGION, escape(where)), language, now)


def find(policy: Policy, version: str | None) -> PolicyVersion:
    """The version of that name, or the last one. Raises PolicyError if there is none."""
    for each in policy.versions:
        if each.version == (version or policy.version):
            return each
    raise PolicyError(f"no version {version!r} of the policy was published")


def derived(policy: Policy, version: PolicyVersion, language: Language) -> str:
    """A version's text, made from the present texts and rules."""
    return article(policy, sections(version.version), language)


def freeze(policy: Policy, version: PolicyVersion, folder: Path = FROZEN) -> None:
    """Freeze a version's text in every language. Raises PolicyError if it is frozen already, because it was published
    so. The text of a prepared version is written anew."""
    for language in LANGUAGES:
        path = _frozen_path(version, language, folder)
        if path.exists() and version is not policy.prepared:
            raise PolicyError(f"{path.name} is frozen: what was published stays; make a new version")
    folder.mkdir(exist_ok=True)
    known = dict(_known(folder))
    for language in LANGUAGES:
        path = _frozen_path(version, language, folder)
        path.write_text(derived(policy, version, language), "utf-8")
        known[path.name] = digest(path)
    lines = (f"{value}  {name}\n" for name, value in sorted(known.items()))
    (folder / SUMS).write_text("".join(lines), "utf-8")


def digest(path: Path) -> str:
    """The SHA-256 of a frozen text, in hexadecimal digits."""
    return sha256(path.read_bytes()).hexdigest()


def faults(policy: Policy, folder: Path = FROZEN) -> list[str]:
    """The differences between published and present texts, and between the last text and its clauses."""
    found = [fault for version in policy.versions for fault in _version_faults(policy, version, folder)]
    found += _digest_faults(folder)
    return found + promise_faults(policy, sections(policy.version), promises())


def _version_faults(policy: Policy, version: PolicyVersion, folder: Path) -> Iterator[str]:
    """A version that is not frozen, that differs from the present rules, or that hides what it awaits."""
    follows_the_rules = any(section.table for section in sections(version.version))
    for language in LANGUAGES:
        path = _frozen_path(version, language, folder)
        if not path.is_file():
            yield f"{path.name}: a version is served as it was published: freeze it"
            continue
        text = path.read_text("utf-8")
        comparable = version is policy.current or not follows_the_rules
        if comparable and text != derived(policy, version, language):
            change = "run make generate" if version is policy.prepared else "make a new version"
            yield f"{path.name}: the present rules or texts say something else: {change}"
        if (escape(say("page", "undecided", language)) in text) != bool(version.awaits):
            yield f"{path.name}: a version awaits exactly the decisions that its text leaves open"


def _digest_faults(folder: Path) -> Iterator[str]:
    """A frozen text whose digest is missing or differs, and a digest without its text."""
    known = _known(folder)
    texts = {path.name: digest(path) for path in folder.glob("*.html")}
    for name in sorted(known.keys() | texts.keys()):
        if known.get(name) != texts.get(name):
            yield f"{name}: what was published has changed since, by {SUMS}: make a new version"


def _known(folder: Path) -> Mapping[str, str]:
    path = folder / SUMS
    lines = path.read_text("utf-8").splitlines() if path.is_file() else []
    return {name: value for value, name in (line.split("  ", 1) for line in lines)}


def _frozen_path(version: PolicyVersion, language: Language, folder: Path = FROZEN) -> Path:
    return folder / f"{version.version}.{language}.html"


def main(arguments: list[str]) -> int:
    """Freeze a version, check the frozen ones, or print a page. Return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m chalicelib.policy.publish", description=__doc__)
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument("--freeze", metavar="VERSION", help="keep the text of a version as it is published")
    mode.add_argument("--write", action="store_true", help="freeze the text of the pending last version anew")
    mode.add_argument("--check", action="store_true", help="fail if published and present texts disagree")
    mode.add_argument("--show", choices=LANGUAGES, help="print the page in force")
    chosen = parser.parse_args(arguments)
    policy = current()
    if chosen.freeze:
        freeze(policy, find(policy, chosen.freeze))
    if chosen.write and policy.prepared:
        freeze(policy, policy.prepared)
    if chosen.show:
        sys.stdout.write(render(chosen.show))
    found = faults(policy) if chosen.check else []
    sys.stderr.writelines(fault + "\n" for fault in found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
