"""What must stand in the tables of a whole shop at a position: counted apart, over the lake's own files.

Nothing of the models is used: the rows are picked, refused and added up by SQL written here, and what
belongs together inside one release is asked of several relations at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from amalimart.warehouse.file.reading import ReadTransaction
from tests.warehouse.whole_shop import SOURCE, WholeShop

_REFUSED = {
    "orders": "order_date is null or order_date = 'soon' or total_amount is null or total_amount = 'ten'"
    " or currency is null",
    "order_items": "quantity is null or quantity = '2.5' or unit_price is null or unit_price = 'ten'"
    " or currency is null",
    "payments": "amount is null or amount = 'ten' or currency is null",
    "shipments": "false",
}
_MONEY = {
    "orders": "total_amount",
    "order_items": "unit_price",
    "payments": "amount",
    "shipments": "delivery_fee",
}
_FACTS = {
    "orders": "select count(*), sum(total_amount) from gold.fact_orders",
    "order_items": "select count(*), sum(item_amount) from gold.fact_order_items",
    "payments": "select count(*), sum(amount) from gold.fact_payments",
    "shipments": "select count(*), sum(delivery_fee) from gold.fact_shipments",
}
TOGETHER = {
    "customers": (
        "select count(*), sum(total_amount) from gold.fact_orders where customer_id is not null",
        "select sum(order_count), sum(lifetime_value) from gold.customer_insights",
    ),
    "days of payment methods": (
        "select count(*), sum(amount) from gold.fact_payments where payment_date is not null",
        "select sum(payment_count), sum(payment_amount) from gold.payment_methods",
    ),
    "days of parcels": (
        "select count(*) from gold.fact_shipments where order_date is not null",
        "select sum(shipment_count) from gold.shipping_performance",
    ),
    "days of products": (
        "select count(*), sum(item_amount) from gold.fact_order_items where order_date is not null",
        "select sum(line_count), sum(item_revenue) from gold.sales_and_product_performance",
    ),
    "days of categories": (
        "select sum(line_count), sum(item_revenue) from gold.sales_and_product_performance",
        "select sum(line_count), sum(item_revenue) from gold.category_performance",
    ),
    "the timeline": (
        "select count(*) from gold.fact_order_status_changes",
        "select count(*) from silver.order_timeline where not is_test",
    ),
    "quarantine": (
        "select count(*) from silver.quarantine",
        "select sum(quarantined_rows) from silver.reconciliation",
    ),
}
"""What is told by two relations of one release, and must be told alike."""


@dataclass(frozen=True)
class Account:
    """Where the rows of one table ended, and the money of those in its fact."""

    landed: int
    quarantined: int
    filtered: int
    in_fact: int
    money: str


class Books:
    """The accounts of a shop as of any of its commits, up to one."""

    def __init__(self, shop: WholeShop, version: int) -> None:
        """Seals what is in the journal, so that all rows are in files."""
        with shop.lake.writer(SOURCE) as writer:
            writer.seal()
        live = shop.lake.live_files(SOURCE)
        self._engine = duckdb.connect()
        for entity, refused in _REFUSED.items():
            paths = [str(path) for path in live[entity].paths]
            self._engine.execute(
                f"create table landed_{entity} as select *, ({refused}) as is_refused"
                f" from read_parquet({paths}, union_by_name = true) where _batch <= {version}"
            )

    def at(self, version: int) -> dict[str, Account]:
        """Table -> its account as of a commit."""
        for entity in _REFUSED:
            key = "order_item_id" if entity == "order_items" else f"{entity.removesuffix('s')}_id"
            self._engine.execute(
                f"create or replace table {entity} as select * from (select *, row_number()"
                f" over (partition by {key} order by _batch desc, _sequence desc) as place"
                f" from landed_{entity} where _batch <= {version}) where place = 1 and _op <> 'delete'"
            )
        self._engine.execute(
            "create or replace table trials as"
            " select order_id from orders where is_test = 'true' and not is_refused"
        )
        return {entity: self._account(entity, version) for entity in _REFUSED}

    def _account(self, entity: str, version: int) -> Account:
        cents = f"round(cast(nullif({_MONEY[entity]}, 'ten') as decimal(18, 3)), 2)"
        money = f"cast(quantity as bigint) * {cents}" if entity == "order_items" else cents
        in_fact = "not is_refused and coalesce(order_id not in (from trials), true)"
        found = self._engine.execute(
            f"select (select count(*) from landed_{entity} where _batch <= {version}),"
            " count(*) filter (where is_refused),"
            " count(*) filter (where not is_refused and order_id in (from trials)),"
            f" count(*) filter (where {in_fact}), coalesce(sum(case when {in_fact} then {money} end), 0)"
            f" from {entity}"
        ).fetchone()
        assert found is not None
        landed, quarantined, filtered, accepted, amount = found
        return Account(landed, quarantined, filtered, accepted, f"{amount:.2f}")


def published_accounts(transaction: ReadTransaction) -> dict[str, Account]:
    """The same, as a release tells it."""
    told = {}
    for entity, question in _FACTS.items():
        ((landed, accepted),) = transaction.rows(
            "select landed_rows, accepted_rows from silver.reconciliation where entity = ?", [entity]
        ).rows
        ((quarantined,),) = transaction.rows(
            "select count(*) from silver.quarantine where entity = ?", [entity]
        ).rows
        ((in_fact, money),) = transaction.rows(question).rows
        told[entity] = Account(landed, quarantined, accepted - in_fact, in_fact, f"{money or 0:.2f}")
    return told


def told_apart(transaction: ReadTransaction) -> dict[str, tuple[object, object]]:
    """What two relations of the release tell differently; nothing where it is one release."""
    found: dict[str, tuple[object, object]] = {}
    for name, (one, other) in TOGETHER.items():
        first, second = transaction.rows(one).rows[0], transaction.rows(other).rows[0]
        if tuple(value or 0 for value in first) != tuple(value or 0 for value in second):
            found[name] = (first, second)
    newest = transaction.rows("select max(release_id) from meta.releases").rows[0][0]
    if newest != transaction.release.release_id:
        found["the release"] = (newest, transaction.release.release_id)
    return found
