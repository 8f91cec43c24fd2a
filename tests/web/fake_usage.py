"""How a house in memory is used, for tests of the usage page and of the catalogue."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from amalimart.core.asked import AskedShape
from amalimart.core.usage import (
    DashboardUse,
    Ended,
    KeptUse,
    MetricUse,
    RefusedQuestion,
    SlowQuestion,
    Usage,
)
from tests.web.fake_marketplace import NOON

USAGE = Usage(
    days=30,
    since=NOON.date(),
    metrics=(
        MetricUse(
            "gmv",
            12_480,
            {"admin": 8_000, "executive": 3_480, "analyst": 1_000},
            {"web": 11_980, "api": 500},
        ),
        MetricUse("order_count", 9_210, {"admin": 9_000, "vendor": 210}, {"web": 9_210}),
        MetricUse("return_rate", 14, {"support": 14}, {"cli": 14}),
    ),
    unused_metrics=("average_rating", "<b>unasked</b>", "x" * 200),
    dashboards=(
        DashboardUse("admin", 418, {"admin": 400, "executive": 18}),
        DashboardUse("vendor", 77, {"vendor": 77}),
    ),
    unused_dashboards=("delivery",),
    roles=(
        Ended("admin", 17_000, refused=12),
        Ended("vendor", 210, denied=31),
        Ended("service", 4, failed=1),
    ),
    doors=(Ended("web", 16_700, denied=31), Ended("api", 500, refused=12, failed=1), Ended("cli", 14)),
    slow=(
        SlowQuestion(AskedShape(("gmv", "order_count"), by=("product", "region"), grain="month"), 41, 2.4),
        SlowQuestion(AskedShape(("gmv",), rollups=("orders_daily",)), 8_000, 0.004),
    ),
    refused=(
        RefusedQuestion("denied", ("denied",), "vendor", "web", ("gmv",), (), 31),
        RefusedQuestion("refused", ("unknown_name", "invalid_filter"), "admin", "api", (), ("region",), 12),
        RefusedQuestion("refused", ("invalid_query",), "admin", "schedule", (), (), 3),
    ),
    kept=(
        KeptUse("page", 3_000, 120),
        KeptUse("answer", 840, 910),
        KeptUse("list", 12, 4),
        KeptUse("plan", 0, 0),
    ),
)
NEW = Usage(7, NOON.date(), (), ("gmv",), (), ("admin",), (), (), (), (), ())


@dataclass
class FakeUsage:
    """What the usage page is told; nothing has been asked in the last week."""

    found: Usage = USAGE
    asked: list[int] = field(default_factory=list)

    def now(self, days: int) -> Usage:
        self.asked.append(days)
        return NEW if days == NEW.days else replace(self.found, days=days)
