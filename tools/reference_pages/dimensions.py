"""dimensions.md: ways to group and filter, the grains of time, and the datasets behind them."""

from __future__ import annotations

from amalimart.access.rules import DataClass
from amalimart.core.calendar import Grain
from amalimart.semantic.defined import UNKNOWN_ENUM, UNKNOWN_KEY, UNKNOWN_LABEL, Dataset, Dimension
from amalimart.semantic.model import SemanticModel
from tools.reference_pages.markdown import code, codes, page, section, table, text
from tools.reference_pages.semantic_content import packaged_model

_INTRO = f"""
A dimension groups (`--by`) or filters (`--where`). An **entity** is grouped by its key and shown by its
label: `vendor` answers with the columns `vendor_id` and `vendor`, `vendor_id` with the key alone.
**Reached from** lists the datasets whose metrics it can group. A row without a known member is shown under
`{UNKNOWN_LABEL}` (key `{UNKNOWN_KEY}`, of an enum `{UNKNOWN_ENUM}`).
"""


def dimensions_page() -> str:
    """The page."""
    model = packaged_model()
    rows = [_row(model, dimension) for dimension in model.dimensions.values()]
    headings = ["Dimension", "Name", "Type", "Reached from", "Drills to", "Meaning"]
    return page(
        "Dimensions",
        _INTRO,
        section("Dimensions", table(headings, rows)),
        section(
            "Grains of time",
            f"{codes(grain.value for grain in Grain)}. Each fact is grouped by its own date; weeks start on "
            "Monday. The first and last bucket of a range may hold only a part of their days: the column "
            "`partial` of the answer says so. Fiscal quarters and years start with the month that "
            "`fiscal_year_start_month` sets.",
        ),
        section("Datasets", _DATASETS, *(_dataset(dataset) for dataset in model.datasets.values())),
    )


_DATASETS = (
    "A dataset is one gold table as the semantic layer knows it. Joins go from many rows to one, never back."
)


def _row(model: SemanticModel, dimension: Dimension) -> list[str]:
    also = f"<br>also {codes(dimension.synonyms)}" if dimension.synonyms else ""
    reached = [name for name in model.datasets if model.reach(name, dimension) is not None]
    values = f" One of {codes(dimension.values)}." if dimension.values else ""
    return [
        code(dimension.name) + also,
        f"{text(dimension.label.en)}<br>{text(dimension.label.fr)}",
        "entity" if dimension.lookup else dimension.type.value,
        codes(reached),
        codes(dimension.drill),
        text(dimension.description) + values,
    ]


def _roles(dataset: Dataset) -> str:
    return ", ".join(f"{code(role)} ({code(column)})" for role, column in dataset.time_roles.items())


def _marks(dataset: Dataset) -> str:
    return ", ".join(
        f"distinct {code(mark.field)} of each {code(mark.within)} by {code(mark.column)}"
        for mark in dataset.marks
    )


def _dataset(dataset: Dataset) -> str:
    joins = ", ".join(
        f"[`{joined.to}`](#{joined.to}) by {code(joined.column)}" for joined in dataset.relationships.values()
    )
    facts = [
        ["Table", code(dataset.table)],
        ["Key", code(dataset.key)],
        ["Date", code(dataset.time) if dataset.time else "none: it counts what is there now"],
        *([["Dates to count by", _roles(dataset)]] if dataset.time_roles else []),
        ["Currency", code(dataset.currency) if dataset.currency else "holds no money"],
        ["Joins", joins or "none"],
        *([["Counted as rows", _marks(dataset)]] if dataset.marks else []),
        ["Columns", codes(dataset.fields)],
    ]
    for data_class in (DataClass.PUBLIC, DataClass.PERSONAL):
        of_class = [field.name for field in dataset.fields.values() if field.data_class is data_class]
        if of_class:
            facts.append([f"{data_class.value.capitalize()} columns", codes(of_class)])
    return section(dataset.name, text(dataset.description), table(["", ""], facts), level=3)
