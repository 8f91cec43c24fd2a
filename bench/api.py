"""make bench-api: how many requests a second the interface answers while batches are published."""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import psutil

from bench.figures import Figure, report

SLOWEST = 0.5  # seconds, of 95 in 100 requests
ZIPF = 1.1
CONNECTIONS = 64
PAGES = (("admin", "admin"), ("executive", "executive"), ("analyst", "analyst"), ("support", "support"))
EXPORTS = ("csv", "parquet")
_LAST_DAY = date(2026, 3, 10)


@dataclass(frozen=True, slots=True)
class Request:
    """Who asks for what."""

    kind: str
    reader: str
    address: str


@dataclass(slots=True)
class Told:
    """What came of a run at one rate."""

    rate: float
    seconds: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    by_kind: dict[str, list[float]] = field(default_factory=dict)
    server: dict[str, Any] = field(default_factory=dict)
    loaders_cpu: float = 0.0

    @property
    def p95(self) -> float:
        """95 in 100 requests took no longer, from the moment at which they were due."""
        return statistics.quantiles(self.seconds, n=20)[-1] if len(self.seconds) > 1 else 0.0

    @property
    def holds(self) -> bool:
        """Whether the rate can be kept up."""
        return not self.errors and self.p95 < SLOWEST


class Mix:
    """60 % pages, 25 % vendors, 10 % free questions with distinct counts, 5 % exports; vendors by Zipf."""

    def __init__(self, vendors: int, dice: random.Random) -> None:
        self._dice = dice
        self._vendors = [f"v{number}@shop.test" for number in range(vendors)]
        self._weights = [1 / (rank + 1) ** ZIPF for rank in range(vendors)]

    def next(self) -> Request:
        """One request."""
        kind = self._dice.choices(("page", "vendor", "free", "export"), (60, 25, 10, 5))[0]
        if kind == "page":
            reader, page = self._dice.choice(PAGES)
            narrowed = self._dice.choice(("", "", "", "?range=last_90_days", "?range=this_year&grain=month"))
            return Request(kind, f"{reader}@demo.test", f"/dashboards/{page}{narrowed}")
        if kind == "vendor":
            reader = self._dice.choices(self._vendors, self._weights)[0]
            asked = self._dice.choice(
                ("/dashboards/vendor", f"/query?metrics=item_gmv,item_orders&by=product&limit=20&{_days(90)}")
            )
            return Request(kind, reader, asked)
        days = _days(self._dice.randint(30, 400))
        if kind == "free":
            by = self._dice.choice(("shipping_city", "payment_method", "order_status"))
            question = f"/query?metrics=unique_customers,order_count&by={by}&{days}"
            return Request(kind, "analyst@demo.test", question)
        form = self._dice.choice(EXPORTS)
        question = f"/query?metrics=item_gmv,item_orders&by=product&format={form}&{days}"
        return Request(kind, "analyst@demo.test", question)


def _days(count: int) -> str:
    return f"from={_LAST_DAY - timedelta(days=count)}&to={_LAST_DAY}"


async def run(served: Served, mix: Mix, rate: float, seconds: float, dice: random.Random) -> Told:
    """Send requests at a rate, whatever becomes of the earlier ones."""
    told = Told(rate)
    tags: dict[tuple[str, str], str] = {}
    own = psutil.Process()
    cpu, before = sum(own.cpu_times()[:2]), served.told()
    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    async with httpx.AsyncClient(base_url=f"{served.url}/api/v1", limits=limits, timeout=30) as client:

        async def send(request: Request, due: float) -> None:
            headers = {"Cookie": f"amalimart_session={served.sessions[request.reader]}"}
            known = (request.reader, request.address)
            if known in tags and dice.random() < 0.5:
                headers["If-None-Match"] = tags[known]
            try:
                answer = await client.get(request.address, headers=headers)
            except httpx.HTTPError as error:
                told.errors.append(f"{request.kind}: {type(error).__name__}")
                return
            took = time.monotonic() - due
            if answer.status_code not in {200, 304}:
                told.errors.append(f"{request.kind}: {answer.status_code} {answer.text[:200]}")
            told.seconds.append(took)
            told.by_kind.setdefault(request.kind, []).append(took)
            if "etag" in answer.headers:
                tags[known] = answer.headers["etag"]

        due = time.monotonic()
        ends, sent = due + seconds, []
        while due < ends:
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            sent.append(asyncio.create_task(send(mix.next(), due)))
            due += dice.expovariate(rate)
        await asyncio.gather(*sent)
    told.loaders_cpu = (sum(own.cpu_times()[:2]) - cpu) / seconds
    told.server = _between(before, served.told(), seconds)
    return told


def _between(before: dict[str, Any], after: dict[str, Any], seconds: float) -> dict[str, Any]:
    counted = {
        name: count - before["lookups"].get(name, 0) for name, count in sorted(after["lookups"].items())
    }
    return {
        "cpu": (after["cpu_seconds"] - before["cpu_seconds"]) / seconds,
        "resident_mb": after["resident_mb"],
        "lookups": counted,
        "published": after["published"][len(before["published"]) :],
    }


class Served:
    """The shop in its own process."""

    def __init__(self, folder: Path, orders: int, vendors: int) -> None:
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "bench.served_shop", "--orders", str(orders)),
                *("--vendors", str(vendors), "--folder", str(folder)),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        opened = json.loads(self._process.stdout.readline())
        self.url: str = opened["url"]
        self.sessions: dict[str, str] = opened["sessions"]

    def told(self) -> dict[str, Any]:
        """What the process has used and counted so far."""
        found: dict[str, Any] = httpx.get(f"{self.url}/told", timeout=30).json()
        return found

    def follow(self) -> None:
        """Have it publish batches from now on."""
        httpx.get(f"{self.url}/follow", timeout=30)

    def publish(self) -> None:
        """Have it publish one batch now, and wait until it has."""
        httpx.get(f"{self.url}/publish", timeout=120).raise_for_status()

    def close(self) -> None:
        """Stop it."""
        self._process.terminate()
        self._process.wait(30)


def cost_of_a_page(served: Served) -> tuple[float, float]:
    """Processor milliseconds of the admin page: median of ranges never asked, and of the same one again."""
    headers = {"Cookie": f"amalimart_session={served.sessions['admin@demo.test']}"}

    def spent(address: str, times: int) -> float:
        before = served.told()["cpu_seconds"]
        for _ in range(times):
            httpx.get(f"{served.url}/api/v1{address}", headers=headers, timeout=60).raise_for_status()
        return float(served.told()["cpu_seconds"] - before) * 1000 / times

    cold = [spent(f"/dashboards/admin?range=custom&{_days(100 + n)}", 1) for n in range(9)]
    return statistics.median(cold), spent("/dashboards/admin", 100)


def shown(told: Told) -> str:
    """One run in some lines."""
    kinds = ", ".join(
        f"{kind} {statistics.median(each) * 1000:,.0f}/{statistics.quantiles(each, n=20)[-1] * 1000:,.0f}"
        for kind, each in sorted(told.by_kind.items())
        if len(each) > 1
    )
    took = max(told.server["published"], default=0)
    lines = [
        f"{told.rate:.0f} requests/s: p95 {told.p95 * 1000:,.0f} ms, {len(told.errors)} errors",
        f"  median/p95 in ms: {kinds}",
        f"  processors: server {told.server['cpu']:.2f}, load {told.loaders_cpu:.2f}",
        f"  memory {told.server['resident_mb']:,.0f} MB",
        f"  {len(told.server['published'])} releases, in {took:.2f} s at most",
    ]
    for cache in ("page", "answer", "plan"):
        hits, misses = (told.server["lookups"].get(f"{cache} {word}", 0) for word in ("hit", "miss"))
        lines.append(f"  {cache}: {hits:,} hits, {misses:,} misses, {hits / max(1, hits + misses):.0%}")
    return "\n".join([*lines, *sorted({f"  {error}" for error in told.errors})[:5]])


def highest(served: Served, mix: Mix, seconds: float, start: float, dice: random.Random) -> Told | None:
    """The run at the highest rate that holds: doubled until one does not, then halved in between thrice."""
    best, low, high, rate = None, 0.0, 0.0, start
    while rate < 2_000:
        told = asyncio.run(run(served, mix, rate, seconds, dice))
        print(shown(told), flush=True)
        if told.holds:
            best, low = told, rate
        else:
            high = rate
        if high and high - low < 0.15 * high:
            break
        rate = (low + high) / 2 if high else rate * 2
    return best


def main() -> int:
    """Entry of `python bench/api.py`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=2_000_000)
    parser.add_argument("--seconds", type=float, default=30, help="of one run at a rate")
    parser.add_argument("--soak", type=float, default=600, help="seconds at half the rate, at the end")
    parser.add_argument("--rate", type=float, default=20, help="requests a second of the first run")
    arguments = parser.parse_args()
    dice = random.Random(7)  # noqa: S311 - the same load each time
    vendors = min(200, max(arguments.orders // 5_000, 10))
    with tempfile.TemporaryDirectory(prefix="bench-api-") as folder:
        served = Served(Path(folder), arguments.orders, vendors)
        try:
            cold, warm = cost_of_a_page(served)
            print(f"admin page, processor: {cold:.1f} ms never asked, {warm:.2f} ms asked again", flush=True)
            mix = Mix(vendors, dice)
            asyncio.run(run(served, mix, 4, arguments.seconds, dice))  # every plan is written once
            served.follow()
            best = highest(served, mix, arguments.seconds, arguments.rate, dice)
            grown = 0.0
            if arguments.soak:
                before = served.told()["resident_mb"]
                told = asyncio.run(run(served, mix, (best.rate if best else 10) / 2, arguments.soak, dice))
                print(f"soak\n{shown(told)}", flush=True)
                grown = told.server["resident_mb"] / before
        finally:
            served.close()
    figures = [
        Figure("highest rate, p95 < 500 ms", best.rate if best else 0.0, "requests/s", 40, at_most=False),
        Figure("admin page never asked, processor", cold, "ms", 150),
        Figure("admin page asked again, processor", warm, "ms", 10),
    ]
    if arguments.soak:
        figures.append(Figure("memory after the soak, over before", grown, "x", 1.25))
    return report(figures)


if __name__ == "__main__":
    sys.exit(main())
