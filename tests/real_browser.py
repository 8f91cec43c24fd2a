"""The one real browser of a test session: found on the machine, or a loud skip (a failure in CI)."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


INSTALLED = (
    "chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable",
)  # fmt: skip
"""What systems call it, the one first that takes the least to run."""


def find_chromium(own: str) -> str | None:
    """The browser to drive: named, installed, or the one that playwright brought."""
    names = (os.environ.get("CHROMIUM"), *INSTALLED)
    candidates = (*(shutil.which(name) for name in names if name), own)
    return next((path for path in candidates if path and Path(path).is_file()), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        path = find_chromium(playwright.chromium.executable_path)
        if path is None:
            message = "no browser found: install chromium, or name one in CHROMIUM"
            if os.environ.get("CI", "").lower() in {"1", "true"}:
                pytest.fail(message)
            pytest.skip(message)
        launched = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield launched
        launched.close()
