"""A headless Chromium, where the machine has one, driven with the keyboard alone."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
QUIET = ("--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync")
SERIOUS = frozenset({"serious", "critical"})
MOST_TABS = 40
AXE = Axe()


def program() -> str | None:
    """The path of Chromium; None if it is not installed."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


needs_a_browser = pytest.mark.skipif(
    program() is None,
    reason="Chromium is not installed here (Debian: apt install chromium); what needs none is tested elsewhere",
)


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser. Its own sandbox cannot be had by root, who runs tests in containers."""
    apart = ("--no-sandbox",) if os.geteuid() == 0 else ()
    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=program(), args=[*QUIET, *apart])
        try:
            yield started
        finally:
            started.close()


@dataclass
class Reader:
    """A reader of a page, with a keyboard and no mouse. `complaints` are the browser's errors and warnings."""

    page: Page
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        self.page.on("requestfailed", lambda request: self.complaints.append(f"failed: {request.url}"))

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text}")

    @property
    def focused(self) -> dict[str, Any]:
        """The element with the focus, and whether it has a ring."""
        found: dict[str, Any] = self.page.evaluate(
            """() => {
                const e = document.activeElement, style = getComputedStyle(e);
                return {tag: e.tagName, id: e.id, lang: e.lang, cls: e.className,
                        ring: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0};
            }"""
        )
        return found

    def tab_to(self, **wanted: str) -> None:
        """Press Tab until something with these attributes has the focus. It, and all before it, must show that."""
        for _ in range(MOST_TABS):
            self.page.keyboard.press("Tab")
            found = self.focused
            assert found["tag"] == "BODY" or found["ring"], f"nothing shows that {found} has the focus"
            if all(found[name] == value for name, value in wanted.items()):
                return
        raise AssertionError(f"no Tab reaches {wanted}")

    def press(self, key: str) -> None:
        """Press a key that leads to another page, and wait for it."""
        with self.page.expect_navigation(wait_until="load"):
            self.page.keyboard.press(key)

    def barriers(self) -> list[str]:
        """The violations that axe-core calls serious or worse on the page as it is."""
        found = AXE.run(self.page).response["violations"]
        return [
            f"{each['id']}: {[node['html'] for node in each['nodes']]}" for each in found if each["impact"] in SERIOUS
        ]

    def overflow(self) -> int:
        """By how many pixels the page is wider than its window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))
