"""Who may sign in to try the product: one person per role, with ids that exist in the loaded shop."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg

from amalimart.core.errors import ConfigError
from amalimart.demo.source import load_report


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """One demo sign-in. `role` is a role of the product; the ids are the rows a scoped role may see."""

    email: str
    display_name: str
    role: str
    vendor_ids: tuple[str, ...] = ()
    delivery_partner_ids: tuple[str, ...] = ()


def demo_accounts(dsn: str) -> list[DemoAccount]:
    """The demo users of a loaded shop: one per role, and two vendors of very different size.

    By what was loaded, so that live orders change no one: the large vendor sold most, the small one
    least among those with ten lines sold. Raises SourceUnreachable where the shop does not answer,
    ConfigError where it is not a demo shop.
    """
    loaded = load_report(dsn).orders
    with psycopg.connect(dsn) as shop:
        vendors = shop.execute(
            """
            select v.vendor_id::text, v.vendor_name
            from vendors v
            join order_items i using (vendor_id)
            where
                i.order_id <= %s
                and v.status = 'APPROVED'
                and length(v.vendor_name) < 60
                and v.vendor_name not like '%%<%%'
            group by v.vendor_id
            having count(*) >= 10
            order by sum(i.line_total) desc, v.vendor_id
            """,
            (loaded,),
        ).fetchall()
        partner = shop.execute(
            """
            select p.delivery_partner_id::text, p.partner_name
            from delivery_partners p
            join shipments s using (delivery_partner_id)
            where s.order_id <= %s
            group by p.delivery_partner_id
            order by count(*) desc, p.delivery_partner_id
            limit 1
            """,
            (loaded,),
        ).fetchone()
    if len(vendors) < 2 or partner is None:
        raise ConfigError(
            "the demo shop is too small for two vendors and a delivery partner",
            expected="at least two vendors with ten lines sold",
            next_step="ask for more orders: `make demo-reset`, then `make demo ORDERS=20000`",
        )
    (large, *_, small), (rider_id, rider_name) = vendors, partner
    return [
        DemoAccount("admin@amalimart.example", "Abena Owusu", "admin"),
        DemoAccount("executive@amalimart.example", "Kojo Mensah", "executive"),
        DemoAccount("vendor.large@amalimart.example", str(large[1]), "vendor", vendor_ids=(str(large[0]),)),
        DemoAccount("vendor.small@amalimart.example", str(small[1]), "vendor", vendor_ids=(str(small[0]),)),
        DemoAccount("support@amalimart.example", "Efua Asante", "support"),
        DemoAccount(
            "delivery@amalimart.example", str(rider_name), "delivery", delivery_partner_ids=(str(rider_id),)
        ),
        DemoAccount("analyst@amalimart.example", "Yaw Boateng", "analyst"),
    ]
