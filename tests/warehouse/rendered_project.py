"""An assembled project rendered without dbt, in a fraction of its time: what tests of many projects need.

Knows as much of dbt as the house's models use: ref, source, config, var, macros, tests of columns and of
files. A test holds that dbt itself compiles the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import jinja2
import jinja2.runtime
import jinja2.utils
import yaml

from amalimart.warehouse.graph import CompiledGraph
from amalimart.warehouse.incremental.following import add_following
from amalimart.warehouse.project import compiler
from amalimart.warehouse.project.project_files import ProjectSettings

GENERIC = {
    "not_null": "select {column} from {model} where {column} is null",
    "unique": (
        "select {column} as unique_field, count(*) as n_records from {model}"
        " where {column} is not null group by {column} having count(*) > 1"
    ),
    "accepted_values": (
        "with all_values as (select {column} as value_field, count(*) as n_records from {model}"
        " group by {column}) select * from all_values where value_field not in ({values})"
    ),
    "relationships": (
        "with child as (select {column} as from_field from {model} where {column} is not null),"
        " parent as (select {field} as to_field from {to}) select from_field from child"
        " left join parent on child.from_field = parent.to_field where parent.to_field is null"
    ),
}
"""The tests that dbt has of its own, showing the columns that it shows."""

_GRAPHS: dict[str, CompiledGraph] = {}  # by the content of the project, its settings among it


def rendered_graph(project: Path, project_hash: str, settings: ProjectSettings) -> CompiledGraph:
    """The graph that the compiler makes of an assembled project; of the same one it is rendered once."""
    if project_hash not in _GRAPHS:
        manifest = rendered_manifest(project, settings)
        recipes = compiler._generated_recipes(project)
        for unique_id, kept in add_following(manifest["nodes"], recipes).items():
            manifest["nodes"][unique_id] |= kept
        _GRAPHS[project_hash] = compiler.read_manifest(manifest, project_hash)
    return _GRAPHS[project_hash]


def rendered_manifest(project: Path, settings: ProjectSettings) -> dict[str, Any]:
    """What is kept of dbt's manifest."""
    return _Renderer(project, settings).manifest()


class _Renderer:
    def __init__(self, project: Path, settings: ProjectSettings) -> None:
        self._project = project
        self._vars = settings.dbt_vars()
        self._folders = yaml.safe_load((project / "dbt_project.yml").read_text())["models"]["marketplace"]
        self._described, self._sources = _descriptions(project)
        self._macros = _macros(project, self._vars)
        self._files = {path.stem: path for path in sorted((project / "models").rglob("*.sql"))}
        self._configs = {name: self._config(path) for name, path in self._files.items()}

    def manifest(self) -> dict[str, Any]:
        nodes = {f"model.marketplace.{name}": self._model(name, path) for name, path in self._files.items()}
        for path in sorted((self._project / "tests").glob("*.sql")):
            node = self._test(path.stem, path.read_text(), {})
            node["original_file_path"] = str(path.relative_to(self._project))
            nodes[f"test.marketplace.{path.stem}"] = node
        for name, described in self._described.items():
            columns = described.get("columns") or ()
            nodes[f"model.marketplace.{name}"]["personal"] = sorted(
                filter(None, map(compiler._personal, columns))
            )
            tested = [(None, test) for test in described.get("data_tests") or ()]
            tested += [(each["name"], test) for each in columns for test in each.get("data_tests") or ()]
            for column_name, test in tested:
                node = self._generic(name, column_name, test)
                nodes[f"test.marketplace.{node['name']}.0"] = node
        return {"nodes": nodes, "sources": sorted(self._sources)}

    def _config(self, path: Path) -> dict[str, Any]:
        folder = path.relative_to(self._project / "models").parts[0]
        found = {key.removeprefix("+"): value for key, value in self._folders.get(folder, {}).items()}
        found |= (self._described.get(path.stem) or {}).get("config") or {}
        self._rendered(path.read_text(), set(), found)
        return found

    def _rendered(self, text: str, parents: set[str], configured: dict[str, Any] | None = None) -> str:
        def ref(name: str) -> str:
            parents.add(f"model.marketplace.{name}")
            return self._place(name) if configured is None else ""

        def source(schema: str, name: str) -> str:
            parents.add(f"source.marketplace.{schema}.{name}")
            return f'"warehouse"."{schema}"."{name}"'

        def config(**options: Any) -> str:
            if configured is not None:
                configured.update(options)
            return ""

        known = {**self._macros, "ref": ref, "source": source, "config": config, "var": self._vars.get}
        return _template(text).render(known).strip()

    def _place(self, name: str) -> str:
        config = self._configs[name]
        return f'"warehouse"."{config["schema"]}"."{config.get("alias") or name}"'

    def _model(self, name: str, path: Path) -> dict[str, Any]:
        parents: set[str] = set()
        config = self._configs[name]
        node = self._node("model", name, self._rendered(path.read_text(), parents), parents, config)
        return node | {
            "schema": config["schema"],
            "alias": config.get("alias"),
            "original_file_path": str(path.relative_to(self._project)),
        }

    def _test(self, name: str, text: str, config: Mapping[str, Any]) -> dict[str, Any]:
        parents: set[str] = set()
        configured = dict(config)
        self._rendered(text, set(), configured)
        return self._node("test", name, self._rendered(text, parents), parents, configured)

    def _generic(self, model: str, column: str | None, test: Any) -> dict[str, Any]:
        (kind, given) = next(iter(test.items())) if isinstance(test, dict) else (test, {})
        told = dict(given.get("arguments", {}))
        if kind in GENERIC:
            text = GENERIC[kind].format(
                model=f"{{{{ ref('{model}') }}}}",
                column=column,
                values=", ".join(f"'{value}'" for value in told.get("values", ())),
                to=f"{{{{ {told.get('to')} }}}}",
                field=told.get("field"),
            )
        else:
            of_column = {"column_name": column} if column else {}
            listed = ", ".join(f"{key}={value!r}" for key, value in (of_column | told).items())
            text = f"{{{{ test_{kind}(ref('{model}'), {listed}) }}}}"
        node = self._test(f"{kind}_{model}_{column or 'row'}", text, given.get("config", {}))
        return node | {
            "test_metadata": {"name": kind, "kwargs": {"column_name": column, **told}},
            "attached_node": f"model.marketplace.{model}",
        }

    @staticmethod
    def _node(kind: str, name: str, sql: str, parents: set[str], config: Mapping[str, Any]) -> dict[str, Any]:
        kept: dict[str, Any] = dict.fromkeys(compiler._KEPT_OF_A_CONFIG)
        return {
            **dict.fromkeys(compiler._KEPT_OF_A_NODE),
            "resource_type": kind,
            "database": "warehouse",
            "name": name,
            "compiled_code": sql,
            "depends_on": {"nodes": sorted(parents)},
            "language": "sql",
            "config": kept | {key: value for key, value in config.items() if key in kept},
        }


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(autoescape=False, extensions=["jinja2.ext.do"])  # noqa: S701 - SQL
    environment.globals["adapter"] = {"dispatch": _dispatch}
    return environment


@lru_cache(maxsize=2000)
def _template(text: str) -> jinja2.Template:
    return _environment().from_string(text)


@jinja2.pass_context
def _dispatch(context: jinja2.runtime.Context, name: str) -> object:
    found = context.resolve_or_missing(f"duckdb__{name}")
    return context.resolve(f"default__{name}") if found is jinja2.utils.missing else found


def _macros(project: Path, variables: Mapping[str, Any]) -> dict[str, Any]:
    texts = [path.read_text() for path in sorted((project / "macros").rglob("*.sql"))]
    texts = [text for text in texts if "generate_schema_name" not in text]
    texts += [path.read_text() for path in sorted((project / "tests" / "generic").rglob("*.sql"))]
    macros = re.sub(r"{%(-?) *(end)?test( (\w+))?", _as_macro, "\n".join(texts))
    return vars(_template(macros).make_module({"var": variables.get}))


def _as_macro(found: re.Match[str]) -> str:
    return f"{{%{found[1]} endmacro" if found[2] else f"{{%{found[1]} macro test_{found[4]}"


def _descriptions(project: Path) -> tuple[dict[str, Any], set[str]]:
    models: dict[str, Any] = {}
    sources: set[str] = set()
    for path in sorted((project / "models").rglob("*.yml")):
        described = yaml.load(path.read_text(), yaml.CSafeLoader) or {}
        models |= {model["name"]: model for model in described.get("models") or ()}
        sources |= {
            f"source.marketplace.{source['name']}.{table['name']}"
            for source in described.get("sources") or ()
            for table in source.get("tables") or ()
        }
    return models, sources
