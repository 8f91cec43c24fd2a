"""Which rows are gone: the keys alive in the lake held against the keys the source has. Asks no database.

Polling sees no delete, because a deleted row leaves nothing to read. What is missing among the keys of
one moment, though it is alive in the lake, was deleted before that moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from amalimart.lake import Operation

FOLD_ROWS = 1_000_000


def gone_keys(
    versions: Iterable[pa.RecordBatch], present: Iterable[pa.RecordBatch], key: Sequence[str]
) -> pa.Table:
    """The keys whose last version is no delete and which are not among those present.

    `versions` hold the key and the lake's `_op`, `_batch`, `_sequence`, in any order, and no truncate;
    `present` the key. Memory holds each key once and FOLD_ROWS versions. A key with a null in it is
    left out: no row can be told by it.
    """
    alive = _alive(versions, key)
    there = _one([_told(batch, key).select(key) for batch in present], key)
    if not alive.num_rows or not there.num_rows:
        return alive
    alive, there = _alike([alive, there], key)
    return alive.join(there, keys=list(key), join_type="left anti", use_threads=False)


def _alive(versions: Iterable[pa.RecordBatch], key: Sequence[str]) -> pa.Table:
    held: list[pa.Table] = []
    rows, fold_at = 0, FOLD_ROWS
    for batch in versions:
        held.append(_told(batch, key))
        rows += held[-1].num_rows
        if rows >= fold_at:
            held = [_last_versions(_one(held, key), key)]
            rows = held[0].num_rows
            fold_at = rows + FOLD_ROWS
    last = _last_versions(_one(held, key), key)
    if not last.num_rows:
        return last
    return last.filter(pc.not_equal(last["_op"], Operation.DELETE.value)).select(key)


def _last_versions(versions: pa.Table, key: Sequence[str]) -> pa.Table:
    """The last version of each key."""
    if not versions.num_rows:
        return versions
    order = [(name, "ascending") for name in (*key, "_batch", "_sequence")]
    ordered = versions.sort_by(order).combine_chunks()
    last = pa.array([True])
    if ordered.num_rows > 1:
        differs = [
            pc.not_equal(ordered[name].slice(1), ordered[name].slice(0, ordered.num_rows - 1)) for name in key
        ]
        another = differs[0]
        for more in differs[1:]:
            another = pc.or_(another, more)
        last = pa.concat_arrays([*another.chunks, last])
    return ordered.filter(last)


def _told(batch: pa.RecordBatch, key: Sequence[str]) -> pa.Table:
    """The rows that have a key."""
    table = pa.Table.from_batches([batch])
    for name in key:
        if table[name].null_count:
            table = table.filter(pc.is_valid(table[name]))
    return table


def _one(tables: Sequence[pa.Table], key: Sequence[str]) -> pa.Table:
    """Tables as one; a table without rows where there is none."""
    filled = [table for table in tables if table.num_rows]
    if not filled:
        return pa.table({name: pa.array([], pa.string()) for name in key})
    return pa.concat_tables(_alike(filled, key))


def _alike(tables: Sequence[pa.Table], key: Sequence[str]) -> list[pa.Table]:
    """Tables whose keys have the same types: text where they differ, as a key's type may have changed."""
    for name in key:
        if len({table.schema.field(name).type for table in tables}) > 1:
            tables = [
                table.set_column(table.schema.get_field_index(name), name, table[name].cast(pa.string()))
                for table in tables
            ]
    return list(tables)
