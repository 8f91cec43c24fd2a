"""A folder drop as a source: a file is a table named after its stem, and a new file replaces it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from amalimart.core.errors import BrokenFile, SourceMismatch, SourceUnreachable
from amalimart.lake import BatchWriter, Operation
from amalimart.mapping.source_mapping import SourceMapping
from amalimart.sources.files.tables import CsvTable, FileTable, ParquetTable, file_digest
from amalimart.sources.landing import landed_columns
from amalimart.sources.port import Catalog, Position, Progress, Reading, Stopwatch

_KINDS: Mapping[str, type[CsvTable | ParquetTable]] = {".csv": CsvTable, ".parquet": ParquetTable}


class FileDropSource:
    """Reads the CSV and Parquet files of one folder, hidden files and other kinds left alone.

    A file whose bytes are already in the lake is not ingested again; one that changed replaces its
    table. The files stay where they are: one that is missing is an error, not a deletion.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._hashed: dict[Path, tuple[tuple[int, int], str]] = {}

    def close(self) -> None:
        """Nothing is held open between calls."""

    def catalog(self) -> Catalog:
        """Table -> column -> type (`text` for CSV). Raises BrokenFile, SourceUnreachable."""
        return {table: file.columns() for table, file in self._files().items()}

    def stale_tables(self, mapping: SourceMapping, position: Position | None) -> Collection[str]:
        """Mapped tables whose file's bytes are not those in the lake."""
        known = _digests(position)
        files = self._files()
        return {
            table
            for table in mapping.landed
            if table in files and (table not in known or self._digest(files[table].path) != known[table])
        }

    def snapshot(
        self,
        mapping: SourceMapping,
        writer: BatchWriter,
        progress: Progress,
        *,
        tables: Collection[str],
        since: Position | None,
    ) -> Reading:
        """Write the files of the given tables. Raises BrokenFile, SourceMismatch, SourceUnreachable."""
        landed = landed_columns(mapping, self.catalog())
        files = self._files()
        digests = _digests(since)
        replaced: dict[str, dict[str, int]] = {}
        newest = 0.0
        wanted = sorted(set(tables) & set(landed))
        for number, table in enumerate(wanted, 1):
            file = files[table]
            columns = landed[table]
            digests[table] = file_digest(file.path)
            stopwatch = Stopwatch(progress, table, number=number, of=len(wanted), estimate=None)
            writer.write(
                table,
                file.batches(columns, stopwatch),
                Operation.SNAPSHOT,
                schema=file.schema(columns),
                progress=stopwatch.add,
            )
            stopwatch.finish()
            if file_digest(file.path) != digests[table]:
                raise BrokenFile(
                    "the file changed while it was read",
                    where=str(file.path),
                    expected="whole files: write under another name, then rename",
                    next_step="run the command again",
                )
            if stopwatch.replaced:
                replaced[table] = stopwatch.replaced
            newest = max(newest, file.path.stat().st_mtime)
        position = {"kind": "files", "sha256": digests} | ({"replaced": replaced} if replaced else {})
        return Reading(position, datetime.fromtimestamp(newest, UTC) if newest else None)

    def poll(
        self,
        mapping: SourceMapping,  # noqa: ARG002 - the port's signature, as below
        writer: BatchWriter,  # noqa: ARG002
        progress: Progress,  # noqa: ARG002
        *,
        since: Position,  # noqa: ARG002
    ) -> Reading | None:
        """None: a changed file is a stale table, and its snapshot replaces it."""
        return None

    def _digest(self, path: Path) -> str:
        """The file's digest, computed again only when its size or time has changed."""
        try:
            status = path.stat()
        except OSError:
            return file_digest(path)
        seen = (status.st_size, status.st_mtime_ns)
        if path not in self._hashed or self._hashed[path][0] != seen:
            self._hashed[path] = (seen, file_digest(path))
        return self._hashed[path][1]

    def _files(self) -> dict[str, FileTable]:
        try:
            paths = sorted(path for path in self._folder.iterdir() if path.suffix.lower() in _KINDS)
        except OSError as error:
            raise SourceUnreachable(
                f"the folder cannot be read: {error.strerror}",
                where=str(self._folder),
                expected="a folder with one .csv or .parquet file a table",
                next_step="correct the path or its rights",
            ) from error
        found: dict[str, FileTable] = {}
        for path in paths:
            if path.name.startswith(".") or not path.is_file():
                continue
            if path.stem in found:
                raise SourceMismatch(
                    f"two files are the table {path.stem!r}",
                    where=str(path),
                    expected=f"only one of {found[path.stem].path.name} and {path.name}",
                    next_step="remove or rename one",
                )
            found[path.stem] = _KINDS[path.suffix.lower()](path)
        return found


def _digests(position: Position | None) -> dict[str, Any]:
    return dict(position["sha256"]) if position and position.get("kind") == "files" else {}
