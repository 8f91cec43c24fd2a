"""The fold of a long log written down, so that a fresh reader need not read every commit.

A checkpoint says nothing that the commits before it do not say; where it cannot be read, the one
before it or the commits themselves serve. Written at a moment without batches in the journal.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from amalimart.lake.commit import (
    BEFORE_ERASURES,
    FORMAT,
    Commit,
    CommitKind,
    file_document,
    inside_data,
    read_file_document,
    read_instant,
)
from amalimart.lake.live import LiveState, Replaced
from amalimart.lake.storage import Storage, checkpoint_path, versions_in

EVERY_COMMITS = 200
_KEPT = 2


def write_checkpoint(storage: Storage, state: LiveState, *, now: datetime, grace: timedelta) -> None:
    """Write the fold down and clear away commit files that two checkpoints make superfluous.

    Commit files younger than the grace period stay for readers that are on their way through them.
    Raises OSError, LakeError.
    """
    content = json.dumps(_document(state, now=now, grace=grace), ensure_ascii=False).encode()
    storage.publish_checkpoint(state.version, content)
    written = versions_in(storage.folder / "checkpoints")
    storage.remove_checkpoints(written[:-_KEPT])
    if len(written) >= _KEPT:
        storage.clear_commits(written[-_KEPT], now - grace)


def checkpoint_due(folder: Path, state: LiveState) -> bool:
    """Whether many commits have come since the last checkpoint."""
    last = max(versions_in(folder / "checkpoints"), default=0)
    later = sum(last < version <= state.version for version in versions_in(folder / "commits"))
    return state.version > last and later >= EVERY_COMMITS


def newest_checkpoint(folder: Path) -> LiveState | None:
    """The newest that can be read; None without one."""
    for version in reversed(versions_in(folder / "checkpoints")):
        try:
            return _state(json.loads(checkpoint_path(folder, version).read_bytes()))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue  # the one before it, or the commits, say the same
    return None


def _document(state: LiveState, *, now: datetime, grace: timedelta) -> dict[str, Any]:
    latest = state.latest
    assert latest is not None  # noqa: S101 - checked by the caller
    return {
        # An earlier version would forget who was erased.
        "format": FORMAT if state.erased else BEFORE_ERASURES,
        "erased": sorted(state.erased),
        "latest": {
            "version": latest.version,
            "kind": latest.kind.value,
            "position": latest.position,
            "fresh_as_of": latest.fresh_as_of.isoformat() if latest.fresh_as_of else None,
            "committed_at": latest.committed_at.isoformat(),
        },
        "live": {
            table: [file_document(file) for file in files.values()] for table, files in state.live.items()
        },
        "retained": {
            table: {path: _replaced_document(replaced) for path, replaced in paths.items()}
            for table, paths in state.retained.items()
        },
        "removed": {
            path: moment.isoformat() for path, moment in state.removed.items() if moment + grace > now
        },
        "snapshots": state.snapshots,
        "sealed": {
            str(first): moment.isoformat() for first, moment in state.sealed.items() if moment + grace > now
        },
    }


def _state(document: Mapping[str, Any]) -> LiveState:
    if document["format"] > FORMAT:
        raise ValueError("written by a newer version")
    latest = document["latest"]
    commit = Commit(
        version=int(latest["version"]),
        kind=CommitKind(latest["kind"]),
        position=dict(latest["position"]),
        fresh_as_of=read_instant(latest["fresh_as_of"]) if latest["fresh_as_of"] else None,
        committed_at=read_instant(latest["committed_at"]),
        tables={},
    )
    live = {
        table: {file.path: file for file in map(read_file_document, files)}
        for table, files in document["live"].items()
    }
    return LiveState(
        latest=commit,
        live=live,
        retained={
            table: {inside_data(path): _read_replaced(kept) for path, kept in paths.items()}
            for table, paths in document["retained"].items()
        },
        removed={inside_data(path): read_instant(moment) for path, moment in document["removed"].items()},
        snapshots={table: int(version) for table, version in document["snapshots"].items()},
        sealed={int(first): read_instant(moment) for first, moment in document["sealed"].items()},
        erased={str(stamp) for stamp in document.get("erased", ())},
    )


def _replaced_document(replaced: Replaced) -> dict[str, Any]:
    return {
        "file": file_document(replaced.file) if replaced.file else None,
        "moment": replaced.moment.isoformat(),
        "by": replaced.by,
    }


def _read_replaced(kept: Mapping[str, Any] | str) -> Replaced:
    if isinstance(kept, str):  # written before history could be read
        return Replaced(None, read_instant(kept), 0)
    file = read_file_document(kept["file"]) if kept["file"] else None
    return Replaced(file, read_instant(kept["moment"]), int(kept["by"]))
