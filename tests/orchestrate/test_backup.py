"""A backup holds the project at one commit, whatever is written meanwhile; a restored one goes on."""

from __future__ import annotations

import csv
import json
import os
import shutil
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from amalimart.access.principal import Role
from amalimart.config.project import Project, open_project
from amalimart.config.secrets import read_secrets, write_secret
from amalimart.control.store import open_control_store
from amalimart.core.clock import SystemClock
from amalimart.core.errors import ConfigError, DamagedBackup, DamagedLake, DiskFull
from amalimart.lake import ChangedRows, Lake, Operation, Transaction
from amalimart.orchestrate.backups import restoring
from amalimart.orchestrate.backups.manifest import BackupFile
from amalimart.orchestrate.backups.restoring import restore_backup, verify_backup
from amalimart.orchestrate.backups.taking import back_up
from amalimart.orchestrate.engine import Engine
from amalimart.orchestrate.releases.rebuilding import copy_beside, rebuild
from amalimart.orchestrate.sources.opening import open_source
from amalimart.sources import ingest_once
from tests.orchestrate.landed_shop import LandedShop, tiny_models

CLOCK = SystemClock()
SUM = "select sum(total_amount) from gold.fact_orders"
SCHEMA = pa.schema([(name, pa.string()) for name in ("id", "at", "total")])


def silent(_done: int, _total: int, _what: str) -> None:
    """Nobody watches."""


@pytest.fixture(scope="module", autouse=True)
def models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with tiny_models(tmp_path_factory.mktemp("models")):
        yield


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[LandedShop]:
    opened = LandedShop(tmp_path / "home")
    opened.land(("1", "10"), ("2", "20"))
    yield opened
    opened.engine.close()


def journal(shop: LandedShop, *orders: tuple[str, str]) -> None:
    with shop.engine.lake.writer("shop") as writer:
        append(writer, *orders)


def append(writer: Any, *orders: tuple[str, str]) -> None:
    rows = [{"id": order, "at": "2026-03-01", "total": total} for order, total in orders]
    moment = datetime(2026, 3, 10, 12, tzinfo=UTC)
    count = len(rows)
    changed = ChangedRows(
        "orders",
        pa.RecordBatch.from_pylist(rows, SCHEMA),
        [Operation.UPSERT] * count,
        range(1, count + 1),
        [Transaction("1", moment)] * count,
        [()] * count,
    )
    writer.append([changed], {}, moment)


def totals(lake: Lake) -> dict[str, str]:
    """The newest version of every order in a lake, read without the warehouse."""
    found: dict[str, tuple[int, int, str]] = {}
    files = lake.live_files("shop")["orders"]
    tables = [pa.parquet.read_table(path) for path in files.paths] + [part.read() for part in files.journal]
    for row in (row for table in tables for row in table.to_pylist()):
        place = (row["_batch"], row["_sequence"] or 0)
        if row["id"] not in found or place >= found[row["id"]][:2]:
            found[row["id"]] = (*place, row["total"])
    return {order: total for order, (_, _, total) in found.items()}


@pytest.mark.slow
def test_the_drill(tmp_path: Path) -> None:
    """Data, backup, more data, the home destroyed, restored, followed: the figures are those of all data."""
    shop = LandedShop(tmp_path / "home")
    drops = tmp_path / "drops"
    drops.mkdir()
    settings = shop.home / "amalimart.yml"
    settings.write_text(settings.read_text().replace(str(shop.home / "drops"), str(drops)))
    project = open_project(shop.home)
    write_secret(shop.home, "SHOP", "not for others")
    with closing(open_control_store(project.control_database, CLOCK)) as control:
        control.users.add("ama@example.com", display_name="Ama", role=Role.ADMIN, password="long enough 1")
    shop.engine.close()

    def ingest(home: Path) -> tuple[Decimal, int]:
        found = open_project(home)
        with closing(Engine(found, CLOCK)) as engine:
            source = open_source(found, "shop", found.settings.sources["shop"])
            while ingest_once(engine.lake, "shop", source, engine.mappings["shop"]):
                pass
            engine.refresh()
            with engine.hot_file.read() as reading:
                (row,) = reading.rows("select sum(total_amount), count(*) from gold.fact_orders").rows
        return row

    def drop(name: str, *orders: tuple[str, str]) -> None:
        with (drops / name).open("w", newline="") as file:
            csv.writer(file).writerows([("id", "at", "total"), *((o, "2026-03-01", t) for o, t in orders)])

    drop("orders.csv", ("1", "10.50"), ("2", "20"), ("3", "30"))
    assert ingest(shop.home) == (Decimal("60.50"), 3)
    before = Lake(project.lake, CLOCK).latest("shop")
    back_up(project, tmp_path / "backup", CLOCK, silent)
    drop("orders.csv", ("1", "10.50"), ("2", "25"), ("3", "30"), ("4", "7"))
    assert ingest(shop.home) == (Decimal("72.50"), 4)
    shutil.rmtree(shop.home)

    restored, manifest = restore_backup(tmp_path / "backup", tmp_path / "again", silent)
    assert before is not None
    assert [(each.source, each.version) for each in manifest.sources] == [("shop", before.version)]
    assert not restored.hot_file.exists()
    assert Lake(restored.lake, CLOCK).latest("shop") == before
    assert read_secrets(restored.home)["SHOP"] == "not for others"
    assert stat.S_IMODE((restored.home / "secrets.env").stat().st_mode) == 0o600
    with closing(open_control_store(restored.control_database, CLOCK)) as control:
        assert control.users.get("ama@example.com").display_name == "Ama"
    with closing(Engine(restored, CLOCK)) as engine:
        engine.refresh()
        with engine.hot_file.read() as reading:
            assert reading.rows(SUM).rows == ((Decimal("60.50"),),)
    assert ingest(restored.home) == (Decimal("72.50"), 4)
    with closing(Engine(restored, CLOCK)) as engine:
        comparison = rebuild(engine, CLOCK, lambda _share, _what: None).comparison
        assert comparison is not None
        assert comparison.differences == ()


def test_a_backup_taken_while_batches_come_is_exactly_one_commit(shop: LandedShop, tmp_path: Path) -> None:
    told: dict[int, dict[str, str]] = {1: {"1": "10", "2": "20"}}
    stop = threading.Event()

    def trade() -> None:
        lake = Lake(shop.engine.lake.root, shop.clock)
        number = 0
        while not stop.is_set():
            with lake.writer("shop") as writer:
                for _ in range(5):
                    number += 1
                    latest = writer.latest
                    assert latest is not None
                    now = told[latest.version] | {str(number % 7): str(number)}
                    told[latest.version + 1] = now
                    append(writer, (str(number % 7), str(number)))
                sealed = writer.seal()
                assert sealed is not None
                told[sealed.version] = now
                crowded = writer.crowded_table(3)
                if crowded is not None and (merged := writer.compact(crowded)) is not None:
                    told[merged.version] = now
                writer.sweep()

    trader = threading.Thread(target=trade)
    trader.start()
    versions = set()
    try:
        for number in range(8):
            target = tmp_path / f"backup-{number}"
            manifest = back_up(shop.engine.project, target, CLOCK, silent)
            restored, _ = restore_backup(target, tmp_path / f"home-{number}", silent)
            (source,) = manifest.sources
            lake = Lake(restored.lake, CLOCK)
            latest = lake.latest("shop")
            assert latest is not None
            assert latest.version == source.version
            assert totals(lake) == told[source.version]
            lake.verify("shop")
            versions.add(source.version)
    finally:
        stop.set()
        trader.join()
    assert len(versions) > 3


def test_batches_in_the_journal_are_in_the_backup_up_to_the_last_whole_one(
    shop: LandedShop, tmp_path: Path
) -> None:
    journal(shop, ("3", "30"))
    journal(shop, ("1", "11"))
    back_up(shop.engine.project, tmp_path / "backup", CLOCK, silent)
    journal(shop, ("9", "90"))  # the segment grows after it was taken
    restored, _ = restore_backup(tmp_path / "backup", tmp_path / "again", silent)
    lake = Lake(restored.lake, shop.clock)
    assert totals(lake) == {"1": "11", "2": "20", "3": "30"}
    with lake.writer("shop") as writer:  # the next writer goes on in the same segment
        append(writer, ("4", "40"))
        writer.seal()
    assert totals(lake) == {"1": "11", "2": "20", "3": "30", "4": "40"}
    assert totals(shop.engine.lake) == {"1": "11", "2": "20", "3": "30", "9": "90"}


def test_a_restored_lake_is_apart_from_its_backup(shop: LandedShop, tmp_path: Path) -> None:
    (shop.home / "governance.yml").write_text("metrics: {gmv: {steward: treasurer}}\n")
    back_up(shop.engine.project, tmp_path / "backup", CLOCK, silent)
    restored, _ = restore_backup(tmp_path / "backup", tmp_path / "again", silent)
    for path in restored.lake.rglob("*.parquet"):
        path.write_bytes(b"gone")
    verify_backup(tmp_path / "backup", silent)
    shop.engine.lake.verify("shop")
    assert (restored.home / "governance.yml").read_text() == (shop.home / "governance.yml").read_text()


def test_with_the_warehouse_nothing_is_built_anew(shop: LandedShop, tmp_path: Path) -> None:
    shop.engine.refresh()
    copy = copy_beside(shop.engine, CLOCK, lambda _share, _what: None)
    shop.land(("3", "5"))
    back_up(shop.engine.project, tmp_path / "backup", CLOCK, silent, copy)
    copy.unlink()
    restored, _ = restore_backup(tmp_path / "backup", tmp_path / "again", silent)
    with closing(Engine(restored, shop.clock)) as engine:
        published = engine.hot_file.latest_release()
        assert published is not None
        assert published == shop.engine.hot_file.latest_release()
        report = engine.refresh()
        assert report is not None
        assert report.release.release_id == 2
        with engine.hot_file.read() as reading:
            assert reading.rows(SUM).rows == ((Decimal("35.00"),),)


def test_a_damaged_lake_is_found_before_it_is_called_a_backup(shop: LandedShop, tmp_path: Path) -> None:
    (data,) = shop.engine.lake.root.rglob("*.parquet")
    content = data.read_bytes()
    data.write_bytes(content[:-9] + b"x" + content[-8:])
    with pytest.raises(DamagedLake, match="not what was committed"):
        back_up(shop.engine.project, tmp_path / "backup", CLOCK, silent)
    with pytest.raises(DamagedBackup, match="not a backup, or one that was not finished"):
        verify_backup(tmp_path / "backup", silent)


@pytest.mark.parametrize("inside", ["data/backup", "models/backup", "logs"])
def test_a_backup_is_not_kept_in_what_it_is_of(shop: LandedShop, inside: str) -> None:
    with pytest.raises(ConfigError, match="cannot be kept among"):
        back_up(shop.engine.project, shop.home / inside, CLOCK, silent)


def test_neither_a_backup_nor_a_project_is_written_over(shop: LandedShop, tmp_path: Path) -> None:
    back_up(shop.engine.project, tmp_path / "backup", CLOCK, silent)
    with pytest.raises(ConfigError, match="must be new or empty"):
        back_up(shop.engine.project, tmp_path / "backup", CLOCK, silent)
    with pytest.raises(ConfigError, match="into an empty folder only"):
        restore_backup(tmp_path / "backup", shop.home, silent)
    verify_backup(tmp_path / "backup", silent)


def _manifest(folder: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    return document


def _renamed(path: str) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        document = _manifest(folder)
        old = next(f for f in document["files"] if f["path"].endswith(".parquet"))
        place = folder / "files" / path
        if ".." not in path and not path.startswith("/") and not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(folder / "files" / old["path"], place)
        old["path"] = path
        (folder / "manifest.json").write_text(json.dumps(document))

    return spoil


def _altered(folder: Path) -> None:
    path = next((folder / "files").rglob("*.parquet"))
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


def _missing(folder: Path) -> None:
    next((folder / "files").rglob("*.parquet")).unlink()


def _linked(folder: Path) -> None:
    path = next((folder / "files").rglob("*.parquet"))
    aside = folder / "aside"
    path.rename(aside)
    path.symlink_to(aside)


def _linked_folder(folder: Path) -> None:
    (folder / "files" / "data").rename(folder / "elsewhere")
    (folder / "files" / "data").symlink_to(folder / "elsewhere")


def _pipe(folder: Path) -> None:
    path = next((folder / "files").rglob("*.parquet"))
    path.unlink()
    os.mkfifo(path)


def _set(**fields: Any) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        (folder / "manifest.json").write_text(json.dumps(_manifest(folder) | fields))

    return spoil


def _twice(folder: Path) -> None:
    document = _manifest(folder)
    _set(files=[*document["files"], document["files"][0]])(folder)


def _rights(folder: Path) -> None:
    document = _manifest(folder)
    document["files"][0]["mode"] = 0o4755
    (folder / "manifest.json").write_text(json.dumps(document))


@pytest.mark.parametrize(
    "spoil",
    [
        _altered, _missing, _linked, _linked_folder, _pipe, _twice, _rights,
        _renamed("../outside"), _renamed("/etc/outside"), _renamed("data/lake/../../../outside"),
        _renamed("data/lake/shop/./x"), _renamed("data//lake/shop/x"), _renamed("data/lake/Shop/data/x"),
        _renamed(".git/hooks/pre-commit"), _renamed("data/lake/x"), _renamed("models"),
        _renamed("run/engine.json"),
        _set(files=[]), _set(files="all"), _set(files=[1]), _set(format=99), _set(created_at="soon"),
        _set(sources=[{}]), lambda folder: (folder / "manifest.json").write_text("{"),
        lambda folder: (folder / "manifest.json").unlink(),
    ],
)  # fmt: skip
def test_a_backup_that_was_tampered_with_writes_nothing(
    taken: Path, tmp_path: Path, spoil: Callable[[Path], Any]
) -> None:
    folder = tmp_path / "backup"
    shutil.copytree(taken, folder, symlinks=True)
    spoil(folder)
    before = sorted(tmp_path.rglob("*"))
    for work in (
        lambda: verify_backup(folder, silent),
        lambda: restore_backup(folder, tmp_path / "again", silent),
    ):
        with pytest.raises(DamagedBackup) as refused:
            work()
        assert refused.value.next_step
    assert sorted(tmp_path.rglob("*")) == before


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("taken")
    shop = LandedShop(folder / "home")
    try:
        shop.land(("1", "10"))
        back_up(shop.engine.project, folder / "backup", CLOCK, silent)
    finally:
        shop.engine.close()
    return folder / "backup"


def test_a_restore_that_fails_half_way_leaves_nothing(
    taken: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def fails(folder: Path, file: Any, target: Path) -> None:
        calls.append(target)
        if len(calls) == 3:
            raise OSError(28, "No space left on device")
        write(folder, file, target)

    write = restoring._write
    monkeypatch.setattr(restoring, "_write", fails)
    empty = tmp_path / "empty"
    empty.mkdir()
    for home in (empty, tmp_path / "new"):
        calls.clear()
        with pytest.raises(DiskFull):
            restore_backup(taken, home, silent)
    assert list(tmp_path.iterdir()) == [empty]
    assert list(empty.iterdir()) == []


def test_the_settings_are_written_last(taken: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    write = restoring._write

    def noted(folder: Path, file: BackupFile, target: Path) -> None:
        written.append(file.path)
        write(folder, file, target)

    monkeypatch.setattr(restoring, "_write", noted)
    project, _ = restore_backup(taken, tmp_path / "again", silent)
    assert written[-1] == "amalimart.yml"
    assert isinstance(project, Project)
