"""A mapping's generated models run in an engine of their own, without dbt: bronze rows in, staging out."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from amalimart.core.names import quoted
from amalimart.mapping.source_mapping import SourceMapping, load_mapping
from amalimart.warehouse.staging.files import write_staging
from amalimart.warehouse.staging.landed import LandedSource, bronze_view
from amalimart.warehouse.staging.macros import rendered

HEAD = """\
mapping: shop
description: a shop
time_zone: UTC
"""
_REF = re.compile(r"\{\{ ref\('(\w+)'\) \}\}")
_SOURCE = re.compile(r"\{\{ source\('bronze', '([^']+)'\) \}\}")
_CONFIG = re.compile(r"\{\{ config\([^)]*\) \}\}")
ENGINE_TYPES = {
    "int64": "bigint",
    "int8": "tinyint",
    "bool": "boolean",
    "decimal128(18, 4)": "decimal(18, 4)",
}


@dataclass(frozen=True)
class Change:
    """One row of bronze."""

    operation: str
    values: Mapping[str, Any] = field(default_factory=dict)
    batch: int = 1
    unchanged: tuple[str, ...] = ()


@dataclass(frozen=True)
class Landed:
    """One source in bronze: table -> column -> engine type, and the rows in the order they came."""

    mapping: SourceMapping
    tables: Mapping[str, Mapping[str, str]]
    rows: Mapping[str, Sequence[Change]]
    tells_unchanged: bool = True
    selects: Mapping[str, str] = field(default_factory=dict)  # table -> SQL of a snapshot, instead of rows


def mapping_of(folder: Path, text: str, name: str = "shop") -> SourceMapping:
    """A mapping from its tables and entities; the head is added where it is missing."""
    path = folder / f"{name}.yml"
    path.write_text(text if text.startswith("mapping:") else HEAD + text)
    return load_mapping(path)


class Lab:
    """Runs what the sources' mappings compile to, and answers questions about it."""

    def __init__(self, folder: Path, sources: Mapping[str, Landed], zone: str = "UTC") -> None:
        self._folder = folder / "models"
        shutil.rmtree(self._folder, ignore_errors=True)
        self.engine = duckdb.connect(config={"threads": 1})
        self.engine.execute("set timezone = 'UTC'")
        self.engine.execute("create schema bronze")
        for name, landed in sources.items():
            for table, columns in landed.tables.items():
                self._land(bronze_view(name, table), table, columns, landed)
        write_staging(
            self._folder,
            folder / "tests",
            [LandedSource(name, landed.mapping, _types(landed)) for name, landed in sources.items()],
            zone,
        )
        entities = {entity for landed in sources.values() for entity in landed.mapping.entities}
        self._built: set[str] = set()
        for entity in sorted(entities):
            self._build(f"stg_{entity}")
        for path in sorted(self._folder.glob("rec_*.sql")):
            self._build(path.stem)
        self._build("enum_drift")

    def close(self) -> None:
        self.engine.close()

    def sql(self, model: str) -> str:
        """A model as it was generated, its macros carried out."""
        return rendered((self._folder / f"{model}.sql").read_text())

    def rows(self, question: str) -> list[tuple[Any, ...]]:
        return self.engine.execute(question).fetchall()

    def accounts(self) -> dict[tuple[str, str, int], tuple[int, ...]]:
        """(entity, source, part) -> the counts, from landed to repaired."""
        models = [path.stem for path in sorted(self._folder.glob("rec_*.sql"))]
        found = {}
        for model in models:
            ((entity, source, part, _, *counts),) = self.rows(f"select * from {model}")
            found[entity, source, part] = tuple(counts)
        return found

    def _land(self, view: str, table: str, columns: Mapping[str, str], landed: Landed) -> None:
        own = {"_op": "varchar", "_batch": "bigint", "_sequence": "bigint"}
        own |= {"_unchanged": "varchar[]"} if landed.tells_unchanged else {}
        listed = ", ".join(
            f"{quoted(name)} {ENGINE_TYPES.get(kind, kind.replace('decimal128', 'decimal'))}"
            for name, kind in {**columns, **own}.items()
        )
        self.engine.execute(f'create table bronze."{view}" ({listed})')
        if table in landed.selects:
            unchanged = ", null" if landed.tells_unchanged else ""
            numbered = (
                f"select *, 'snapshot', 1, row_number() over (){unchanged} from ({landed.selects[table]})"
            )
            self.engine.execute(f'insert into bronze."{view}" {numbered}')
        marks = ", ".join("?" for _ in range(len(columns) + len(own)))
        for number, row in enumerate(landed.rows.get(table, ()), 1):
            values = [row.values.get(name) for name in columns]
            told = [row.operation, row.batch, number]
            told += [list(row.unchanged) or None] if landed.tells_unchanged else []
            self.engine.execute(f'insert into bronze."{view}" values ({marks})', [*values, *told])

    def _build(self, model: str) -> None:
        if model in self._built:
            return
        self._built.add(model)
        text = self.sql(model)
        for parent in _REF.findall(text):
            self._build(parent)
        text = _CONFIG.sub("", _SOURCE.sub(r'bronze."\1"', _REF.sub(r"\1", text)))
        self.engine.execute(f"create table {model} as (\n{text}\n)")


def _types(landed: Landed) -> Mapping[str, Mapping[str, str]]:
    own = {"_op": "varchar", "_batch": "int64", "_sequence": "int64"}
    own |= {"_unchanged": "list<item: string>"} if landed.tells_unchanged else {}
    return {table: {**columns, **own} for table, columns in landed.tables.items()}
