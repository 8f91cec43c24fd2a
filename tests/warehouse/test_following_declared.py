"""What a model says of its parents is held against what its SQL reads; what does not fit is named."""

from __future__ import annotations

import duckdb
import pytest

from amalimart.core.errors import CompileFailed
from amalimart.core.names import TableRef
from amalimart.warehouse.incremental.declared import Declared, Relation, declared_recipe
from amalimart.warehouse.incremental.reads import is_row_by_row, reads_of, required_of, substituted
from amalimart.warehouse.incremental.recipe import Recipe
from amalimart.warehouse.incremental.rules import Hop, Rule, read_rule

SQL = """
with orders as (
    select order_id, customer_id from "warehouse"."silver"."orders" where not is_test
),
parcels as (
    select parcel_id, order_id from "warehouse"."silver"."parcels"
),
users as (
    select user_id, city from "warehouse"."silver"."users"
),
found as (
    select parcels.parcel_id, users.city
    from parcels
    left join orders on parcels.order_id = orders.order_id
    left join users on orders.customer_id = users.user_id
)
select * from found
"""
RULES: dict[str, object] = {
    "parcels": "parcel_id",
    "orders": "parcels.order_id",
    "users": "orders.customer_id > parcels.order_id",
}
KEYS = {"parcels": ("parcel_id",), "orders": ("order_id",), "users": ("user_id",)}


def recipe(
    rules: dict[str, object], sql: str = SQL, key: tuple[str, ...] = ("parcel_id",), **keys: tuple[str, ...]
) -> Recipe:
    parents = {
        name: Relation(f"model.shop.{name}", TableRef("silver", name), columns)
        for name, columns in (KEYS | keys).items()
    }
    own = Relation("model.shop.parcel_cities", TableRef("gold", "parcel_cities"), key)
    return declared_recipe(Declared(own, sql, rules), parents, reads_of(sql, own.unique_id))


def test_a_declaration_becomes_routes_and_parts_in_an_order_in_which_they_can_be_read() -> None:
    made = recipe(RULES)
    assert made.unit == ("parcel_id",)
    assert [part.name.split('"')[1] for part in made.parts] == [
        "part of silver.parcels for gold.parcel_cities",
        "part of silver.orders for gold.parcel_cities",
        "part of silver.users for gold.parcel_cities",
    ]
    assert {parent for route in made.routes for parent in route.parents} == {
        f"model.shop.{name}" for name in ("parcels", "orders", "users")
    }
    assert '"warehouse"' not in made.sql, "the model's own query reads the parts alone"


def test_a_parent_of_which_everything_depends_is_read_whole() -> None:
    made = recipe(RULES | {"users": "all"})
    assert made.whole_on == ("model.shop.users",)
    assert '"warehouse"."silver"."users"' in made.sql


@pytest.mark.parametrize(
    ("rules", "what", "near"),
    [
        ({"parcels": "parcel_id", "orders": "parcels.order_id"}, "what a change of users affects", None),
        (RULES | {"user": "all"}, "not affected by user", "users"),
        (RULES | {"parcels": "parcel"}, "parcels.parcel, which it does not read", "parcel_id"),
        (RULES | {"parcels": "parcel_id, order_id"}, "2 columns for a key of 1", None),
        (RULES | {"orders": "parcels.orderid"}, "parcels.orderid, which it does not read", "order_id"),
        (RULES | {"orders": "parcel.order_id"}, "over parcel, which it does not read", "parcels"),
        (RULES | {"users": "orders.customer_id"}, "is not one that orders itself goes", None),
        (RULES | {"users": "orders.customer_id >"}, "cannot be read", None),
        (RULES | {"users": 7}, "cannot be read", None),
        (RULES | {"users": ""}, "cannot be read", None),
        (RULES | {"users": "orders.customer_id; drop table x"}, "cannot be read", None),
    ],
)
def test_what_does_not_fit_is_named(rules: dict[str, object], what: str, near: str | None) -> None:
    with pytest.raises(CompileFailed, match=what) as caught:
        recipe(rules)
    assert caught.value.where == "model.shop.parcel_cities"
    assert caught.value.nearest == near
    assert caught.value.expected


def test_a_parent_without_a_single_key_cannot_be_followed_through() -> None:
    with pytest.raises(CompileFailed, match="orders has no single key column"):
        recipe(RULES, orders=("order_id", "currency"))


def test_a_model_without_a_key_is_refused() -> None:
    with pytest.raises(CompileFailed, match="but not its key"):
        recipe(RULES, key=())


def test_rules_are_read_as_they_are_written() -> None:
    assert read_rule("all", "m") == Rule()
    assert read_rule("a, b", "m") == Rule(columns=("a", "b"))
    assert read_rule("x.a > y.b or z.c", "m") == Rule(ways=((Hop("x", "a"), Hop("y", "b")), (Hop("z", "c"),)))


def test_what_a_query_reads_of_a_relation() -> None:
    sql = """
    with a as (select x, count(*) as n from "w"."s"."a" where y > 1 and z is null group by x),
    b as (select b.* from "w"."s"."b" as b)
    select a.x, c.v from a join "w"."s"."c" as c using (k) where exists (select 1 from b where b.i = a.x)
    """
    reads = reads_of(sql, "m")
    assert reads[TableRef("s", "a")].columns == frozenset("xyz")
    assert reads[TableRef("s", "a")].conditions == frozenset({"y > 1", "z is null"})
    assert reads[TableRef("s", "b")].columns is None
    assert reads[TableRef("s", "c")].columns == frozenset("kv")


def test_a_query_that_names_no_column_of_a_relation_selects_all_of_it() -> None:
    reads = reads_of('select count(*) from "w"."s"."a"', "m")
    assert reads[TableRef("s", "a")].listed("r") == "r.*"
    assert reads_of('select y, x from "w"."s"."a"', "m")[TableRef("s", "a")].listed("r") == 'r."x", r."y"'


def test_a_relation_is_replaced_wherever_it_stands_and_keeps_its_name() -> None:
    sql = 'select a.x from "w"."s"."a" union all select y.x from "w"."s"."a" as y'
    table = TableRef("s", "a")
    assert substituted(sql, reads_of(sql, "m"), {table: "from t"}) == (
        'select a.x from (from t) as "a" union all select y.x from (from t) as y'
    )


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select x, upper(y) from s.a where z", True),
        ("select x from s.a union all select x from s.b", True),
        ("with c as (select x from s.a) select x from c", True),
        ("select x from s.a union select x from s.b", False),
        ("select distinct x from s.a", False),
        ("select x, sum(y) from s.a group by x", False),
        ("select row_number() over (order by x) from s.a", False),
        ("select a.x from s.a join s.b using (x)", False),
        ("select x from s.a where x in (select x from s.b)", False),
        ("select x from s.a limit 1", False),
        ("select x from s.a except all select x from s.b", False),
    ],
)
def test_whether_a_view_passes_rows_one_by_one(sql: str, expected: bool) -> None:
    assert is_row_by_row(sql, "m") is expected


@pytest.mark.parametrize(
    ("sql", "required"),
    [
        ("select 1 from g.a join g.b using (x) left join g.c using (x)", {"a", "b"}),
        ("select 1 from g.a, g.b where a.x = b.x", {"a", "b"}),
        ("select 1 from g.a right join g.b using (x)", set()),
        ("select 1 from g.a full join g.b using (x)", set()),
        ("select 1 from g.a anti join g.b using (x)", {"a"}),
        ("select x, count(*) from g.a group by x", {"a"}),
        ("select count(*) from g.a", set()),
        ("select 1 from g.a having count(*) = 0", set()),
        ("select count(*) from g.a group by all", set()),
        ("select x from g.a union all select x from g.b", set()),
        ("select x from g.a join g.b using (x) union select x from g.b", {"b"}),
        ("with t as (select x from g.a), u as (select x from t join g.b using (x)) from u", {"a", "b"}),
        ("with t as (select max(x) as x from g.a) select t.x from t join g.b on t.x = b.x", {"b"}),
        ("select x from (select x from g.a) as s left join (select x from g.b) as r using (x)", {"a"}),
        ("with recursive t as (select 1 as x from g.a union select x + 1 from t) from t", set()),
        ("select 1 as x", set()),
        ("with t as (select x from g.a) from (with t as (select 1 as x) from t union from t) as s", set()),
        ("with t as (select x from g.a) select x from t union select x from t", {"a"}),
        ("from (pivot g.a on x using sum(x))", set()),
        ("select 1 from g.a intersect select 1 from g.b", set()),
    ],
)
def test_relations_are_named_without_whose_rows_a_query_has_none(sql: str, required: set[str]) -> None:
    """The engine is the oracle: it gives nothing where one of them is empty."""
    assert {table.name for table in required_of(sql, "here")} == required
    for empty in ("a", "b", "c"):
        with duckdb.connect() as engine:
            engine.execute("create schema g")
            for name in ("a", "b", "c"):
                rows = "where false" if name == empty else ""
                engine.execute(f"create table g.{name} as select 1 as x {rows}")
            if empty in required:
                assert engine.execute(sql).fetchall() == []


def test_who_is_named_first_is_read_first_among_those_without_whom_there_is_nothing() -> None:
    told = {"users": "user_id", "orders": "user_id"}
    sql = (
        'select users.user_id, count(*) as n from "warehouse"."silver"."orders" as orders'
        ' join "warehouse"."silver"."users" as users on orders.user_id = users.user_id group by users.user_id'
    )
    own = Relation("model.shop.buyers", TableRef("gold", "buyers"), ("user_id",))
    parents = {
        name: Relation(f"model.shop.{name}", TableRef("silver", name), KEYS[name])
        for name in ("users", "orders")
    }
    for rules in (told, dict(reversed(told.items()))):
        made = declared_recipe(Declared(own, sql, rules), parents, reads_of(sql, own.unique_id))
        assert [part.name.split('"')[1].split()[2] for part in made.parts] == [
            f"silver.{name}" for name in rules
        ]
        assert all(part.is_required for part in made.parts)
