"""A masked value leaves the scan masked: it is shown, and nothing is found out by what is under the mask."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from amalimart.access.policies import Policies
from amalimart.access.principal import Principal, Role
from amalimart.access.rules import Mask
from amalimart.core.errors import AmalimartError, Denied, Masked
from amalimart.semantic.question import Operator
from amalimart.semantic.row_lists import RowCondition, RowQuestion

if TYPE_CHECKING:
    from amalimart.semantic.answer import Answer
    from tests.semantic.conftest import Shop

ANALYST = Principal("a", Role.ANALYST)
KEY = "0123456789abcdef"
NAMES = {"c1": "Esi Mensah", "c2": "Yaw Boateng", "c3": "Ama Owusu"}


def masking(shop: Shop, *, key: str | None = KEY, **masks: Mask) -> None:
    """Have the analyst see columns of customers masked."""
    ruled = [
        replace(policy, masks={"customers": masks}) if policy.role is Role.ANALYST else policy
        for policy in shop.policies
    ]
    shop.service.govern(Policies(ruled, mask_key=key))


def hashed(text: str) -> str:
    inner = hashlib.sha256((KEY + text).encode()).hexdigest()
    return hashlib.sha256((KEY + inner).encode()).hexdigest()[:16]


def customers(answer: Answer) -> dict[str, str]:
    names = [column.name for column in answer.columns]
    key, label = names.index("customer_id"), names.index("customer")
    return {row[key]: row[label] for row in answer.rows}


@pytest.mark.parametrize(
    ("mask", "expected"),
    [
        (Mask.INITIAL, {"c1": "E•••", "c2": "Y•••"}),
        (Mask.LAST4, {"c1": "•••nsah", "c2": "•••teng"}),
        (Mask.HASH, {key: hashed(NAMES[key]) for key in ("c1", "c2")}),
        (Mask.EMPTY, {"c1": "c1", "c2": "c2"}),  # without a label, an entity is shown by its key
    ],
)
def test_a_label_is_shown_masked_wherever_it_is_shown(
    shop: Shop, mask: Mask, expected: dict[str, str]
) -> None:
    with pytest.raises(Denied):
        shop.ask("order_count", by="customer", principal=ANALYST)
    masking(shop, full_name=mask)
    answer = shop.ask("order_count", by="customer", principal=ANALYST)
    assert {key: customers(answer)[key] for key in expected} == expected
    values = dict(shop.service.values("customer", ANALYST))
    assert {key: values[key] for key in expected} == expected
    listed = shop.service.rows(
        [RowQuestion("customers", ("customer_id", "full_name"), (), ("customer_id",), 9)], ANALYST
    )
    told = str((answer.rows, values, listed))
    assert not any(name in told or name.split()[1] in told for name in NAMES.values())
    assert "customer" in {each.name for each in shop.service.dimensions(ANALYST)}
    assert KEY not in str(answer.receipt)


@pytest.mark.parametrize(
    ("text", "shown"), [("Al", "•••"), ("", "•••"), ("1234567", "•••"), ("12345678", "•••5678")]
)
def test_the_end_of_a_short_text_is_not_shown(shop: Shop, text: str, shown: str) -> None:
    shop.sql("update gold.dim_customers set full_name = ? where customer_id = 'c1'", text)
    masking(shop, full_name=Mask.LAST4)
    assert customers(shop.ask("order_count", by="customer", principal=ANALYST))["c1"] == shown


def test_of_nothing_nothing_is_shown(shop: Shop) -> None:
    shop.sql("update gold.dim_customers set full_name = null where customer_id = 'c1'")
    for mask in Mask:
        masking(shop, full_name=mask)
        assert customers(shop.ask("order_count", by="customer", principal=ANALYST))["c1"] == "c1", mask


@pytest.mark.parametrize("mask", list(Mask))
def test_nothing_is_filtered_by_what_is_under_a_mask(shop: Shop, mask: Mask) -> None:
    masking(shop, full_name=mask)
    for where in (
        "customer = 'Esi Mensah'",
        "customer != 'Esi Mensah'",
        "customer in ('Esi Mensah', c2)",
        "customer = 'E•••'",
    ):
        with pytest.raises(Masked):
            shop.ask("order_count", where=where, principal=ANALYST)
    assert shop.one("order_count", where="customer_id = c1", principal=ANALYST) == 4
    found = shop.service.values("customer", ANALYST, search="mensah")
    assert found == ()
    for question in (
        RowQuestion(
            "customers", ("customer_id",), (RowCondition("full_name", Operator.EQ, ("Esi Mensah",)),), (), 9
        ),
        RowQuestion("customers", ("customer_id",), (), ("full_name",), 9),
        RowQuestion("customers", ("customer_id", "full_name"), (), ("-full_name",), 9),
    ):
        (refused,) = shop.service.rows([question], ANALYST)
        assert isinstance(refused, Masked)


def test_rows_are_told_apart_by_a_masked_value_only_where_it_is_a_hash(shop: Shop) -> None:
    """City stands in for a dimension that is itself masked, and has no key."""
    for mask in Mask:
        masking(shop, city=mask)
        if mask is Mask.HASH:
            answer = shop.ask("order_count", by="customer_city", principal=ANALYST)
            plain = shop.ask("order_count", by="customer_city")
            assert {row[0] for row in answer.rows} == {
                row[0] if row[0] == "Unknown" else hashed(row[0]) for row in plain.rows
            }
            assert sorted(row[1] for row in answer.rows) == sorted(row[1] for row in plain.rows)
        else:
            with pytest.raises(Masked):
                shop.ask("order_count", by="customer_city", principal=ANALYST)
            with pytest.raises(AmalimartError):
                shop.service.values("customer_city", ANALYST)
            assert "customer_city" not in {each.name for each in shop.service.dimensions(ANALYST)}
        with pytest.raises(Masked):
            shop.ask("order_count", where="customer_city = Accra", principal=ANALYST)


def test_without_the_secret_of_the_project_no_hash_is_shown(shop: Shop) -> None:
    masking(shop, key=None, full_name=Mask.HASH)
    with pytest.raises(Denied):
        shop.ask("order_count", by="customer", principal=ANALYST)


def test_another_mask_is_another_policy(shop: Shop) -> None:
    prints = set()
    for mask in Mask:
        masking(shop, full_name=mask)
        prints.add(shop.service.fingerprint(ANALYST))
    assert len(prints) == len(Mask)
