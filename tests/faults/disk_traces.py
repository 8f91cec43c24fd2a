"""What a killed writer left on disk, read without the product's code: which moment did the kill hit?"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

MAGIC = b"amalimart journal 1\n"
_PREFIX = struct.Struct(">Q16s")
_HEAD = struct.Struct(">I")


class Phase(StrEnum):
    """Where the process was when it died, as far as the disk tells."""

    STARTING = "starting"
    HANDOVER = "slot without commit"
    SNAPSHOT = "snapshot half written"
    IDLE = "following, nothing open"
    UNCONFIRMED = "committed, not confirmed"
    TORN = "record torn"
    SEALING = "seal half written"
    SPILLING = "large transaction half written"
    COMPACTION = "merge half written"
    PUBLISHING = "commit file unnamed"


@dataclass
class Traces:
    """A source's folder.

    versions   of the commit files
    orphans    table folder -> data files that no commit names
    live       table -> how many files hold its rows
    segment    the open segment, if there is one
    records    (version, position, where it starts) of its whole records
    torn       whether bytes follow the last whole record
    temporary  commit files or checkpoints that never got their name
    """

    versions: set[int] = field(default_factory=set)
    orphans: dict[str, list[Path]] = field(default_factory=dict)
    live: dict[str, int] = field(default_factory=dict)
    segment: Path | None = None
    records: list[tuple[int, dict[str, Any], int]] = field(default_factory=list)
    torn: bool = False
    temporary: list[Path] = field(default_factory=list)
    position: dict[str, Any] = field(default_factory=dict)

    @property
    def has_commits(self) -> bool:
        return bool(self.versions or self.records)


class Reader:
    """Reads the folder after each kill; remembers what can no longer change."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._named: dict[int, set[str]] = {}
        self._live: dict[str, set[str]] = {}
        self._position: dict[str, Any] = {}

    def read(self) -> Traces:
        traces = Traces()
        for path in sorted((self.folder / "commits").glob("[0-9]*.json")):
            version = int(path.stem)
            traces.versions.add(version)
            if version in self._named:
                continue
            said = json.loads(path.read_text())
            self._named[version] = {
                file["path"] for change in said["tables"].values() for file in change["added"]
            }
            for table, change in said["tables"].items():
                live = set() if said["kind"] == "snapshot" else self._live.get(table, set())
                live -= set(change["removed"])
                self._live[table] = live | {file["path"] for file in change["added"]}
            self._position = said["position"]
        traces.position = dict(self._position)
        traces.live = {table: len(paths) for table, paths in self._live.items()}
        named = set().union(*self._named.values()) if self._named else set()
        for path in sorted(self.folder.glob("data/*/*")):
            if path.relative_to(self.folder).as_posix() not in named:
                traces.orphans.setdefault(path.parent.name, []).append(path)
        for path in sorted(self.folder.glob("journal/*.journal")):
            if int(path.stem) > max(traces.versions, default=0):
                traces.segment = path
                self._read_segment(path, traces)
        traces.temporary = [*self.folder.glob("commits/.*.tmp"), *self.folder.glob("checkpoints/.*.tmp")]
        return traces

    @staticmethod
    def _read_segment(path: Path, traces: Traces) -> None:
        content = path.read_bytes()
        place = len(MAGIC)
        while place + _PREFIX.size <= len(content):
            length, _ = _PREFIX.unpack_from(content, place)
            body = place + _PREFIX.size
            if body + length > len(content):
                break
            (head_length,) = _HEAD.unpack_from(content, body)
            head = json.loads(content[body + _HEAD.size : body + _HEAD.size + head_length])
            traces.records.append((head["version"], head["position"], place))
            traces.position |= head["position"]
            place = body + length
        traces.torn = place < len(content) and len(content) > len(MAGIC)


def phase_of(  # noqa: PLR0911 - one line a phase, the first that fits
    traces: Traces,
    *,
    was_following: bool,
    slot_is_new: bool,
    is_confirmed: bool,
    copying: bool,
    bulk_table: str,
    crowded: int,
) -> Phase:
    """Name the moment. What is said of the source is as it was right after the kill."""
    if copying:
        if traces.orphans:
            return Phase.SNAPSHOT
        return Phase.HANDOVER if slot_is_new else Phase.STARTING
    if traces.temporary:
        return Phase.PUBLISHING
    if traces.torn:
        return Phase.TORN
    if traces.orphans:
        if traces.records:
            return Phase.SEALING
        # A merge is about one table, which has many files; a large transaction is about its own at least.
        merges = len(traces.orphans) == 1 and traces.live.get(next(iter(traces.orphans)), 0) >= crowded
        return Phase.SPILLING if bulk_table in traces.orphans and not merges else Phase.COMPACTION
    if not is_confirmed:
        return Phase.UNCONFIRMED
    return Phase.IDLE if was_following else Phase.STARTING
