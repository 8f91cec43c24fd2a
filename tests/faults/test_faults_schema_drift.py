"""The shop changes its tables under load: each is followed, taken up anew or stopped, and no other waits."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
import pytest

from amalimart.orchestrate.sources.resnapshots import pending_resnapshot, request_resnapshot
from tests.faults.attacked import Attacked
from tests.faults.ingest_process import IngestProcess, make_project, no_defect
from tests.faults.lake_oracle import SOURCE, lake_digest
from tests.faults.load import Load, Plan, fill, mark
from tests.faults.postgres_shop import PostgresShop
from tests.faults.shop import TABLES, Column, Kind, Table, mapping_yaml
from tests.faults.verdict import Figures, every_transaction_once, lake_is_whole, same_rows

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

_W, _T, _L, _D = Kind.WHOLE, Kind.TEXT, Kind.LOCAL, Kind.DECIMAL
OUTCOME_SECONDS = 60.0


def small(name: str, entity: str, *columns: Column, **constants: str) -> Table:
    return Table(name, entity, (columns[0].name,), columns, constants)


@dataclass(frozen=True)
class Drift:
    """One change of one table.

    change   what the shop runs; {table} is its name
    after    the table as it is then
    insert   columns and values of a row that is written afterwards; {id} is its key
    stops    whether the table stops until somebody corrects it by `repair`
    mapped   the table as the mapping knows it, where that is not how it was made
    """

    what: str
    table: Table
    change: Sequence[str]
    after: Table
    insert: str
    stops: bool = False
    repair: Sequence[str] = ()
    mapped: Table | None = None


CATEGORIES = small(
    "categories", "categories", Column("id", _W, "category_id"), Column("name", _T, "category_name", "40")
)
WISHLISTS = small(
    "wishlists",
    "wishlists",
    Column("id", _W, "wishlist_id"),
    Column("customer", _W, "customer_id"),
    Column("made_at", _L, "created_at"),
)
WISHES = small(
    "wishes",
    "wishlist_items",
    Column("id", _W, "wishlist_item_id"),
    Column("wishlist", _W, "wishlist_id"),
    Column("product", _W, "product_id"),
)
RETURNS = small(
    "returns",
    "returns",
    Column("id", _W, "return_id"),
    Column("asked_at", _L, "request_at"),
    Column("reason", _T, "reason", "40"),
)
VARIANTS = small(
    "variants",
    "product_variants",
    Column("id", _W, "variant_id"),
    Column("value", _T, "variant_value", "10"),
)
CART_ITEMS = small(
    "cart_items",
    "cart_items",
    Column("id", _W, "cart_item_id"),
    Column("unit_price", _D, "unit_price", "10,2"),
)
MESSAGES = small("messages", "messages", Column("id", _W, "message_id"), Column("sender", _W, "sender_id"))
IMAGES = small("images", "product_images", Column("id", _W, "image_id"), Column("product", _W, "product_id"))
PAYMENTS = small(
    "payments",
    "payments",
    Column("id", _W, "payment_id"),
    Column("amount", _D, "amount", "10,2"),
    currency="GHS",
)
MADE_AT = Column("changed_at", _L, "updated_at")
OPTIONAL = ("wishlists.changed_at", "wishes.product")


def drifts(kind: str) -> list[Drift]:
    """The eight kinds, and a truncate, in the words of either database."""
    to_text = "alter column unit_price type text" if kind == "postgres" else "modify unit_price varchar(20)"
    to_wide = "alter column value type varchar(90)" if kind == "postgres" else "modify value varchar(90)"
    to_decimal = (
        "alter column unit_price type numeric(10,2) using unit_price::numeric"
        if kind == "postgres"
        else "modify unit_price decimal(10,2)"
    )
    narrower = replace(WISHES, columns=WISHES.columns[:2])
    wider = replace(WISHLISTS, columns=(*WISHLISTS.columns, MADE_AT))
    return [
        Drift(
            "a column added",
            CATEGORIES,
            ["alter table {table} add column colour varchar(9) default 'red'"],
            CATEGORIES,
            "insert into {table} values ({id}, 'new', 'blue')",
        ),
        Drift(
            "a mapped column added",
            WISHLISTS,
            ["alter table {table} add column changed_at timestamp default '2026-02-03 04:05:06'"],
            wider,
            "insert into {table} values ({id}, 1, '2026-01-01', '2026-03-03')",
            mapped=wider,
        ),
        Drift(
            "a column dropped",
            WISHES,
            ["alter table {table} drop column product"],
            narrower,
            "insert into {table} values ({id}, 1)",
        ),
        Drift(
            "a column renamed",
            RETURNS,
            ["alter table {table} rename column asked_at to requested_at"],
            RETURNS,
            "insert into {table} values ({id}, '2026-01-01', 'new')",
            stops=True,
            repair=["alter table {table} rename column requested_at to asked_at"],
        ),
        Drift(
            "a column widened",
            VARIANTS,
            [f"alter table {{table}} {to_wide}"],
            VARIANTS,
            "insert into {table} values ({id}, 'much longer than ten characters')",
        ),
        Drift(
            "a column retyped",
            CART_ITEMS,
            [f"alter table {{table}} {to_text}"],
            CART_ITEMS,
            "insert into {table} values ({id}, '3.50')",
            stops=True,
            repair=[f"alter table {{table}} {to_decimal}"],
        ),
        Drift(
            "a table renamed",
            MESSAGES,
            ["alter table {table} rename to mails"],
            MESSAGES,
            "insert into mails values ({id}, 1)",
            stops=True,
            repair=["alter table mails rename to {table}"],
        ),
        Drift(
            "a table made anew",
            IMAGES,
            ["drop table {table}", "create table {table} (id bigint primary key, product bigint)"],
            IMAGES,
            "insert into {table} values ({id}, 1)",
        ),
        Drift(
            "a table emptied",
            PAYMENTS,
            ["truncate table {table}"],
            PAYMENTS,
            "insert into {table} values ({id}, 3.50)",
        ),
    ]


def migrate(attacked: Attacked, table: str, statements: Sequence[str]) -> None:
    """Run a migration as the shop would: PostgreSQL protects columns that a publication lists."""
    for statement in statements:
        try:
            attacked.shop.run(statement.format(table=table))
        except psycopg.errors.DependentObjectsStillExist:
            assert isinstance(attacked.shop, PostgresShop)
            publication = attacked.shop.scalar("select pubname from pg_publication")
            attacked.shop.run(f'alter publication "{publication}" drop table {table}')
            attacked.shop.run(statement.format(table=table))


def test_eight_kinds_of_drift_under_load(
    attacked: Attacked, home: Path, started: Callable[..., IngestProcess], figures: Figures, seed: int
) -> None:
    began = time.monotonic()
    shop, plan = attacked.shop, drifts(attacked.kind)
    mapped = [*TABLES, *(drift.mapped or drift.table for drift in plan)]
    shop.make()
    shop.make(drift.table for drift in plan)
    for drift in plan:
        for number in range(5):
            shop.run(_row(drift.table, number))
    fill(shop, orders=3_000, products=500)
    project = make_project(home, attacked.kind, shop.url(), mapping_yaml(mapped, optional=OPTIONAL))
    process = started(home)
    process.wait("the stream", lambda: process.report().get("state") == "following")
    waits: dict[str, float] = {}
    with Load(shop, Plan(per_second=6, bulk_every=8), seed) as load:
        for number, drift in enumerate(plan, start=1):
            migrate(attacked, drift.table.name, drift.change)
            for row in range(10, 15):
                shop.run(drift.insert.format(table=drift.table.name, id=row))
            mark(shop, number)
            waits[drift.what] = process.wait_for_entry(number)
            if drift.stops:
                process.wait(
                    f"{drift.table.name} to stop",
                    lambda name=drift.table.name: name in process.report().get("stopped", {}),  # type: ignore[misc]
                )
                reason = process.report()["stopped"][drift.table.name]
                assert "resnapshot" in reason
                assert set(process.report()["stopped"]) == {drift.table.name}
                migrate(attacked, drift.table.name, drift.repair)
                request_resnapshot(project, SOURCE, [drift.table.name])
                process.wait("the new snapshot", lambda: pending_resnapshot(project, SOURCE) is None)
            process.wait(
                f"{drift.table.name} after {drift.what}",
                lambda drift=drift: lake_digest(home, drift.after) == shop.digest(drift.after),  # type: ignore[misc]
                OUTCOME_SECONDS,
            )
            process.wait("a calm", lambda: process.report().get("stopped") == {})
        load.check()
    mark(shop, 1000)
    process.wait_for_entry(1000)
    process.stop()
    rows = same_rows(home, shop, [*TABLES, *(drift.after for drift in plan)])
    count = every_transaction_once(home, shop, overlap=attacked.overlap)
    lake_is_whole(home)
    no_defect(home)
    slowest = max(waits, key=lambda what: waits[what])
    figures(
        f"{attacked.name}, {len(plan)} kinds of drift: other tables waited {waits[slowest]:.1f} s at most"
        f" ({slowest}); {count:,} transactions, {rows:,} rows equal; {time.monotonic() - began:.0f} s"
    )


def _row(table: Table, number: int) -> str:
    samples = {_W: "7", _T: "'text'", _L: "'2026-01-01 00:00:00'", _D: "1.25"}
    values = [str(number), *(samples[column.kind] for column in table.columns[1:])]
    return f"insert into {table.name} values ({', '.join(values)})"
