"""What a staging or silver model may say itself, and what only a macro may: whatever engines disagree about.

The sources are read before dbt carries out any macro: a call of one stands for a value. What is allowed
means the same to DuckDB and to Spark in ANSI mode; the tests in tests/spark hold that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

from amalimart.mapping.source_mapping import SourceMapping, find_mapping, load_mapping
from amalimart.warehouse.staging.files import write_staging
from amalimart.warehouse.staging.landed import LandedSource
from tests.spark.shops import KIOSK

MODELS = Path(__file__).parents[2] / "src" / "amalimart" / "marketplace" / "dbt" / "models"
SILVER = sorted((MODELS / "silver").glob("*.sql"))
FUNCTIONS = {
    "coalesce", "nullif", "abs", "lower", "upper", "length", "replace", "concat_ws", "year", "if",
    "count", "sum", "min", "max", "bool_or", "bool_and",
    "row_number", "rank", "dense_rank", "lag", "lead", "first_value",
}  # fmt: skip
TYPES = {"BIGINT", "INT", "DECIMAL", "DOUBLE", "BOOLEAN", "DATE"}
SYNTAX = (
    exp.Extract, exp.Interval, exp.Lambda, exp.Bracket, exp.Array, exp.Struct, exp.Unnest, exp.Lateral,
    exp.Pivot, exp.TableSample, exp.Like, exp.ILike,
    exp.RegexpLike, exp.IntDiv, exp.Div, exp.Mod, exp.BitwiseAnd, exp.BitwiseOr,
)  # fmt: skip
"""What either engine has in words of its own, or means something else by."""
_WORDS = {
    "in", "as", "over", "and", "or", "not", "when", "then", "else", "from", "where", "on", "by", "case",
    "cast", "try_cast", "filter", "exists", "all", "distinct", "select", "union", "between", "any", "having",
    "with", "decimal",
}  # fmt: skip
"""Words that stand before a bracket without being a function."""
_CONFIG = re.compile(r"\{\{ config\(.*?\) \}\}", re.DOTALL)
_RELATION = re.compile(r"\{\{ (?:ref|source)\(.*?\) \}\}", re.DOTALL)
_TYPE = re.compile(r"\bas \{\{ (?:text_type|moment_type|texts_type|order_type|instant_type)\(\) \}\}")
_INLINED = re.compile(r"\bas \{\{ inlined\(\) \}\}")
_AGGREGATE = re.compile(r"\{\{(?:(?!\}\}).)*\}\}(?=\s+(?:over|filter)\b)", re.DOTALL)
_MACRO = re.compile(r"\{\{.*?\}\}", re.DOTALL)


def without_macros(source: str) -> str:
    """A model in which relations, types and values take the place of calls."""
    text = _RELATION.sub("some_relation", _CONFIG.sub("", source))
    text = _INLINED.sub("as ", _TYPE.sub("as bigint", text))
    return _MACRO.sub("a_value", _AGGREGATE.sub("max(a_value)", text))


def troubles(source: str) -> list[str]:
    """What stands in a model and belongs into a macro."""
    text = without_macros(source)
    found = [*_own_words(_tree(text, "duckdb")), *_functions(text)]
    return found or [*_orders(_tree(text, "spark"))]


def _tree(text: str, dialect: str) -> exp.Expr:
    (tree,) = sqlglot.parse(text, dialect=dialect)
    assert tree is not None
    return tree


def _functions(text: str) -> Iterator[str]:
    """Functions by the names they have in the text: what sqlglot makes of them may be another."""
    code = re.sub(r"--[^\n]*|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"", " ", text)
    for name in re.findall(r"\b([a-z_][a-z0-9_]*)\s*\(", code, re.IGNORECASE):
        if name.lower() not in FUNCTIONS | _WORDS:
            yield f"the function {name}"


def _own_words(tree: exp.Expr) -> Iterator[str]:
    for node in tree.walk():
        match node:
            case exp.DataType() if node.this.name not in TYPES or node.args.get("nested"):
                yield f"the type {node.sql()}"
            case exp.Star() if any(
                node.args.get(part) for part in ("except_", "except", "replace", "rename")
            ):
                yield "a star with exclude or replace"
            case exp.Join() if {node.kind, node.side} & {"SEMI", "ANTI", "ASOF", "POSITIONAL"}:
                yield f"a {node.kind or node.side} join"
            case exp.Union() if node.args.get("by_name"):
                yield "a union by name"
            case exp.Group() if node.args.get("all"):
                yield "group by all"
            case exp.CTE() if node.args.get("materialized") is not None:
                yield "a materialized CTE"
            case exp.Literal() if node.is_string and ("\\" in node.this or "'" in node.this):
                yield f"a text with a quote or a backslash: {node.this!r}"
            case _ if isinstance(node, SYNTAX):
                yield f"{type(node).__name__.lower()}: {node.sql()}"


def _orders(tree: exp.Expr) -> Iterator[str]:
    """Ascending orders that leave to the engine where nulls stand: Spark puts them first, DuckDB last.

    A macro says it itself, and columns of the lake's own are never null.
    """
    for node in tree.find_all(exp.Ordered):
        name = node.this.name if isinstance(node.this, exp.Column) else ""
        if (
            node.args.get("nulls_first")
            and not node.args.get("desc")
            and not name.startswith(("a_value", "_"))
        ):
            yield f"an order without nulls last: {node.sql()}"


@pytest.mark.parametrize("path", SILVER, ids=lambda path: path.stem)
def test_a_silver_model_leaves_to_macros_what_engines_disagree_about(path: Path) -> None:
    assert troubles(path.read_text()) == []


KINDS = (
    "varchar",
    "int64",
    "double",
    "decimal128(18, 4)",
    "bool",
    "date",
    "timestamp",
    "timestamp with time zone",
)
OWN = {"_op": "varchar", "_batch": "int64", "_sequence": "int64", "_unchanged": "list<element: string>",
       "_position": "varchar", "_committed_at": "timestamp with time zone"}  # fmt: skip


def mapping_of(name: str, folder: Path) -> SourceMapping:
    if name != "kiosk":
        return load_mapping(find_mapping(name))
    (folder / "kiosk.yml").write_text(KIOSK)
    return load_mapping(folder / "kiosk.yml")


@pytest.mark.parametrize(
    ("name", "kind"), [("amalimart", "text"), ("demo", "mixed"), ("kiosk", "text"), ("kiosk", "mixed")]
)
def test_generated_models_leave_to_macros_what_engines_disagree_about(
    name: str, kind: str, tmp_path: Path
) -> None:
    mapping = mapping_of(name, tmp_path)
    tables = {}
    for table, columns in mapping.landed.items():
        kinds = {column: KINDS[place % len(KINDS)] for place, column in enumerate(columns)}
        kept = mapping.key_columns(table)
        tables[table] = {
            column: "varchar" if kind == "text" or column in kept else kinds[column] for column in columns
        } | OWN
    folder = tmp_path / "models"
    write_staging(folder, tmp_path / "tests", [LandedSource(name, mapping, tables)], "Europe/London")
    found = {path.stem: troubles(path.read_text()) for path in sorted(folder.glob("*.sql"))}
    assert len(found) > 50
    assert {model: wrong for model, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize(
    ("said", "trouble"),
    [
        ("select date_diff('day', a, b) as x from t", "the function date_diff"),
        ("select cast(a as varchar) as x from t", "the type"),
        ("select cast(a as timestamp) as x from t", "the type"),
        ("select * exclude (a) from t", "a star"),
        ("select a from t semi join u using (a)", "a SEMI join"),
        ("select a from t group by all", "group by all"),
        ("select row_number() over (order by a) as n from t", "an order without nulls last"),
        ("select arg_max(a, b) as x from t", "the function arg_max"),
        ("select a / b as x from t", "div"),
        ("select a::integer // 2 as x from t", "intdiv"),
        ("select [a, b] as x from t", "array"),
        ("select 'it''s' as x from t", "a text with a quote"),
        ("select a from t union all by name select a from u", "a union by name"),
        ("select try(a) as x from t", "the function try"),
        ("with t as materialized (select 1 as a) select a from t", "a materialized CTE"),
    ],
)
def test_what_only_one_engine_knows_is_found(said: str, trouble: str) -> None:
    assert any(each.startswith(trouble) for each in troubles(said)), troubles(said)


def test_a_call_of_a_macro_is_no_trouble() -> None:
    said = "select {{ money('sum(a / b)') }} as x from {{ ref('t') }} group by {{ place_key('c') }}"
    assert troubles(said) == []
