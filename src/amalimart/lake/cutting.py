"""What of a source's folder has to be taken so that a lake made of it stands at exactly one commit.

Files of data, commits and checkpoints never change once they have their name. A journal segment grows, so
it is taken up to the end of its last whole record. Where the lake is kept in an object store, only what is on
this machine alone is taken: the journal, and what says whose copy the folder is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from amalimart.lake.journal import segment_path
from amalimart.lake.live import LiveState
from amalimart.lake.storage import COPY_OF, Storage, checkpoint_path, commit_path, versions_in


@dataclass(frozen=True, slots=True)
class CutFile:
    """One file to take.

    path     relative to the source's folder
    length   how many bytes of it; None where it never changes and is taken whole
    sha256   what its commit says of it; None where no commit does
    """

    path: str
    length: int | None = None
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Cut:
    """A source at one commit: which log, which version, where it lies, and the files that make it up."""

    source: str
    identity: str
    version: int
    fresh_as_of: datetime | None
    folder: Path
    files: tuple[CutFile, ...]


def cut_of(source: str, storage: Storage, state: LiveState) -> Cut | None:
    """The cut at the fold of the log; None before the first commit. Only while the fold does not change."""
    identity = storage.identity()
    if state.latest is None or identity is None:
        return None
    folder = storage.folder
    files = [CutFile("identity", (folder / "identity").stat().st_size)]
    if storage.outlives_this_machine:
        files.append(CutFile(COPY_OF, (folder / COPY_OF).stat().st_size))
    else:
        last = state.version if state.segment is None else state.segment - 1
        for place in (commit_path, checkpoint_path):
            paths = [place(folder, version) for version in versions_in(place(folder, 0).parent)]
            files += [CutFile(_within(folder, path)) for path in paths if int(path.stem) <= last]
        told = {path: file.sha256 for live in state.live.values() for path, file in live.items()}
        files += [CutFile(path, sha256=told.get(path)) for path in sorted(state.known_paths())]
    if state.segment is not None and state.segment_end:
        files.append(CutFile(_within(folder, segment_path(folder, state.segment)), state.segment_end))
    return Cut(source, identity, state.version, state.latest.fresh_as_of, folder, tuple(files))


def _within(folder: Path, path: Path) -> str:
    return path.relative_to(folder).as_posix()
