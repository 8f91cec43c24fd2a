"""Somebody is erased: every number stays, no byte of them does, and nothing brings them back."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Collection, Iterator
from pathlib import Path

import pytest

from amalimart.control.audit.decisions import entries
from amalimart.control.deciding import Decider
from amalimart.core.errors import NotFound, OperationUnderWay, TooLittleMemory
from amalimart.core.models import ModelRebuild
from amalimart.core.operations import OperationKind
from amalimart.core.question_files import FileEnd
from amalimart.lake.tombstones import FOLDER
from amalimart.mapping.source_mapping import SourceMapping
from amalimart.orchestrate.backups.restoring import restore_backup
from amalimart.orchestrate.backups.taking import back_up
from amalimart.orchestrate.privacy.under_way import ErasureUnderWay
from amalimart.orchestrate.project.lake_opening import open_lake
from amalimart.orchestrate.releases import rebuilding
from amalimart.orchestrate.sources.keeping_up import SourceKeeper
from amalimart.sources.port import Catalog, Position, Reading
from tests.orchestrate.people_shop import AMA, AMAS_ROW, CANARIES, ROWS, TABLES, PeopleShop, found_anywhere

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

SERVED = """
select full_name from gold.dim_customers where customer_id = '7001'
union all select email from staging.stg_users where user_id = '7001'
union all select visitor_id from gold.fact_visits where visit_id in ('v1', 'v2')
"""

OPERATOR = Decider("Operator", "local operator")


def silent(*_: object) -> None:
    """Nobody watches."""


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a shop that has lived, closed: each test goes on from a copy of it."""
    shop = PeopleShop(tmp_path_factory.mktemp("lived") / "home")
    shop.live()
    shop.quote()
    shop.close()
    return shop.home


@pytest.fixture
def shop(lived: Path, tmp_path: Path) -> Iterator[PeopleShop]:
    shutil.copytree(lived, tmp_path / "home", symlinks=True)
    opened = PeopleShop(tmp_path / "home")
    yield opened
    opened.close()


def rows_of_others(shop: PeopleShop) -> dict[str, list[dict[str, object]]]:
    return {table: [row for row in shop.versions(table) if not _is_amas(row)] for table in ROWS}


def _is_amas(row: dict[str, object]) -> bool:
    visitor = str(row.get("visitor_id"))
    naming = (row.get("user_id"), row.get("customer_id"))
    return AMA in naming or visitor == CANARIES[8] or visitor.startswith("erased-")


def left_of(shop: PeopleShop) -> list[str]:
    """What a scan of the closed project finds."""
    shop.close()
    try:
        return found_anywhere(shop.home)
    finally:
        shop.open()


def test_every_number_stays_and_nothing_brings_the_person_back(shop: PeopleShop) -> None:
    assert {found.rpartition(": ")[2] for found in left_of(shop)} >= set(CANARIES)
    before, others = shop.totals(), rows_of_others(shop)
    assert json.loads(before)["gmv"] == [["152.50"]]
    assert sum(len(told) > 0 and told[0] != [] for told in json.loads(before).values()) > 30
    quoting = {found.rpartition(".")[2] for found in left_of(shop) if "question_files" in found}
    assert {each.partition(":")[0] for each in quoting} == {"csv", "xlsx"}
    plan = shop.desk.plan(AMA)
    assert {table.table: table.rows for table in plan.lake} == {
        "shop.users": 2,
        "shop.support_tickets": 5,
        "shop.web_visits": 1,
    }
    assert {"gold.dim_customers", "gold.fact_orders"} <= {table.table for table in plan.warehouse}
    assert not plan.was_erased

    (shop.home / "data" / "warehouse.unreadable.duckdb").write_text(CANARIES[0])
    told = shop.erased().result
    assert told is not None
    assert told["files_quoting"] == []
    assert told["question_files"] == 3
    ends = {name: run.file_end for name, run in shop.question_runs().items()}
    about_people = dict.fromkeys(("Customers", "Customers as a sheet", "One customer"), FileEnd.ERASED)
    assert ends == {**about_people, "Nobody": None}
    assert [path.name for path in shop.files.folder.iterdir()] == [shop.question_runs()["Nobody"].file]
    run = shop.question_runs()["One customer"]
    assert run.question is not None
    assert run.question["filters"][0]["values"] == ["erased"]
    assert told["release_id"] == 3
    assert shop.totals() == before
    assert rows_of_others(shop) == others
    assert left_of(shop) == []
    assert shop.desk.plan(AMA).lake == ()
    assert shop.desk.plan(AMA).was_erased
    said = [entry for entry in entries(shop.control.engine) if entry.action.startswith("privacy.")]
    assert [entry.action for entry in said] == ["privacy.erase.begun", "privacy.erased"]
    assert all(AMA not in json.dumps(dict(entry.details)) for entry in said)
    (listed,) = shop.desk.erasures()
    assert listed.done_at is not None
    assert listed.person == said[0].details["person"]

    # The source still has her: a new snapshot, a change in the journal, one in files, and a deletion beside.
    shop.snapshot()
    shop.change("users", AMAS_ROW)
    shop.change("support_tickets", ("t9", AMA, None, CANARIES[5], "OPEN", "2026-03-02"), seals=True)
    shop.change("web_visits", ("v9", CANARIES[8], None, "web", "2026-03-02"))
    shop.loop.refresh_once()
    assert shop.loop.last_error is None
    assert shop.rows("select count(*) from staging.stg_support_tickets where ticket_id = 't9'") == [(1,)]
    assert shop.rows("select count(distinct visitor_id) from gold.fact_visits") == [(3,)]
    assert left_of(shop) == []

    with pytest.raises(NotFound) as refused:
        shop.desk.plan("7oo1")
    assert refused.value.nearest == "7001"


def test_the_person_is_handed_everything_that_is_held(shop: PeopleShop) -> None:
    tables = {(each.layer, each.table): each for each in shop.desk.export(AMA, OPERATOR)}
    told = json.dumps([each.rows for each in tables.values()], default=str, ensure_ascii=False)
    assert [canary for canary in CANARIES if canary not in told] == []
    users = tables["lake", "shop.users"]
    assert [row[users.columns.index("email")] for row in users.rows] == [CANARIES[1], CANARIES[0]]
    assert len(tables["lake", "shop.orders"].rows) == 2
    quarantine = tables["quarantine", "silver.quarantine"]
    assert [row[quarantine.columns.index("entity_key")] for row in quarantine.rows] == ["t3"]
    kofi = json.dumps([each.rows for each in shop.desk.export("7002", OPERATOR)], default=str)
    assert [canary for canary in CANARIES if canary in kofi] == []


def test_a_restore_of_an_older_backup_erases_again(shop: PeopleShop, tmp_path: Path) -> None:
    copy = shop.ended(shop.operations.start(OperationKind.COPY)).result
    assert copy is not None
    near, far = tmp_path / "near", tmp_path / "far"
    for folder in (near, far):
        back_up(shop.engine.project, folder, shop.clock, silent, Path(copy["file"]))
    Path(copy["file"]).unlink()
    before = shop.totals()
    far.rename(tmp_path / "elsewhere")
    told = shop.erased().result
    assert told is not None
    assert told["backups"] == [str(near)]
    assert told["backups_out_of_reach"] == [str(far)]
    assert found_anywhere(near) != []
    assert [backup.is_there for backup in shop.desk.plan(AMA).backups] == [True, False]

    for folder, given in ((near, None), (tmp_path / "elsewhere", shop.home)):
        home = tmp_path / f"again-{folder.name}"
        restore_backup(folder, home, silent, erased_in=given)
        assert found_anywhere(home) == []
        again = PeopleShop(home)
        again.loop.refresh_once()
        assert again.loop.last_error is None
        assert again.totals() == before
        again.snapshot({"users": [AMAS_ROW]})
        again.loop.refresh_once()
        assert left_of(again) == []
        again.close()
    newer = tmp_path / "newer"
    back_up(shop.engine.project, newer, shop.clock, silent)
    assert found_anywhere(newer) == []
    assert (newer / "files" / "data" / "lake" / FOLDER / "key").is_file()


@pytest.mark.parametrize("dies", ["after the tombstone", "after the lake", "before the link", "at the end"])
def test_a_kill_leaves_the_old_state_or_the_new_one_and_is_made_up_for(shop: PeopleShop, dies: str) -> None:
    before = shop.totals()
    old = shop.rows(SERVED)
    shop.close()
    killed = subprocess.run(
        [sys.executable, "-m", "tests.orchestrate.erasing_process", str(shop.home), dies],
        capture_output=True,
        text=True,
        check=False,
    )
    assert killed.returncode == 9, killed.stderr
    shop.open()
    assert ErasureUnderWay(shop.home).is_there
    shop.change("orders", ("6", AMA, "2026-03-06 09:00:00", "COMPLETED", "60.50", "GHS"))
    shop.loop.refresh_once()
    served = shop.rows(SERVED)
    if dies == "at the end":
        assert [value for row in served for value in row if value in CANARIES] == []
    else:
        assert served == old
        assert shop.totals() == before
    with pytest.raises(OperationUnderWay):
        shop.engine.rebuild(ModelRebuild("dim_customers"), "somebody")
    resumed = shop.desk.resume()
    assert resumed is not None
    shop.ended(resumed)
    assert not ErasureUnderWay(shop.home).is_there
    assert json.loads(shop.totals())["gmv"] == [["213.00"]]
    assert shop.desk.erasures()[0].done_at is not None
    assert left_of(shop) == []


def test_where_the_warehouse_cannot_be_built_anew_nobody_is_erased(
    shop: PeopleShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuilding, "free_memory_bytes", lambda: 0)
    with pytest.raises(TooLittleMemory):
        shop.desk.erase(AMA, OPERATOR, "asked for")
    assert not ErasureUnderWay(shop.home).is_there
    assert shop.engine.lake.tombstones.known() == {}
    assert shop.desk.erasures() == ()


class Quiet:
    """A source that has everything the lake has, and nothing new."""

    def catalog(self) -> Catalog:
        return {table: dict.fromkeys(columns, "text") for table, columns in TABLES.items()}

    def stale_tables(self, mapping: SourceMapping, position: Position | None) -> Collection[str]:
        del mapping, position
        return ()

    def snapshot(self, *_: object, **__: object) -> Reading:
        raise AssertionError("nothing is stale")

    def poll(self, *_: object, **__: object) -> Reading | None:
        return None

    def close(self) -> None: ...


def test_an_ingest_that_runs_does_the_part_of_the_lake(shop: PeopleShop) -> None:
    stop = threading.Event()
    project, mapping = shop.engine.project, shop.engine.mappings["shop"]
    with open_lake(project, shop.clock).writer("shop") as writer:
        keeper = SourceKeeper(project, "shop", mapping, writer, Quiet(), stop, silent, lambda *_: None)
        running = threading.Thread(target=keeper.run)
        running.start()
        shop.erased()
        stop.set()
        running.join()
    assert left_of(shop) == []
