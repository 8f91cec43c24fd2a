"""JSON Schemas of every YAML file that a project may hold, made from the shapes by which they are read.

An editor that knows them completes keys and marks a misspelt one while it is typed. What goes beyond one
file (that a metric exists, that a mapping fits its source) is said by the commands alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from amalimart.access.policy_shapes import NarrowerShape, PolicyShape
from amalimart.api.dashboards.definition import DashboardFile, Tile
from amalimart.api.scorecards.definition import ScorecardFile
from amalimart.config.project import SETTINGS_FILE, Settings
from amalimart.governance.declaration import FILE as GOVERNANCE_FILE
from amalimart.governance.declaration import GovernanceFile
from amalimart.governance.metric_ledger import VERSIONS_FILE, VersionsFile
from amalimart.mapping.shape import MappingFile
from amalimart.quality.shapes import SHAPES
from amalimart.semantic.shapes import DatasetShape, DimensionsFile, MetricsFile

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


class _WholeDashboard(DashboardFile):
    """A dashboard with its tiles, which are otherwise read one by one."""

    tiles: tuple[Annotated[Tile, Field(discriminator="type")], ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class EditorSchema:
    """One kind of file: its name, where a project has it, and what it may hold."""

    name: str
    files: str
    what: str
    shape: Any

    def document(self) -> dict[str, Any]:
        """The JSON Schema."""
        made = TypeAdapter(self.shape).json_schema(mode="validation")
        return {"$schema": _DIALECT, **made, "title": f"Amalimart: {self.what}"}


EDITOR_SCHEMAS: Mapping[str, EditorSchema] = {
    each.name: each
    for each in (
        EditorSchema("settings", SETTINGS_FILE, "settings of a project", Settings),
        EditorSchema("metrics", "metrics/*.yml", "metrics of a subject area", MetricsFile),
        EditorSchema("datasets", "metrics/datasets/*.yml", "a dataset", DatasetShape),
        EditorSchema("dimensions", "metrics/dimensions/*.yml", "dimensions", DimensionsFile),
        EditorSchema("metric_versions", VERSIONS_FILE, "what metrics have meant", VersionsFile),
        EditorSchema("dashboards", "dashboards/*.yml", "a dashboard", _WholeDashboard),
        EditorSchema("scorecards", "scorecards/*.yml", "a scorecard", ScorecardFile),
        EditorSchema("policies", "policies/*.yml", "the policy of a role", PolicyShape | NarrowerShape),
        EditorSchema("sources", "sources/*.yml", "a mapping", MappingFile),
        EditorSchema(
            "quality",
            "quality/*.yml",
            "a monitored check",
            Annotated[reduce(or_, SHAPES.values()), Field(discriminator="kind")],
        ),
        EditorSchema("governance", GOVERNANCE_FILE, "areas, owners and stewards", GovernanceFile),
    )
}


def write_schemas(folder: Path) -> list[Path]:
    """Write every schema into a folder, and return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for schema in EDITOR_SCHEMAS.values():
        path = folder / f"{schema.name}.json"
        path.write_text(json.dumps(schema.document(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        written.append(path)
    return written
