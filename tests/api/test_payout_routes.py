"""Payouts explained: every step adds up, another vendor's payout is not there, and what is open is said."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amalimart.access.policies import load_policies
from amalimart.access.principal import Role
from amalimart.api.payouts.bridge import Sales, StepName, bridge
from amalimart.api.payouts.statements import Line, Statement
from tests.api.shop_site import MARKETPLACE, Shop, opened_shop
from tests.web.asgi_client import TestClient
from tests.web.fake_site import PASSWORD

JANUARY = (date(2024, 1, 1), date(2024, 1, 31))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with opened_shop(tmp_path_factory.mktemp("payouts")) as made:
        yield made


def amounts(told: dict[str, list[dict[str, str]]]) -> dict[str, Decimal]:
    return {each["name"]: Decimal(each["amount"]) for each in told["steps"]}


def one(shop: Shop, sql: str) -> Decimal:
    with shop.file.records() as cursor:
        return Decimal(cursor.execute(sql).fetchall()[0][0])


def test_a_payout_is_explained_by_what_sql_written_by_hand_says(shop: Shop) -> None:
    told = shop.client("ama@shop.test").get("/api/v1/payouts/g1").json()
    steps = amounts(told)
    lines = """
        from gold.fact_order_items i join gold.fact_orders o using (order_id)
        where i.vendor_id = 'vA' and i.currency = 'GHS' and i.order_date between '2024-01-01' and '2024-01-31'
    """
    lost = "o.status in ('CANCELLED', 'REJECTED', 'RETURNED')"
    assert steps["sales"] == one(shop, f"select coalesce(sum(i.item_amount), 0) {lines}")
    assert steps["lost"] == -one(shop, f"select coalesce(sum(i.item_amount), 0) {lines} and {lost}")
    kept = f"select coalesce(sum(i.commission_amount), 0) {lines} and not {lost}"
    assert steps["commission"] == -one(shop, kept)
    assert steps["payout"] == Decimal("175.00") == steps["lines"]
    assert steps["unexplained"] == 0
    assert {each["order_id"] for each in told["lines"]} == {"o1", "o3"}
    with shop.file.records() as cursor:
        named = cursor.execute(
            "select product_name from gold.dim_products where product_id = 'p1'"
        ).fetchall()
    assert {each["product"] for each in told["lines"]} == {named[0][0]}
    assert told["payout"]["vendor"] == "Ama's Shop"


def test_what_lines_do_not_explain_is_said(shop: Shop) -> None:
    """Payout g2 is 104.12 and its one line 24.12."""
    told = shop.client().get("/api/v1/payouts/g2").json()
    assert amounts(told)["unexplained"] == Decimal("80.00")
    assert told["payout"]["unexplained"] == "80.00"


def test_a_payout_that_no_line_names_is_unexplained_as_a_whole(shop: Shop) -> None:
    """Payout g5 has no period and no lines, and its vendor is unknown."""
    told = shop.client().get("/api/v1/payouts/g5").json()
    steps = amounts(told)
    assert set(steps) == {"not_listed", "lines", "fees", "unexplained", "payout"}
    assert steps["unexplained"] == Decimal("49.50")
    assert told["lines"] == []


@pytest.mark.parametrize("payout", ["g2", "g4", "g5", "g1 or 1=1", "g%"])
def test_another_vendors_payout_is_not_there(shop: Shop, payout: str) -> None:
    theirs = shop.client("ama@shop.test").get(f"/api/v1/payouts/{payout}")
    nowhere = shop.client("ama@shop.test").get("/api/v1/payouts/nowhere")
    assert theirs.status_code == nowhere.status_code == 404
    assert theirs.json()["error"]["what"].replace(payout, "") == nowhere.json()["error"]["what"].replace(
        "nowhere", ""
    )


def test_a_vendor_lists_its_own_and_an_admin_all(shop: Shop) -> None:
    def ids(email: str, query: str = "") -> list[str]:
        told = shop.client(email).get(f"/api/v1/payouts{query}").json()
        return [each["payout_id"] for each in told["payouts"]]

    assert ids("ama@shop.test") == ["g3", "g1"]
    assert ids("ama@shop.test", "?vendor=vB") == []
    assert set(ids("admin@demo.test")) == {"g1", "g2", "g3", "g4", "g5"}
    assert set(ids("admin@demo.test", "?vendor=vB")) == {"g2", "g4"}


@pytest.mark.parametrize("email", ["swift@shop.test", "support@demo.test", "analyst@demo.test"])
def test_payouts_are_for_vendors_and_admins(shop: Shop, email: str) -> None:
    client = shop.client(email)
    assert client.get("/api/v1/payouts").status_code == 403
    assert client.get("/api/v1/payouts/g1").status_code == 403


CASHIER = "role: cashier\nextends: vendor\ndescription: Looks after what is paid.\n"
WITHOUT = "columns: [payout_id, vendor_id, net_payout]"
WHOLE = """\
role: cashier
description: Written out in full.
classes: [public, internal]
datasets:
  payouts: {{rows: {payouts}, columns: all}}
  vendor_earnings: {{rows: {{own: vendor_id, of: vendor_ids}}, columns: all}}
metrics: []
dimensions: []
"""
OWN = "{own: vendor_id, of: vendor_ids}"


@pytest.fixture
def hired(tmp_path: Path) -> Iterator[Callable[..., TestClient]]:
    """Somebody in a role of the project's own, under a policy."""
    with opened_shop(tmp_path / "shop") as made:

        def client(policy: str, **ids: list[str]) -> TestClient:
            (tmp_path / "cashier.yml").write_text(policy)
            made.semantic.govern(load_policies([MARKETPLACE / "policies", tmp_path]))
            made.services.control.users.add(
                "esi@shop.test", display_name="Esi", role=Role("cashier"), password=PASSWORD, **ids
            )
            return made.client("esi@shop.test")

        yield client


@pytest.mark.parametrize("policy", [CASHIER, WHOLE.format(payouts=OWN)], ids=["a copy", "in full"])
def test_a_role_of_a_projects_own_sees_the_payouts_of_its_own_vendors(
    hired: Callable[..., TestClient], policy: str
) -> None:
    client = hired(policy, vendor_ids=["vA"])
    listed = client.get("/api/v1/payouts").json()["payouts"]
    assert [each["payout_id"] for each in listed] == ["g3", "g1"]
    assert client.get("/api/v1/payouts/g1").json()["payout"]["net_payout"] == "175.00"
    assert client.get("/api/v1/payouts?vendor=vB").json()["payouts"] == []
    theirs, nowhere = (client.get(f"/api/v1/payouts/{each}") for each in ("g2", "g0"))
    assert (theirs.status_code, nowhere.status_code) == (404, 404)
    assert theirs.json()["error"]["what"].replace("g2", "g0") == nowhere.json()["error"]["what"]
    assert client.get("/payouts").status_code == 200
    assert client.get("/payouts/g1").status_code == 200
    assert 'href="/payouts"' in client.get("/catalogue").text


def test_of_a_business_the_payouts_of_its_vendors_are_there(hired: Callable[..., TestClient]) -> None:
    client = hired(CASHIER, business_ids=["b1"])
    assert [each["payout_id"] for each in client.get("/api/v1/payouts").json()["payouts"]] == ["g3", "g1"]
    assert client.get("/api/v1/payouts/g2").status_code == 404


@pytest.mark.parametrize(
    ("policy", "ids"),
    [
        (CASHIER, {}),
        (CASHIER, {"delivery_partner_ids": ["d1"]}),
        (CASHIER + "without: {datasets: [payouts]}\n", {"vendor_ids": ["vA"]}),
        (CASHIER + "without: {datasets: [vendor_earnings]}\n", {"vendor_ids": ["vA"]}),
        (WHOLE.format(payouts="all"), {"vendor_ids": ["vA"]}),
        (WHOLE.format(payouts="{own: vendor_id, of: business_ids}"), {"vendor_ids": ["vA"]}),
        (WHOLE.format(payouts=OWN).replace("columns: all", WITHOUT, 1), {"vendor_ids": ["vA"]}),
        (CASHIER.replace("vendor", "support"), {"vendor_ids": ["vA"]}),
    ],
    ids=[
        "bound to nobody", "of partners", "no payouts", "no lines", "of everybody", "of other ids",
        "not every column", "of another kind",
    ],
)  # fmt: skip
def test_a_role_of_a_projects_own_that_is_not_given_its_own_payouts_has_none(
    hired: Callable[..., TestClient], policy: str, ids: dict[str, list[str]]
) -> None:
    client = hired(policy, **ids)
    for address in ("/api/v1/payouts", "/api/v1/payouts/g1"):
        assert client.get(address).status_code == 403
    assert client.get("/payouts").status_code == 404
    assert 'href="/payouts"' not in client.get("/catalogue").text


def test_the_list_is_sent_once(shop: Shop) -> None:
    client = shop.client("ama@shop.test")
    for address in ("/api/v1/payouts", "/api/v1/payouts/g1"):
        tag = client.get(address).headers["etag"]
        assert client.get(address, headers={"If-None-Match": tag}).status_code == 304


MONEY = st.decimals(min_value=-10_000, max_value=10_000, places=2)
MAYBE = st.one_of(st.none(), MONEY)
DAYS = st.one_of(st.none(), st.dates(date(2023, 12, 20), date(2024, 2, 10)))


@st.composite
def lines(draw: st.DrawFn) -> list[Line]:
    return [
        Line(str(number), None, None, None, draw(st.sampled_from(["g", "h", None])), draw(DAYS), None, None,
             None, draw(MONEY), "GHS")
        for number in range(draw(st.integers(0, 8)))
    ]  # fmt: skip


@given(lines(), MAYBE, MAYBE, MONEY, MAYBE, st.tuples(MAYBE, MAYBE, MAYBE, MAYBE), st.tuples(MAYBE, MAYBE))
def test_whatever_the_numbers_the_steps_add_up_to_the_payout(
    known: list[Line],
    gross: Decimal | None,
    commission: Decimal | None,
    net: Decimal,
    earned: Decimal | None,
    placed: tuple[Decimal | None, ...],
    delivered: tuple[Decimal | None, ...],
) -> None:
    statement = Statement("g", "v", None, *JANUARY, "PAID", gross, commission, net, "GHS", earned)
    settled = [each for each in known if each.payout_id == "g"]
    of_period = [each for each in known if each.order_date and JANUARY[0] <= each.order_date <= JANUARY[1]]
    steps = bridge(
        statement, settled, Sales(*placed), Sales(delivered[0], None, delivered[1], None), of_period
    )
    running = Decimal(0)
    for step in steps:
        if step.is_total and step.name is not StepName.SALES:
            assert running == step.amount
        else:
            running += step.amount
    assert steps[-1].name is StepName.PAYOUT
    assert steps[-1].amount == net
