"""Roles of a project's own: copies that permit less, never more than the admin; mistakes with their place."""

from __future__ import annotations

from pathlib import Path

import pytest

import amalimart
from amalimart.access.policies import Policies, load_policies, read_policies
from amalimart.access.principal import Role
from amalimart.access.rules import Mask
from amalimart.core.errors import ConfigError, Denied
from amalimart.semantic.loading import load_model
from amalimart.semantic.policy_check import check_policies

MARKETPLACE = Path(amalimart.__file__).parent / "marketplace"
MODEL = load_model([MARKETPLACE / "semantic"])
CLERK = """role: shop_clerk
extends: vendor
description: Counts what is in store.
metrics: [units_in_stock, listed_products]
dimensions: [product, category]
"""


def written(folder: Path, **files: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.yml").write_text(text, encoding="utf-8")
    return folder


def read(folder: Path, **files: str) -> Policies:
    policies = load_policies([MARKETPLACE / "policies", written(folder, **files)])
    check_policies(MODEL, policies)
    return policies


def test_a_role_of_a_name_is_one_object_and_none_of_those_of_the_product() -> None:
    assert Role("shop_clerk") is Role("shop_clerk")
    assert not Role("shop_clerk").is_packaged
    assert Role("vendor") is Role.VENDOR
    assert Role("shop_clerk") not in list(Role)
    for text in ("Shop Clerk", "", "a" * 64, "a;b"):
        with pytest.raises(ValueError, match="not a valid Role"):
            Role(text)


def test_a_narrower_copy_has_what_it_is_given_and_the_rest_of_what_it_copies(tmp_path: Path) -> None:
    policies = read(tmp_path / "p", shop_clerk=CLERK)
    clerk, vendor = Role("shop_clerk"), Role.VENDOR
    assert policies.policy(clerk).metrics == frozenset({"units_in_stock", "listed_products"})
    assert policies.policy(clerk).rules == policies.policy(vendor).rules
    assert policies.policy(clerk).classes == policies.policy(vendor).classes
    assert policies.fingerprint(clerk) != policies.fingerprint(vendor)
    assert clerk in policies.roles


def test_a_copy_under_the_same_name_narrows_what_it_replaces(tmp_path: Path) -> None:
    text = "role: vendor\nextends: vendor\ndescription: Sells.\n"
    text += "without: {metrics: [take_rate], datasets: [payouts]}\n"
    policies = read(tmp_path / "p", vendor=text, shop_clerk=CLERK)
    assert not policies.may_use_metric(Role.VENDOR, "take_rate")
    assert policies.may_use_metric(Role.VENDOR, "total_revenue")
    with pytest.raises(Denied):
        policies.scan_rule(Role("shop_clerk"), "payouts")  # it copies what the project says of a vendor


@pytest.mark.parametrize(
    ("old", "new", "said", "line"),
    [
        ("extends: vendor", "extends: vendr", "extends vendr", 2),
        ("extends: vendor", "extends: shop_clerk", "extends shop_clerk", 2),
        ("units_in_stock", "gmv", "gmv among its metrics", 4),
        ("units_in_stock", "units_in_stok", "units_in_stok", 4),
        ("product, category", "customer", "customer among its dimensions", 5),
        ("metrics: [units_in_stock, listed_products]", "metrics: all", "all metrics", 4),
        ("dimensions: [product, category]", "classes: [public, personal]", "personal", 5),
        ("dimensions: [product, category]", "datasets: all", "all datasets", 5),
        ("dimensions: [product, category]", "datasets: {payments: {rows: all, columns: all}}", "payments", 5),
        (
            "dimensions: [product, category]",
            "datasets: {products: {rows: all, columns: all}}",
            "other rows of products",
            5,
        ),
        (
            "dimensions: [product, category]",
            "datasets:\n  returns:\n    rows: {own: vendor_id, of: vendor_ids}\n    columns: [customer_id]",
            "customer_id of returns",
            8,
        ),
        ("dimensions: [product, category]", "without: {metrics: [gmv]}", "cannot be left out", 5),
        ("dimensions: [product, category]", "masks: {reviews: {comment: initial}}", "comment", 5),
        ("dimensions: [product, category]", "masks: {customers: {full_name: initial}}", "customers", 5),
        (
            "dimensions: [product, category]",
            "masks: {products: {product_id: initial}}",
            "cannot be masked",
            5,
        ),
        ("dimensions: [product, category]", "dimension: [product]", "unknown key", 5),
    ],
)
def test_a_copy_that_permits_more_is_refused_with_its_place(
    tmp_path: Path, old: str, new: str, said: str, line: int
) -> None:
    with pytest.raises(ConfigError) as error:
        read(tmp_path / "p", shop_clerk=CLERK.replace(old, new))
    assert said in str(error.value)
    assert error.value.where == f"{tmp_path / 'p' / 'shop_clerk.yml'}:{line}"


def test_a_role_of_ones_own_sees_no_more_than_the_admin(tmp_path: Path) -> None:
    own = (
        "role: auditor\ndescription: Looks.\nclasses: [public, internal, personal]\n"
        "datasets: all\nmetrics: all\ndimensions: all\n"
    )
    read(tmp_path / "as_much", auditor=own)
    admin = own.replace("role: auditor", "role: admin") + "masks: {customers: {full_name: initial}}\n"
    with pytest.raises(ConfigError, match="full_name of customers"):
        read(tmp_path / "more", auditor=own, admin=admin)
    masked = own + "masks: {customers: {full_name: empty}}\n"
    policies = read(tmp_path / "less", auditor=masked, admin=admin)
    assert policies.scan_rule(Role("auditor"), "customers").masks == {"full_name": Mask.EMPTY}


def test_the_file_of_an_own_role_has_its_name_so_that_a_misspelt_role_is_none(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as error:
        read(tmp_path / "p", vendor=CLERK.replace("shop_clerk", "vendors"))
    assert error.value.nearest == "vendor"


BROKEN = [
    ({"vendor": "role: vendor\nmetrics: [\n"}, {Role.VENDOR, Role("shop_clerk")}),
    ({"shop_clerk": "role: shop_clerk\nextends: nobody\ndescription: x\n"}, {Role("shop_clerk")}),
    ({"sellers": "role: vendor\nunknown: 1\n"}, {Role.VENDOR, Role("shop_clerk")}),
    ({"analyst": "\t"}, {Role.ANALYST}),
    ({"x": "\t"}, {*Role, Role("shop_clerk")} - {Role.ADMIN}),
    ({"admin": "role: admin"}, {Role.ADMIN}),
]


@pytest.mark.parametrize(("files", "closed"), BROKEN)
def test_a_file_that_cannot_be_read_closes_the_roles_it_speaks_of_and_no_others(
    tmp_path: Path, files: dict[str, str], closed: set[Role]
) -> None:
    folder = written(tmp_path / "p", **{"shop_clerk": CLERK, **files})
    found = read_policies([MARKETPLACE / "policies", folder])
    assert len(found.broken) == 1
    assert found.policies.closed == closed
    for role in (*Role, Role("shop_clerk")):
        if role in closed:
            with pytest.raises(Denied):
                found.policies.policy(role)
            assert not found.policies.may_use_metric(role, "total_revenue")
        else:
            assert found.policies.policy(role).role is role
