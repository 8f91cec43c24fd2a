"""What a draft may and may not propose, on tables made for one question each."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amalimart.mapping.catalog_check import check_catalog
from amalimart.mapping.drafting.assembling import draft_mapping
from amalimart.mapping.drafting.draft import PROPOSED, ColumnProposal, Draft, EntityProposal, TableProposal
from amalimart.mapping.drafting.facts import ColumnFacts, Kind, ReferenceFacts, TableFacts
from amalimart.mapping.drafting.rendering import render
from amalimart.mapping.source_mapping import SourceMapping, load_mapping

TYPES = {
    Kind.INTEGER: "bigint",
    Kind.DECIMAL: "numeric(12,2)",
    Kind.BOOLEAN: "boolean",
    Kind.DATE: "date",
    Kind.TIMESTAMP: "timestamp with time zone",
    Kind.TEXT: "text",
    Kind.STRUCTURE: "jsonb",
}
INT, MONEY, TIME, DATE, TEXT = Kind.INTEGER, Kind.DECIMAL, Kind.TIMESTAMP, Kind.DATE, Kind.TEXT
ORDERS: Mapping[str, Kind] = {"id": INT, "customer_id": INT, "order_date": TIME, "total_amount": MONEY}


def table(
    name: str,
    columns: Mapping[str, Kind],
    *,
    key: Sequence[str] = ("id",),
    references: Mapping[str, str] | None = None,
    values: Mapping[str, Mapping[str, int]] | None = None,
    **more: ColumnFacts,
) -> TableFacts:
    facts = tuple(
        more.get(column) or ColumnFacts(column, TYPES[kind], kind, values=(values or {}).get(column, {}))
        for column, kind in columns.items()
    )
    known = tuple(key) if set(key) <= set(columns) else ()
    links = tuple(ReferenceFacts(column, to, "id") for column, to in (references or {}).items())
    return TableFacts(name, facts, known, links)


def draft(*tables: TableFacts, cursors: bool = True) -> Draft:
    return draft_mapping("shop", tables, time_zone="Africa/Accra", currency="GHS", with_cursors=cursors)


def entity(found: Draft, name: str) -> EntityProposal:
    return next(each for each in found.entities if each.entity == name)


def column(found: Draft, name: str, canonical: str) -> ColumnProposal | None:
    return next((each for each in entity(found, name).columns if each.canonical == canonical), None)


def left(found: Draft, name: str) -> TableProposal:
    return next(each for each in found.tables if each.table == name)


def loaded(found: Draft, folder: Path) -> SourceMapping:
    (folder / "draft.yml").write_text(render(found), encoding="utf-8")
    return load_mapping(folder / "draft.yml")


def test_money_in_hundredths_is_divided_and_less_sure(tmp_path: Path) -> None:
    found = draft(table("orders", {**ORDERS, "delivery_fee_cents": INT, "taxMinor": INT}))
    fee = column(found, "orders", "delivery_fee")
    assert fee is not None
    assert PROPOSED <= fee.confidence <= 0.8
    assert "hundredths" in fee.why
    columns = loaded(found, tmp_path).columns_of("orders")
    assert columns["delivery_fee"].sql == '"delivery_fee_cents" / 100'
    assert columns["tax_amount"].sql == '"taxMinor" / 100'
    assert columns["total_amount"].source == "total_amount"


def test_money_in_hundredths_with_decimals_is_in_doubt_and_left_out(tmp_path: Path) -> None:
    columns = {name: kind for name, kind in ORDERS.items() if name != "total_amount"}
    found = draft(table("orders", {**columns, "total_amount_cents": MONEY}))
    assert entity(found, "orders").lacking == ("total_amount",)
    assert "nothing fills its total_amount" in (left(found, "orders").unmapped or "")
    assert "orders" not in loaded(found, tmp_path).entities
    assert "# orders:" in render(found)


def test_a_day_that_could_be_a_month_is_not_guessed() -> None:
    written = ColumnFacts("order_date", "text", DATE, format="%d/%m/%Y", doubtful_format=True)
    found = draft(table("orders", ORDERS, order_date=written))
    doubtful = column(found, "orders", "order_date")
    assert doubtful is not None
    assert not doubtful.proposed
    assert entity(found, "orders").lacking == ("order_date",)


def test_a_written_format_is_told_to_the_mapping(tmp_path: Path) -> None:
    written = ColumnFacts("order_date", "text", DATE, format="%d/%m/%Y")
    mapping = loaded(draft(table("orders", ORDERS, order_date=written)), tmp_path)
    assert mapping.columns_of("orders")["order_date"].format == "%d/%m/%Y"


def test_a_number_of_seconds_is_no_time() -> None:
    found = draft(table("orders", {**ORDERS, "order_date": INT}))
    assert entity(found, "orders").lacking == ("order_date",)


def test_an_order_without_a_date_of_its_own_is_dated_by_its_row(tmp_path: Path) -> None:
    columns = {name: kind for name, kind in ORDERS.items() if name != "order_date"}
    mapping = loaded(draft(table("orders", {**columns, "created_at": TIME})), tmp_path)
    assert mapping.columns_of("orders")["order_date"].source == "created_at"
    assert mapping.columns_of("orders")["created_at"].source == "created_at"


@pytest.mark.parametrize(
    "name",
    ["password", "PasswordHash", "api_token", "iban", "account_number", "resetToken", "card_number",
     "otp_secret", "bank_code", "user_salt", "password_digest"],
)  # fmt: skip
def test_a_column_named_like_a_secret_is_listed_and_never_proposed(tmp_path: Path, name: str) -> None:
    found = draft(table("users", {"id": INT, "email": TEXT, name: TEXT, "full_name": TEXT}))
    assert left(found, "users").secret == (name,)
    mapping = loaded(found, tmp_path)
    assert name not in mapping.landed["users"]
    assert mapping.secrets("users") == (name,)


def test_the_currency_is_the_sources_or_else_the_projects_said_so() -> None:
    own = column(draft(table("orders", {**ORDERS, "currency_code": TEXT})), "orders", "currency")
    assert own is not None
    assert own.source == "currency_code"
    said = column(draft(table("orders", ORDERS)), "orders", "currency")
    assert said is not None
    assert (said.constant, said.source) == ("GHS", None)
    assert "project" in said.why


def test_of_two_tables_of_customers_the_one_the_orders_know_is_taken() -> None:
    people = {"id": INT, "email": TEXT, "full_name": TEXT, "phone": TEXT}
    orders = table("orders", ORDERS, references={"customer_id": "customers"})
    found = draft(table("users", people), table("customers", people), orders)
    assert entity(found, "users").table == "customers"
    assert "users too" in (left(found, "users").unmapped or "")


def test_of_two_databases_the_addresss_own_is_taken() -> None:
    found = draft(table("archive.orders", ORDERS), table("orders", ORDERS), table("backup.orders", ORDERS))
    assert entity(found, "orders").table == "orders"
    assert "orders too" in (left(found, "archive.orders").unmapped or "")


@pytest.mark.slow
def test_a_database_of_a_thousand_tables_is_drafted_in_seconds() -> None:
    words = ["order", "stock", "ledger", "visit", "tax", "invoice", "audit", "queue", "rule", "price"]
    columns = {"id": INT, **{f"{word}_{other}": TEXT for word in words[:4] for other in words[5:]}}
    many = [table(f"{word}_{other}_{n}", columns) for word in words for other in words for n in range(10)]
    started = time.process_time()
    found = draft(*many, table("orders", ORDERS))
    assert time.process_time() - started < 30
    assert entity(found, "orders").table == "orders"


def test_a_foreign_key_says_more_than_a_name() -> None:
    people = table("users", {"id": INT, "email": TEXT, "full_name": TEXT})
    agents = table("agents", {"id": INT, "badge": TEXT})
    columns = {"id": INT, "customer_id": INT, "placed_by": INT, "order_date": TIME, "total_amount": MONEY}
    links = {"customer_id": "agents", "placed_by": "users"}
    found = column(draft(people, agents, table("orders", columns, references=links)), "orders", "customer_id")
    assert found is not None
    assert found.source == "placed_by"
    assert "refers to users" in found.why


def test_vendors_that_are_accounts_come_from_the_accounts_where_products_name_them() -> None:
    people = table("users", {"id": INT, "email": TEXT, "full_name": TEXT, "role": TEXT})
    products = table("products", {"id": INT, "vendor_id": INT, "name": TEXT, "price": MONEY})
    found = draft(people, products)
    assert entity(found, "vendors").table == "users"
    assert "products.vendor_id" in entity(found, "vendors").why
    known = column(found, "vendors", "vendor_id")
    assert known is not None
    assert known.source == "id"
    without = draft(people, table("products", {"id": INT, "name": TEXT, "price": MONEY}))
    assert all(each.entity != "vendors" for each in without.entities)


def test_a_link_table_is_known_by_what_it_links(tmp_path: Path) -> None:
    found = draft(
        table("products", {"id": INT, "name": TEXT, "price": MONEY, "sku": TEXT}),
        table("categories", {"id": INT, "name": TEXT, "parent_id": INT}),
        table(
            "xref_7",
            {"left_id": INT, "right_id": INT},
            key=("left_id", "right_id"),
            references={"left_id": "products", "right_id": "categories"},
        ),
    )
    mapping = loaded(found, tmp_path)
    assert mapping.entities["product_categories"].table == "xref_7"
    assert mapping.columns_of("product_categories")["product_id"].source == "left_id"
    assert mapping.columns_of("product_categories")["category_id"].source == "right_id"


def test_values_without_a_known_meaning_are_told_with_their_rows(tmp_path: Path) -> None:
    seen = {"status": {"shipped": 7, "zapped": 3}}
    found = draft(table("orders", {**ORDERS, "status": TEXT}, values=seen))
    text = render(found)
    assert "what does zapped mean? seen in 3 rows" in text
    assert loaded(found, tmp_path).columns_of("orders")["status"].values == {"shipped": "DISPATCHED"}


def test_a_state_whose_values_are_those_of_a_status_is_no_region() -> None:
    seen = {"state": {"delivered": 9, "on the way": 1}}
    columns = {"id": INT, "order_id": INT, "city": TEXT, "state": TEXT, "delivered_at": TIME}
    found = draft(table("deliveries", columns, values=seen))
    status = column(found, "shipments", "status")
    assert status is not None
    assert status.source == "state"
    places = {"state": {"Ashanti": 5, "Volta": 2}}
    region = column(draft(table("deliveries", columns, values=places)), "shipments", "region")
    assert region is not None
    assert region.source == "state"


def test_a_less_sure_guess_is_a_comment_beside_what_is_sure(tmp_path: Path) -> None:
    found = draft(table("orders", {**ORDERS, "reference": TEXT, "delivery_total_due": MONEY}))
    unsure = [each for each in entity(found, "orders").columns if not each.proposed]
    assert unsure
    text = render(found)
    for each in unsure:
        assert each.confidence < PROPOSED
        assert f"# {each.canonical}:" in text
        assert each.canonical not in loaded(found, tmp_path).columns_of("orders")
        assert each.source is not None
        assert f"perhaps {each.canonical}" in left(found, "orders").ignored[each.source]


def test_a_view_is_left_out_because_its_changes_cannot_be_found() -> None:
    facts = table("orders", ORDERS)
    view = TableFacts(facts.name, facts.columns, followable=False)
    found = draft(view)
    assert found.entities == ()
    assert "view" in (left(found, "orders").unmapped or "")


def test_cursors_are_for_databases_and_need_a_key_and_a_time_that_moves_with_every_write() -> None:
    columns = {**ORDERS, "last_modified": TIME, "shipped_at": TIME}
    assert left(draft(table("orders", columns)), "orders").cursor == "last_modified"
    assert left(draft(table("orders", columns)), "orders").key == ("id",)
    assert left(draft(table("orders", columns), cursors=False), "orders").cursor is None
    assert left(draft(table("orders", columns, key=("nothing",))), "orders").cursor is None
    assert left(draft(table("orders", ORDERS)), "orders").cursor is None
    history = table("order_status_history", {"id": INT, "order_id": INT, "status": TEXT, "changed_at": TIME})
    assert left(draft(history), "order_status_history").cursor is None


def test_a_key_of_its_own_in_a_link_table_keeps_the_latest_of_a_pair(tmp_path: Path) -> None:
    facts = [
        table("products", {"id": INT, "name": TEXT, "price": MONEY, "sku": TEXT}),
        table("tags", {"id": INT, "name": TEXT}),
        table("product_tags", {"id": INT, "product_id": INT, "tag_id": INT}),
    ]
    mapping = loaded(draft(*facts), tmp_path)
    kept = mapping.entities["product_tags"].parts[0].deduplicate
    assert kept is not None
    assert kept.keep == "latest"
    assert mapping.key_columns("product_tags") == ("id",)
    assert mapping.entities["tags"].parts[0].deduplicate is None


def test_the_row_key_is_the_primary_key_whatever_the_entity_is_told_by(tmp_path: Path) -> None:
    mapping = loaded(draft(table("orders", ORDERS), cursors=False), tmp_path)
    assert mapping.tables["orders"].key == ("id",)
    assert mapping.cursor("orders") is None
    hidden = {"api_token": TEXT, "email": TEXT, "full_name": TEXT, "user_id": INT}
    found = draft(table("users", hidden, key=("api_token",)))
    assert left(found, "users").key == ()
    assert loaded(found, tmp_path).key_columns("users") == ("user_id",)


def test_nothing_to_map_is_a_mapping_of_nothing(tmp_path: Path) -> None:
    assert loaded(draft(), tmp_path).entities == {}
    mapping = loaded(draft(table("jobs", {"id": INT, "payload": Kind.STRUCTURE})), tmp_path)
    assert mapping.entities == {}
    assert mapping.tables["jobs"].unmapped == "to be decided: like no canonical entity"


def test_the_json_form_holds_every_confidence_and_is_json() -> None:
    found = draft(table("orders", {**ORDERS, "status": TEXT}, values={"status": {"paid": 1, "odd": 2}}))
    document = json.loads(json.dumps(found.as_dict()))
    told = {line["canonical"]: line for line in document["entities"][0]["columns"]}
    assert told["order_id"]["confidence"] > PROPOSED
    assert told["status"]["values"] == {"paid": "CONFIRMED"}
    assert told["status"]["undecided_values"] == {"odd": 2}
    assert told["currency"]["constant"] == "GHS"


_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)
_NAMES = st.one_of(
    _TEXTS,
    st.sampled_from(
        ["on", "no", "null", "~", "1", "id", "a: b", "# x", "- y", "{x}", "{{ x }}", "x'y", 'x"y', "x\ny",
         "&a", "*a", "!t", "%x", "status", "order_date", "total_amount", "user_id", "password", "é",
         "a\u2028b", "  "]
    ),
)  # fmt: skip


@settings(max_examples=150)
@given(
    tables=st.dictionaries(
        st.one_of(_NAMES, st.sampled_from(["orders", "users", "order items", "payments"])),
        st.dictionaries(_NAMES, st.sampled_from(sorted(Kind)), min_size=1, max_size=6),
        max_size=4,
    ),
    written=st.dictionaries(_NAMES, st.integers(0, 9), max_size=4),
)
def test_whatever_a_source_calls_things_its_draft_loads_and_fits(
    tmp_path_factory: pytest.TempPathFactory, tables: dict[str, dict[str, Kind]], written: dict[str, int]
) -> None:
    facts = [
        table(name, columns, key=(next(iter(columns)),), values=dict.fromkeys(columns, written))
        for name, columns in tables.items()
    ]
    found = draft(*facts)
    mapping = loaded(found, tmp_path_factory.mktemp("draft"))
    check_catalog(mapping, {t.name: {c.name: c.type for c in t.columns} for t in facts})
    assert set(mapping.tables) | set(found.unwritable) == set(tables)
