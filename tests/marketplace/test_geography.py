"""Where people live and parcels go: each fallback in its order, and unknown at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.marketplace.conftest import ModelBench


def address(bench: ModelBench, address_id: str, city: str | None, region: str | None, **columns: Any) -> None:
    bench.put(
        "addresses",
        **{"address_id": address_id, "user_id": "u", "city": city, "region": region, "country": "Ghana"}
        | columns,
    )


def city_table(bench: ModelBench) -> None:
    bench.put("countries", country_id="gh", country_name="Ghana")
    bench.put("countries", country_id="ng", country_name="Nigeria")
    bench.put("regions", region_id="1", region_name="Ashanti", country_id="gh")
    bench.put("regions", region_id="2", region_name="Lagos State", country_id="ng")
    bench.put("cities", city_id="1", city_name="Kumasi", region_id="1")
    bench.put("cities", city_id="2", city_name="Victoria", region_id="1")
    bench.put("cities", city_id="3", city_name="victoria", region_id="2")


def home(bench: ModelBench) -> tuple[Any, Any, Any]:
    bench.put("users", user_id="u")
    row = bench.row("gold.dim_customers")
    return row["city"], row["region"], row["country"]


def test_a_customer_lives_at_the_default_address_even_if_another_is_newer(bench: ModelBench) -> None:
    address(
        bench,
        "1",
        "Accra",
        "Greater Accra",
        is_default=True,
        created_at="2020-01-01",
    )
    address(
        bench,
        "2",
        "Tamale",
        "Northern",
        is_default=False,
        created_at="2024-01-01",
    )
    assert home(bench) == ("Accra", "Greater Accra", "Ghana")


def test_without_a_default_the_address_added_last_counts(bench: ModelBench) -> None:
    address(bench, "1", "Accra", "Greater Accra", created_at="2020-01-01")
    address(bench, "2", "Tamale", "Northern", created_at="2024-01-01")
    address(bench, "3", "Kumasi", "Ashanti", created_at=None)
    assert home(bench) == ("Tamale", "Northern", "Ghana")


def test_of_several_defaults_the_one_added_last_counts(bench: ModelBench) -> None:
    address(
        bench,
        "9",
        "Accra",
        "Greater Accra",
        is_default=True,
        created_at="2021-01-01",
    )
    address(
        bench,
        "10",
        "Tamale",
        "Northern",
        is_default=True,
        created_at="2021-01-01",
    )
    assert home(bench) == ("Tamale", "Northern", "Ghana")


def test_the_parts_of_a_place_are_never_mixed_from_two_addresses(bench: ModelBench) -> None:
    address(bench, "1", None, "Northern", is_default=True, country=None)
    address(bench, "2", "Accra", "Greater Accra")
    assert home(bench) == ("unknown", "Northern", "unknown")


def test_a_rejected_address_is_no_address(bench: ModelBench) -> None:
    address(bench, "1", "Accra", "Greater Accra", is_default=True, _rejected="city is unreadable")
    assert home(bench) == ("unknown", "unknown", "unknown")


@pytest.mark.parametrize(
    ("shipment", "expected", "basis"),
    [
        pytest.param(
            {"city": "Kumasi", "region": "Bono", "country": "Ghana"}, ("Kumasi", "Bono", "Ghana"), "shipment",
            id="its own region first",
        ),
        pytest.param(
            {"city": " kumasi"}, (" kumasi", "Ashanti", "Ghana"), "city table", id="then the table of cities"
        ),
        pytest.param(
            {"city": "Victoria"}, ("Victoria", "Northern", "Ghana"), "default address",
            id="a city name in two regions tells nothing",
        ),
        pytest.param(
            {"city": "Nowhere"}, ("Nowhere", "Northern", "Ghana"), "default address",
            id="then the default address",
        ),
        pytest.param({}, ("Tamale", "Northern", "Ghana"), "default address", id="nothing of its own"),
    ],
)  # fmt: skip
def test_the_region_of_a_parcel_and_of_its_order(
    bench: ModelBench, shipment: dict[str, Any], expected: tuple[str, str, str], basis: str
) -> None:
    city_table(bench)
    address(bench, "1", "Tamale", "Northern", is_default=True)
    bench.put("orders", order_id="o", customer_id="u")
    bench.put("shipments", **{"shipment_id": "s", "order_id": "o"} | shipment)
    parcel, order = bench.row("gold.fact_shipments"), bench.row("gold.fact_orders")
    assert (parcel["city"], parcel["region"], parcel["country"]) == expected
    assert (order["shipping_city"], order["shipping_region"], order["shipping_country"]) == expected
    assert bench.row("silver.shipments")["region_basis"] == basis
    assert bench.row("silver.order_destinations")["region_basis"] == basis


def test_an_address_that_is_not_the_default_does_not_tell_where_a_parcel_goes(bench: ModelBench) -> None:
    address(bench, "1", "Tamale", "Northern", is_default=False)
    bench.put("orders", order_id="o", customer_id="u")
    bench.put("shipments", shipment_id="s", order_id="o", city="Nowhere")
    assert bench.row("gold.fact_shipments")["region"] == "unknown"
    assert bench.row("gold.fact_orders")["shipping_region"] == "unknown"


def test_the_city_of_an_order_comes_before_that_of_its_parcel(bench: ModelBench) -> None:
    city_table(bench)
    bench.put("orders", order_id="o", shipping_city="Kumasi")
    bench.put("shipments", shipment_id="s", order_id="o", city="Victoria")
    order = bench.row("gold.fact_orders")
    assert (order["shipping_city"], order["shipping_region"]) == ("Kumasi", "Ashanti")


def test_an_order_of_several_parcels_goes_where_the_first_goes_and_stays_one_row(bench: ModelBench) -> None:
    bench.put("orders", order_id="o")
    for key, city, created in (("2", "Accra", 3), ("10", "Kumasi", 2), ("11", "Tamale", 2)):
        bench.put("shipments", shipment_id=key, order_id="o", city=city, created_at=f"2024-01-0{created}")
    assert bench.row("gold.fact_orders")["shipping_city"] == "Kumasi"


def test_a_vendor_without_a_location_is_where_its_account_lives(bench: ModelBench) -> None:
    address(bench, "1", "Tamale", "Northern")
    bench.put("users", user_id="u", role="VENDOR")
    bench.put("vendors", vendor_id="own", user_id="u", city="Accra", region="Greater Accra", country="Ghana")
    bench.put("vendors", vendor_id="account", user_id="u")
    bench.put("vendors", vendor_id="nowhere")
    regions = {key: row["region"] for key, row in bench.by_key("gold.dim_vendors").items()}
    assert regions == {"own": "Greater Accra", "account": "Northern", "nowhere": "unknown"}
