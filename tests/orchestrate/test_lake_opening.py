"""A project whose files and whose lake lie in an object store: nothing on the machine is irreplaceable."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from amalimart.config.project import SETTINGS_FILE, Project, open_project
from amalimart.core.clock import FixedClock
from amalimart.core.errors import ConfigError
from amalimart.orchestrate.engine import Engine
from amalimart.orchestrate.project.init import init_project
from amalimart.orchestrate.project.lake_opening import open_lake
from amalimart.orchestrate.project.mapping_files import load_mappings
from amalimart.orchestrate.sources.opening import open_source
from amalimart.sources import ingest_once
from amalimart.warehouse.project import project_files
from tests.object_store import Bucket
from tests.orchestrate.test_engine import MAPPING
from tests.warehouse.tiny_shop import PROJECT_FILES

CLOCK = FixedClock(datetime(2026, 3, 10, 12, tzinfo=UTC))


def make_project(home: Path, lines: str) -> Project:
    init_project(home)
    (home / "sources" / "shop.yml").write_text(MAPPING)
    settings = home / SETTINGS_FILE
    settings.write_text(settings.read_text() + lines)
    return open_project(home)


@pytest.fixture
def project(bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    packaged = tmp_path / "packaged"
    for name, text in PROJECT_FILES.items():
        (packaged / name).parent.mkdir(parents=True, exist_ok=True)
        (packaged / name).write_text(text)
    whole = project_files.assemble
    monkeypatch.setattr(
        "amalimart.orchestrate.engine.assemble",
        lambda folder, sources, settings, overlays, **_: whole(folder, sources, settings, overlays, packaged),
    )
    monkeypatch.setenv("AMALIMART_SECRET_STORE", "test:test")
    access = f"endpoint: {bucket.endpoint}, credentials: secret:STORE"
    return make_project(
        tmp_path / "home",
        f"lake: {{prefix: s3://{bucket.name}/lake, {access}}}\n"
        f"sources:\n  shop: {{kind: files, mapping: shop, prefix: s3://{bucket.name}/drops, {access}}}\n",
    )


def ingest(project: Project) -> int:
    lake = open_lake(project, CLOCK)
    source = open_source(project, "shop", project.settings.sources["shop"])
    commits = 0
    while ingest_once(lake, "shop", source, load_mappings(project)["shop"]) is not None:
        commits += 1
    source.close()
    lake.close()
    return commits


def totals(project: Project) -> dict[str, str]:
    engine = Engine(project, CLOCK)
    try:
        engine.refresh()
        with engine.hot_file.read() as transaction:
            rows = transaction.rows("select order_id, total_amount from gold.fact_orders order by 1").rows
            return {str(order): str(total) for order, total in rows}
    finally:
        engine.close()
        engine.lake.close()


@pytest.mark.slow
def test_all_of_it_is_built_again_on_a_machine_that_has_only_the_settings(
    project: Project,
    bucket: Bucket,
) -> None:
    bucket.put("drops/orders/1.csv", "id,at,total\n1,2026-03-01,10\n2,2026-03-01,20\n")
    bucket.put("drops/orders/2.csv", "id,at,total\n2,2026-03-01,25\n")
    assert ingest(project) == 1
    assert totals(project) == {"1": "10.00", "2": "25.00"}
    for folder in ("data", "build", "run", "logs"):
        shutil.rmtree(project.home / folder, ignore_errors=True)
    assert ingest(project) == 0, "what was taken is known from the lake"
    assert totals(project) == {"1": "10.00", "2": "25.00"}
    bucket.put("drops/orders/3.csv", "id,at,total\n3,2026-03-02,30\n")
    assert ingest(project) == 1
    assert totals(project) == {"1": "10.00", "2": "25.00", "3": "30.00"}


def test_the_short_form_and_what_cannot_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    short = make_project(tmp_path / "short", "lake: s3://shop/lake\n")
    assert short.settings.lake.prefix == "s3://shop/lake"
    assert open_lake(make_project(tmp_path / "none", ""), CLOCK).root == tmp_path / "none" / "data" / "lake"
    for number, wrong in enumerate(
        (
            "lake: gs://shop/lake\n",
            "lake: {endpoint: https://store.example}\n",
            "lake: {prefix: s3://shop, credentials: ID:KEY}\n",
            "lake: {prefix: s3://shop, endpoint: store.example}\n",
        )
    ):
        with pytest.raises(ConfigError):
            make_project(tmp_path / str(number), wrong)
    secret = make_project(tmp_path / "secret", "lake: {prefix: s3://shop, credentials: secret:STORE}\n")
    with pytest.raises(ConfigError, match="STORE is not set"):
        open_lake(secret, CLOCK)
    monkeypatch.setenv("AMALIMART_SECRET_STORE", "hunter2-without-a-colon")
    with pytest.raises(ConfigError, match="credentials cannot be read") as caught:
        open_lake(secret, CLOCK)
    assert caught.value.expected == "KEY_ID:SECRET_KEY"
    assert "hunter2" not in repr(caught.value.as_dict())
