"""dbt itself makes the same of the packaged models as the renderer of the tests does."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from amalimart.core.clock import FixedClock
from amalimart.lake import Lake
from amalimart.mapping.source_mapping import load_mapping
from amalimart.warehouse.graph import CompiledGraph
from amalimart.warehouse.lake_view import landed_source
from amalimart.warehouse.project.compiler import compile_project
from amalimart.warehouse.project.project_files import ProjectSettings, assemble
from tests.warehouse.bazaar import FIRST_DAY, MAPPING, ZONE
from tests.warehouse.rendered_project import rendered_graph


@pytest.mark.slow
def test_dbt_compiles_the_packaged_models_as_the_tests_render_them(
    tmp_path: Path, compiled_once: Path
) -> None:
    (tmp_path / "bazaar.yml").write_text(MAPPING)
    mapping = load_mapping(tmp_path / "bazaar.yml")
    lake = Lake(tmp_path / "lake", FixedClock(FIRST_DAY))
    settings = ProjectSettings(business_zone=ZONE)
    project_hash = assemble(tmp_path / "dbt", [landed_source(lake, "bazaar", mapping)], settings)
    ours = rendered_graph(tmp_path / "dbt", project_hash, settings)
    theirs = compile_project(tmp_path / "dbt", project_hash, compiled_once, settings)
    assert ours.bronze == theirs.bronze
    of_dbt = {model.unique_id: model for model in theirs.models}
    assert {model.unique_id for model in ours.models} == of_dbt.keys()
    assert len(of_dbt) > 100
    for model in ours.models:
        same = of_dbt[model.unique_id]
        assert model.sql.strip() == same.sql.strip()
        for part in ("table", "is_view", "parents", "recipe", "on_changes", "file", "personal"):
            assert getattr(model, part) == getattr(same, part), (model.unique_id, part)
    assert checked(ours) == checked(theirs)


def checked(graph: CompiledGraph) -> Counter[tuple[object, ...]]:
    """What is checked of what; the names and line breaks that dbt gives its own tests are dbt's affair."""
    return Counter(
        (check.parents, check.is_error, check.delta is None, check.values) for check in graph.checks
    )
