"""What roles may see, as the users page is told: all, its own, and nothing."""

from __future__ import annotations

from amalimart.semantic.role_policies import ReadDataset, RolePolicy, RowWords

POLICIES = (
    RolePolicy(
        "admin",
        "Runs the marketplace; sees everything, personal data too.",
        has_policy=True,
        is_scoped=False,
        classes=("public", "internal", "personal"),
        metrics=None,
        dimensions=None,
        datasets=(ReadDataset("orders", RowWords("all"), ()), ReadDataset("customers", RowWords("all"), ())),
    ),
    RolePolicy(
        "vendor",
        "Sells; sees its own products, sales and returns.",
        has_policy=True,
        is_scoped=True,
        classes=("public", "internal"),
        metrics=("gmv", "item_gmv", "products_sold"),
        dimensions=("category", "vendor"),
        datasets=(
            ReadDataset("order_items", RowWords("own", "vendor_id", "vendor_ids"), ("cost_price",)),
            ReadDataset("orders", RowWords("through", "order_id", "order_items"), ("customer_id", "phone")),
        ),
    ),
    RolePolicy(
        "service",
        "",
        has_policy=False,
        is_scoped=False,
        classes=(),
        metrics=(),
        dimensions=(),
        datasets=(),
    ),
)
