"""The JSON Schemas for editors take every packaged file, and refuse a mistake as the file's reader does."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from click.testing import CliRunner

import amalimart
from amalimart.access.policies import load_policies
from amalimart.api.dashboards.library import load_dashboards
from amalimart.api.scorecards.library import load_scorecards
from amalimart.cli.application import application
from amalimart.config.project import Settings
from amalimart.config.strict_yaml import read_yaml
from amalimart.core.errors import AmalimartError
from amalimart.governance.metric_ledger import read_ledger
from amalimart.mapping.source_mapping import load_mapping
from amalimart.processes.editor_schemas import EDITOR_SCHEMAS, write_schemas
from amalimart.quality.declared import read_check
from amalimart.semantic.shapes import DatasetShape, DimensionsFile, MetricsFile

MARKETPLACE = Path(amalimart.__file__).parent / "marketplace"
PLACES = {
    "metrics": MARKETPLACE / "semantic" / "metrics",
    "datasets": MARKETPLACE / "semantic" / "datasets",
    "dimensions": MARKETPLACE / "semantic" / "dimensions",
    "dashboards": MARKETPLACE / "dashboards",
    "scorecards": MARKETPLACE / "scorecards",
    "policies": MARKETPLACE / "policies",
    "sources": MARKETPLACE / "sources",
    "quality": MARKETPLACE / "quality",
}
FILES = [(kind, path) for kind, folder in PLACES.items() for path in sorted(folder.glob("*.yml"))] + [
    ("governance", MARKETPLACE / "governance.yml"),
    ("metric_versions", MARKETPLACE / "metric_versions.yml"),
]
VALIDATORS = {
    name: jsonschema.Draft202012Validator(schema.document()) for name, schema in EDITOR_SCHEMAS.items()
}


def plain(text: str) -> Any:
    """A YAML text as an editor's JSON Schema sees it: days are texts, keys are texts."""
    return json.loads(json.dumps(yaml.safe_load(text), default=str))


def complaints(kind: str, text: str) -> list[str]:
    return [error.json_path for error in VALIDATORS[kind].iter_errors(plain(text))]


@pytest.mark.parametrize(("kind", "path"), FILES, ids=lambda each: getattr(each, "stem", each))
def test_every_packaged_file_fits_its_schema(kind: str, path: Path) -> None:
    assert complaints(kind, path.read_text(encoding="utf-8")) == []


def test_every_kind_of_file_has_packaged_ones_or_is_the_settings() -> None:
    assert {kind for kind, _ in FILES} | {"settings"} == set(EDITOR_SCHEMAS)


@pytest.mark.parametrize("name", list(EDITOR_SCHEMAS))
def test_each_is_a_schema_that_refuses_a_key_it_does_not_know(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(EDITOR_SCHEMAS[name].document())
    assert complaints(name, "nonsense: 1") != []


READERS: dict[str, Callable[[Path], object]] = {
    "settings": lambda path: read_yaml(path).parse(Settings),
    "metrics": lambda path: read_yaml(path).parse(MetricsFile),
    "datasets": lambda path: read_yaml(path).parse(DatasetShape),
    "dimensions": lambda path: read_yaml(path).parse(DimensionsFile),
    "metric_versions": read_ledger,
    "dashboards": lambda path: load_dashboards(None, path.parent),
    "scorecards": lambda path: load_scorecards(None, path.parent),
    "policies": lambda path: load_policies([path.parent]),
    "sources": load_mapping,
    "quality": read_check,
}
MISTAKES = [
    ("metrics", "support.yml", "unit: count", "unit: counts"),
    ("metrics", "support.yml", "owner: support", "owners: support"),
    ("metrics", "support.yml", "label: {en: Support requests, fr: Demandes d'assistance}", "label: Requests"),
    ("metrics", "support.yml", "aggregate: count_distinct", "aggregate: [sum]"),
    ("metrics", "support.yml", "formula: 100 * ticket_count / order_count", "of: ticket_count"),
    ("metrics", "support.yml", "    aggregate: count_distinct\n", ""),
    ("metrics", "support.yml", "fr: Demandes ouvertes", "fr: ''"),
    ("datasets", "visits.yml", "{type: id}", "{type: uuid}"),
    ("datasets", "visits.yml", "key: visit_id", "keys: visit_id"),
    ("dimensions", "people.yml", "fields: [customers.gender]", "fields: []"),
    ("dimensions", "people.yml", "bucket: month", "bucket: months"),
    ("metric_versions", "metric_versions.yml", "{version: 1", "{version: 0"),
    ("dashboards", "support.yml", "type: kpi", "type: kpis"),
    ("dashboards", "support.yml", "width: ", "widht: "),
    ("scorecards", "vendor.yml", "better: lower", "better: least"),
    ("scorecards", "vendor.yml", "at_least: 20", "atleast: 20"),
    ("policies", "vendor.yml", "rows: all", "rows: everything"),
    ("policies", "vendor.yml", "role: vendor", "role: The seller"),
    ("sources", "demo.yml", "time_zone:", "timezone:"),
    ("quality", "sources_are_fresh.yml", "severity: ", "severity: very "),
]


@pytest.mark.parametrize(("kind", "name", "old", "new"), MISTAKES)
def test_a_mistake_is_refused_by_the_schema_and_by_the_reader(
    tmp_path: Path, kind: str, name: str, old: str, new: str
) -> None:
    source = PLACES.get(kind, MARKETPLACE) / name
    text = source.read_text(encoding="utf-8")
    assert old in text
    wrong = tmp_path / name
    wrong.write_text(text)
    READERS[kind](wrong)
    wrong.write_text(text.replace(old, new, 1))
    assert complaints(kind, wrong.read_text()) != []
    with pytest.raises(AmalimartError):
        READERS[kind](wrong)


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("name: shop\nlake: s3://bucket/prefix", True),
        ("lake: {prefix: s3://bucket/prefix, cache_gb: 3}", True),
        ("sources: {shop: {kind: postgres, mapping: own, url: secret:URL}}", True),
        ("schedules: {compact: {cron: 10 3 * * *, enabled: false}}", True),
        ("lake: 7", False),
        ("serve: {port: 99999999}", False),
        ("currency: cedi", False),
        ("sources: {shop: {kind: oracle, mapping: own}}", False),
    ],
)
def test_settings_are_taken_or_refused_alike(tmp_path: Path, text: str, fits: bool) -> None:
    path = tmp_path / "amalimart.yml"
    path.write_text(text)
    assert (complaints("settings", text) == []) is fits
    if fits:
        READERS["settings"](path)
    else:
        with pytest.raises(AmalimartError):
            READERS["settings"](path)


def test_they_are_written_as_files_of_json(tmp_path: Path) -> None:
    written = write_schemas(tmp_path / "schemas")
    assert {path.stem for path in written} == set(EDITOR_SCHEMAS)
    for path in written:
        assert json.loads(path.read_text())["$schema"].endswith("2020-12/schema")


def test_a_new_project_has_them_and_its_settings_say_where(tmp_path: Path) -> None:
    made = CliRunner().invoke(application, ["init", str(tmp_path / "shop")])
    assert made.exit_code == 0, made.output
    settings = (tmp_path / "shop" / "amalimart.yml").read_text()
    place = settings.splitlines()[0].removeprefix("# yaml-language-server: $schema=")
    assert (tmp_path / "shop" / place).is_file()
    assert complaints("settings", settings) == []
