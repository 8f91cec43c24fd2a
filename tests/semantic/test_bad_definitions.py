"""Every mistake in a definition is one typed error with its file, its line and the nearest valid name."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from amalimart.core.errors import ConfigError
from amalimart.semantic.loading import load_model

FILES = {
    "datasets/sales.yml": """\
table: gold.fact_sales
description: Sales.
key: sale_id
time: sold_on
other_times: [paid_on]
currency: currency
needs: [orders.order_id]
fields:
  sale_id: {type: id}
  buyer_id: {type: id, needs: [orders.customer_id | payments.customer_id]}
  sold_on: {type: date}
  paid_on: {type: date}
  state: {type: enum, values: [OPEN, DONE]}
  amount: {type: money, label: Amount}
  units: {type: integer}
  note: {type: text}
  is_first: {type: boolean}
  currency: {type: text}
relationships:
  buyer: {to: buyers, column: buyer_id}
marks:
  is_first: {field: note, within: buyer, alike: [sold_on]}
""",
    "datasets/buyers.yml": """\
table: gold.dim_buyers
description: Buyers.
key: buyer_id
fields:
  buyer_id: {type: id}
  buyer_name: {type: text, class: personal}
  first_sale: {type: date}
""",
    "dimensions/all.yml": """\
dimensions:
  buyer:
    label: {en: Buyer, fr: Acheteur}
    description: Who buys.
    synonyms: [client]
    fields: [buyers.buyer_id]
    lookup: {dataset: buyers, label: buyer_name, offered: sales.buyer_id}
    drill: [state]
  state:
    label: {en: State, fr: Statut}
    description: State of the sale.
    fields: [sales.state]
  cohort:
    label: {en: Cohort, fr: Cohorte}
    description: Month of the first sale.
    fields: [buyers.first_sale]
    bucket: month
  age:
    label: {en: Age, fr: Age}
    description: Months since the first sale.
    fields: [buyers.first_sale]
    elapsed: month
""",
    "metrics/all.yml": """\
subject: {name: sales, label: {en: Sales, fr: Ventes}}
metrics:
  turnover:
    label: {en: Turnover, fr: Chiffre}
    description: Sum of the amounts.
    owner: finance
    unit: money
    dataset: sales
    aggregate: sum
    field: amount
    where: ["state = DONE", "buyer.first_sale < period_start"]
    aliases: {revenue: {by: [state], grain: month}}
    hints: {buyer: sales}
    non_additive: [buyer]
    notes: [A note.]
    left_out: {metric: sales, note: "{count} sales are left out."}
  sales:
    label: {en: Sales, fr: Ventes}
    description: Sales.
    owner: finance
    unit: count
    dataset: sales
    aggregate: count
    field: sale_id
    default_by: [state]
    default_grain: day
    needs: [orders.order_id]
  regulars:
    label: {en: Regulars, fr: Habitués}
    description: Buyers of two or more.
    owner: finance
    unit: count
    dataset: sales
    aggregate: count
    field: sale_id
    per: {field: buyer_id, over: count, keep: ">= 2"}
    time: paid_on
  everybody:
    label: {en: Buyers, fr: Acheteurs}
    description: Buyers.
    owner: finance
    unit: count
    dataset: buyers
    aggregate: count
    field: buyer_id
    ignore: [age]
  ticket:
    label: {en: Ticket, fr: Panier}
    description: Turnover by sale.
    owner: finance
    unit: money
    kind: ratio
    numerator: turnover
    denominator: sales
    non_additive: all
  this_year:
    label: {en: This year, fr: Année}
    description: Turnover this year, doubled.
    owner: finance
    unit: money
    kind: derived
    formula: 2 * (turnover - 1) / sales
    period: year_to_date
  growth:
    label: {en: Growth, fr: Croissance}
    description: Growth of sales.
    owner: finance
    unit: percent
    kind: growth
    of: sales
    non_additive: all
""",
}


def written(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def line_of(file: str, text: str) -> int:
    """The line on which a text stands."""
    return FILES[file][: FILES[file].index(text)].count("\n") + 1


def test_the_model_is_right_as_it_stands(tmp_path: Path) -> None:
    model = load_model([written(tmp_path, FILES)])
    assert len(model.metrics) == 7
    assert model.metric("revenue").name == "turnover"


SALES, BUYERS, DIMENSIONS, METRICS = FILES
MISTAKES = [
    # file, what is replaced, by what, what the message says, the nearest name
    (SALES, "table: gold.fact_sales", "table: fact_sales", "cannot read the table", None),
    (SALES, "table: gold.fact_sales", "table: gold.fact sales", "cannot read the table", None),
    (SALES, "key: sale_id", "key: sales_id", "no field is called 'sales_id'", "sale_id"),
    (SALES, "time: sold_on", "time: solden_on", "no field is called 'solden_on'", "sold_on"),
    (SALES, "time: sold_on", "time: state", "state is not a date", None),
    (SALES, "other_times: [paid_on]", "other_times: [note]", "note is not a date", None),
    (SALES, "currency: currency\n", "currency: curency\n", "no field is called 'curency'", "currency"),
    (SALES, "needs: [orders.order_id]", "needs: [order_id]", "cannot read the need", None),
    (SALES, "{type: integer}", "{type: int}", "integer", None),
    (SALES, "{type: money, label: Amount}", "{type: money, lable: Amount}", "lable", "label"),
    (SALES, "  note:", "  Note Two:", "is not a column name", None),
    (SALES, "to: buyers", "to: buyer", "no dataset is called 'buyer'", "buyers"),
    (SALES, "column: buyer_id", "column: byer_id", "no field is called 'byer_id'", "buyer_id"),
    (SALES, "  is_first: {field", "  is_frst: {field", "no field is called 'is_frst'", "is_first"),
    (SALES, "  is_first: {field", "  units: {field", "units is no mark", None),
    (SALES, "{field: note", "{field: notes", "no field is called 'notes'", "note"),
    (SALES, "within: buyer", "within: buyers", "no relationship is called 'buyers'", "buyer"),
    (SALES, "alike: [sold_on]", "alike: [sold]", "no field is called 'sold'", "sold_on"),
    (BUYERS, "class: personal", "class: private", "personal", None),
    (BUYERS, "  first_sale:", "  buyer_id:", "buyer_id", None),
    (BUYERS, "{type: date}", "{type: money}", "money without a currency", None),
    (BUYERS, "description: Buyers.", "description: [Buyers.]", "description", None),
    (DIMENSIONS, "[buyers.buyer_id]", "[buyer.buyer_id]", "no dataset is called 'buyer'", "buyers"),
    (DIMENSIONS, "[sales.state]", "[sales.sate]", "no field of sales is called 'sate'", "state"),
    (DIMENSIONS, "[sales.state]", "[sales.state, sales.units]", "different types", None),
    (DIMENSIONS, "[sales.state]", "[]", "fields", None),
    (DIMENSIONS, "label: buyer_name", "label: name", "no field of buyers is called 'name'", None),
    (DIMENSIONS, "offered: sales.buyer_id", "offered: sale.buyer_id", "no dataset is called 'sale'", "sales"),
    (DIMENSIONS, "offered: sales.buyer_id", "offered: sales.buyer", "no field of sales", "buyer_id"),
    (DIMENSIONS, "drill: [state]", "drill: [states]", "no dimension is called 'states'", "state"),
    (DIMENSIONS, "synonyms: [client]", "synonyms: [state]", "state already names the dimension", None),
    (DIMENSIONS, "synonyms: [client]", "synonyms: [Big Client]", "cannot be a name", None),
    (DIMENSIONS, "synonyms: [client]", "synonyms: [month]", "cannot be a name", None),
    (DIMENSIONS, "  age:\n", "  week:\n", "'week' cannot be a name", None),
    (DIMENSIONS, "    bucket: month", "    bucket: moon", "month", None),
    (DIMENSIONS, "[sales.state]", "[sales.state]\n    bucket: month", "is of a date", None),
    (DIMENSIONS, "    elapsed: month", "    elapsed: month\n    bucket: month", "or what elapsed", None),
    (DIMENSIONS, "[sales.state]", "[sales.buyer_id]", "an entity has an id and a lookup", None),
    (DIMENSIONS, "{en: State, fr: Statut}", "{en: State}", "fr", None),
    (METRICS, "aggregate: sum", "aggregate: total", "sum", None),
    (METRICS, "field: amount", "field: amnt", "no field of sales is called 'amnt'", "amount"),
    (METRICS, "field: amount", "field: note", "holds no numbers to add up", None),
    (METRICS, "field: amount", "field: units", "the unit does not fit", None),
    (METRICS, "    dataset: buyers", "    dataset: buyer", "no dataset is called 'buyer'", "buyers"),
    (METRICS, '"state = DONE"', '"state = DONNE"', "does not fit state", None),
    (METRICS, '"state = DONE"', '"sate = DONE"', "no field of sales is called 'sate'", "state"),
    (METRICS, '"state = DONE"', '"state DONE"', "cannot read the condition", None),
    (METRICS, '"state = DONE"', '"state > DONE"', "has no order", None),
    (METRICS, '"state = DONE"', '"state = DONE and units = 1"', "one condition an entry", None),
    (METRICS, '"state = DONE"', '"units = many"', "does not fit units", None),
    (METRICS, '"state = DONE"', '"buyers.first_sale = 2024-01-01"', "relationship", "buyer"),
    (
        METRICS,
        '"buyer.first_sale < period_start"',
        '"buyer.frist_sale < period_start"',
        "no field",
        "first_sale",
    ),
    (METRICS, '"buyer.first_sale < period_start"', '"buyer.first_sale < 1.1.2024"', "does not fit", None),
    (METRICS, "    time: paid_on", "    time: payed_on", "no field of sales is called 'payed_on'", "paid_on"),
    (METRICS, "    time: paid_on", "    time: note", "is not a date", None),
    (METRICS, "per: {field: buyer_id", "per: {field: units", "names no entity", None),
    (METRICS, "over: count", "over: total", "count", None),
    (METRICS, 'keep: ">= 2"', 'keep: "two"', "keep", None),
    (METRICS, "numerator: turnover", "numerator: turnovers", "no metric is called", "turnover"),
    (METRICS, "    numerator: turnover\n", "", "a ratio metric takes", None),
    (METRICS, "kind: ratio", "kind: rate", "ratio", None),
    (METRICS, "of: sales\n", "of: sale\n", "no metric is called 'sale'", "sales"),
    (METRICS, "2 * (turnover - 1) / sales", "2 * turnover %% sales", "formula", None),
    (METRICS, "2 * (turnover - 1) / sales", "sum(turnover)", "a formula holds metrics", None),
    (METRICS, "2 * (turnover - 1) / sales", "turnover / this_year", "by itself", None),
    (METRICS, "2 * (turnover - 1) / sales", "turnovr / sales", "no metric is called 'turnovr'", "turnover"),
    (METRICS, "2 * (turnover - 1) / sales", "turnover; sales", "formula", None),
    (METRICS, "period: year_to_date", "period: ytd", "year_to_date", None),
    (METRICS, "{by: [state], grain: month}", "{by: [sate], grain: month}", "no dimension", "state"),
    (METRICS, "{by: [state], grain: month}", "{by: [state], grain: moon}", "month", None),
    (METRICS, "aliases: {revenue:", "aliases: {sales:", "sales already names the metric", None),
    (METRICS, "aliases: {revenue:", "aliases: {day:", "cannot be a name", None),
    (METRICS, "hints: {buyer: sales}", "hints: {byer: sales}", "no dimension is called 'byer'", "buyer"),
    (METRICS, "hints: {buyer: sales}", "hints: {buyer: sale}", "no metric is called 'sale'", "sales"),
    (METRICS, "non_additive: [buyer]", "non_additive: [buyr]", "no dimension is called 'buyr'", "buyer"),
    (METRICS, "left_out: {metric: sales", "left_out: {metric: sale", "no metric is called 'sale'", "sales"),
    (METRICS, "{count} sales are", "Some sales are", "the note holds {count}", None),
    (METRICS, "left_out: {metric: sales", "left_out: {metric: ticket", "a simple metric counts", None),
    (METRICS, "default_by: [state]", "default_by: [stat]", "no dimension is called 'stat'", "state"),
    (METRICS, "default_grain: day", "default_grain: hour", "day", None),
    (METRICS, "ignore: [age]", "ignore: [ages]", "no dimension is called 'ages'", "age"),
    (METRICS, "needs: [orders.order_id]", "needs: [orders]", "cannot read the need", None),
    (METRICS, "    owner: finance\n    unit: percent", "    unit: percent", "owner", None),
    (METRICS, "unit: percent", "unit: share", "percent", None),
    (METRICS, "  growth:\n", "  sales:\n", "sales", None),
    (METRICS, "  growth:\n", "  Growth Rate:\n", "cannot be a name", None),
    (METRICS, "subject: {name: sales, label: {en: Sales, fr: Ventes}}\n", "", "subject", None),
]


@pytest.mark.parametrize(
    ("file", "old", "new", "message", "near"),
    MISTAKES,
    ids=[f"{mistake[1].strip()} -> {mistake[2].strip()}"[:70] for mistake in MISTAKES],
)
def test_a_mistake_is_one_error_at_its_line(
    tmp_path: Path, file: str, old: str, new: str, message: str, near: str | None
) -> None:
    assert old in FILES[file]
    folder = written(tmp_path, {**FILES, file: FILES[file].replace(old, new, 1)})
    with pytest.raises(ConfigError) as error:
        load_model([folder])
    path, _, line = (error.value.where or "").rpartition(":")
    assert path == str(folder / file)
    assert line.isdigit()
    assert message in str(error.value)
    assert error.value.nearest == near or near is None
    assert error.value.next_step


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "metrics",
        "metrics: {a: b: c}",
        "a: &x 1\nb: *x",
        "!!python/object:os.system {}",
        "\t- x",
        "a: 1\n\x00",
    ],
)
def test_a_file_that_is_no_definition_is_one_error(tmp_path: Path, text: str) -> None:
    for file in FILES:
        folder = written(tmp_path, {**FILES, file: text})
        with pytest.raises(ConfigError) as error:
            load_model([folder])
        assert str(folder / file) in (error.value.where or "")
        written(tmp_path, FILES)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every key and item of a document."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in items:
        yield (*path, key)
        yield from places(child, (*path, key))


def _at(document: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        document = document[key]
    return document


def _dropped(document: Any, path: tuple[Any, ...]) -> None:
    del _at(document, path[:-1])[path[-1]]


def _renamed(document: Any, path: tuple[Any, ...]) -> None:
    parent = _at(document, path[:-1])
    if isinstance(parent, dict):
        parent[f"{path[-1]}x"] = parent.pop(path[-1])


def _as(value: Any) -> Callable[[Any, tuple[Any, ...]], None]:
    def change(document: Any, path: tuple[Any, ...]) -> None:
        _at(document, path[:-1])[path[-1]] = value

    return change


def _loaded(folder: Path) -> ConfigError | None:
    try:
        load_model([folder])
    except ConfigError as error:
        return error
    return None


@pytest.mark.slow
@pytest.mark.parametrize("file", list(FILES))
def test_no_damage_to_a_definition_is_anything_but_one_error(tmp_path: Path, file: str) -> None:
    """Each key and item is dropped, renamed, and replaced by values of other types: a model, or one error."""
    refused = loaded = 0
    folder = written(tmp_path, FILES)
    changes = (
        _dropped,
        _renamed,
        *map(_as, (None, 7, True, "no such thing", [], [["x"]], {}, {"x": {"y": 1}})),
    )
    for path in places(yaml.safe_load(FILES[file])):
        for change in changes:
            document = copy.deepcopy(yaml.safe_load(FILES[file]))
            change(document, path)
            written(folder, {file: yaml.safe_dump(document, allow_unicode=True)})
            outcome = _loaded(folder)
            assert outcome is None or outcome.where, (path, outcome)
            refused += outcome is not None
            loaded += outcome is None
    assert refused > loaded
