"""Scorecards: bands, samples, whose they are, and what a mistake in a file says."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from amalimart.access.policies import load_policies
from amalimart.access.principal import Principal, Role
from amalimart.api.scorecards.definition import Measure, Sample, Side
from amalimart.api.scorecards.judging import Verdict, judged
from amalimart.api.scorecards.library import load_scorecards
from amalimart.api.scorecards.reloading import ReloadingScorecards
from amalimart.core.calendar import DayRange
from amalimart.core.errors import ConfigError
from amalimart.orchestrate.metrics.peer_standings import last_whole_month
from tests.api.shop_site import MARKETPLACE, Shop, opened_shop, shop_model
from tests.web.fake_site import PASSWORD

DAYS = "range=custom&from=2023-06-01&to=2024-03-20"
GOOD = """\
title: A card
description: About it.
roles: [vendor, admin, support]
measures:
  - metric: line_cancellation_rate
    better: lower
    warn: 0.1
    limit: 0.3
    sample: {metric: order_lines, at_least: 2}
    why: Because.
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("scorecards")
    (folder / "cards").mkdir()
    (folder / "cards" / "card.yml").write_text(GOOD)
    with opened_shop(folder / "shop") as made:
        cards = load_scorecards(folder / "cards")
        cards.check_names(shop_model().metric_names)
        made.services = replace(made.services, scorecards=cards)
        yield made


def card(shop: Shop, email: str, query: str = "", name: str = "card") -> dict[str, Any]:
    response = shop.client(email).get(f"/api/v1/scorecards/{name}?{DAYS}{query}")
    assert response.status_code == 200, response.text
    told: dict[str, Any] = response.json()
    return told


@pytest.mark.parametrize(
    ("better", "value", "sample", "verdict"),
    [
        (Side.LOWER, "0.05", 20, Verdict.GOOD),
        (Side.LOWER, "0.10", 20, Verdict.GOOD),
        (Side.LOWER, "0.101", 20, Verdict.WARN),
        (Side.LOWER, "0.30", 20, Verdict.WARN),
        (Side.LOWER, "0.31", 20, Verdict.LIMIT),
        (Side.LOWER, "0.31", 19, Verdict.TOO_FEW),
        (Side.HIGHER, "0.30", 20, Verdict.GOOD),
        (Side.HIGHER, "0.29", 20, Verdict.WARN),
        (Side.HIGHER, "0.09", 20, Verdict.LIMIT),
        (Side.HIGHER, "-1", 20, Verdict.LIMIT),
        (Side.HIGHER, None, 20, Verdict.TOO_FEW),
        (Side.HIGHER, "1", None, Verdict.TOO_FEW),
    ],
)
def test_a_number_stands_in_its_band(
    better: Side, value: str | None, sample: int | None, verdict: Verdict
) -> None:
    low, high = Decimal("0.1"), Decimal("0.3")
    warn, limit = (low, high) if better is Side.LOWER else (high, low)
    measure = Measure(
        metric="m", better=better, warn=warn, limit=limit, sample=Sample(metric="n", at_least=20), why="x"
    )
    found = judged(
        measure, None if value is None else Decimal(value), None if sample is None else Decimal(sample)
    )
    assert found is verdict


def test_a_vendor_sees_its_own_and_no_other(shop: Shop) -> None:
    told = card(shop, "ama@shop.test")
    assert told["vendor"] == {"key": "vA", "label": "Ama's Shop"}
    (measure,) = told["measures"]
    with shop.file.records() as cursor:
        rows = cursor.execute(
            "select count(*), count(*) filter (where o.status = 'CANCELLED') from gold.fact_order_items i"
            " join gold.fact_orders o using (order_id) where i.vendor_id = 'vA'"
            " and i.order_date between '2023-06-01' and '2024-03-20'"
        ).fetchall()
    count, cancelled = rows[0]
    assert Decimal(measure["sample"]["value"]) == count
    assert Decimal(measure["value"]) == pytest.approx(Decimal(cancelled) / count)
    assert measure["verdict"] in {"good", "warn", "limit"}
    assert measure["previous_verdict"] == "too_few"
    assert len(measure["course"]) > 5
    response = shop.client("ama@shop.test").get(f"/api/v1/scorecards/card?{DAYS}&vendor=vB")
    assert response.status_code == 404
    assert "Kofi" not in response.text


def test_support_chooses_a_vendor_and_too_few_are_not_judged(shop: Shop) -> None:
    assert card(shop, "support@demo.test")["measures"] == []
    told = card(shop, "support@demo.test", "&vendor=vB", "vendor")
    verdicts = {each["metric"]: each["verdict"] for each in told["measures"]}
    assert set(verdicts.values()) == {"too_few"}
    assert "out_of_stock_rate" not in verdicts, "support may not see it"


@dataclass(frozen=True)
class Standing:
    quarter: int
    within: str
    month: date


class Peers:
    """Tells of two metrics only."""

    def standings(
        self, metric: str, vendor_id: str, days: DayRange, today: date, principal: Principal
    ) -> tuple[Standing, ...]:
        del principal
        quarters = {"avg_rating": 4, "line_cancellation_rate": 4} if vendor_id == "vA" else {}
        month = last_whole_month(days, today)
        return (Standing(quarters[metric], "Tools", month),) if metric in quarters else ()


def test_where_peers_are_told_the_quarter_is_shown_from_the_best_and_else_nothing(shop: Shop) -> None:
    assert all(each["peers"] == [] for each in card(shop, "ama@shop.test", name="vendor")["measures"])
    before, shop.services = shop.services, replace(shop.services, peers=Peers())
    told = card(shop, "ama@shop.test", name="vendor")
    shop.services = before
    found = {each["metric"]: each["peers"] for each in told["measures"]}
    assert [each["quarter"] for each in found.pop("avg_rating")] == [1]
    assert [each["quarter"] for each in found.pop("line_cancellation_rate")] == [4]
    assert not any(found.values())


@pytest.mark.parametrize(
    ("last", "today", "month"),
    [
        (date(2026, 3, 31), date(2026, 4, 9), date(2026, 3, 1)),
        (date(2026, 3, 30), date(2026, 4, 9), date(2026, 2, 1)),
        (date(2026, 3, 31), date(2026, 3, 31), date(2026, 2, 1)),
        (date(2026, 1, 15), date(2026, 4, 9), date(2025, 12, 1)),
    ],
)
def test_the_month_of_peers_is_over_and_ends_within_the_days_or_before_them(
    last: date, today: date, month: date
) -> None:
    assert last_whole_month(DayRange(date(2026, 1, 1), last), today) == month


def test_a_card_is_sent_once_and_refused_where_it_is_not_for_the_role(shop: Shop) -> None:
    client = shop.client("ama@shop.test")
    tag = client.get(f"/api/v1/scorecards/card?{DAYS}").headers["etag"]
    again = client.get(f"/api/v1/scorecards/card?{DAYS}", headers={"If-None-Match": tag})
    assert again.status_code == 304
    assert client.get("/api/v1/scorecards").json()["scorecards"][0]["name"] == "card"
    assert shop.client("swift@shop.test").get("/api/v1/scorecards/card").status_code == 404
    assert client.get("/api/v1/scorecards/card?vender=vA").json()["error"]["nearest"] == "vendor"


@pytest.mark.parametrize(
    ("old", "new", "line", "what"),
    [
        ("better: lower", "better: less", 6, "better"),
        ("warn: 0.1", "warn: 0.4", 5, "above the warning"),
        ("warn: 0.1", "wran: 0.1", 7, "unknown key 'wran'"),
        ("at_least: 2", "at_least: 0", 9, "at_least"),
        ("roles: [vendor, admin, support]", "roles: [boss]", 3, "roles"),
        ("metric: line_cancellation_rate", "metric: line_cancelation_rate", 5, "unknown metric"),
        ("metric: order_lines", "metric: order_linez", 9, "unknown metric"),
        ("warn: 0.1", "warn: .nan", 7, "warn"),
    ],
)
def test_a_mistake_names_its_line(tmp_path: Path, old: str, new: str, line: int, what: str) -> None:
    assert old in GOOD
    (tmp_path / "card.yml").write_text(GOOD.replace(old, new, 1))
    with pytest.raises(ConfigError) as caught:
        load_scorecards(packaged=tmp_path).check_names(shop_model().metric_names)
    assert what in caught.value.what
    assert caught.value.where == f"{tmp_path / 'card.yml'}:{line}"
    assert caught.value.next_step


def test_a_narrower_copy_of_the_vendor_opens_its_own_shop(tmp_path: Path) -> None:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "clerk.yml").write_text("role: clerk\nextends: vendor\ndescription: Sells.\n")
    (tmp_path / "cards").mkdir()
    (tmp_path / "cards" / "card.yml").write_text(GOOD.replace("[vendor,", "[clerk,"))
    policies = load_policies([MARKETPLACE / "policies", tmp_path / "policies"])
    with opened_shop(tmp_path / "shop") as made:
        made.semantic.govern(policies)
        made.services = replace(
            made.services, scorecards=load_scorecards(tmp_path / "cards", roles=policies.roles)
        )
        made.services.control.users.add(
            "clerk@shop.test",
            display_name="Clerk",
            role=Role("clerk"),
            password=PASSWORD,
            vendor_ids=["vB"],
        )
        told = card(made, "clerk@shop.test")
        assert told["vendor"]["key"] == "vB"
        assert [each["metric"] for each in told["measures"]] == ["line_cancellation_rate"]
        client = made.client("clerk@shop.test")
        assert 'name="vendor"' not in client.get("/scorecards/card").text
        assert 'name="vendor"' in made.client().get("/scorecards/card").text
        assert client.get(f"/api/v1/scorecards/card?{DAYS}&vendor=vA").status_code == 404


def test_an_edited_scorecard_holds_without_a_restart_and_a_mistake_keeps_the_last_good_one(
    tmp_path: Path,
) -> None:
    now = [0.0]
    path = tmp_path / "card.yml"
    path.write_text(GOOD)
    admin = Principal("a", Role.ADMIN)
    cards = ReloadingScorecards(
        tmp_path, lambda library: library.check_names(shop_model().metric_names), clock=lambda: now[0]
    )

    def edited(text: str, version: int) -> Decimal:
        path.write_text(text)
        os.utime(path, ns=(version, version))
        now[0] += 1
        return cards.get("card", admin).measures[0].warn

    assert cards.get("card", admin).measures[0].warn == Decimal("0.1")
    assert edited(GOOD.replace("warn: 0.1", "warn: 0.2"), 1) == Decimal("0.2")
    assert cards.mistake is None
    assert edited(GOOD.replace("metric: order_lines", "metric: order_linse"), 2) == Decimal("0.2")
    assert cards.mistake is not None
    assert (cards.mistake.where, cards.mistake.nearest) == (f"{path}:9", "order_lines")
    assert edited(GOOD, 3) == Decimal("0.1")
    assert cards.mistake is None
