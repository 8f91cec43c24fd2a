"""One load of a dashboard by a real browser: what it asked for, what came over the line, when it was seen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, CDPSession, sync_playwright

from tests.real_browser import ARGUMENTS, find_chromium

LINE_BYTES = 1_600_000 / 8  # a second
LINE_DELAY = 150  # milliseconds
_PATIENCE = 300_000  # milliseconds, for a busy machine
PIECES = ("/static/", "/vega/")  # what a browser keeps for ever

# When every key figure of the page stands in the document and the frame with them has been painted.
_WATCH = """
new MutationObserver((_, watcher) => {
  const kpis = [...document.querySelectorAll('[data-type="kpi"]')];
  if (!kpis.length || kpis.some((each) => !each.dataset.status)) return;
  watcher.disconnect();
  requestAnimationFrame(() => requestAnimationFrame(() => { window.keyFiguresAt = performance.now(); }));
}).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ["data-status"] });
"""
_DRAWN = """() => document.querySelector('#tiles[aria-busy="false"]')
  && [...document.querySelectorAll('[data-type="trend"][data-status="ok"] .chart')]
    .every((chart) => chart.dataset.drawn)"""
_OFFERED = (
    "() => [...document.querySelectorAll('select[data-filter]')].every((each) => each.options.length > 1)"
)


@dataclass(frozen=True, slots=True)
class Load:
    """One load of the page by a browser that has kept nothing.

    addresses  what it asked for, in its order
    transferred  bytes on the line by address, headers included, bodies as they were compressed
    figures_after  seconds until the key figures were painted
    drawn_after  seconds until the last chart was
    """

    addresses: tuple[str, ...]
    transferred: dict[str, int]
    figures_after: float
    drawn_after: float

    @property
    def kilobytes(self) -> float:
        """All of it."""
        return sum(self.transferred.values()) / 1000

    @property
    def kept(self) -> tuple[str, ...]:
        """What the browser asks for once, ever."""
        return tuple(each for each in self.addresses if each.startswith(PIECES))

    @property
    def fresh(self) -> tuple[str, ...]:
        """What it asks for at every load."""
        return tuple(each for each in self.addresses if not each.startswith(PIECES))


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser while the block runs. Raises SystemExit where there is none."""
    with sync_playwright() as playwright:
        path = find_chromium(playwright.chromium.executable_path)
        if path is None:
            raise SystemExit("no browser found: install chromium, or name one in CHROMIUM")
        launched = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield launched
        launched.close()


def load_in_browser(browser: Browser, address: str, session: str, *, slow: bool) -> Load:
    """Open the dashboard in a new browser; `slow` puts it behind a phone's line."""
    context = browser.new_context(viewport={"width": 390, "height": 844} if slow else None)
    try:
        context.add_cookies(
            [
                {
                    "name": "amalimart_session",
                    "value": session,
                    "domain": urlsplit(address).hostname,
                    "path": "/",
                }
            ]
        )
        context.set_default_timeout(_PATIENCE)
        page = context.new_page()
        page.add_init_script(_WATCH)
        line = context.new_cdp_session(page)
        sent = _counted(line)
        if slow:
            line.send(
                "Network.emulateNetworkConditions",
                {
                    "offline": False,
                    "latency": LINE_DELAY,
                    "downloadThroughput": LINE_BYTES,
                    "uploadThroughput": LINE_BYTES / 2,
                },
            )
        page.goto(address)
        page.wait_for_function(_DRAWN)
        drawn = float(page.evaluate("performance.now()")) / 1000
        page.wait_for_function("() => window.keyFiguresAt")
        page.wait_for_function(_OFFERED)
        seen = float(page.evaluate("window.keyFiguresAt")) / 1000
        return Load(tuple(sent), sent, seen, drawn)
    finally:
        context.close()


def _counted(line: CDPSession) -> dict[str, int]:
    """Bytes by address, filled in as the page is loaded."""
    sent: dict[str, int] = {}
    addresses: dict[str, str] = {}

    def began(event: dict[str, Any]) -> None:
        parts = urlsplit(event["request"]["url"])
        addresses[event["requestId"]] = parts.path + (f"?{parts.query}" if parts.query else "")
        sent.setdefault(addresses[event["requestId"]], 0)

    def ended(event: dict[str, Any]) -> None:
        # What is asked for again is news, and no part of the load.
        sent[addresses[event["requestId"]]] = sent[addresses[event["requestId"]]] or int(
            event["encodedDataLength"]
        )

    line.on("Network.requestWillBeSent", began)
    line.on("Network.loadingFinished", ended)
    line.send("Network.enable")
    line.send("Network.setCacheDisabled", {"cacheDisabled": False})
    return sent
