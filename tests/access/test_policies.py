"""Policies without an engine: default deny, one file a role, mistakes with their place."""

from __future__ import annotations

from pathlib import Path

import pytest

import amalimart
from amalimart.access.policies import Policies, load_policies
from amalimart.access.principal import Principal, Role
from amalimart.access.rules import AllRows, DataClass, OwnIds, OwnRows, RowsThrough
from amalimart.core.errors import ConfigError, Denied

PACKAGED = Path(amalimart.__file__).parent / "marketplace" / "policies"
GOOD = """role: vendor
description: Sells.
classes: [public]
datasets:
  order_items:
    rows: {own: vendor_id, of: vendor_ids}
    columns: [vendor_id, quantity]
  orders:
    rows: {through: order_items, column: order_id}
    columns: [order_id]
metrics: [total_units_sold]
dimensions: []
"""


def written(folder: Path, text: str, name: str = "vendor.yml") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_a_role_without_a_policy_may_nothing() -> None:
    policies = Policies([])
    for role in Role:
        with pytest.raises(Denied):
            policies.scan_rule(role, "orders")
        assert not policies.may_use_metric(role, "gmv")
        assert not policies.may_use_dimension(role, "vendor")
        assert policies.is_scoped(Principal("x", role))


def test_what_a_policy_does_not_name_is_denied(tmp_path: Path) -> None:
    policies = load_policies([written(tmp_path / "p", GOOD)])
    with pytest.raises(Denied):
        policies.scan_rule(Role.VENDOR, "payments")
    with pytest.raises(Denied):
        policies.scan_rule(Role.ADMIN, "orders")
    rule = policies.scan_rule(Role.VENDOR, "order_items")
    assert rule.rows == OwnRows("vendor_id", OwnIds.VENDOR)
    assert rule.allows("quantity", DataClass.PUBLIC)
    assert not rule.allows("quantity", DataClass.INTERNAL)
    assert not rule.allows("unit_price", DataClass.PUBLIC)
    assert policies.scan_rule(Role.VENDOR, "orders").rows == RowsThrough("order_items", "order_id")
    assert not policies.may_use_metric(Role.VENDOR, "gmv")
    assert not policies.may_use_dimension(Role.VENDOR, "vendor")


def test_every_role_has_a_packaged_policy() -> None:
    policies = load_policies([PACKAGED])
    assert {policy.role for policy in policies} == set(Role)
    assert policies.scan_rule(Role.ADMIN, "orders").rows == AllRows()
    scoped = {role for role in Role if policies.is_scoped(Principal("x", role))}
    assert scoped == {Role.VENDOR, Role.DELIVERY}
    personal = {policy.role for policy in policies if DataClass.PERSONAL in policy.classes}
    assert personal == {Role.ADMIN, Role.EXECUTIVE}


def test_a_vendor_reads_no_money_of_an_order() -> None:
    rule = load_policies([PACKAGED]).scan_rule(Role.VENDOR, "orders")
    for column in ("total_amount", "discount_amount", "delivery_fee", "tax_amount", "customer_id"):
        assert not rule.allows(column, DataClass.INTERNAL)


def test_a_later_folder_replaces_a_role_as_a_whole(tmp_path: Path) -> None:
    policies = load_policies([PACKAGED, written(tmp_path / "p", GOOD)])
    assert not policies.may_use_metric(Role.VENDOR, "total_revenue")
    assert policies.may_use_metric(Role.ADMIN, "total_revenue")


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("role: vendor", "role: vendors", 1),
        ("classes: [public]", "classes: [secret]", 3),
        ("classes: [public]", "classes: []", 3),
        ("of: vendor_ids", "of: vendor_id", 6),
        ("{own: vendor_id, of: vendor_ids}", "{own: vendor_id}", 6),
        ("{own: vendor_id, of: vendor_ids}", "none", 6),
        ("metrics: [total_units_sold]", "metrics: [total_units_sold]\nmetric: all", 12),
        ("metrics: [total_units_sold]", "metrics:", 11),
        ("columns: [order_id]", "columns:", 10),
        ("metrics: [total_units_sold]", "metrics: some", 11),
    ],
)
def test_a_mistake_names_its_line(tmp_path: Path, old: str, new: str, line: int) -> None:
    folder = written(tmp_path / "p", GOOD.replace(old, new))
    with pytest.raises(ConfigError) as error:
        load_policies([folder])
    assert error.value.where == f"{folder / 'vendor.yml'}:{line}"


def test_rows_through_must_lead_somewhere(tmp_path: Path) -> None:
    for text in (
        GOOD.replace("through: order_items", "through: payments"),
        GOOD.replace("{own: vendor_id, of: vendor_ids}", "{through: orders, column: order_id}"),
    ):
        with pytest.raises(ConfigError, match="the rows of"):
            load_policies([written(tmp_path / "p", text)])


def test_one_policy_a_role(tmp_path: Path) -> None:
    written(tmp_path / "p", GOOD)
    with pytest.raises(ConfigError, match="two policies"):
        load_policies([written(tmp_path / "p", GOOD, "other.yml")])


def test_own_ids_are_in_order() -> None:
    principal = Principal(
        "x",
        Role.VENDOR,
        vendor_ids=frozenset({"b", "a"}),
        delivery_partner_ids=frozenset({"d"}),
        business_ids=frozenset({"z", "y"}),
    )
    assert OwnIds.BUSINESS.of(principal) == ("y", "z")
    assert OwnIds.VENDOR.of(principal) == ("a", "b")
    assert OwnIds.DELIVERY_PARTNER.of(principal) == ("d",)
