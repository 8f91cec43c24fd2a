"""A disk that runs full at each step: one clear error, and the last commit still reads."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from amalimart.core.errors import DiskFull, LakeError
from amalimart.lake import CommitKind, Lake, Operation, parquet
from tests.lake.storages import IN_A_FOLDER

if TYPE_CHECKING:
    from tests.lake.conftest import HandClock, OrdersLake


def assert_last_commit_reads(lake: OrdersLake, kept: set[str]) -> None:
    assert lake.data_files() == kept, "the failed batch gave its space back"
    reopened = lake.reopened()
    assert reopened.live_ids() == [1]
    assert reopened.verify("shop").files == 1
    reopened.commit_orders([2])
    assert reopened.live_ids() == [1, 2]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_full_while_writing_rows(lake: OrdersLake, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    lake.commit_orders([1])
    kept = lake.data_files()

    def refuse(_file: object, _content: bytes) -> int:
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patched, lake.begin("shop", CommitKind.CHANGES) as writer:
        patched.setattr(parquet._HashedFile, "write", refuse)
        with pytest.raises(DiskFull) as caught:
            lake.write_orders(writer, [2], Operation.UPSERT)
    assert "'orders'" in caught.value.what
    assert "up to version 1 stays committed" in caught.value.what
    assert caught.value.where == str(lake.root / "shop")
    assert_last_commit_reads(lake, kept)


@IN_A_FOLDER
@pytest.mark.parametrize("call", ["fsync", "link"])
def test_full_while_making_durable(lake: OrdersLake, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    lake.commit_orders([1])
    kept = lake.data_files()

    def refuse(*_arguments: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched, lake.begin("shop", CommitKind.CHANGES) as writer:
        if call == "link":
            lake.write_orders(writer, [2], Operation.UPSERT)
            patched.setattr(os, call, refuse)
            with pytest.raises(DiskFull, match="writing the commit"):
                writer.commit({}, None)
        else:
            patched.setattr(os, call, refuse)
            with pytest.raises(DiskFull, match="'orders'"):
                lake.write_orders(writer, [2], Operation.UPSERT)
    assert_last_commit_reads(lake, kept)


def test_full_while_compacting(lake: OrdersLake, monkeypatch: pytest.MonkeyPatch) -> None:
    lake.commit_orders([1])
    lake.commit_orders([2])

    def refuse(_file: object, _content: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(parquet._HashedFile, "write", refuse)
        with pytest.raises(DiskFull, match="compacting"):
            lake.compact("shop")
    assert lake.reopened().live_ids() == [1, 2]
    lake.compact("shop")
    assert lake.live_ids() == [1, 2]


LIMITED = """
import os, resource, sys
from pathlib import Path
import pyarrow as pa
from amalimart.core.clock import SystemClock
from amalimart.core.errors import DiskFull
from amalimart.lake import CommitKind, Lake, Operation

resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
schema = pa.schema([("noise", pa.binary())])
def noise():
    while True:
        yield pa.record_batch([pa.array([os.urandom(1000) for _ in range(1000)])], schema=schema)
try:
    with Lake(Path(sys.argv[1]), SystemClock()).begin("shop", CommitKind.CHANGES) as writer:
        writer.write("orders", noise(), Operation.UPSERT, schema=schema)
except DiskFull as error:
    print(error.code, error.retryable)
"""


@IN_A_FOLDER
def test_the_operating_system_s_own_refusal(lake: OrdersLake) -> None:
    lake.commit_orders([1])
    kept = lake.data_files()
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", LIMITED, str(lake.root)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout.split(), done.stderr) == (["disk_full", "True"], "")
    assert_last_commit_reads(lake, kept)


def test_a_folder_that_cannot_be_written_to(tmp_path: Path, clock: HandClock) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(LakeError) as caught:
        Lake(tmp_path / "file", clock).begin("shop", CommitKind.CHANGES)
    assert not isinstance(caught.value, DiskFull)
    assert caught.value.next_step
