"""Tables of many files: each content once, in order, whatever its name; nothing lost."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amalimart.core.clock import FixedClock, SystemClock
from amalimart.core.errors import BrokenFile, DamagedLake, SourceUnreachable
from amalimart.lake import CommitKind
from amalimart.sources import FileDropSource, TableProgress, ingest_once, stopped_reasons
from amalimart.sources.files import batch, taking
from amalimart.sources.files.drops import LEDGER_TABLE
from amalimart.sources.files.ledger import Ledger
from amalimart.sources.files.local import LocalFolder
from tests.sources.dropped_files import LONG_AGO, ORDERS, Shop, one, orders, shop

if TYPE_CHECKING:
    from tests.sources.conftest import Mappings, ReadingLake

__all__ = ["shop"]


def test_files_of_a_folder_are_added_in_the_order_of_their_names(shop: Shop) -> None:
    shop.drop("orders/2026-01-02.csv", one(2))
    shop.drop("orders/2026-01-01.csv", one(1))
    shop.drop("orders/2026/01/03.csv", one(3))
    assert shop.ingest() == 1
    assert shop.landed("id", "_op") == [("1", "upsert"), ("2", "upsert"), ("3", "upsert")]
    shop.drop("orders/2026-01-00.csv", one(4))
    assert shop.ingest() == 1
    assert shop.landed("id", "_batch") == [("1", 1), ("2", 1), ("3", 1), ("4", 2)]
    assert shop.ingest() == 0


def test_a_row_says_which_file_it_came_from(shop: Shop) -> None:
    path = shop.drop("orders/a.csv", one(1))
    os.utime(path, (1_700_000_000, 1_700_000_000))
    shop.ingest()
    row = shop.lake.rows("orders")[0]
    name, _, digest = row["_position"].partition("#")
    assert name == "orders/a.csv"
    assert shop.lake.rows(LEDGER_TABLE)[0]["sha256"].hex().startswith(digest)
    assert row["_committed_at"] == datetime.fromtimestamp(1_700_000_000, UTC)


def test_a_content_is_taken_once_whatever_it_is_called(shop: Shop) -> None:
    first = shop.drop("orders/a.csv", one(1))
    shop.ingest()
    first.rename(shop.folder / "orders" / "z.csv")
    shop.drop("orders/copy.csv", one(1))
    shop.drop("orders/deep/er/copy.csv", one(1))
    kept = shop.source()
    assert shop.ingest(kept) == 0
    assert shop.ingest() == 0
    shop.drop("orders/b.csv", one(2))
    shop.drop("orders/b-again.csv", one(2))
    assert shop.ingest(kept) == 1
    assert shop.landed("id") == [("1",), ("2",)]
    assert shop.position()["drops"]["orders"]["files"] == 2
    # The other names are in the ledger now: a fresh process need not read those files.
    for path in (shop.folder / "orders").rglob("*.csv"):
        path.chmod(0)
    assert shop.ingest() == 0


def test_a_changed_content_under_the_same_name_is_added(shop: Shop) -> None:
    shop.drop("orders/a.csv", orders((1, "2026-01-01", 5), (2, "2026-01-01", 6)))
    shop.ingest()
    shop.drop("orders/a.csv", orders((1, "2026-01-01", 7)))
    assert shop.ingest() == 1
    assert shop.landed() == [("1", "5"), ("2", "6"), ("1", "7")]


def test_a_file_may_be_taken_away_and_so_may_all_of_them(shop: Shop) -> None:
    shop.drop("orders/a.csv", one(1)).unlink()
    shop.drop("orders/a.csv", one(1))
    shop.ingest()
    (shop.folder / "orders" / "a.csv").unlink()
    assert shop.ingest() == 0
    (shop.folder / "orders").rmdir()
    assert shop.ingest() == 0
    assert shop.landed() == [("1", "5")]
    shop.drop("orders/b.csv", one(2))
    assert shop.ingest() == 1
    shop.drop("orders/a.csv", one(1))
    assert shop.ingest() == 0, "it is known by its content still"


@pytest.mark.parametrize(
    "name",
    [
        "orders/.hidden.csv",
        "orders/_SUCCESS",
        "orders/_work/a.csv",
        "orders/.tmp/a.csv",
        "orders/a.csv.tmp",
        "orders/a.csv.part",
        "orders/a.parquet.crc",
        ".orders/a.csv",
        "_orders/a.csv",
        "orders/notes.txt",
    ],
)
def test_what_a_writer_works_on_under_another_name_is_left_alone(shop: Shop, name: str) -> None:
    shop.drop("orders/a.csv", one(1))
    shop.drop(name, "not\x00even\ntext,")
    shop.ingest()
    assert shop.landed() == [("1", "5")]


def test_a_file_touched_within_the_last_second_is_left_for_later(shop: Shop) -> None:
    shop.drop("orders/a.csv", one(1))
    shop.ingest()
    now = datetime(2026, 6, 1, 12, tzinfo=UTC)
    shop.clock = FixedClock(now)
    young = shop.drop("orders/b.csv", one(2)[:-4])
    os.utime(young, (now.timestamp(), now.timestamp()))
    kept = shop.source()
    shop.ingest(kept)
    for age, taken in [(0.0, False), (0.9, False), (1.1, True)]:
        written = (now - timedelta(seconds=age)).timestamp()
        os.utime(young, (written, written))
        if taken:
            young.write_text(one(2))
            os.utime(young, (written, written))
        assert (shop.ingest(kept) > 0) is taken
    assert shop.landed() == [("1", "5"), ("2", "5")]


def test_a_table_of_one_file_keeps_its_rows_while_its_file_is_written(shop: Shop) -> None:
    shop.drop("orders.csv", orders((1, "2026-01-01", 5), (2, "2026-01-01", 6)))
    shop.ingest()
    now = datetime(2026, 6, 1, 12, tzinfo=UTC)
    shop.clock = FixedClock(now)
    kept = shop.source()
    assert shop.ingest(kept) == 0
    half = shop.drop("orders.csv", orders((1, "2026-01-01", 5)))
    os.utime(half, (now.timestamp(), now.timestamp()))
    assert shop.ingest(kept) == 0
    assert len(shop.landed()) == 2


def test_whoever_looks_once_waits_for_a_file_just_written(shop: Shop) -> None:
    shop.clock = SystemClock()
    shop.drop("orders/a.csv", one(1))
    assert shop.ingest() == 1
    assert shop.landed() == [("1", "5")]


def test_a_first_load_does_not_start_without_a_file_that_is_still_written(shop: Shop) -> None:
    now = datetime(2026, 6, 1, 12, tzinfo=UTC)
    shop.clock = FixedClock(now)
    file = shop.drop("orders/a.csv", one(1))
    os.utime(file, (now.timestamp(), now.timestamp()))
    with pytest.raises(SourceUnreachable, match="still being written") as caught:
        shop.ingest()
    assert caught.value.where == str(file)
    assert shop.lake.latest("shop") is None


def test_a_broken_file_keeps_only_its_own_table_waiting(shop: Shop) -> None:
    shop.drop("orders/1.csv", one(1))
    shop.ingest()
    broken = shop.drop("orders/2.csv", orders((2, "2026-01-01", 5), (3, "2026-01-01")))
    shop.drop("orders/3.csv", one(3))
    shop.drop("tags.csv", "id,name\n1,b\n")
    kept = shop.source()
    assert shop.ingest(kept) > 0
    assert shop.landed() == [("1", "5")], "nothing of the broken file, and no later one before it"
    assert shop.lake.column("tags", "name") == ["b"]
    error = kept.set_aside()["orders"]
    assert isinstance(error, BrokenFile)
    assert error.where == f"{broken}:3"
    assert stopped_reasons(shop.position()) == {"orders": f"the row has 2 values ({broken}:3)"}
    assert shop.ingest(kept) == 0
    assert shop.ingest() == 0, "a fresh process finds the same and has nothing new to tell"
    shop.drop("orders/2.csv", orders((2, "2026-01-01", 5), (3, "2026-01-01", 1)))
    assert shop.ingest(kept) == 1
    assert shop.landed() == [("1", "5"), ("2", "5"), ("3", "1"), ("3", "5")]
    assert stopped_reasons(shop.position()) == {}


def test_files_before_a_broken_one_are_taken_also_at_first(shop: Shop) -> None:
    shop.drop("orders/1.csv", one(1))
    shop.drop("orders/2.csv", orders((2, "2026-01-01")))
    kept = shop.source()
    shop.ingest(kept)
    assert shop.landed() == [("1", "5")]
    (shop.folder / "orders" / "2.csv").unlink()
    shop.drop("orders/3.csv", one(3))
    shop.ingest(kept)
    assert shop.landed() == [("1", "5"), ("3", "5")]
    assert kept.set_aside() == {}


def test_a_table_whose_first_file_is_broken_does_not_keep_the_others_waiting(shop: Shop) -> None:
    shop.drop("orders/1.csv", orders((2, "2026-01-01")))
    kept = shop.source()
    shop.ingest(kept)
    assert shop.lake.column("tags", "id") == ["1"]
    assert "orders" not in shop.lake.live_files("shop")
    shop.drop("tags.csv", "id,name\n2,b\n")
    assert shop.ingest(kept) > 0
    assert shop.lake.column("tags", "id") == ["2"]
    shop.drop("orders/1.csv", one(1))
    assert shop.ingest(kept) > 0
    assert shop.landed() == [("1", "5")]


def test_a_broken_header_is_an_error_before_the_first_commit_and_waits_after_it(shop: Shop) -> None:
    broken = shop.drop("orders/1.csv", "id;at;total\n1;2026-01-01;5\n")
    with pytest.raises(BrokenFile, match="one column") as caught:
        shop.ingest()
    assert caught.value.where == f"{broken}:1"
    shop.drop("orders/1.csv", one(1))
    shop.ingest()
    shop.drop("orders/2.csv", "id;at;total\n2;2026-01-01;5\n")
    shop.drop("junk.csv", "")
    shop.drop("tags.csv", "id,name\n1,z\n")
    shop.ingest()
    assert shop.landed() == [("1", "5")]
    assert shop.lake.column("tags", "name") == ["z"]
    assert list(stopped_reasons(shop.position())) == ["orders"], "nobody maps what is in junk.csv"


def test_the_same_name_as_file_and_folder_is_refused(shop: Shop) -> None:
    shop.drop("orders/1.csv", one(1))
    shop.ingest()
    shop.drop("orders.csv", one(1))
    kept = shop.source()
    shop.ingest(kept)
    assert "a file and a folder" in kept.set_aside()["orders"].what
    shop.drop("tags.csv", "id,name\n2,b\n")
    assert shop.ingest(kept) == 1
    assert shop.lake.column("tags", "id") == ["2"]


def test_a_table_may_become_many_files_and_one_again(shop: Shop) -> None:
    shop.drop("orders.csv", one(1))
    shop.ingest()
    (shop.folder / "orders.csv").unlink()
    shop.drop("orders/1.csv", one(2))
    shop.drop("orders/2.csv", one(3))
    shop.ingest()
    assert shop.landed("id", "_op") == [("2", "upsert"), ("3", "upsert")]
    for path in (shop.folder / "orders").iterdir():
        path.unlink()
    (shop.folder / "orders").rmdir()
    shop.drop("orders.csv", one(1))
    shop.ingest()
    assert shop.landed("id", "_op") == [("1", "snapshot")]
    (shop.folder / "orders.csv").unlink()
    shop.drop("orders/1.csv", one(2))
    shop.ingest()
    assert shop.landed("id", "_op") == [("2", "upsert")], "its rows were replaced, so it is taken again"


def test_a_batch_takes_a_share_and_the_next_one_the_rest(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "MOST_FILES", 3)
    for number in range(10):
        shop.drop(f"orders/{number}.csv", one(number))
    assert shop.ingest() == 4
    assert shop.landed("id") == [(str(number),) for number in range(10)]
    assert [row["_batch"] for row in shop.lake.rows("orders")] == [1, 1, 1, 2, 2, 2, 3, 3, 3, 4]


def test_many_small_files_become_one_file_of_the_lake(shop: Shop) -> None:
    for number in range(300):
        shop.drop(f"orders/{number:04}.csv", one(number))
    shop.ingest()
    assert len(shop.lake.live_files("shop")["orders"].files) <= 2
    assert shop.landed("id") == [(str(number),) for number in range(300)]


def test_a_large_file_that_breaks_off_leaves_nothing_and_those_around_it_stay(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taking, "LARGE_BYTES", 1000)
    many = [(number, "2026-01-01", 5) for number in range(40_000)]
    shop.drop("orders/1.csv", one(-1))
    shop.drop("orders/2.csv", orders(*many))
    shop.drop("orders/3.csv", orders(*many, ("x",)))
    shop.drop("orders/4.csv", one(-4))
    kept = shop.source()
    shop.ingest(kept)
    assert shop.landed("id") == [("-1",), *((str(number),) for number in range(40_000))]
    shop.drop("orders/3.csv", orders((1, "2026-01-01", 6)))
    shop.ingest(kept)
    assert shop.landed("id")[-2:] == [("1",), ("-4",)]
    assert shop.ingest() == 0


def test_a_file_that_changes_while_it_is_read_is_read_again(shop: Shop) -> None:
    shop.drop("orders/1.csv", one(1))
    shop.ingest()
    path = shop.drop("orders/2.csv", one(2))
    touched: list[int] = []

    class Rewriting(LocalFolder):
        def _open(self, file: Any) -> Any:
            opened = super()._open(file)
            if file.path.endswith("2.csv") and len(touched) < 2:
                touched.append(1)
                if len(touched) == 2:  # the look at the header came first
                    original = opened.read

                    def read(*arguments: int) -> bytes:
                        content: bytes = original(*arguments)
                        if not content:
                            path.write_text(one(2, 6))
                        return content

                    class Once:
                        def __getattr__(self, name: str) -> Any:
                            return read if name == "read" else getattr(opened, name)

                        def __enter__(self) -> Any:
                            return self

                        def __exit__(self, *_: object) -> None:
                            opened.close()

                    return Once()
            return opened

    kept = FileDropSource(Rewriting(shop.folder), Ledger(shop.lake, "shop"), LONG_AGO)
    shop.ingest(kept)
    assert shop.landed() == [("1", "5"), ("2", "6")]


def test_a_ledger_that_is_not_the_position_s_own_is_noticed(shop: Shop) -> None:
    shop.drop("orders/1.csv", one(1))
    shop.ingest()
    with shop.lake.begin("shop", CommitKind.CHANGES) as writer:
        writer.discard_history(LEDGER_TABLE)
        writer.commit(shop.position(), None)
    with pytest.raises(DamagedLake, match="1 files of the table 'orders' were taken"):
        shop.ingest()


def test_progress_tells_each_table_and_its_rows(shop: Shop) -> None:
    shop.drop("orders/1.csv", orders((1, "2026-01-01", 5), (2, "2026-01-01", 5)))
    shop.drop("orders/2.csv", one(3))
    seen: list[TableProgress] = []
    ingest_once(shop.lake, "shop", shop.source(), shop.mapping, seen.append)
    done = {one.table: (one.number, one.of, one.rows) for one in seen if one.done}
    assert done == {"orders": (1, 2, 3), "tags": (2, 2, 1)}


@dataclass
class Folder:
    """What a folder and the rows of its files should come to, told independently of the product."""

    files: dict[str, bytes]
    taken: list[bytes]

    def expected(self) -> list[tuple[str, str]]:
        lines = [line for content in self.taken for line in content.decode().splitlines()[1:]]
        return [(line.split(",")[0], line.split(",")[2]) for line in lines]


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["write", "remove", "rename", "look", "restart"]),
        st.integers(0, 3),
        st.integers(0, 5),
    ),
    min_size=1,
    max_size=25,
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_whatever_happens_between_looks_each_content_lands_once(
    tmp_path_factory: pytest.TempPathFactory,
    mappings: Mappings,
    lake: ReadingLake,
    steps: list[tuple[str, int, int]],
) -> None:
    """The oracle: at each look, the contents not seen before, by name, in order."""
    root = tmp_path_factory.mktemp("steps")
    shop = Shop(root / "drop", type(lake)(root / "lake", LONG_AGO), mappings.write(ORDERS))
    shop.drop("tags.csv", "id,name\n1,a\n")
    shop.drop("orders/first.csv", one(99))
    folder = Folder({"first": one(99).encode()}, [])
    source = shop.source()

    def look() -> None:
        for _, content in sorted(folder.files.items(), key=lambda pair: f"orders/{pair[0]}.csv"):
            if content not in folder.taken:
                folder.taken.append(content)
        shop.ingest(source)

    look()
    for step, name, value in steps:
        path = f"orders/{name}.csv"
        if step == "write":
            content = one(name, value).encode()
            shop.drop(path, content)
            folder.files[str(name)] = content
        elif step == "remove" and str(name) in folder.files:
            (shop.folder / path).unlink()
            del folder.files[str(name)]
        elif step == "rename" and str(name) in folder.files:
            (shop.folder / path).rename(shop.folder / f"orders/{value}.csv")
            folder.files[str(value)] = folder.files.pop(str(name))
        elif step == "look":
            look()
        elif step == "restart":
            source = shop.source()
    look()
    assert shop.landed() == folder.expected()


@pytest.mark.parametrize("look", [LocalFolder.files])
def test_links_are_followed_to_files_and_table_folders_but_not_in_circles(
    shop: Shop, tmp_path: Path, look: Callable[..., Any]
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "1.csv").write_text(one(1))
    (elsewhere / "up").symlink_to(elsewhere, target_is_directory=True)
    (elsewhere / "dangling.csv").symlink_to(elsewhere / "nowhere.csv")
    (shop.folder / "orders").symlink_to(elsewhere, target_is_directory=True)
    assert [file.path for file in look(LocalFolder(shop.folder)) if file.path.startswith("orders")] == [
        "orders/1.csv"
    ]
    shop.ingest()
    assert shop.landed() == [("1", "5")]
