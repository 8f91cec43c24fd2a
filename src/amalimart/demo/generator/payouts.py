"""What vendors earn from delivered lines, and the weekly or monthly payouts that settle it.

Earnings arrive chunk by chunk; payouts are sums over all of them and come last. A payout's id follows
from its vendor and period, so that an earning can name it before its amount is known.
"""

from __future__ import annotations

import numpy as np

from amalimart.demo.generator.baskets import Orders
from amalimart.demo.generator.lifecycle import Life
from amalimart.demo.generator.rows import (
    DAY,
    HOUR,
    NONE,
    Ints,
    Rows,
    bigint,
    instant,
    money,
    numbered,
    same_text,
    text,
)
from amalimart.demo.generator.scenario import DAYS
from amalimart.demo.generator.world import World

_PAID_AFTER = 2 * DAY
_WEEK = 7


class Payouts:
    """Adds up earnings by vendor and period.

    Periods are counted in weeks (Monday to Sunday); a vendor paid monthly has its payout in the last
    week that starts in the month.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        first = world.scenario.first_day
        self._monday = first - (first + 3) % _WEEK  # 1970-01-01 was a Thursday
        weeks = (first + DAYS - self._monday) // _WEEK + 2
        mondays = self._monday + _WEEK * np.arange(weeks)
        months = mondays.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
        last_of_month = np.searchsorted(months, months, side="right") - 1
        first_of_month = np.searchsorted(months, months, side="left")
        vendors = len(world.sellers)
        weekly = world.sellers.paid_weekly
        self._period = np.where(weekly[:, None], np.arange(weeks)[None, :], last_of_month[None, :])
        self._starts = np.where(weekly[:, None], np.arange(weeks)[None, :], first_of_month[None, :])
        self._gross = np.zeros((weeks, vendors), dtype=np.int64)
        self._commission = np.zeros((weeks, vendors), dtype=np.int64)

    def earnings(self, orders: Orders, life: Life) -> Rows:
        """vendor_earnings of a chunk: delivered lines of orders that were not wholly returned."""
        lines = orders.lines
        delivered = life.delivered_at[lines.order]
        line = np.flatnonzero((delivered != NONE) & (life.returned_at[lines.order] == NONE))
        line = line[np.argsort(delivered[line], kind="stable")]
        earned = delivered[line]
        vendor = lines.vendor[line]
        period = self._period[vendor, (earned // DAY - self._monday) // _WEEK]
        settled = self._period_end(period) + _PAID_AFTER < self._world.scenario.end
        np.add.at(self._gross, (period[settled], vendor[settled]), lines.total[line][settled])
        np.add.at(self._commission, (period[settled], vendor[settled]), lines.commission[line][settled])
        ids = self._world.ids.take("vendor_earnings", len(line))
        return Rows(
            "vendor_earnings",
            {
                "earning_id": bigint(ids),
                "vendor_id": bigint(vendor + 1),
                "order_item_id": bigint(lines.ids[line]),
                "payout_id": bigint(np.where(settled, self._id(period, vendor), NONE)),
                "amount": money(lines.total[line] - lines.commission[line]),
                "currency": same_text("GHS", len(line)),
                "earned_at": instant(earned),
                "created_at": instant(earned),
                "updated_at": instant(np.where(settled, self._period_end(period) + 3 * HOUR, earned)),
            },
        )

    def _period_end(self, period: Ints) -> Ints:
        """The instant after a period's last day."""
        return (self._monday + _WEEK * (period + 1)) * DAY

    def _id(self, period: Ints, vendor: Ints) -> Ints:
        return 1 + period * len(self._world.sellers) + vendor

    def rows(self) -> Rows:
        """vendor_payouts of the whole history; call it after the last chunk."""
        dice = self._world.scenario.dice("payouts")
        period, vendor = np.nonzero(self._gross)
        count = len(period)
        ends = self._period_end(period)
        starts = (self._monday + _WEEK * self._starts[vendor, period]) * DAY
        made = ends + 3 * HOUR
        processed = np.minimum(made + dice.integers(4 * HOUR, 40 * HOUR, count), self._world.scenario.end - 1)
        recent = ends + 5 * DAY >= self._world.scenario.end
        failed = dice.random(count) < 0.012
        status = np.where(recent, b"PROCESSING", np.where(failed, b"FAILED", b"PAID"))
        gross, commission = self._gross[period, vendor], self._commission[period, vendor]
        ids = self._id(period, vendor)
        return Rows(
            "vendor_payouts",
            {
                "payout_id": bigint(ids),
                "vendor_id": bigint(vendor + 1),
                "period_start": instant(starts),
                "period_end": instant(ends),
                "gross_earnings": money(gross),
                "platform_commission": money(commission),
                "net_payout": money(gross - commission),
                "currency": same_text("GHS", count),
                "status": text(status),
                "payout_reference": text(numbered("PO", ids, 9)),
                "failure_reason": text(np.where(status == b"FAILED", b"Account could not be credited", b"")),
                "processed_at": instant(np.where(status == b"PAID", processed, NONE)),
                "created_at": instant(made),
                "updated_at": instant(np.where(status == b"PROCESSING", made, processed)),
            },
        )
