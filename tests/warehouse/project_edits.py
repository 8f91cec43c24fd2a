"""The rows of a first release, and edits of the project that published it."""

from __future__ import annotations

from tests.warehouse.edited_project import Row

SALES: list[Row] = [
    {"id": "1", "buyer": "7", "at": "2026-03-01", "total": "10", "state": "done", "channel": "web"},
    {"id": "2", "buyer": "8", "at": "2026-03-02", "total": "20", "state": "gone", "channel": "app"},
    {"id": "3", "buyer": "8", "at": "2026-03-03", "total": "30", "state": "odd", "channel": None},
]
LINES: list[Row] = [{"id": "a", "sale": "1", "count": "2"}, {"id": "b", "sale": "2", "count": "3"}]
VIEW = "{{ config(materialized='view') }}\n"
COLUMN_EDITS = {
    "added at the end": ("total_amount\nfrom", "total_amount,\n    status\nfrom"),
    "added in the middle": ("customer_id,", "customer_id,\n    status,"),
    "dropped": ("    order_date,\n", ""),
    "retyped to text": ("order_date,", "cast(order_date as varchar) as order_date,"),
    "retyped to a narrower number": ("total_amount\n", "cast(total_amount as integer) as total_amount\n"),
    "retyped to more digits": ("total_amount\n", "cast(total_amount as decimal(24, 6)) as total_amount\n"),
    "swapped with one of its type": (
        "order_id,\n    customer_id,",
        "customer_id as order_id,\n    order_id as customer_id,",
    ),
    "reordered": ("order_id,\n    customer_id,", "customer_id,\n    order_id,"),
    "renamed": ("order_date,", "order_date as ordered_on,"),
}
"""What changes the columns of `gold.kept`: a text of it, and what stands there then."""
