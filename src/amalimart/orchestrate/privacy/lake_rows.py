"""The rows of people in the lake: live files, history and journal, file by file. Changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from amalimart.core.errors import DamagedLake
from amalimart.core.privacy import TableCount
from amalimart.lake import BATCH_COLUMNS, Lake, TableFiles
from amalimart.lake.tombstones import Tombstone
from amalimart.mapping.personal_rows import PEOPLE, PERSON_ID, IdOrigin, PersonalPart, PersonalRows
from amalimart.mapping.source_mapping import SourceMapping
from amalimart.sources.erased_people import ERASED, Alias, aliases, matching

IsMeant = Callable[[str], bool]
"""Whether a canonical id of a user is that of somebody meant."""

_SHORTEST_WORD = 5


@dataclass(slots=True)
class Traces:
    """What the lake holds of somebody.

    is_known  whether there is a row of theirs among the users
    words     values by which they may be found elsewhere; short ones would be found in anything
    aliases   other names that they stand under
    counts    source.table -> rows with something personal, and files
    """

    is_known: bool = False
    words: set[str] = field(default_factory=set)
    aliases: set[Alias] = field(default_factory=set)
    counts: dict[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def tables(self) -> tuple[TableCount, ...]:
        """The counts, by table."""
        return tuple(TableCount(table, rows, files) for table, (rows, files) in sorted(self.counts.items()))


class LakePeople:
    """Finds people in the lake of a project."""

    def __init__(self, lake: Lake, mappings: Mapping[str, SourceMapping]) -> None:
        self._lake = lake
        self._rows = {name: PersonalRows(mapping) for name, mapping in mappings.items()}

    @property
    def out_of_reach(self) -> tuple[str, ...]:
        """Entities with personal columns whose rows name no user."""
        return tuple(sorted({entity for rows in self._rows.values() for entity in rows.out_of_reach}))

    def unread(self) -> tuple[str, ...]:
        """Tables in the lake that no mapping reads any more, and sources that the project no longer has."""
        gone = [source for source in self._lake.sources() if source not in self._rows]
        tables = [
            f"{source}.{table}"
            for source, rows in self._rows.items()
            for table in self._lake.live_files(source)
            if table not in rows.landed and not table.startswith("_")
        ]
        return tuple(sorted([*gone, *tables]))

    def traces(self, is_meant: IsMeant) -> Traces:
        """Everything personal that is there of somebody. Raises NotAvailable, LakeError."""
        found = Traces()
        for source, rows in self._rows.items():
            for table, parts in rows.personal.items():
                files = self._lake.live_files(source).get(table)
                if files is None:
                    continue
                for columns, batches in _pieces(files):
                    self._look(f"{source}.{table}", parts, batches, is_meant, found, rows, columns)
        return found

    def knows(self, is_meant: IsMeant) -> bool:
        """Whether somebody has a row among the users, as it landed."""
        return any(
            batch.num_rows and pc.any(_mask(batch, [part.person], is_meant)).as_py()
            for source, rows in self._rows.items()
            for table, parts in rows.related.items()
            for part in parts
            if part.entity == PEOPLE and table in self._lake.live_files(source)
            for columns, batches in _pieces(self._lake.live_files(source)[table])
            if set(part.person.columns) <= set(columns)
            for batch in batches(part.person.columns)
        )

    def related(self, is_meant: IsMeant) -> Iterator[tuple[str, pa.Table]]:
        """Every version of every row that refers to somebody: source.table, and its rows."""
        for source, rows in self._rows.items():
            for table, parts in rows.related.items():
                files = self._lake.live_files(source).get(table)
                if files is None:
                    continue
                found = [
                    batch.filter(_mask(batch, [part.person for part in parts], is_meant))
                    for _, batches in _pieces(files)
                    for batch in batches()
                ]
                kept = [pa.Table.from_batches([batch]) for batch in found if batch.num_rows]
                if kept:
                    yield f"{source}.{table}", pa.concat_tables(kept, promote_options="permissive")

    def _look(
        self,
        table: str,
        parts: Sequence[PersonalPart],
        batches: _Batches,
        is_meant: IsMeant,
        found: Traces,
        rows: PersonalRows,
        columns: Sequence[str],
    ) -> None:
        personal_rows = 0
        unread = set(columns) - rows.landed.get(table.partition(".")[2], frozenset()) - set(BATCH_COLUMNS)
        for part in parts:
            wanted = {*part.person.columns, *part.cleared, *part.filled, *part.pseudonyms, *unread}
            for batch in batches(sorted(wanted & set(columns))):
                theirs = batch.filter(_mask(batch, [part.person], is_meant))
                if not theirs.num_rows:
                    continue
                found.is_known |= part.entity == PEOPLE
                found.aliases.update(aliases(part, theirs))
                kept = (wanted - set(part.person.columns)) & set(theirs.schema.names)
                personal_rows += _with_something(theirs, kept)
                for column in {*part.telling, *unread} & set(theirs.schema.names):
                    found.words.update(_words(theirs.column(column)))
        if personal_rows:
            before = found.counts.get(table, (0, 0))
            found.counts[table] = (before[0] + personal_rows, before[1] + 1)


class _Batches:
    """The rows of one file, or of one part of the journal, as often as they are asked for."""

    def __init__(self, read: Callable[[Sequence[str] | None], Iterator[pa.RecordBatch]]) -> None:
        self._read = read

    def __call__(self, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        return self._read(columns)


def _pieces(files: TableFiles) -> Iterator[tuple[tuple[str, ...], _Batches]]:
    """Each file, then each part of the journal, with its columns."""
    past = [replaced.file for replaced in files.history if replaced.file is not None]
    for file in (*files.files, *past):

        def in_file(columns: Sequence[str] | None, file: object = file) -> Iterator[pa.RecordBatch]:
            (path,) = files.storage.paths(files.table, [file])  # type: ignore[list-item]
            try:
                with pq.ParquetFile(path) as parquet:
                    yield from parquet.iter_batches(columns=columns)
            except (OSError, pa.ArrowException) as error:
                raise DamagedLake(f"a file of the lake cannot be read: {error}", where=str(path)) from error

        yield tuple(column.name for column in file.columns), _Batches(in_file)
    for part in files.journal:

        def in_journal(columns: Sequence[str] | None, part: object = part) -> Iterator[pa.RecordBatch]:
            rows = part.read()  # type: ignore[attr-defined]
            yield from (rows if columns is None else rows.select(columns)).to_batches()

        yield tuple(column.name for column in part.columns), _Batches(in_journal)


def of_person(person: str) -> IsMeant:
    """Somebody by their canonical id."""
    return lambda value: value == person


def of_stones(stones: Mapping[str, Tombstone], mark: Callable[[str, str], str]) -> IsMeant:
    """Everybody who was erased."""
    return lambda value: mark(PERSON_ID, value) in stones


def _mask(batch: pa.RecordBatch, origins: Sequence[IdOrigin], is_meant: IsMeant) -> pa.BooleanArray:
    found = pa.array([False] * batch.num_rows, pa.bool_())
    for origin in origins:
        if set(origin.columns) <= set(batch.schema.names):
            found = pc.or_(found, matching(batch, origin, is_meant))
    return found


def _with_something(rows: pa.RecordBatch, columns: set[str]) -> int:
    """How many rows hold a value that has not been replaced yet."""
    if not columns:
        return 0
    found = pa.array([False] * rows.num_rows, pa.bool_())
    for column in columns:
        values = rows.column(column)
        is_there = pc.is_valid(values)
        if pa.types.is_string(values.type):
            is_there = pc.and_(is_there, pc.invert(pc.starts_with(pc.fill_null(values, ""), ERASED)))
        found = pc.or_(found, is_there)
    return int(pc.sum(found).as_py() or 0)


def _words(values: pa.Array) -> Iterator[str]:
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        for value in pc.unique(values).to_pylist():
            if value is not None and len(value.strip()) >= _SHORTEST_WORD and not value.startswith(ERASED):
                yield value.strip()
