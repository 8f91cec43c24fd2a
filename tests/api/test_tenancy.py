"""Whoever asks whatever by any door, after any change of rows, policies and rights: only what is theirs.

The oracle knows for each reader which vendors' rows there are for them, and adds them up in SQL of its own.
Every vendor's, partner's and person's values hold a canary, so that a value which gets anywhere is found.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from amalimart.access.principal import Role
from amalimart.access.rules import Mask
from amalimart.core.errors import AmalimartError, rebuilt
from tests.api.shop_site import opened_shop, shop_policies
from tests.api.test_isolation_over_http import content_of
from tests.api.town import (
    OF_VENDORS,
    PARTNERS,
    SEES_ALL,
    SEES_PAYOUTS,
    SEES_PEOPLE,
    VENDORS,
    Reader,
    Town,
    changed,
    told,
)
from tests.event_loop import run_apart

PEOPLE = "/api/v1/query?metrics=order_count&by=customer"
SALES = "/api/v1/query?metrics=item_gmv&by=vendor_id"
PAYOUTS = "/api/v1/payouts"
PLACES = (
    PAYOUTS,
    f"{PAYOUTS}?vendor=vA",
    SALES,
    f"{SALES}&format=csv",
    f"{SALES}&format=arrow",
    f"{SALES}&format=parquet",
    f"{SALES}&totals=all",
    "/api/v1/query?metrics=item_gmv,return_count&by=vendor,product&compare=true&from=2024-02-01&to=2024-03-20",
    "/api/v1/query?metrics=return_count&by=return_reason",
    "/api/v1/query?metrics=parcel_count&by=delivery_partner,shipping_city",
    PEOPLE,
    "/api/v1/query?metrics=item_gmv&where=vendor != vA",
    "/api/v1/dimensions/vendor/values",
    "/api/v1/dimensions/product/values?search=canary",
    "/api/v1/dimensions/return_reason/values",
    "/api/v1/dimensions/customer/values",
    "/api/v1/dimensions/delivery_partner/values",
    "/api/v1/dashboards/vendor",
    "/api/v1/dashboards/vendor?range=custom&from=2024-01-01&to=2024-03-20",
    "/api/v1/dashboards/support",
    "/api/v1/dashboards/delivery",
    "/api/v1/dashboards/vendor/tiles/revenue/receipt",
    "/api/v1/peers/total_revenue?month=2024-01",
    "/api/v1/work",
    "/api/v1/orders/o1/timeline",
    "/api/v1/catalog",
    "/api/v1/glossary",
)  # fmt: skip

town: Town


READERS = (
    "admin@demo.test", "analyst@demo.test", "support@demo.test", "ama@shop.test", "kofi@shop.test",
    "both@shop.test", "clerk@shop.test", "swift@shop.test", "robot", "nobody", "copy", "embed as vendor",
    "embed as clerk", "cashier@shop.test", "chain@shop.test", "mixed@shop.test", "two-shops", "embed of b2",
)  # fmt: skip
ASKS = st.lists(
    st.tuples(
        st.sampled_from(READERS),
        st.one_of(
            st.sampled_from(PLACES), st.integers(0, 99), st.sampled_from(["vendor", "product", "customer"])
        ),
        st.booleans(),
    ),
    min_size=6,
    max_size=6,
)


class Tenancy(RuleBasedStateMachine):
    """Rows, policies and rights change in any order, and after each change anybody asks anything.

    A question is an address, the number of a route of the description, or what an assistant groups by.
    """

    @initialize(asks=ASKS)
    def begin(self, asks: list[Any]) -> None:
        self.readers = town.begin()
        self.closed: frozenset[str] = frozenset()
        self.tight = False
        self.tags: dict[tuple[str, str], str] = {}
        self._ask(asks)

    @rule(vendor=st.sampled_from(VENDORS), more=st.integers(1, 9), asks=ASKS)
    def rows_change(self, vendor: str, more: int, asks: list[Any]) -> None:
        town.shop.publish(
            f"update gold.fact_order_items set item_amount = item_amount + {more}"
            f" where vendor_id = '{vendor}'",
            ["gold.fact_order_items"],
        )
        self._ask(asks)

    @rule(
        change=st.sampled_from(["as before", "tighter", "vendor closed", "clerk gone", "people masked"]),
        asks=ASKS,
    )
    def policies_change(self, change: str, asks: list[Any]) -> None:
        self.tight, self.closed, found = False, frozenset(), town.policies
        if change == "tighter":
            self.tight = True
            found = changed(found, OF_VENDORS, metrics=frozenset({"return_count"}))
        elif change == "vendor closed":
            self.closed, found = frozenset({"vendor"}), found.closing([Role.VENDOR])
        elif change == "clerk gone":
            self.closed, found = frozenset({"clerk", "cashier"}), shop_policies()
        elif change == "people masked":
            masks = {"customers": {"full_name": Mask.HASH}}
            found = changed(found, {"analyst"}, masks=masks).keyed("a key")
        town.shop.semantic.govern(found)
        self._ask([("analyst@demo.test", PEOPLE, False), *asks])

    @rule(enabled=st.booleans(), asks=ASKS)
    def kofi_is_let_in_or_not(self, enabled: bool, asks: list[Any]) -> None:
        town.shop.services.control.users.update("kofi@shop.test", enabled=enabled)
        self.readers["kofi@shop.test"].is_in = enabled
        self._ask([("kofi@shop.test", SALES, True), *asks])

    @rule(
        vendors=st.frozensets(st.sampled_from(VENDORS)),
        role=st.sampled_from(["vendor", "support"]),
        asks=ASKS,
    )
    def both_becomes_another(self, vendors: frozenset[str], role: str, asks: list[Any]) -> None:
        users, reader = town.shop.services.control.users, self.readers["both@shop.test"]
        users.update("both@shop.test", vendor_ids=sorted(vendors), role=Role(role))
        reader.vendors, reader.role = vendors, role
        self._ask([("both@shop.test", SALES, True), *asks])

    @rule(
        business=st.sampled_from(["b1", "b2", "b404"]),
        vendors=st.frozensets(st.sampled_from(VENDORS)),
        asks=ASKS,
    )
    def a_business_changes_hands(self, business: str, vendors: frozenset[str], asks: list[Any]) -> None:
        town.change_hands(business, vendors)
        self._ask([("chain@shop.test", SALES, True), ("two-shops", SALES, True), *asks])

    def _ask(self, asks: list[Any]) -> None:
        for name in ("ama@shop.test", "analyst@demo.test"):  # so that what they are told is kept
            self._ask_at(name, SALES, with_tag=False)
        for name, place, flag in asks:
            if isinstance(place, int):
                route = town.routes[place % len(town.routes)]
                response = town.client.get(
                    route.address, params=route.query, headers=self.readers[name].headers
                )
                self._hold(name, self.readers[name], route.address, response)
            elif place.startswith("/"):
                self._ask_at(name, place, with_tag=flag)
            else:
                self._ask_assistant(name, place)

    def _ask_at(self, name: str, place: str, *, with_tag: bool) -> None:
        """Ask twice: the second answer is a kept one, where anything is kept."""
        reader = self.readers[name]
        tag = self.tags.get((name, place))
        headers = reader.headers | ({"If-None-Match": tag} if with_tag and tag else {})
        self._hold(name, reader, place, town.client.get(place, headers=headers))
        second = town.client.get(place, headers=reader.headers)
        self._hold(name, reader, place, second)
        if etag := second.headers.get("etag"):
            self.tags[name, place] = etag

    def _ask_assistant(self, name: str, by: str) -> None:
        reader, said = self.readers[name], []

        def get(path: str) -> dict[str, Any]:
            response = town.client.get(f"/api/v1{path}", headers=reader.headers)
            self._hold(name, reader, path, response)
            said.append(response.status_code)
            if response.status_code != HTTPStatus.OK:
                raise rebuilt(response.json()["error"])
            return dict(response.json())

        ask_tool(get, "query", {"metrics": ["item_gmv"], "by": [by]})
        assert len(said) == 1

    def _hold(self, name: str, reader: Reader, place: str, response: Any) -> None:
        """What was answered, against what there is for the reader."""
        what = (name, place, response.status_code)
        assert response.status_code < 500 or response.json()["error"]["code"] == "engine_unavailable", what
        text, owned = told(response), town.owned(reader)
        for vendor in VENDORS:
            if reader.role in OF_VENDORS | {"service", "delivery"} and vendor not in owned:
                assert f"canary-{vendor}" not in text, what
        for partner in PARTNERS:
            if reader.role not in SEES_ALL | {"support"} and partner not in reader.partners:
                assert f"canary-{partner}" not in text, what
        if reader.role not in SEES_PEOPLE:
            assert "canary-person" not in text, what
        if not reader.is_in:
            assert response.status_code == (200 if place == "/api/v1/health" else 401), what
        elif reader.page is not None:
            self._hold_embedded(reader, place, response, what)
        elif place.startswith(SALES) and place in {SALES, f"{SALES}&format=parquet"}:
            self._hold_sales(reader, response, what)
        elif place == PAYOUTS:
            self._hold_payouts(reader, response, what)

    def _hold_payouts(self, reader: Reader, response: Any, what: object) -> None:
        if reader.role not in SEES_PAYOUTS - self.closed:
            assert response.status_code == 403, what
        elif response.status_code != 304:
            assert response.status_code == HTTPStatus.OK, (what, response.text)
            ids = ", ".join(f"'{each}'" for each in sorted(town.owned(reader))) or "null"
            within = "" if reader.role in SEES_ALL else f"where vendor_id in ({ids})"
            expected = town.sql(f"select payout_id from gold.fact_payouts {within}")
            assert {each["payout_id"] for each in response.json()["payouts"]} == {
                payout_id for (payout_id,) in expected
            }, what

    def _hold_embedded(self, reader: Reader, place: str, response: Any, what: object) -> None:
        if reader.role in self.closed:
            assert "canary" not in told(response), what
        elif not place.startswith(reader.page or "") and place != "/api/v1/health":
            assert response.status_code in {401, 403}, what

    def _hold_sales(self, reader: Reader, response: Any, what: object) -> None:
        permitted = reader.role in SEES_ALL | OF_VENDORS and reader.role not in self.closed
        if reader.role in OF_VENDORS and self.tight:
            permitted = False
        if response.status_code == 304:
            assert permitted, what
            return
        if not permitted:
            assert response.status_code == 403, what
            return
        assert response.status_code == HTTPStatus.OK, (what, response.text)
        rows = content_of(response)
        found = (
            {row["vendor_id"]: str(row["item_gmv"]) for row in rows[0]}
            if isinstance(rows, tuple)
            else {row["vendor_id"]: str(row["item_gmv"]) for row in dicts(rows)}
        )
        ids = ", ".join(f"'{each}'" for each in sorted(town.owned(reader))) or "null"
        within = "" if reader.role in SEES_ALL else f"where vendor_id in ({ids})"
        expected = town.sql(
            "select coalesce(v.vendor_id, 'unknown'), sum(item_amount) from gold.fact_order_items i left join"
            f" gold.dim_vendors v using (vendor_id) {within} group by 1"
        )
        assert found == {key: str(amount) for key, amount in expected}, what


def dicts(document: dict[str, Any]) -> list[dict[str, Any]]:
    names = [column["name"] for column in document["columns"]]
    return [dict(zip(names, row, strict=True)) if isinstance(row, list) else row for row in document["rows"]]


def ask_tool(get: Callable[[str], dict[str, Any]], name: str, arguments: dict[str, Any]) -> str:
    """What an assistant is told by one of its tools."""
    from mcp.server.mcpserver.exceptions import ToolError  # noqa: PLC0415 - half a second

    from amalimart.processes.assistants import assistant_server  # noqa: PLC0415 - imports the same

    try:
        return str(run_apart(lambda: assistant_server(get).call_tool(name, arguments)))
    except (AmalimartError, ToolError) as error:
        return str(error)


@pytest.fixture(scope="module", autouse=True)
def the_town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    global town  # noqa: PLW0603 - a state machine is made without arguments
    folder = tmp_path_factory.mktemp("tenancy")
    with opened_shop(folder / "shop") as shop:
        town = Town(shop, folder / "policies")
        yield


def played(examples: int, steps: int) -> None:
    run_state_machine_as_test(
        Tenancy,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
            deadline=None,
            database=None,
            derandomize=examples < 10,
        ),
    )


def test_after_every_kind_of_change_each_is_told_what_is_theirs() -> None:
    """Each change once, in an order in which what was kept before it would tell."""
    machine, sales = Tenancy(), [(name, SALES, True) for name in ("kofi@shop.test", "copy", "robot")]
    machine.begin([*sales, ("both@shop.test", SALES, False)])
    machine.rows_change("vB", 7, sales)
    for change in ("people masked", "tighter", "as before", "vendor closed", "clerk gone", "as before"):
        paid = [(f"{name}@shop.test", PAYOUTS, True) for name in ("cashier", "clerk", "ama", "swift")]
        machine.policies_change(
            change, [*sales, *paid, ("ama@shop.test", "vendor", True), ("swift@shop.test", SALES, True)]
        )
    for enabled in (False, True):
        machine.kofi_is_let_in_or_not(enabled, [("kofi@shop.test", "/api/v1/dashboards/vendor", True)])
    for vendors in (frozenset({"vA", "vC"}), frozenset[str]()):
        machine.a_business_changes_hands("b2", vendors, [("embed of b2", "/api/v1/dashboards/vendor", True)])
    machine.both_becomes_another(frozenset({"vC"}), "vendor", [])
    machine.both_becomes_another(frozenset({"vA", "vC"}), "support", [("both@shop.test", PEOPLE, False)])


def test_nobody_is_told_what_is_anothers() -> None:
    played(2, 4)


@pytest.mark.slow
def test_nobody_is_told_what_is_anothers_in_hundreds_of_steps() -> None:
    played(int(os.environ.get("AMALIMART_EXAMPLES", "12")), 25)
