"""make bench-web: what a whole dashboard costs the server, the line and the reader's patience."""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path

import httpx

from bench.api import Served
from bench.browser_load import Load, chromium, load_in_browser
from bench.figures import Figure, report

DASHBOARD = "/dashboards/admin"
READER = "admin@demo.test"
STAFF = {
    "admin@demo.test": "admin",
    "executive@demo.test": "executive",
    "analyst@demo.test": "analyst",
    "support@demo.test": "support",
}
USERS = 50
VENDORS = USERS - len(STAFF)


def cpu_ms(served: Served, addresses: Sequence[str], loads: int) -> float:
    """Processor milliseconds of the server for one load of these addresses, over many."""
    with _reader(served, READER) as client:
        before = served.told()["cpu_seconds"]
        for _ in range(loads):
            for address in addresses:
                client.get(address).raise_for_status()
        return float(served.told()["cpu_seconds"] - before) * 1000 / loads


def cpu_ms_of_news(served: Served, load: Load, releases: int) -> float:
    """The median of the first load after a release, the release itself not counted."""
    spent = []
    for _ in range(releases):
        served.publish()
        spent.append(cpu_ms(served, load.fresh, 1))
    return statistics.median(spent)


def _reader(served: Served, reader: str) -> httpx.Client:
    headers = {"Cookie": f"amalimart_session={served.sessions[reader]}", "Accept-Encoding": "gzip"}
    return httpx.Client(base_url=served.url, headers=headers, timeout=60)


async def seconds_at_once(served: Served, rounds: int, *, publish: bool) -> list[float]:
    """How long each of fifty people waits for a dashboard of their own that all open in the same moment."""
    readers = {reader: f"/dashboards/{page}" for reader, page in STAFF.items()} | {
        f"v{number}@shop.test": "/dashboards/vendor" for number in range(VENDORS)
    }
    clients = {reader: _visitor(served, reader) for reader in readers}
    waited: list[float] = []
    refused: list[str] = []

    async def told(client: httpx.AsyncClient, address: str) -> None:
        """Ask until it is answered: who is refused because too many ask comes again, and has waited."""
        while (answer := await client.get(address)).status_code == HTTPStatus.TOO_MANY_REQUESTS:
            refused.append(address)
            await asyncio.sleep(float(answer.headers.get("retry-after", 1)))
        answer.raise_for_status()

    async def opened(reader: str, page: str) -> None:
        began = time.monotonic()
        client = clients[reader]
        await told(client, page)
        await told(client, f"/api/v1{page}")
        waited.append(time.monotonic() - began)

    try:
        for _ in range(rounds):
            if publish:
                await asyncio.to_thread(served.publish)
            await asyncio.gather(*(opened(reader, page) for reader, page in readers.items()))
    finally:
        await asyncio.gather(*(client.aclose() for client in clients.values()))
    print(f"{len(refused)} of the requests were refused at first, because too many asked at once", flush=True)
    return waited


def _visitor(served: Served, reader: str) -> httpx.AsyncClient:
    headers = {"Cookie": f"amalimart_session={served.sessions[reader]}", "Accept-Encoding": "gzip"}
    # The server closes what was idle for five seconds: a request that is just then sent on it would be lost.
    limits = httpx.Limits(keepalive_expiry=2)
    return httpx.AsyncClient(base_url=served.url, headers=headers, timeout=60, limits=limits)


def p95(waited: Sequence[float]) -> float:
    """95 in 100 are no longer."""
    return statistics.quantiles(waited, n=20)[-1]


def shown(load: Load) -> str:
    """What was transferred, the largest first."""
    largest = sorted(load.transferred.items(), key=lambda each: -each[1])
    lines = [f"{len(load.addresses)} requests, {len(load.fresh)} of them at every load"]
    lines += [f"  {size / 1000:7.1f} kB  {address}" for address, size in largest[:12]]
    return "\n".join(lines)


def main() -> int:
    """Entry of `python bench/web.py`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=200_000)
    parser.add_argument("--loads", type=int, default=200, help="over which the processor's time is taken")
    parser.add_argument("--releases", type=int, default=9, help="after each of which the page is loaded once")
    parser.add_argument("--phones", type=int, default=5, help="loads on the slow line")
    parser.add_argument("--rounds", type=int, default=6, help="of fifty people")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-web-") as folder:
        served = Served(Path(folder), arguments.orders, VENDORS)
        try:
            with chromium() as browser:
                page = (browser, served.url + DASHBOARD, served.sessions[READER])
                load_in_browser(*page, slow=False)  # makes what is made once
                load = load_in_browser(*page, slow=False)
                print(shown(load), flush=True)
                on_phone = [load_in_browser(*page, slow=True) for _ in range(arguments.phones)]
            warm = cpu_ms(served, load.fresh, arguments.loads)
            whole = cpu_ms(served, load.addresses, arguments.loads)
            for address in load.fresh:
                print(f"  {cpu_ms(served, [address], arguments.loads):6.2f} ms  {address}", flush=True)
            news = cpu_ms_of_news(served, load, arguments.releases)
            asyncio.run(seconds_at_once(served, 1, publish=False))
            at_once = asyncio.run(seconds_at_once(served, arguments.rounds, publish=False))
            after_news = asyncio.run(seconds_at_once(served, arguments.rounds, publish=True))
        finally:
            served.close()
    drawn = statistics.median(each.drawn_after for each in on_phone)
    print(f"all charts drawn after {drawn:.2f} s on the slow line")
    return report(
        [
            Figure("dashboard load, processor of the server, nothing changed", warm, "ms", 15),
            Figure("the same by a browser that has kept no file", whole, "ms", 15),
            Figure("the same, first one after a release", news, "ms", 150),
            Figure("transfer of a first load", load.kilobytes, "kB", 400),
            Figure(
                "key figures painted, 1.6 Mbit/s and 150 ms, first load",
                statistics.median(each.figures_after for each in on_phone),
                "s",
                1.5,
            ),
            Figure(f"{USERS} people at once, 95 in 100 have all numbers", p95(at_once), "s", 1.5),
            Figure(f"{USERS} people at once right after a release", p95(after_news), "s", 1.5),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
