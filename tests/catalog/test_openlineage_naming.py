"""Datasets by OpenLineage's naming rules, held against the client's own; no part of a secret in a name."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openlineage.client.naming.dataset import S3, MySQL, Postgres

from amalimart.catalog.openlineage.naming import SourceNaming, project_namespace
from amalimart.catalog.openlineage.values import Dataset


def test_databases_are_named_as_the_client_names_them() -> None:
    postgres = Postgres("shop.internal", "5433", "shop", "public", "orders")
    found = SourceNaming.of_database(
        "postgres", "postgresql://u:p%40w@shop.internal:5433/shop?sslmode=require"
    )
    assert found.dataset("orders") == Dataset(postgres.get_namespace(), postgres.get_name())
    assert found.dataset("sales.orders").name == "shop.sales.orders"
    mysql = MySQL("shop.internal", "3306", "shop", "orders")
    found = SourceNaming.of_database("mysql", "mysql://u:p@shop.internal/shop")
    assert found.dataset("orders") == Dataset(mysql.get_namespace(), mysql.get_name())
    bucket = S3("drops", "daily/orders")
    assert SourceNaming.of_bucket("s3://drops/daily/").dataset("orders") == Dataset(
        bucket.get_namespace(), bucket.get_name()
    )


@pytest.mark.parametrize(
    ("address", "namespace", "name"),
    [
        ("host=db port=5999 dbname='my shop' password='a b'", "postgres://db:5999", "my shop.public.t"),
        ("dbname=shop", "postgres://localhost:5432", "shop.public.t"),
        ("postgresql://u:p@[::1]:5432/shop", "postgres://::1:5432", "shop.public.t"),
        ("postgresql://u:p@h:notaport/shop", "postgres://h:5432", "shop.public.t"),
        ("postgresql:///shop?host=/var/run", "postgres://localhost:5432", "shop.public.t"),
    ],
)  # fmt: skip
def test_an_address_is_read_in_either_form(address: str, namespace: str, name: str) -> None:
    assert SourceNaming.of_database("postgres", address).dataset("t") == Dataset(namespace, name)


def test_folders_and_what_is_not_known_have_names_too() -> None:
    assert SourceNaming.of_folder(Path("/data/drops")).dataset("orders") == Dataset(
        "file", "/data/drops/orders"
    )
    assert SourceNaming.of_bucket("s3://drops").dataset("orders") == Dataset("s3://drops", "orders")
    assert project_namespace("My shop/1") == "amalimart://My%20shop%2F1"
    unknown = SourceNaming.of_unknown("amalimart://x", "shop").dataset("orders")
    assert unknown == Dataset("amalimart://x", "source.shop.orders")


@given(st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=9))
def test_no_password_gets_into_a_name(word: str) -> None:
    secret = f"canary{word}canary"
    for address in (
        f"postgresql://user:{secret}@h:5432/d?password={secret}",
        f"mysql://user:{secret}@h/d",
        f"host=h dbname=d password={secret}",
    ):
        dataset = SourceNaming.of_database("postgres", address).dataset("t")
        assert secret not in f"{dataset.namespace} {dataset.name}"
        assert "user" not in f"{dataset.namespace} {dataset.name}"
