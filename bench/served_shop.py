"""A tall shop behind the interface, in a process of its own: follows changes and answers, as the engine does.

Run as `python -m bench.served_shop --orders N --folder FOLDER`; prints its address and the sessions of its
readers as one line of JSON, and serves until it is stopped.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

from amalimart.access.audit_record import audit_keys
from amalimart.access.policies import load_policies
from amalimart.access.principal import Role
from amalimart.access.signing_secrets import new_secret
from amalimart.api.dashboards.kept_pages import KeptPages
from amalimart.api.dashboards.resting import FACTOR
from amalimart.api.ports.publishing import PublishedRelease
from amalimart.api.ports.site import EngineStatus, Phase
from amalimart.api.rate_limit import RateLimit
from amalimart.control.audit.head import HeadFile
from amalimart.control.audit.log import AuditLog
from amalimart.core.clock import FixedClock
from amalimart.core.giving_way import give_way
from amalimart.mapping.source_mapping import load_mapping
from amalimart.observe.recording import _NOBODY, record_with
from amalimart.orchestrate.project.mapping_files import MappedAvailability
from amalimart.semantic.answer_cache import AnswerCache
from amalimart.semantic.audited import AuditedSemantic
from amalimart.semantic.loading import PACKAGED, load_model
from amalimart.semantic.service import SemanticService
from amalimart.web.site import create_site
from bench.tall_shop import SOURCE, TODAY, Changes
from bench.warehouse import TallShop
from tests.web.fake_marketplace import FakeMarketplace
from tests.web.fake_site import PASSWORD, make_services, serving

CHANGES = 1_000
PUBLISH_SECONDS = 5.0
CACHE_BYTES = 64_000_000
POLL_SECONDS = 5  # as sites do


class Lookups:
    """Counts what is looked up in what was kept; everything else that is counted goes nowhere."""

    def __init__(self) -> None:
        self.counted: Counter[str] = Counter()

    def add(self, counter: str, amount: float, labels: dict[str, str]) -> None:
        """One lookup."""
        if counter == "amalimart_cache_lookups_total":
            self.counted[f"{labels['cache']} {labels['result']}"] += int(amount)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return getattr(_NOBODY, name)  # type: ignore[no-any-return]


class ServedShop:
    """The shop, its publisher, and the services over it."""

    def __init__(self, folder: Path, orders: int, vendors: int) -> None:
        self._shop = TallShop(folder, orders)
        mapping = load_mapping(folder / "tall.yml")
        self._shop.publish()
        self._changes = Changes(self._shop.lake, orders)
        self._release = self._shop.hot_file.published().release
        self.published: list[float] = []
        mapped = MappedAvailability(lambda: {SOURCE: mapping})
        kept = AnswerCache(self._shop.hot_file, CACHE_BYTES)
        policies = load_policies([PACKAGED.parent / "policies"])
        semantic = SemanticService(
            load_model([PACKAGED]),
            policies,
            self._shop.hot_file,
            mapped,
            kept,
            self._shop.rollups,
            lambda _release: True,
        )
        made = make_services(folder, FakeMarketplace())
        for number in range(vendors):
            made.control.users.add(
                f"v{number}@shop.test",
                display_name=f"Vendor {number}",
                role=Role.VENDOR,
                password=PASSWORD,
                vendor_ids=[str(number)],
            )
        self.control = made.control
        keys = audit_keys(new_secret(), "the bench")
        head = HeadFile(folder / "audit-head.json", keys)
        head.begin()
        clock = FixedClock(TODAY)
        audit = AuditLog(made.control.engine, head, keys, clock, keep_days=30)
        self.services = replace(
            made,
            semantic=AuditedSemantic(semantic, policies, audit, clock),
            clock=clock,
            releases=self,
            status=lambda: EngineStatus(Phase.LIVE, "Live."),
            rate=RateLimit(1e9, 10**9),
            pages=KeptPages(rest=FACTOR),
            settings=replace(made.settings, poll_seconds=POLL_SECONDS),
        )

    def latest(self) -> PublishedRelease:
        """The release, as the feed of the engine gives it."""
        return PublishedRelease(
            self._release.release_id, self._release.published_at, self._release.fresh_as_of
        )

    def follow(self) -> None:
        """Begin a batch of changes every few seconds, for ever, as the engine's own thread does."""
        give_way()
        while True:
            began = time.monotonic()
            self.publish()
            time.sleep(max(0.0, PUBLISH_SECONDS - (time.monotonic() - began)))

    def publish(self) -> None:
        """Publish one batch of changes."""
        self._changes.land(CHANGES)
        began = time.monotonic()
        self._release = self._shop.publish().release
        self.published.append(time.monotonic() - began)


def main() -> None:
    """Entry of `python -m bench.served_shop`."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--orders", type=int, required=True)
    parser.add_argument("--vendors", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    arguments = parser.parse_args()
    shop = ServedShop(arguments.folder, arguments.orders, arguments.vendors)
    lookups = Lookups()
    record_with(lookups)  # type: ignore[arg-type]

    def told(_request: Request) -> JSONResponse:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return JSONResponse(
            {
                "cpu_seconds": time.process_time(),
                "resident_mb": pages * os.sysconf("SC_PAGE_SIZE") / 1e6,
                "lookups": lookups.counted,
                "published": shop.published,
            }
        )

    users = shop.control.users.list()
    sessions = {user.email: shop.control.sessions.open(user).token for user in users}

    def follow(_request: Request) -> JSONResponse:
        threading.Thread(target=shop.follow, daemon=True).start()
        return JSONResponse({})

    def publish(_request: Request) -> JSONResponse:
        shop.publish()
        return JSONResponse({})

    routes = [
        *(Route(f"/{each.__name__}", each) for each in (told, follow, publish)),
        Mount("/", create_site(shop.services)),
    ]
    app = Starlette(routes=routes)
    with serving(app) as url:  # type: ignore[arg-type]
        print(json.dumps({"url": url, "sessions": sessions}), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
