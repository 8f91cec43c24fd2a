"""What readers are told about the sources behind their numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from amalimart.config.project import Project, open_project
from amalimart.core.clock import SystemClock
from amalimart.lake import Lake
from amalimart.orchestrate.sources.notes import source_notes


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "amalimart.yml").write_text(
        "sources:\n"
        "  shop:\n"
        "    kind: postgres\n"
        "    mapping: demo\n"
        "    url: secret:SHOP_URL\n"
        "    capture: poll\n"
        "    deletes_every_minutes: 15\n"
        "  files: {kind: files, mapping: amalimart, folder: drops}\n"
        "  live: {kind: postgres, mapping: demo, url: secret:LIVE_URL}\n"
    )
    return open_project(tmp_path)


def test_a_polled_source_says_how_late_deletes_are(project: Project) -> None:
    (note,) = source_notes(project, Lake(project.lake, SystemClock()))
    assert "every 15 minutes" in note.text
    assert "shop" in note.detail


def test_a_table_that_stands_still_is_told_without_its_name_to_everybody(project: Project) -> None:
    lake = Lake(project.lake, SystemClock())
    with lake.writer("live") as writer:
        writer.append([], {"stopped": {"orders": "the column total was dropped"}}, None)
    _, note = source_notes(project, lake)
    assert "orders" not in note.text
    assert "orders: the column total was dropped" in note.detail
    with lake.writer("live") as writer:
        writer.append([], {"stopped": {}}, None)
    assert len(source_notes(project, lake)) == 1
