"""Bronze: everything the sources ever said, as a commit log over Parquet files. The durable truth.

    lake = Lake(root, clock)
    with lake.begin("shop", CommitKind.SNAPSHOT) as writer:
        writer.write("orders", record_batches, Operation.SNAPSHOT, schema=schema)
        writer.commit({"lsn": "0/15D6A48"}, fresh_as_of)
    lake.live_files("shop")["orders"].paths

Nothing is visible before its commit and nothing is half visible after it. This room knows no source
and no engine; it must not interpret rows, only keep them.
"""

from amalimart.lake.commit import Column, Commit, CommitKind, DataFile, TableChange
from amalimart.lake.lake import Lake, Verified
from amalimart.lake.live import TableFiles
from amalimart.lake.sweeping import Swept
from amalimart.lake.writer import BATCH_COLUMNS, BatchWriter, Operation, Transaction

__all__ = [
    "BATCH_COLUMNS",
    "BatchWriter",
    "Column",
    "Commit",
    "CommitKind",
    "DataFile",
    "Lake",
    "Operation",
    "Swept",
    "TableChange",
    "TableFiles",
    "Transaction",
    "Verified",
]
