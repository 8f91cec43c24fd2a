"""A backup of a project whose lake is in an object store: the place, the positions, and what is only here."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from amalimart.config.project import SETTINGS_FILE, Project, open_project
from amalimart.core.clock import FixedClock
from amalimart.lake import Lake
from amalimart.orchestrate.backups.restoring import restore_backup
from amalimart.orchestrate.backups.taking import back_up
from amalimart.orchestrate.project.init import init_project
from amalimart.orchestrate.project.lake_opening import open_lake
from tests.object_store import Bucket
from tests.orchestrate.landed_shop import MAPPING
from tests.orchestrate.test_backup import append, silent, totals

CLOCK = FixedClock(datetime(2026, 3, 10, 12, tzinfo=UTC))


@pytest.fixture
def project(bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("AMALIMART_SECRET_STORE", "test:test")
    home = tmp_path / "home"
    init_project(home)
    (home / "sources" / "shop.yml").write_text(MAPPING)
    settings = home / SETTINGS_FILE
    access = f"endpoint: {bucket.endpoint}, credentials: secret:STORE"
    settings.write_text(
        settings.read_text()
        + f"lake: {{prefix: s3://{bucket.name}/lake, {access}}}\n"
        + f"sources: {{shop: {{kind: files, mapping: shop, folder: {tmp_path}}}}}\n"
    )
    return open_project(home)


def write(lake: Lake, *orders: tuple[str, str], seal: bool) -> None:
    with lake.writer("shop") as writer:
        append(writer, *orders)
        if seal:
            writer.seal()


def test_only_what_the_store_does_not_have_is_copied(project: Project, tmp_path: Path) -> None:
    lake = open_lake(project, CLOCK)
    write(lake, ("1", "10"), ("2", "20"), seal=True)
    write(lake, ("2", "25"), seal=False)
    manifest = back_up(project, tmp_path / "backup", CLOCK, silent)
    assert manifest.kept_in == project.settings.lake.prefix
    assert [(each.source, each.version) for each in manifest.sources] == [("shop", 3)]
    in_lake = sorted(file.path for file in manifest.files if file.path.startswith("data/lake/"))
    assert in_lake == [
        "data/lake/shop/copy-of",
        "data/lake/shop/identity",
        "data/lake/shop/journal/00000000000000000003.journal",
    ]
    restored, _ = restore_backup(tmp_path / "backup", tmp_path / "again", silent)
    again = open_lake(restored, CLOCK)
    assert totals(again) == {"1": "10", "2": "25"}
    write(again, ("3", "30"), seal=True)
    assert totals(again) == {"1": "10", "2": "25", "3": "30"}


def test_a_store_that_went_on_meanwhile_is_right_against_the_journal_of_the_backup(
    project: Project, tmp_path: Path
) -> None:
    lake = open_lake(project, CLOCK)
    write(lake, ("1", "10"), seal=True)
    write(lake, ("1", "11"), seal=False)
    back_up(project, tmp_path / "backup", CLOCK, silent)
    write(lake, ("2", "20"), seal=True)
    restored, _ = restore_backup(tmp_path / "backup", tmp_path / "again", silent)
    again = open_lake(restored, CLOCK)
    assert totals(again) == {"1": "11", "2": "20"}
    latest, before = again.latest("shop"), lake.latest("shop")
    assert latest is not None
    assert before is not None
    assert latest.version == before.version
