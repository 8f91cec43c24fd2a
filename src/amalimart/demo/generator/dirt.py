"""The dirt of the simulated shop: every deliberate defect, how often it occurs, and how many were made.

This is the only place that decides which rows are defective; the generators that ask carry out the
defect on exactly the rows they are told, so the tally reconciles with the data to the row.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from amalimart.demo.generator.rows import Flags


@dataclass(frozen=True, slots=True)
class Defect:
    """One kind of dirt: the table it is in, its share of the rows it may strike, what it looks like."""

    name: str
    table: str
    share: float
    description: str


def _defects(*defects: Defect) -> dict[str, Defect]:
    return {defect.name: defect for defect in defects}


DEFECTS = _defects(
    Defect("user_updated_before_created", "users", 0.02, "updated_at lies before created_at"),
    Defect("email_differs_in_case", "users", 0.004, "the address of an earlier account again, in other case"),
    Defect("gender_missing", "users", 0.03, "a customer's gender is null"),
    Defect("gender_alias", "users", 0.02, "gender written as 'female', 'F', 'male' or 'M'"),
    Defect("birth_date_missing", "users", 0.04, "a customer's birth date is null"),
    Defect("sku_duplicated", "products", 0.01, "the SKU of an earlier product again"),
    Defect("product_name_right_to_left", "products", 0.0, "one product name in Arabic script"),
    Defect("product_category_twice", "product_categories", 0.01, "the same product and category twice"),
    Defect("product_tag_twice", "product_tags", 0.01, "the same product and tag twice"),
    Defect("vendor_name_very_long", "vendors", 0.0, "one vendor name of 200 characters"),
    Defect("vendor_name_with_script", "vendors", 0.0, "one vendor name with <script> text"),
    Defect("order_of_non_customer", "orders", 0.01, "placed by a vendor's or an employee's account"),
    Defect("test_order", "orders", 0.002, "placed by the team to try the shop: is_test is true"),
    Defect("order_updated_before_created", "orders", 0.005, "updated_at lies before created_at"),
    Defect("unknown_product", "order_items", 0.006, "product_id of a product that was hard-deleted"),
    Defect("zero_quantity", "order_items", 0.001, "quantity is 0 while line_total is kept"),
    Defect("unit_price_missing", "order_items", 0.001, "unit_price is null while line_total is kept"),
    Defect(
        "payment_method_alias", "payments", 0.05, "method in another spelling: 'Mobile Money', 'COD', ..."
    ),
    Defect("paid_at_on_failed_payment", "payments", 0.25, "paid_at is set although the attempt failed"),
    Defect("delivered_before_ordered", "shipments", 0.004, "delivered_at lies on a day before the order"),
    Defect("ticket_category_missing", "support_tickets", 0.03, "the category of a ticket is null"),
)


class Dirt:
    """Chooses defective rows and counts them."""

    def __init__(self) -> None:
        self._tally: Counter[str] = Counter(dict.fromkeys(DEFECTS, 0))

    def strike(self, name: str, eligible: Flags, dice: np.random.Generator) -> Flags:
        """Which of the eligible rows carry the defect; they are counted as made."""
        struck = eligible & (dice.random(len(eligible)) < DEFECTS[name].share)
        self._tally[name] += int(struck.sum())
        return struck

    def made(self, name: str, count: int = 1) -> None:
        """Count defects that were placed by hand. Raises KeyError for an unknown defect."""
        self._tally[DEFECTS[name].name] += count

    @property
    def tally(self) -> dict[str, int]:
        """How many rows carry each defect so far."""
        return dict(self._tally)
