"""make bench-live: from a commit in a shop to the answer that shows it, under load and with two pages."""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psycopg

from amalimart.config.project import open_project
from amalimart.processes.client import EngineClient
from bench.figures import Figure, report
from tests.end_to_end.running_demo import RunningDemo, running_demo

METRIC = "order_count"
BEACON_CITY = "Beacon"
BEACON_SECONDS = 1.5
PAGES = ("admin", "support")
PAGE_SECONDS = 2.0
WARM_SECONDS = 20.0
LOOK_SECONDS = 0.05


class Beacons:
    """Orders to one city that no other order goes to: the n-th is seen when n are counted."""

    def __init__(self, demo: RunningDemo) -> None:
        self._shop = psycopg.connect(demo.shop)
        self.committed: list[float] = []
        row = self._shop.execute("select min(user_id) from users where role = 'CUSTOMER'").fetchone()
        assert row is not None
        self._customer = row[0]

    def send(self) -> None:
        """Commit one more; its time is taken before the commit returns, so no lag is left out."""
        self._shop.execute(
            "insert into orders (customer_id, order_date, total_amount, currency, channel, shipping_city)"
            " values (%s, now(), 10, 'GHS', 'web', %s)",
            (self._customer, BEACON_CITY),
        )
        moment = time.monotonic()
        self._shop.commit()
        self.committed.append(moment)

    def close(self) -> None:
        self._shop.close()


def seen(client: EngineClient) -> int:
    """How many beacons the API counts."""
    beacons = {"dimension": "shipping_city", "values": [BEACON_CITY]}
    rows = client.post("/query", {"metrics": [METRIC], "by": [], "filters": [beacons]})["rows"]
    return int(rows[0][0] or 0) if rows else 0


class Watch:
    """Says when there is a release that was not looked at: only then may an answer be another one.

    To ask all the while would measure the asking, too: each question is planned, and recorded on the disk.
    """

    def __init__(self, client: EngineClient) -> None:
        self._client = client
        self._release: object = None

    def is_new(self) -> bool:
        """Whether there is one since the last look."""
        before, self._release = self._release, self._client.get("/releases/latest")["release_id"]
        return before != self._release


def keep_page_open(demo: RunningDemo, page: str, stop: threading.Event) -> None:
    """Ask for a page as an open tab does."""
    with EngineClient(open_project(demo.home)) as client:
        while not stop.wait(PAGE_SECONDS):
            client.get(f"/dashboards/{page}")


def lags(demo: RunningDemo, rate: float, seconds: float) -> tuple[list[float], float]:
    """The lag of every beacon in seconds, and the rate of changed rows that the shop reached."""
    stop = threading.Event()
    pages = [threading.Thread(target=keep_page_open, args=(demo, page, stop), daemon=True) for page in PAGES]
    load = subprocess.Popen(
        [
            *(sys.executable, "-m", "bench.busy_demo", "--url", demo.shop, "--rate", str(rate)),
            *("--seconds", str(seconds + WARM_SECONDS)),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    for page in pages:
        page.start()
    time.sleep(WARM_SECONDS)
    beacons = Beacons(demo)
    found: list[float] = []
    ends = time.monotonic() + seconds
    with EngineClient(open_project(demo.home)) as client:
        watch = Watch(client)
        while time.monotonic() < ends or len(found) < len(beacons.committed):
            last = beacons.committed[-1] if beacons.committed else 0.0
            if time.monotonic() < ends and time.monotonic() - last >= BEACON_SECONDS:
                beacons.send()
            if watch.is_new():
                now_seen = seen(client)
                answered = time.monotonic()
                found += [answered - at for at in beacons.committed[len(found) : now_seen]]
            time.sleep(LOOK_SECONDS)
    printed, _ = load.communicate()
    stop.set()
    beacons.close()
    told = json.loads(printed)
    return found, told["changes"] / told["seconds"]


def main() -> None:
    """Entry of `python bench/live.py`."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--orders", type=int, default=20_000)
    parser.add_argument("--rate", type=float, default=500, help="changed rows a second")
    parser.add_argument("--seconds", type=float, default=120)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-live-") as folder:
        Path(folder).chmod(0o755)
        with running_demo(Path(folder) / "home", "--live-rate", "0", orders=arguments.orders) as demo:
            demo.wait_until_open()
            found, rate = lags(demo, arguments.rate, arguments.seconds)
    slow = statistics.quantiles(found, n=20)[-1]
    print(
        f"{len(found)} beacons at {rate:,.0f} changed rows/s, {arguments.orders:,} orders and two open pages:"
        f" median {statistics.median(found):.2f} s, p95 {slow:.2f} s, most {max(found):.2f} s"
    )
    sys.exit(
        report(
            [
                Figure("commit to answer, p95", slow, "s", 2.5),
                Figure("changed rows", rate, "rows/s", 0.95 * arguments.rate, at_most=False),
            ]
        )
    )


if __name__ == "__main__":
    main()
