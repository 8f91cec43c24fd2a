"""Taking everybody who has a tombstone out of everything that is kept.

Whatever dies on the way, doing it again completes it. The order matters. What a person's own words could be
found by is read from the lake, so it is looked for elsewhere before the lake is written anew. Each source is
written anew by one commit; the file of the warehouse is then built beside the one that serves and takes over
whole. Only after that, what both have left behind is deleted.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import Engine as Database

from amalimart.config.project import Project
from amalimart.control.privacy import personal_traces
from amalimart.core.clock import Clock
from amalimart.core.errors import CommitConflict, OperationUnderWay
from amalimart.lake import Lake
from amalimart.lake.tombstones import Tombstone, Tombstones
from amalimart.mapping.personal_rows import PERSON_ID
from amalimart.mapping.source_mapping import SourceMapping
from amalimart.orchestrate.engine import Engine
from amalimart.orchestrate.privacy.lake_rows import LakePeople, Traces, of_stones
from amalimart.orchestrate.releases.rebuilding import TakenOver, Told, rebuild
from amalimart.semantic.defined import GRAINS
from amalimart.semantic.loading import PACKAGED, load_model
from amalimart.warehouse.personal_rows import forget_words

_PATIENCE_SECONDS = 600.0
_LOOK_SECONDS = 0.2
_PEOPLE = "customers"  # the dataset whose key is the id of a user
_READ_AT_ONCE = 1 << 20


def traces_of_erased(lake: Lake, mappings: Mapping[str, SourceMapping], clock: Clock) -> Traces:
    """What there still is of those who were erased; their other names get tombstones, too."""
    stones = lake.tombstones
    found = LakePeople(lake, mappings).traces(of_stones(stones.known(), stones.mark))
    now = clock.now()
    stones.add(Tombstone(stones.mark(of, value), of, now) for of, value in sorted(found.aliases))
    return found


def erase_in_lake(lake: Lake, source: str) -> None:
    """Have the files of a source written anew: by its ingest process where one runs, else here.

    Raises OperationUnderWay where its ingest process does not come to it, DamagedLake, DiskFull.
    """
    until = time.monotonic() + _PATIENCE_SECONDS
    while lake.latest(source) is not None and not lake.screen(source).stamps <= lake.erased(source):
        try:
            with lake.writer(source) as writer:
                writer.erase()
        except CommitConflict as error:
            if time.monotonic() > until:
                raise OperationUnderWay(
                    f"the ingest of {source!r} holds its lake and has not taken the erasure up",
                    where=str(lake.root / source),
                    next_step="see amalimart status; stop it, or wait, and give the same command again",
                ) from error
            time.sleep(_LOOK_SECONDS)


def erase_in_warehouse(engine: Engine, clock: Clock, tell: Told) -> TakenOver | None:
    """Build the served file anew and let it take over; None where nothing was ever published."""
    engine.hot_file.forget_aside()
    if engine.hot_file.latest_release() is None:
        return None
    taken = rebuild(engine, clock, tell, compares=False)
    until = time.monotonic() + _PATIENCE_SECONDS
    while not engine.hot_file.serves_alone:
        if time.monotonic() > until:
            raise OperationUnderWay(
                "somebody still reads the warehouse as it was before",
                where=str(engine.hot_file.path),
                next_step="restart the engine: it takes the erasure up",
            )
        time.sleep(_LOOK_SECONDS)
    return taken


def forget_in_records(engine: Engine, database: Database, found: Traces, project: Project) -> int:
    """Take a person's words out of what the warehouse and the control database remember."""
    changed = forget_words(engine.hot_file, found.words) if found.words else 0
    return changed + forget_in_control(database, found, project, engine.lake.tombstones)


def forget_in_control(database: Database, found: Traces, project: Project, stones: Tombstones) -> int:
    """Take a person's words, and ids that are filtered by, out of the control database and its bytes.

    Raises ConfigError where the metrics cannot be read: they say which filters are by person.
    """
    is_erased = of_stones(stones.known(), stones.mark)
    changed = personal_traces.forget_filters(database, person_dimensions(project), is_erased)
    changed += personal_traces.forget_words(database, found.words) if found.words else 0
    personal_traces.leave_no_bytes(database)
    return changed


def person_dimensions(project: Project) -> frozenset[str]:
    """Every name of a dimension whose keys are ids of people. Raises ConfigError."""
    model = load_model([PACKAGED, project.overlay("metrics")])
    return frozenset(
        name
        for name in model.dimension_names - GRAINS
        if (lookup := model.dimension(name).dimension.lookup) is not None and lookup.dataset == _PEOPLE
    )


def purge(lake: Lake) -> None:
    """Delete what commits of every source have left behind."""
    for source in lake.sources():
        lake.purge(source)


def files_quoting(folders: tuple[Path, ...], found: Traces) -> tuple[str, ...]:
    """Files of a project that still quote a word of the person: none should, and none is changed."""
    words = [word.encode() for word in found.words]
    longest = max(map(len, words), default=0)
    if not words:
        return ()
    files = sorted(path for folder in folders for path in folder.rglob("*") if not path.is_symlink())
    return tuple(str(path) for path in files if path.is_file() and _quotes(path, words, longest))


def person_mark(stones: Tombstones, person: str) -> str:
    """The mark of a person, made with the key that is made with the first one."""
    stones.ensure_key()
    return stones.mark(PERSON_ID, person)


def _quotes(path: Path, words: list[bytes], longest: int) -> bool:
    before = b""
    try:
        with path.open("rb") as stream:
            while piece := stream.read(_READ_AT_ONCE):
                if any(word in before + piece for word in words):
                    return True
                before = piece[-longest:]
    except OSError:
        return False  # it has gone meanwhile
    return False
