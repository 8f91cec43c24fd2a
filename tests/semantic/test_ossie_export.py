"""The Apache Ossie document has the published shape, and its expressions give the numbers that we give.

The schema below says by hand what the core specification 0.2.0.dev0 asks for: names that must be there, the
dialects, and that nothing else stands anywhere.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
import yaml
from click.testing import CliRunner

from amalimart.cli.application import application
from amalimart.semantic.export.ossie import OssieExport, ossie_export
from amalimart.semantic.export.sql_expressions import reasons_against
from amalimart.semantic.loading import PACKAGED, load_model

if TYPE_CHECKING:
    from pathlib import Path

    from amalimart.semantic.model import SemanticModel
    from tests.semantic.conftest import Shop

TEXT = {"type": "string"}
TEXTS = {"type": "array", "items": TEXT}


def closed(required: str, **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "required": required.split(),
        "properties": properties,
        "additionalProperties": False,
    }


def many(items: Any, least: int = 0) -> dict[str, Any]:
    return {"type": "array", "items": items, "minItems": least}


DIALECTS = [
    "ANSI_SQL",
    "SNOWFLAKE",
    "MDX",
    "TABLEAU",
    "DATABRICKS",
    "MAQL",
    "BIGQUERY",
    "SIGMA",
    "THOUGHTSPOT",
    "DAX",
]
DATATYPES = [
    "String",
    "Integer",
    "Decimal",
    "Float",
    "Boolean",
    "Date",
    "Time",
    "DateTime",
    "DateTimeTz",
    "Opaque",
]
DATATYPE = {"enum": DATATYPES}
EXPRESSION = closed(
    "dialects", dialects=many(closed("dialect expression", dialect={"enum": DIALECTS}, expression=TEXT), 1)
)
CONTEXT = {
    "oneOf": [
        TEXT,
        {
            "type": "object",
            "properties": {"instructions": TEXT, "synonyms": TEXTS, "examples": TEXTS},
        },
    ]
}
ALSO = {
    "description": TEXT,
    "ai_context": CONTEXT,
    "custom_extensions": many(closed("vendor_name data", vendor_name=TEXT, data=TEXT)),
}
FIELD = closed(
    "name expression",
    name=TEXT,
    expression=EXPRESSION,
    dimension=closed("", is_time={"type": "boolean"}),
    label=TEXT,
    datatype=DATATYPE,
    **ALSO,
)
DATASET = closed(
    "name source",
    name=TEXT,
    source=TEXT,
    primary_key=TEXTS,
    unique_keys=many(TEXTS),
    fields=many(FIELD),
    **ALSO,
)
RELATIONSHIP = closed(
    "name from to from_columns to_columns",
    **{"name": TEXT, "from": TEXT, "to": TEXT, "from_columns": many(TEXT, 1), "to_columns": many(TEXT, 1)},
    ai_context=CONTEXT,
    custom_extensions=ALSO["custom_extensions"],
)
METRIC = closed("name expression", name=TEXT, expression=EXPRESSION, datatype=DATATYPE, **ALSO)
MODEL = closed(
    "name datasets",
    name=TEXT,
    datasets=many(DATASET, 1),
    relationships=many(RELATIONSHIP),
    metrics=many(METRIC),
    **ALSO,
)
SCHEMA = closed(
    "version semantic_model",
    version={"const": "0.2.0.dev0"},
    semantic_model=many(MODEL),
    dialects=many({"enum": DIALECTS}),
    vendors=TEXTS,
)


@pytest.fixture(scope="module")
def exported(model: SemanticModel) -> OssieExport:
    return ossie_export(model, "shop")


def test_the_document_has_the_published_shape(exported: OssieExport) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    found = list(jsonschema.Draft202012Validator(SCHEMA).iter_errors(exported.document))
    assert [error.json_path for error in found] == []
    assert list(jsonschema.Draft202012Validator(SCHEMA).iter_errors({**exported.document, "x": 1})) != []


def test_names_are_unique_and_refer_to_what_is_there(exported: OssieExport, model: SemanticModel) -> None:
    (found,) = exported.document["semantic_model"]
    fields = {each["name"]: {field["name"] for field in each["fields"]} for each in found["datasets"]}
    assert set(fields) == set(model.datasets)
    for part in ("datasets", "relationships", "metrics"):
        names = [each["name"] for each in found[part]]
        assert len(names) == len(set(names)), part
    for each in found["relationships"]:
        assert set(each["from_columns"]) <= fields[each["from"]]
        assert set(each["to_columns"]) <= fields[each["to"]]
    for each in found["datasets"]:
        assert set(each["primary_key"]) <= fields[each["name"]]


def test_every_metric_is_in_the_document_or_in_the_report(
    exported: OssieExport, model: SemanticModel
) -> None:
    (found,) = exported.document["semantic_model"]
    carried = {each["name"] for each in found["metrics"]}
    reported = {
        each.what.removeprefix("metric ") for each in exported.not_carried if each.what.startswith("metric ")
    }
    assert carried | reported == set(model.metrics)
    assert carried & reported == set()
    assert {"ytd_revenue", "lifetime_value", "revenue_growth_rate", "returning_customers"} <= reported
    assert {"gmv", "net_revenue", "take_rate", "order_conversion_rate"} <= carried
    assert {"policies", "dimension cohort_month"} <= {each.what for each in exported.not_carried}
    gmv = next(each for each in found["metrics"] if each["name"] == "gmv")
    told = json.loads(gmv["custom_extensions"][0]["data"])
    assert (told["hash"], told["label_fr"]) == (
        model.metrics["gmv"].definition_hash,
        "Volume d'affaires brut",
    )


def of_one_dataset(model: SemanticModel) -> list[str]:
    return [
        name
        for name, metric in model.metrics.items()
        if len({leaf.measure.dataset for leaf in metric.leaves}) == 1 and not reasons_against(metric.formula)
    ]


@pytest.mark.parametrize("name", of_one_dataset(load_model([PACKAGED])))
def test_an_exported_expression_gives_our_number(
    read_only_shop: Shop, exported: OssieExport, name: str
) -> None:
    model = read_only_shop.model
    (found,) = exported.document["semantic_model"]
    metric = next(each for each in found["metrics"] if each["name"] == name)
    (said,) = metric["expression"]["dialects"]
    dataset = model.metrics[name].leaves[0].measure.dataset
    ((number,),) = read_only_shop.sql(f"select {said['expression']} from {joined(model, dataset)}")
    ours = read_only_shop.one(name)
    if isinstance(ours, Decimal | float | int):
        assert float(number) == pytest.approx(float(ours), abs=0.00005)  # we round money to four digits
    else:
        assert number == ours


def joined(model: SemanticModel, start: str) -> str:
    """A dataset with everything it refers to, each once, as a tool would join it by the relationships."""
    words, seen, waiting = [f"{model.datasets[start].table} as {start}"], {start}, [start]
    while waiting:
        here = waiting.pop(0)
        for each in model.datasets[here].relationships.values():
            if each.to not in seen:
                seen.add(each.to)
                waiting.append(each.to)
                to = model.datasets[each.to]
                words.append(
                    f"left join {to.table} as {to.name} on {here}.{each.column} = {to.name}.{to.key}"
                )
    return " ".join(words)


def test_the_command_writes_yaml_or_json_and_reports_what_is_lost(tmp_path: Path) -> None:
    runner = CliRunner()
    home = tmp_path / "shop"
    assert runner.invoke(application, ["init", str(home), "--name", "Kente & Co"]).exit_code == 0
    asked = ["metrics", "export", "--format", "ossie", "--home", str(home)]
    said = runner.invoke(application, asked)
    assert said.exit_code == 0, said.output
    document = yaml.load(said.stdout, yaml.CSafeLoader)
    jsonschema.validate(document, SCHEMA)
    assert document["semantic_model"][0]["name"] == "Kente & Co"
    file = tmp_path / "out.json"
    assert runner.invoke(application, [*asked, "--json", "--output", str(file)]).exit_code == 0
    assert json.loads(file.read_text()) == document
    report = json.loads(runner.invoke(application, [*asked, "--report", "--json"]).stdout)
    assert any(each["what"] == "metric ytd_revenue" for each in report["not_carried"])
