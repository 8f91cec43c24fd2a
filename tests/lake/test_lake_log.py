"""Reading the log: cheap when it is long, loud when it is damaged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from amalimart.core.errors import DamagedLake, LakeError
from amalimart.lake import CommitKind
from tests.lake.storages import IN_A_FOLDER

if TYPE_CHECKING:
    from tests.lake.conftest import OrdersLake


def commit_path(lake: OrdersLake, version: int) -> Path:
    return lake.root / "shop" / "commits" / f"{version:020d}.json"


def edit(path: Path, change: Any) -> None:
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


def test_commits_come_in_order_after_a_version(lake: OrdersLake) -> None:
    for row in range(1, 6):
        lake.commit_orders([row])
    assert [commit.version for commit in lake.commits("shop", after=2)] == [3, 4, 5]
    assert [commit.version for commit in lake.commits("shop")] == [1, 2, 3, 4, 5]
    assert list(lake.commits("shop", after=5)) == []


def test_a_look_at_a_long_log_opens_only_new_commits(
    lake: OrdersLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    for row in range(1, 31):
        lake.commit_orders([row])
    reader = lake.reopened()
    assert len(reader.live_files("shop")["orders"].files) == 30
    opened: list[str] = []
    read_bytes = Path.read_bytes

    def noted(path: Path) -> bytes:
        opened.append(path.name)
        return read_bytes(path)

    monkeypatch.setattr(Path, "read_bytes", noted)
    reader.live_files("shop")
    assert opened == [f"{31:020d}.json"], "one question: is there a next one"
    lake.commit_orders([31])
    opened.clear()
    assert len(reader.live_files("shop")["orders"].files) == 31
    assert opened == [f"{31:020d}.json", f"{32:020d}.json"]


def test_another_process_instance_sees_each_commit_at_once(lake: OrdersLake) -> None:
    reader = lake.reopened()
    assert reader.latest("shop") is None
    lake.commit_orders([1])
    assert reader.live_ids() == [1]
    lake.commit_orders([2])
    assert reader.live_ids() == [1, 2]


def test_files_after_a_version_are_those_with_later_batches(lake: OrdersLake) -> None:
    lake.commit_orders([1], kind=CommitKind.SNAPSHOT)
    lake.commit_orders([2])
    lake.commit_orders([3])
    live = lake.live_files("shop")["orders"]
    assert [file.first_batch for file in live.after(1).files] == [2, 3]
    assert live.after(3).files == ()


@IN_A_FOLDER
def test_a_missing_version_is_damage(lake: OrdersLake) -> None:
    for row in range(1, 4):
        lake.commit_orders([row])
    commit_path(lake, 2).unlink()
    with pytest.raises(DamagedLake, match="version 2"):
        lake.reopened().latest("shop")
    with pytest.raises(DamagedLake, match="version 2"):
        lake.verify("shop")


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b'{"format": 1}', b"\xff\xfe", b'{"format": "x"}']
)
def test_a_commit_that_cannot_be_read_is_damage(lake: OrdersLake, content: bytes) -> None:
    lake.commit_orders([1])
    commit_path(lake, 1).write_bytes(content)
    with pytest.raises(DamagedLake) as caught:
        lake.reopened().latest("shop")
    assert caught.value.where == str(commit_path(lake, 1))
    assert caught.value.next_step


@pytest.mark.parametrize(
    "path",
    ["../../etc/passwd", "/etc/passwd", "data/../commits/x.parquet", "data/a/../../b.parquet", "data/x", ""],
)
def test_a_commit_cannot_point_outside_the_data_folder(lake: OrdersLake, path: str) -> None:
    lake.commit_orders([1])
    edit(commit_path(lake, 1), lambda document: document["tables"]["orders"]["added"][0].update(path=path))
    with pytest.raises(DamagedLake, match="cannot be read"):
        lake.reopened().latest("shop")
    edit(commit_path(lake, 1), lambda document: document["tables"]["orders"].update(added=[], removed=[path]))
    with pytest.raises(DamagedLake, match="cannot be read"):
        lake.reopened().latest("shop")


def test_a_commit_under_another_version_s_name_is_damage(lake: OrdersLake) -> None:
    lake.commit_orders([1])
    commit_path(lake, 1).rename(commit_path(lake, 2))
    commit_path(lake, 1).write_bytes(commit_path(lake, 2).read_bytes())
    with pytest.raises(DamagedLake, match="says it is version 1"):
        lake.reopened().latest("shop")


def test_a_newer_format_asks_for_an_upgrade(lake: OrdersLake) -> None:
    lake.commit_orders([1])
    edit(commit_path(lake, 1), lambda document: document.update(format=99))
    with pytest.raises(LakeError) as caught:
        lake.reopened().latest("shop")
    assert caught.value.next_step == "upgrade amalimart"


def test_verify_counts_what_it_read(lake: OrdersLake) -> None:
    lake.commit_orders([1, 2], kind=CommitKind.SNAPSHOT)
    lake.commit_orders([3])
    verified = lake.verify("shop")
    sizes = [path.stat().st_size for path in lake.live_files("shop")["orders"].paths]
    assert (verified.files, verified.rows, verified.bytes) == (2, 3, sum(sizes))


def do_harm(path: Path, how: str) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    match how:
        case "missing":
            path.unlink()
        case "flipped":
            path.write_bytes(content)
        case "cut":
            path.write_bytes(content[:-1])


@IN_A_FOLDER
@pytest.mark.parametrize("how", ["missing", "flipped", "cut"])
def test_verify_finds_a_harmed_file(lake: OrdersLake, how: str) -> None:
    lake.commit_orders([1, 2])
    (path,) = lake.live_files("shop")["orders"].paths
    do_harm(path, how)
    with pytest.raises(DamagedLake) as caught:
        lake.verify("shop")
    assert caught.value.where == str(path)


@IN_A_FOLDER
@pytest.mark.parametrize("how", ["missing", "flipped", "cut"])
def test_a_harmed_file_is_not_given_to_readers(lake: OrdersLake, how: str) -> None:
    lake.commit_orders([1, 2])
    (path,) = lake.live_files("shop")["orders"].paths
    content = path.read_bytes()
    do_harm(path, how)
    for reader in (lake, lake.reopened()):
        with pytest.raises(DamagedLake) as caught:
            _ = reader.live_files("shop")["orders"].paths
        assert caught.value.where == str(path)
    path.write_bytes(content)
    assert lake.live_files("shop")["orders"].paths == (path,)


@IN_A_FOLDER
def test_a_file_is_read_whole_once_for_all_readers_of_a_lake(
    lake: OrdersLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.commit_orders([1, 2])
    read: list[str] = []
    monkeypatch.setattr("amalimart.lake.checking.check_file", lambda path, *_: read.append(path.name))
    for _ in range(3):
        assert lake.live_files("shop")["orders"].paths
    lake.commit_orders([3])
    assert len(lake.live_files("shop")["orders"].paths) == 2
    assert len(read) == len(set(read)) == 2
