"""A shop of several vendors, partners and people, whose rows, policies and rights a test changes.

The oracle knows for each reader which vendors' rows there are for them. Every value of
a vendor, partner or person holds a canary, so that one which gets anywhere is found.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from amalimart.access.embed_tokens import EmbeddedIds, EmbedTokens, embed_key
from amalimart.access.policies import Policies, load_policies
from amalimart.access.principal import Role
from amalimart.orchestrate.project.embedding import EmbedDesk
from amalimart.web.site import create_site
from tests.api.described_routes import requests_to
from tests.api.shop_site import MARKETPLACE, Shop
from tests.api.test_isolation_over_http import content_of
from tests.semantic.marked_lines import MARK_LINES
from tests.web.asgi_client import TestClient
from tests.web.fake_site import PASSWORD

VENDORS, PARTNERS = ("vA", "vB", "vC"), ("d1", "d2")
CANARIES = (
    """
update gold.dim_vendors set vendor_name = 'canary-' || vendor_id || '-name';
update gold.dim_products set product_name = 'canary-' || vendor_id || '-' || product_id;
update gold.fact_payouts set payout_id = 'canary-' || coalesce(vendor_id, 'unknown') || '-' || payout_id;
update gold.fact_returns set reason = 'canary-' || vendor_id || '-reason';
update gold.dim_delivery_partners set partner_name = 'canary-' || delivery_partner_id || '-name';
update gold.fact_shipments set city = 'canary-' || delivery_partner_id || '-city';
update gold.dim_customers set full_name = 'canary-person-' || customer_id;
insert into gold.fact_order_items
    select 'j' || order_item_id, * exclude order_item_id replace ('vC' as vendor_id, 'o2' as order_id)
    from gold.fact_order_items where vendor_id = 'vB';
"""
    + MARK_LINES
)
CLERK = "role: clerk\nextends: vendor\ndescription: Sells.\nwithout: {datasets: [payouts]}\n"
CASHIER = "role: cashier\nextends: vendor\ndescription: Looks after what is paid.\n"
SEES_ALL = {"admin", "executive", "analyst"}
SEES_PEOPLE = {"admin", "executive"}
OF_VENDORS = {"vendor", "clerk", "cashier"}
SEES_PAYOUTS = {"admin", "vendor", "cashier"}


@dataclass
class Reader:
    """Who asks: what opens the door, and what they may see, as the oracle has it."""

    headers: dict[str, str]
    role: str
    vendors: frozenset[str] = frozenset()
    partners: frozenset[str] = frozenset()
    page: str | None = None  # of an embed token: the one thing it opens
    is_in: bool = True
    businesses: frozenset[str] = frozenset()


class Town:
    """One shop with its site and everybody who may come, for all examples: each begins as the first did."""

    def __init__(self, shop: Shop, folder: Path) -> None:
        self.shop = shop
        shop.publish(CANARIES, shop_tables(shop))
        shop.services.rate._per_second = shop.services.rate._burst = 10**9
        folder.mkdir()
        (folder / "clerk.yml").write_text(CLERK)
        (folder / "cashier.yml").write_text(CASHIER)
        self.policies = load_policies([MARKETPLACE / "policies", folder])
        shop.semantic.govern(self.policies)
        control, clock = shop.services.control, shop.services.clock
        tokens = EmbedTokens(embed_key("dO0cFYBXjJPnV3l8Q2aRwTzKe6hUgS9m", "EMBED_KEY"), "here", clock)
        self.desk = EmbedDesk(
            tokens,
            control.api_keys,
            shop,
            clock,
            lambda role: shop.semantic.policies.is_kind_of(role, Role.VENDOR),
        )
        shop.services = replace(shop.services, embed=self.desk)
        for name, role, vendors in (
            ("both", Role.VENDOR, ["vA", "vC"]),
            ("clerk", Role("clerk"), ["vB"]),
            ("cashier", Role("cashier"), ["vB"]),
        ):
            email = f"{name}@shop.test"
            control.users.add(email, display_name=email, role=role, password=PASSWORD, vendor_ids=vendors)
        for email, vendors in (("chain@shop.test", []), ("mixed@shop.test", ["vA"])):
            control.users.add(
                email,
                display_name=email,
                role=Role.VENDOR,
                password=PASSWORD,
                vendor_ids=vendors,
                business_ids=["b2"],
            )
        self.client = TestClient(
            create_site(shop.services), follow_redirects=False, raise_server_exceptions=False
        )
        self.routes = [each for each in requests_to(self.client) if each.method == "GET"]
        self._readers = dict(self._everybody())

    def _everybody(self) -> Iterator[tuple[str, Reader]]:
        keys = self.shop.services.control.api_keys
        for name, role, vendors, partners in (
            ("admin@demo.test", "admin", "", ""),
            ("analyst@demo.test", "analyst", "", ""),
            ("support@demo.test", "support", "", ""),
            ("ama@shop.test", "vendor", "vA", ""),
            ("kofi@shop.test", "vendor", "vB", ""),
            ("both@shop.test", "vendor", "vA vC", ""),
            ("clerk@shop.test", "clerk", "vB", ""),
            ("cashier@shop.test", "cashier", "vB", ""),
            ("swift@shop.test", "delivery", "", "d1"),
            ("chain@shop.test", "vendor", "", ""),
            ("mixed@shop.test", "vendor", "vA", ""),
        ):
            _, whole = keys.add(f"of-{name.partition('@')[0]}", by="op", user=name)
            reader = Reader(shown(whole), role, frozenset(vendors.split()), frozenset(partners.split()))
            bound = name.startswith(("chain", "mixed"))
            yield name, replace(reader, businesses=frozenset({"b2"})) if bound else reader
        _, whole = keys.add("two-shops", by="op", role=Role.VENDOR, business_ids=["b1", "b404"])
        yield "two-shops", Reader(shown(whole), "vendor", businesses=frozenset({"b1", "b404"}))
        for name, role, vendors in (
            ("robot", "vendor", "vC"),
            ("nobody", "service", ""),
            ("copy", "clerk", "vA"),
        ):
            _, whole = keys.add(name, by="op", role=Role(role), vendor_ids=vendors.split())
            yield name, Reader(shown(whole), role, frozenset(vendors.split()))
        _, whole = keys.add("portal", by="op", role=Role.SERVICE)
        holder = keys.resolve(whole)
        assert holder is not None

        for role in (Role.VENDOR, Role("clerk")):
            token, _ = self.desk.mint(
                holder.key,
                EmbeddedIds(frozenset({"vB"})),
                "vendor",
                life=timedelta(hours=1),
                door="api",
                role=role,
            )
            page = "/api/v1/dashboards/vendor"
            yield f"embed as {role}", Reader(shown(token), role.value, frozenset({"vB"}), page=page)
        token, _ = self.desk.mint(
            holder.key,
            EmbeddedIds(business_ids=frozenset({"b2"})),
            "vendor",
            life=timedelta(hours=1),
            door="api",
        )
        yield "embed of b2", Reader(shown(token), "vendor", page=page, businesses=frozenset({"b2"}))

    def begin(self) -> dict[str, Reader]:
        """Policies, people and keys as at first."""
        self.shop.semantic.govern(self.policies)
        users = self.shop.services.control.users
        users.update("kofi@shop.test", enabled=True)
        users.update("both@shop.test", vendor_ids=["vA", "vC"], role=Role.VENDOR)
        self.stand_behind({"b1": frozenset({"vA"}), "b2": frozenset({"vB", "vC"})})
        return {name: replace(reader) for name, reader in self._readers.items()}

    def stand_behind(self, behind: dict[str, frozenset[str]]) -> None:
        """Have these businesses stand behind these vendors, and no others behind any."""
        self._behind = behind
        rows = ", ".join(f"('{vendor}', '{name}')" for name, vendors in behind.items() for vendor in vendors)
        insert = f"insert into gold.vendor_businesses values {rows};" if rows else ""
        self.shop.publish(f"delete from gold.vendor_businesses; {insert}", ["gold.vendor_businesses"])

    def change_hands(self, business: str, vendors: frozenset[str]) -> None:
        """Have a business stand behind these vendors from now on."""
        self.stand_behind({**self._behind, business: vendors})

    def owned(self, reader: Reader) -> frozenset[str]:
        """The vendors whose rows there are for a reader, by its own ids and those of its businesses."""
        return reader.vendors.union(*(self._behind.get(each, frozenset()) for each in reader.businesses))

    def sql(self, text: str) -> list[tuple[Any, ...]]:
        with self.shop.file.records() as cursor:
            return list(cursor.execute(text).fetchall())


def shop_tables(shop: Shop) -> list[str]:
    with shop.file.records() as cursor:
        found = cursor.execute("select table_name from duckdb_tables() where schema_name = 'gold'").fetchall()
    return [f"gold.{name}" for (name,) in found]


def changed(policies: Policies, roles: set[str], **change: Any) -> Policies:
    """The same policies, but for something of these roles."""
    return Policies(replace(each, **change) if each.role.value in roles else each for each in policies)


def shown(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def told(response: Any) -> str:
    return f"{response.status_code} {dict(response.headers)} {content_of(response)}"
