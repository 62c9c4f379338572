"""A headless Chromium for the tests of the pages, and axe-core, where this machine has them."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
SERIOUS = ("serious", "critical")
TIMEOUT = 10_000  # milliseconds


def find_chromium() -> str:
    """The browser of this machine; skips the test that asks where there is none."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("no chromium on this machine")
    return found


@contextmanager
def launched() -> Iterator[Any]:
    """A running browser of Playwright's; skips where Playwright is not installed."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = find_chromium()
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


def expect(found: Any) -> Any:
    """Playwright's assertions, which ask again until they hold: a browser shows and focuses when it gets to it."""
    from playwright.sync_api import expect

    expect.set_options(timeout=TIMEOUT)
    return expect(found)


def axe_source() -> str:
    """The script of axe-core from the file that AXE_CORE names; skips the test that asks where there is none."""
    path = os.environ.get("AXE_CORE")
    if not path:
        pytest.skip("AXE_CORE does not name the file axe.min.js of the npm package axe-core")
    return Path(path).read_text("utf-8")


def accessibility_problems(page: Any, source: str) -> list[str]:
    """What axe-core finds on `page` that is serious or critical, one line each."""
    page.evaluate(source)
    found = page.evaluate("async () => (await axe.run()).violations")
    return [
        f"{problem['id']} ({problem['impact']}): {json.dumps([node['html'] for node in problem['nodes']])}"
        for problem in found
        if problem["impact"] in SERIOUS
    ]
