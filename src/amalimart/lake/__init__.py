"""Bronze: everything the sources ever said, as a commit log over Parquet files. The durable truth.

    lake = Lake(root, clock)
    with lake.begin("shop", CommitKind.SNAPSHOT) as batch:
        batch.write("orders", record_batches, Operation.SNAPSHOT, schema=schema)
        batch.commit({"lsn": "0/15D6A48"}, fresh_as_of)
    with lake.writer("shop") as writer:
        writer.append([changed_rows], {"lsn": "0/15D6B00"}, fresh_as_of)   # durable: the source may forget it
    lake.live_files("shop")["orders"].paths

Small batches go to a journal that is durable at once and are sealed into files within a minute;
snapshots and large transactions get files of their own. Nothing is visible before its commit and
nothing is half visible after it. This room knows no source and no engine; it must not interpret
rows, only keep them.
"""

from amalimart.lake.commit import Column, Commit, CommitKind, DataFile, TableChange
from amalimart.lake.journal import JournalPart
from amalimart.lake.lake import Lake, Verified
from amalimart.lake.live import TableFiles
from amalimart.lake.rows import BATCH_COLUMNS, ChangedRows, Operation, Transaction
from amalimart.lake.source_writer import SourceWriter
from amalimart.lake.sweeping import Swept
from amalimart.lake.writer import BatchWriter

__all__ = [
    "BATCH_COLUMNS",
    "BatchWriter",
    "ChangedRows",
    "Column",
    "Commit",
    "CommitKind",
    "DataFile",
    "JournalPart",
    "Lake",
    "Operation",
    "SourceWriter",
    "Swept",
    "TableChange",
    "TableFiles",
    "Transaction",
    "Verified",
]
