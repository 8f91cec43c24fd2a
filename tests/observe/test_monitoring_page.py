"""docs/monitoring.md says of metrics, labels, spans and lines of the log what their declarations say."""

from __future__ import annotations

from pathlib import Path

from amalimart.observe.logs import LINE_FIELDS
from amalimart.observe.metrics import INSTRUMENTS
from amalimart.observe.spans import SPANS

PAGE = (Path(__file__).parents[2] / "docs" / "monitoring.md").read_text(encoding="utf-8")


def table(first_heading: str) -> list[list[str]]:
    """The rows of the table whose first heading this is."""
    lines = PAGE.partition(f"\n| {first_heading} |")[2].partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines]


def codes(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def test_the_metrics_are_those_that_are_declared() -> None:
    expected = [
        "|".join(
            [
                f"`{each.name}`",
                each.kind,
                each.unit,
                codes([label.name for label in each.labels]),
                each.owner.value,
                each.meaning,
            ]
        )
        for each in INSTRUMENTS
    ]
    lines = PAGE.partition("\n| Metric |")[2].partition("\n\n")[0].splitlines()[2:]
    shown = ["|".join(cell.strip() for cell in line.strip().strip("|").split("|")) for line in lines]
    assert shown == expected


def test_the_labels_are_those_that_are_declared() -> None:
    declared = {label.name: label for each in INSTRUMENTS for label in each.labels}
    rows = {row[0].strip("`"): row[1:] for row in table("Label")}
    assert rows.keys() == declared.keys()
    for name, (meaning, values) in rows.items():
        assert declared[name].meaning in meaning
        assert ("plain names" in values) == (not declared[name].values)
        if "`" in values:
            words = {
                value
                for each in INSTRUMENTS
                for label in each.labels
                if label.name == name
                for value in label.values
            }
            assert set(values.replace("`", "").split(", ")) == words


def test_the_spans_are_those_that_are_declared() -> None:
    lines = PAGE.partition("\n| Span |")[2].partition("\n\n")[0].splitlines()[2:]
    shown = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines]
    assert shown == [[f"`{span.name}`", span.meaning, codes([*span.attributes])] for span in SPANS]


def test_the_fields_of_a_line_are_those_of_the_formatter() -> None:
    assert table("Field") == [[f"`{name}`", holds] for name, holds in LINE_FIELDS.items()]


def test_every_metric_that_the_page_speaks_of_exists() -> None:
    spoken = {
        word.strip("`(){}.,;") for word in PAGE.replace("(", " ").replace("{", " ").replace("[", " ").split()
    }
    names = {each.name for each in INSTRUMENTS} | {"amalimart_query_seconds_bucket"}
    assert {word for word in spoken if word.startswith("amalimart_")} <= names
