"""A folder drop: values exactly as written, broken files named by line, nothing ingested twice."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amalimart.core.clock import FixedClock
from amalimart.core.errors import BrokenFile, SourceMismatch, SourceUnreachable
from amalimart.lake import BATCH_COLUMNS, CommitKind
from amalimart.mapping.source_mapping import SourceMapping, find_mapping, load_mapping
from amalimart.sources import FileDropSource, TableProgress, ingest_once, stopped_reasons
from amalimart.sources.files import csv_records
from amalimart.sources.files.csv_records import CsvRecords
from amalimart.sources.files.ledger import Ledger
from amalimart.sources.files.local import LocalFolder

if TYPE_CHECKING:
    from tests.sources.conftest import Mappings, ReadingLake

TAGS = """
tables: {tags: {secret: [token]}}
entities: {tags: {table: tags, columns: {tag_id: id, tag_name: name}}}
"""


@pytest.fixture
def drop(tmp_path: Path) -> Path:
    folder = tmp_path / "drop"
    folder.mkdir()
    return folder


@pytest.fixture
def mapping(mappings: Mappings) -> SourceMapping:
    return mappings.write(TAGS)


LONG_AGO = FixedClock(datetime(2020, 1, 1, tzinfo=UTC))
"""To it, no file has been touched within the last second."""


def opened(folder: Path, lake: ReadingLake, source: str = "shop") -> FileDropSource:
    return FileDropSource(LocalFolder(folder), Ledger(lake, source), LONG_AGO)


def land(lake: ReadingLake, drop: Path, mapping: SourceMapping, content: bytes) -> list[list[Any]]:
    (drop / "tags.csv").write_bytes(content)
    ingest_once(lake, "shop", opened(drop, lake), mapping)
    return [[row["id"], row["name"]] for row in lake.rows("tags")]


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        (b"id,name\n1,a\n2,b\n", [["1", "a"], ["2", "b"]]),
        (b"id,name\n1,a", [["1", "a"]]),
        (b"id,name\r\n1,a\r\n", [["1", "a"]]),
        (b"\xef\xbb\xbfid,name\n1,a\n", [["1", "a"]]),
        (b'\xef\xbb\xbf"id","name"\n"1","a"\n', [["1", "a"]]),
        (b"id,name\n", []),
        (b"name,extra,id\na,x,1\n", [["1", "a"]]),
        (b'id,name\n1,\n2,""\n,c\n', [["1", None], ["2", ""], [None, "c"]]),
        (b'id,name\n1,"a\nb"\n2,"c\r\nd"\n', [["1", "a\nb"], ["2", "c\r\nd"]]),
        (b'id,name\r\n1,"a\r\nb"\r\n', [["1", "a\r\nb"]]),
        (b'id,name\n1,"say ""hi"", you"\n', [["1", 'say "hi", you']]),
        (b'id,name\n1,""""\n2,"a"""\n', [["1", '"'], ["2", 'a"']]),
        (b"id,name\n007, a \n1e5,NULL\n", [["007", " a "], ["1e5", "NULL"]]),
        ("id,name\n1,Ɛyɛ\n".encode(), [["1", "Ɛyɛ"]]),
        (b"id,name\n1,a\n\n\n", [["1", "a"]]),
        (b"id,name,\n1,a,\n2,b,z\n", [["1", "a"], ["2", "b"]]),
        (b" id ,name\n1,a\n", [["1", "a"]]),
    ],
)
def test_values_land_exactly_as_written(
    lake: ReadingLake, drop: Path, mapping: SourceMapping, content: bytes, rows: list[list[Any]]
) -> None:
    assert land(lake, drop, mapping, content) == rows
    kinds = {column.name: column.type for column in lake.live_files("shop")["tags"].columns}
    assert (kinds["id"], kinds["name"]) == ("string", "string")


@pytest.mark.parametrize(
    ("content", "line", "what"),
    [
        (b"", 1, "no header"),
        (b"\n1,a\n", 1, "no header"),
        (b"id,name\n1,a\n2\n", 3, "has 1 values"),
        (b"id,name\n1,a,x\n", 2, "has 3 values"),
        (b"id,name\n1,a\n\n2,b\n", 3, "empty"),
        (b'id,name\n1,"a\n\n"\n2,b,c\n', 5, "has 3 values"),
        (b'id,name\n1,a\n2,"b\n3,c\n', 3, "does not end"),
        (b'id,name\n1,a"b\n2,c\n', 2, "quote inside a value without quotes"),
        (b'id,name\n1,a"b\n2,"c"\n', 2, "quote inside a value without quotes"),
        (b'id,name\n1,"a"b\n', 2, "text after a closing quote"),
        (b'id,name\n1,"a\nb"c\n', 3, "text after a closing quote"),
        (b'id,name\n1, "a"\n', 2, "quote inside a value without quotes"),
        (b"id,name\n1,a\n2,\xff\n", 3, "byte 3 of the line is not UTF-8"),
        (b'id,name\n1,"a\nb\xc3"\n', 3, "byte 2 of the line is not UTF-8"),
        (b"id,name\n1,a\0b\n", 2, "NUL"),
        ("id,name\n1,a\n".encode("utf-16"), 1, "NUL"),
        (b"id,name\n1,a\rb\n", 2, "carriage return"),
        (b"id,name\r1,a\r", 1, "carriage return"),
        (b"id,id\n1,2\n", 1, "'id' twice"),
        (b"id;name\n1;a\n", 1, "one column"),
    ],
)
def test_a_broken_row_is_named_and_nothing_is_committed(
    lake: ReadingLake, drop: Path, mapping: SourceMapping, content: bytes, line: int, what: str
) -> None:
    with pytest.raises(BrokenFile) as caught:
        land(lake, drop, mapping, content)
    assert what in caught.value.what
    assert caught.value.where == f"{drop / 'tags.csv'}:{line}"
    assert caught.value.expected
    assert caught.value.next_step
    assert lake.latest("shop") is None
    assert list(lake.root.rglob("*.parquet")) == []


def test_a_broken_file_leaves_the_good_version_in_place(
    lake: ReadingLake, drop: Path, mapping: SourceMapping
) -> None:
    source = opened(drop, lake)
    (drop / "tags.csv").write_bytes(b"id,name\n1,a\n")
    ingest_once(lake, "shop", source, mapping)
    (drop / "tags.csv").write_bytes(b"id,name\n1,a\n2\n")
    told = ingest_once(lake, "shop", source, mapping)
    assert told is not None
    assert told.rows == 0
    assert stopped_reasons(told.position) == {
        "tags": f"the row has 1 values ({drop / 'tags.csv'}:3)",
    }
    assert ingest_once(lake, "shop", source, mapping) is None
    error = source.set_aside()["tags"]
    assert isinstance(error, BrokenFile)
    assert error.where == f"{drop / 'tags.csv'}:3"
    assert lake.column("tags", "id") == ["1"]
    (drop / "tags.csv").write_bytes(b"id,name\n1,a\n2,b\n")
    assert ingest_once(lake, "shop", source, mapping) is not None
    assert source.set_aside() == {}
    assert stopped_reasons(lake.latest("shop").position) == {}  # type: ignore[union-attr]
    assert lake.column("tags", "id") == ["1", "2"]


def test_a_line_without_end_is_refused_before_it_fills_the_memory(
    lake: ReadingLake, drop: Path, mapping: SourceMapping, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_records, "LONGEST_RECORD", 1000)
    with pytest.raises(BrokenFile, match="does not end") as caught:
        land(lake, drop, mapping, b"id,name\n1," + b"a" * 2000 + b"\n")
    assert caught.value.where == f"{drop / 'tags.csv'}:2"
    with pytest.raises(BrokenFile, match="does not end") as caught:
        land(lake, drop, mapping, b'id,name\n1,b\n2,"' + b"a\n" * 2000)
    assert caught.value.where == f"{drop / 'tags.csv'}:3"


VALUES = st.one_of(
    st.none(), st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)
)


def quoted(value: str | None, *, always: bool) -> str:
    if value is None:
        return ""
    if always or value == "" or any(mark in value for mark in ',"\r\n'):
        return '"' + value.replace('"', '""') + '"'
    return value


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.lists(VALUES, min_size=3, max_size=3)),
    always=st.booleans(),
    ending=st.sampled_from(["\n", "\r\n"]),
    last=st.booleans(),
)
def test_whatever_is_written_by_the_rules_is_read_back(
    tmp_path: Path, rows: list[list[str | None]], always: bool, ending: str, last: bool
) -> None:
    lines = ["a,b,c", *(",".join(quoted(value, always=always) for value in row) for row in rows)]
    path = tmp_path / "any.csv"
    path.write_bytes((ending.join(lines) + (ending if last else "")).encode())
    with path.open("rb") as file:
        assert [record.values for record in CsvRecords(str(path), file)] == rows


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.text(alphabet='a,"\n\r', max_size=30))
def test_no_input_is_read_as_something_else(tmp_path: Path, content: str) -> None:
    """What is accepted says, written by the rules again, the same; all else is a BrokenFile."""
    path = tmp_path / "any.csv"
    path.write_bytes(b"h,i\n" + content.encode())
    try:
        with path.open("rb") as file:
            rows = [record.values for record in CsvRecords(str(path), file)]
    except BrokenFile:
        return
    written = [",".join(quoted(value, always=False) for value in row) for row in rows]
    for row in rows:
        assert len(row) == 2

    def bare(text: str) -> str:
        # Line ends first: a quoted carriage return before one is part of the value.
        return text.replace("\r\n", "\n").replace('"', "").strip("\n")

    assert bare("\n".join(written)) == bare(content)


def test_the_same_bytes_are_ingested_once_and_a_changed_file_replaces_its_table(
    lake: ReadingLake, drop: Path, mappings: Mappings
) -> None:
    mapping = mappings.write(
        "tables: {tags: {}, cats: {}}\nentities:\n"
        "  tags: {table: tags, columns: {tag_id: id, tag_name: name}}\n"
        "  categories: {table: cats, columns: {category_id: id, category_name: name}}\n"
    )
    (drop / "tags.csv").write_text("id,name\n1,a\n2,b\n")
    (drop / "cats.csv").write_text("id,name\n1,shoes\n")
    first = ingest_once(lake, "shop", opened(drop, lake), mapping)
    assert first is not None
    assert sorted(first.tables) == ["cats", "tags"]
    os.utime(drop / "tags.csv", (1, 1))
    source = opened(drop, lake)
    assert ingest_once(lake, "shop", source, mapping) is None
    (drop / "tags.csv").write_text("id,name\n2,c\n")
    second = ingest_once(lake, "shop", source, mapping)
    assert second is not None
    assert (second.kind, list(second.tables)) == (CommitKind.SNAPSHOT, ["tags"])
    assert lake.column("tags", "name") == ["c"]
    assert lake.column("cats", "name") == ["shoes"]
    assert ingest_once(lake, "shop", source, mapping) is None


def test_a_file_that_changes_while_it_is_read_is_not_taken(
    lake: ReadingLake, drop: Path, mapping: SourceMapping
) -> None:
    (drop / "tags.csv").write_text("id,name\n" + "1,a\n" * 20_000)

    def rewrite(_progress: TableProgress) -> None:
        (drop / "tags.csv").write_text("id,name\n" + "1,b\n" * 20_000)

    with pytest.raises(BrokenFile, match="changed while it was read"):
        ingest_once(lake, "shop", opened(drop, lake), mapping, rewrite)
    assert lake.latest("shop") is None


def test_only_landed_columns_are_taken(lake: ReadingLake, drop: Path, mapping: SourceMapping) -> None:
    (drop / "tags.csv").write_text("id,name,token,note\n1,a,canary-token,canary-note\n")
    (drop / "unmapped.csv").write_text("x\ncanary\n")
    ingest_once(lake, "shop", opened(drop, lake), mapping)
    assert b"canary" not in lake.everything()
    assert list(lake.rows("tags")[0]) == ["id", "name", *BATCH_COLUMNS]


def test_parquet_keeps_its_types(lake: ReadingLake, drop: Path, mapping: SourceMapping) -> None:
    table = pa.table(
        {
            "id": pa.array([1, 2], pa.int32()),
            "name": pa.array(["a", "b"]).dictionary_encode(),
            "token": ["canary", "canary"],
            "nested": [[1], [2]],
        }
    )
    pq.write_table(table, drop / "tags.parquet")
    ingest_once(lake, "shop", opened(drop, lake), mapping)
    kinds = {column.name: column.type for column in lake.live_files("shop")["tags"].columns}
    assert (kinds["id"], kinds["name"]) == ("int32", "string")
    assert lake.column("tags", "name") == ["a", "b"]
    assert b"canary" not in lake.everything()


def test_parquet_that_is_none_or_nested(lake: ReadingLake, drop: Path, mapping: SourceMapping) -> None:
    (drop / "tags.parquet").write_bytes(b"PAR1 not really PAR1")
    with pytest.raises(BrokenFile) as caught:
        ingest_once(lake, "shop", opened(drop, lake), mapping)
    assert caught.value.where == str(drop / "tags.parquet")
    pq.write_table(pa.table({"id": [1], "name": [["a"]]}), drop / "tags.parquet")
    with pytest.raises(SourceMismatch, match="does not fit"):
        ingest_once(lake, "shop", opened(drop, lake), mapping)


def test_a_float_without_value_is_null_and_counted(
    lake: ReadingLake, drop: Path, mapping: SourceMapping
) -> None:
    pq.write_table(
        pa.table({"id": [1.5, float("nan"), float("inf")], "name": ["a", "b", "c"]}), drop / "tags.parquet"
    )
    commit = ingest_once(lake, "shop", opened(drop, lake), mapping)
    assert commit is not None
    assert lake.column("tags", "id") == [1.5, None, None]
    assert commit.position["replaced"] == {"tags": {"id": 2}}


def test_two_files_of_one_table_a_missing_file_and_a_missing_folder(
    lake: ReadingLake, drop: Path, mapping: SourceMapping
) -> None:
    with pytest.raises(SourceMismatch, match="no table 'tags'"):
        ingest_once(lake, "shop", opened(drop, lake), mapping)
    (drop / "tags.csv").write_text("id,nmae\n1,a\n")
    with pytest.raises(SourceMismatch) as caught:
        ingest_once(lake, "shop", opened(drop, lake), mapping)
    assert caught.value.nearest == "nmae"
    pq.write_table(pa.table({"id": [1]}), drop / "tags.parquet")
    with pytest.raises(SourceMismatch, match="two files"):
        ingest_once(lake, "shop", opened(drop, lake), mapping)
    with pytest.raises(SourceUnreachable) as unreachable:
        ingest_once(lake, "shop", opened(drop / "absent", lake), mapping)
    assert unreachable.value.where == str(drop / "absent")


@pytest.mark.source
def test_the_sample_lands_whole_and_without_a_secret(lake: ReadingLake, sample_folder: Path) -> None:
    mapping = load_mapping(find_mapping("amalimart"))
    commit = ingest_once(lake, "amalimart", opened(sample_folder, lake, "amalimart"), mapping)
    assert commit is not None
    assert ingest_once(lake, "amalimart", opened(sample_folder, lake, "amalimart"), mapping) is None
    for table, files in lake.live_files("amalimart").items():
        with (sample_folder / f"{table}.csv").open("rb") as file:
            assert files.rows == sum(1 for _ in file) - 1, table
    secrets = set()
    for table, settings_ in mapping.tables.items():
        for column in settings_.secret:
            if not (sample_folder / f"{table}.csv").exists():
                continue
            with (sample_folder / f"{table}.csv").open("rb") as file:
                records = CsvRecords(f"{table}.csv", file)
                if column in records.header:
                    place = records.header.index(column)
                    secrets |= {value.encode() for record in records if (value := record.values[place])}
    assert len(secrets) > 1000, "the sample has passwords of users and of applicants"
    found = lake.everything()
    assert b"+23355000001" in found or b"user1@example.com" in found or b"User 1" in found
    assert [secret for secret in sorted(secrets) if secret in found] == []


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak of /proc")
def test_memory_does_not_grow_with_the_file(lake: ReadingLake, drop: Path, mapping: SourceMapping) -> None:
    with (drop / "tags.csv").open("w") as file:
        file.write("id,name\n")
        file.writelines(f"{number},{'x' * 90}\n" for number in range(1_500_000))
    base = pa.total_allocated_bytes()
    peaks: list[int] = []
    ingest_once(
        lake,
        "shop",
        opened(drop, lake),
        mapping,
        lambda _progress: peaks.append(pa.total_allocated_bytes() - base),
    )
    assert lake.live_files("shop")["tags"].rows == 1_500_000
    assert max(peaks) < 100 * 1024 * 1024
