"""dbt as language and compiler: from an assembled project to a compiled graph, cached by content.

dbt runs in a process of its own (it is heavy and keeps global state) against an empty shape
database whose catalog has the hot file's name, so the compiled SQL fits the hot file as it is.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from amalimart.core.errors import UnsupportedFeature, WarehouseError
from amalimart.core.names import TableRef
from amalimart.warehouse.graph import BRONZE, Check, CompiledGraph, Model, OnChanges, ValuesOf
from amalimart.warehouse.incremental.delta_check import read_delta_check
from amalimart.warehouse.incremental.following import add_following
from amalimart.warehouse.incremental.recipe import read_recipe
from amalimart.warehouse.project.dbt_words import compile_failed
from amalimart.warehouse.project.project_files import ProjectSettings
from amalimart.warehouse.project.row_order import declared_order
from amalimart.warehouse.staging.files import RECIPES

_KEPT_OF_A_NODE = (
    "resource_type", "database", "schema", "name", "alias", "compiled_code", "depends_on", "language",
    "test_metadata", "attached_node", "original_file_path",
)  # fmt: skip
_KEPT_OF_A_CONFIG = (
    "materialized", "severity", "pre-hook", "post-hook", "grants", "contract", "sql_header",
    "limit", "fail_calc", "error_if", "warn_if", "meta", "where",
)  # fmt: skip
FORMAT = 25  # of the cache; another number reads every project anew
_KINDS = {"operation": "an on-run-start or on-run-end hook", "analysis": "an analysis"}
_SHOWN_VALUES = {"unique": "unique_field", "accepted_values": "value_field", "relationships": "from_field"}
_SCHEMAS = ("staging", "silver", "gold")
_PARSED = "partial_parse.msgpack"  # dbt's name for what it parsed
# A short life that only ever gathers objects: looking for garbage among them would be a tenth of it.
_DBT = "import gc, sys; gc.disable(); from dbt.cli.main import cli; sys.argv[0] = 'dbt'; cli()"


def compile_project(
    project: Path, project_hash: str, cache: Path, settings: ProjectSettings
) -> CompiledGraph:
    """The compiled form of an assembled project; dbt runs only where the cache lacks the hash.

    Raises CompileFailed with dbt's own words, UnsupportedFeature for what the executor cannot run.
    """
    kept = cache / f"{project_hash}-{FORMAT}.json"
    trimmed = _cached(kept)
    if trimmed is None:
        cache.mkdir(parents=True, exist_ok=True)
        with (cache / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # who waits for another that compiles finds its work
            trimmed = _cached(kept) or _compiled(project, project_hash, kept, settings)
    return read_manifest(trimmed, project_hash)


def _compiled(project: Path, project_hash: str, kept: Path, settings: ProjectSettings) -> dict[str, Any]:
    work = project.with_name(f"{project.name}-work")
    trimmed = _trimmed(_run_dbt(project, work, settings, kept.with_name(_PARSED)))
    read_manifest(trimmed, project_hash)
    following = add_following(trimmed["nodes"], _generated_recipes(project))
    for unique_id, recipe in following.items():
        trimmed["nodes"][unique_id] |= recipe
    fresh = kept.with_suffix(f".{os.getpid()}")
    fresh.write_text(json.dumps(trimmed))
    fresh.replace(kept)
    return trimmed


def compiled_before(project_hash: str, cache: Path) -> CompiledGraph | None:
    """A project that was compiled before, by its hash; None where its form is gone or of another make."""
    trimmed = _cached(cache / f"{project_hash}-{FORMAT}.json")
    return read_manifest(trimmed, project_hash) if trimmed is not None else None


def _cached(path: Path) -> dict[str, Any] | None:
    """What was compiled before; None where nothing was, or where a crash left a broken file."""
    try:
        return dict(json.loads(path.read_text()))
    except (FileNotFoundError, ValueError):
        return None


def dbt_command(
    project: Path, verb: str, settings: ProjectSettings, target: Path, *options: str
) -> list[str]:
    """The command line that runs plain dbt on an assembled project."""
    return [
        sys.executable, "-c", _DBT,
        "--no-use-colors", "--no-send-anonymous-usage-stats", "--no-version-check",
        verb, "--project-dir", str(project), "--profiles-dir", str(project), "--target-path", str(target),
        "--vars", json.dumps(settings.dbt_vars()), *options,
    ]  # fmt: skip


def _run_dbt(
    project: Path, work: Path, settings: ProjectSettings, parsed: Path | None = None
) -> dict[str, Any]:
    """Dbt's manifest. It parses only what differs from the project that left its parsed form there."""
    shape = work / "shape" / "warehouse.duckdb"
    shape.parent.mkdir(parents=True, exist_ok=True)
    target = work / "target"
    if parsed and parsed.exists() and not (target / _PARSED).exists():
        target.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(parsed, target / _PARSED)
    completed = subprocess.run(  # noqa: S603 - our own interpreter, no shell
        dbt_command(
            project,
            "compile",
            settings,
            target,
            "--no-introspect",
            "--no-populate-cache",
            "--log-path",
            str(work),
        ),
        env={
            **os.environ,
            # dbt works in the project's folder; an absolute path would be another profile in every folder.
            "AMALIMART_DBT_DATABASE": os.path.relpath(shape, project),
            "DO_NOT_TRACK": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if completed.returncode < 0:
        raise WarehouseError(
            f"dbt was stopped by signal {-completed.returncode} while it compiled the project",
            where=str(project),
            next_step="see that the machine has memory to spare; it is tried again",
        )
    if completed.returncode != 0:
        raise compile_failed(completed.stdout, completed.stderr, project, work / "dbt.log")
    if parsed and (target / _PARSED).exists():  # the environment may tell dbt not to keep it
        fresh = parsed.with_suffix(f".{os.getpid()}")
        shutil.copyfile(target / _PARSED, fresh)
        fresh.replace(parsed)
    return dict(json.loads((target / "manifest.json").read_text()))


def _trimmed(manifest: dict[str, Any]) -> dict[str, Any]:
    """The part of dbt's manifest that the graph is read from; the whole is megabytes."""
    nodes = {}
    for key, node in manifest["nodes"].items():
        nodes[key] = {kept: node.get(kept) for kept in _KEPT_OF_A_NODE}
        nodes[key]["config"] = {kept: (node["config"] or {}).get(kept) for kept in _KEPT_OF_A_CONFIG}
        nodes[key]["sorted_by"] = declared_order(key, node)
        nodes[key]["personal"] = sorted(filter(None, map(_personal, (node.get("columns") or {}).values())))
    return {"nodes": nodes, "sources": sorted(manifest["sources"])}


def _values_of(node: dict[str, Any]) -> ValuesOf | None:
    """What a test of dbt's own, which shows values and not the rows that hold them, looked at."""
    told = node.get("test_metadata") or {}
    shown = _SHOWN_VALUES.get(str(told.get("name")), "")
    column = (told.get("kwargs") or {}).get("column_name")
    tested = node.get("attached_node")
    is_plain = bool(shown) and not told.get("namespace") and shown in node["compiled_code"]
    return ValuesOf(tested, str(column), shown) if is_plain and column and tested else None


def _declared_at(node: dict[str, Any]) -> tuple[str, str | None] | None:
    """The model, and the column if it is one, whose description holds a test."""
    column = ((node.get("test_metadata") or {}).get("kwargs") or {}).get("column_name")
    model = node.get("attached_node")
    return (str(model), str(column) if column else None) if model else None


def _personal(column: dict[str, Any]) -> str | None:
    """The name of a column that its description classifies as personal."""
    return str(column["name"]) if is_personal(column) else None


def is_personal(column: Mapping[str, Any]) -> bool:
    """Whether the description of a column classifies it as personal; staging says so by a tag."""
    config = column.get("config") or {}
    classified = {(column.get("meta") or {}).get("class"), (config.get("meta") or {}).get("class")}
    tags = {*(column.get("tags") or ()), *(config.get("tags") or ())}
    return "personal" in classified | tags


def read_manifest(manifest: dict[str, Any], project_hash: str) -> CompiledGraph:
    """A trimmed manifest as a graph. Raises UnsupportedFeature naming the model and the feature."""
    models, checks = [], []
    for unique_id, node in manifest["nodes"].items():
        parents = frozenset(node["depends_on"].get("nodes", ()))
        config = node["config"]
        if node["resource_type"] == "model":
            _refuse_unsupported(unique_id, node)
            models.append(
                Model(
                    unique_id=unique_id,
                    table=TableRef(node["schema"], node["alias"] or node["name"]),
                    is_view=config["materialized"] == "view",
                    sql=node["compiled_code"],
                    parents=parents,
                    recipe=read_recipe(node["recipe"]) if node.get("recipe") else None,
                    on_changes=OnChanges(**node["on_changes"]) if node.get("on_changes") else None,
                    file=node.get("original_file_path") or "",
                    personal=frozenset(node.get("personal") or ()),
                    sorted_by=tuple(node.get("sorted_by") or ()),
                )
            )
        elif node["resource_type"] == "test":
            _refuse_unsupported_check(unique_id, config)
            is_error = str(config["severity"] or "error").lower() == "error"
            checks.append(
                Check(
                    unique_id=unique_id,
                    name=node["name"],
                    is_error=is_error,
                    sql=node["compiled_code"],
                    parents=parents,
                    delta=read_delta_check(node["delta"]) if node.get("delta") else None,
                    values=_values_of(node),
                    declared_at=_declared_at(node),
                    file=node.get("original_file_path") or "",
                )
            )
        else:
            raise UnsupportedFeature(
                f"the dbt project holds {_KINDS.get(kind := node['resource_type'], f'a {kind}')}",
                where=unique_id,
                expected="models and tests",
                next_step="leave it out: the executor would not run it",
            )
    bronze = frozenset(key.removeprefix(BRONZE) for key in manifest["sources"] if key.startswith(BRONZE))
    return CompiledGraph(project_hash, tuple(models), tuple(checks), bronze)


def _generated_recipes(project: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for path in sorted((project / "models").glob(f"*/{RECIPES}")):
        found |= json.loads(path.read_text())
    return found


def _refuse_unsupported(unique_id: str, node: dict[str, Any]) -> None:
    config = node["config"]
    trouble = None
    if config["materialized"] not in {"view", "table"}:
        trouble = f"the materialisation {config['materialized']!r}"
    elif node["language"] != "sql":
        trouble = f"a model in {node['language']}"
    elif config["pre-hook"] or config["post-hook"]:
        trouble = "hooks"
    elif config["grants"]:
        trouble = "grants"
    elif (config["contract"] or {}).get("enforced"):
        trouble = "an enforced contract"
    elif config["sql_header"]:
        trouble = "a sql_header"
    elif node["schema"] not in _SCHEMAS or node["database"] != "warehouse":
        trouble = f"the place {node['database']}.{node['schema']}"
    if trouble:
        raise UnsupportedFeature(
            f"the model uses {trouble}, which the executor does not run",
            where=unique_id,
            expected=f"a view or a table in {', '.join(_SCHEMAS)}, without hooks, grants or contracts",
            next_step="change the model's configuration",
        )


def _refuse_unsupported_check(unique_id: str, config: dict[str, Any]) -> None:
    plain = {"fail_calc": "count(*)", "error_if": "!= 0", "warn_if": "!= 0", "limit": None}
    for option, usual in plain.items():
        if config[option] not in {usual, None}:
            raise UnsupportedFeature(
                f"the test sets {option}, which the executor does not run",
                where=unique_id,
                expected="a test that fails when its query returns a row",
                next_step="express the threshold in the test's SQL",
            )
