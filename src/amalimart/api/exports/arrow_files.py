"""Arrow IPC streams and Parquet files, with the receipt in the metadata of their schema."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.parquet as pq

from amalimart.api.exports.receipts import METADATA_KEY, Told, metadata_of
from amalimart.semantic.streaming import StreamedAnswer


def write_parquet(answer: StreamedAnswer, target: IO[bytes], told: Told) -> None:
    """A Parquet file of several row groups."""
    batches = answer.batches()
    first = next(batches)
    with pq.ParquetWriter(target, first.schema, compression="zstd") as writer:
        writer.write_batch(first)
        for batch in batches:
            writer.write_batch(batch)
        writer.add_key_value_metadata({METADATA_KEY: metadata_of(answer.columns, told(answer.receipt))})


def write_arrow(answer: StreamedAnswer, target: IO[bytes], folder: Path, told: Told) -> None:
    """An Arrow IPC stream.

    Its schema comes first, but what the receipt says is known last: the batches are kept in `folder`
    meanwhile. The messages of batches do not depend on the schema's metadata.
    """
    with tempfile.TemporaryFile(dir=folder) as kept:
        batches = answer.batches()
        first = next(batches)
        with pa.ipc.new_stream(kept, first.schema) as writer:
            writer.write_batch(first)
            for batch in batches:
                writer.write_batch(batch)
        schema = first.schema.with_metadata({METADATA_KEY: metadata_of(answer.columns, told(answer.receipt))})
        target.write(schema.serialize())
        kept.seek(len(first.schema.serialize()))
        shutil.copyfileobj(kept, target)
