"""The desk for one person's data: what there is, handing it out, erasing it, and who was erased."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from amalimart.control.deciding import Decider, checked_words
from amalimart.control.privacy.erasures import Erasures
from amalimart.control.store import ControlStore
from amalimart.core.clock import Clock
from amalimart.core.errors import NotFound
from amalimart.core.operations import Operation, OperationKind
from amalimart.core.privacy import Erasure, ErasurePlan, PersonTable
from amalimart.lake.tombstones import Tombstone
from amalimart.mapping.personal_rows import PERSON_ID
from amalimart.orchestrate.engine import Engine
from amalimart.orchestrate.privacy import erasing
from amalimart.orchestrate.privacy.backups import backups_of, lay_beside
from amalimart.orchestrate.privacy.exporting import counted_in_warehouse, held_about
from amalimart.orchestrate.privacy.lake_rows import LakePeople, Traces, of_person
from amalimart.orchestrate.privacy.question_files import forget_in_question_files
from amalimart.orchestrate.privacy.under_way import ErasureUnderWay
from amalimart.orchestrate.questions.files import QuestionFiles
from amalimart.orchestrate.releases.operations import Operations
from amalimart.orchestrate.releases.rebuilding import Told, require_room
from amalimart.orchestrate.releases.refresh_loop import RefreshLoop
from amalimart.warehouse.personal_rows import nearest_person

_RECORDS, _LAKE, _WAREHOUSE, _LEFT = 0.05, 0.1, 0.3, 0.95


class PrivacyDesk:
    """For one engine. `forget_answers` empties what is kept in memory of what was served before."""

    def __init__(
        self,
        engine: Engine,
        loop: RefreshLoop,
        control: ControlStore,
        clock: Clock,
        operations: Operations,
        forget_answers: Callable[[], None],
        question_files: QuestionFiles,
    ) -> None:
        self._engine = engine
        self._loop = loop
        self._control = control
        self._clock = clock
        self._operations = operations
        self._forget_answers = forget_answers
        self._question_files = question_files
        self._erasures = Erasures(control.engine, clock)
        self._under_way = ErasureUnderWay(engine.project.home)

    @property
    def _people(self) -> LakePeople:
        return LakePeople(self._engine.lake, self._engine.mappings)

    def plan(self, person: str) -> ErasurePlan:
        """What erasing somebody would change. Raises NotFound, NotAvailable, LakeError."""
        people = self._people
        found = self._found(people, person)
        stones = self._engine.lake.tombstones
        known = stones.known()
        return ErasurePlan(
            was_erased=bool(known) and stones.mark(PERSON_ID, person) in known,
            lake=found.tables,
            warehouse=counted_in_warehouse(self._engine.hot_file, person),
            out_of_reach=people.out_of_reach,
            unread=people.unread(),
            backups=backups_of(self._control.engine),
        )

    def export(self, person: str, decider: Decider) -> tuple[PersonTable, ...]:
        """Everything that is held about somebody. Raises NotFound, LakeError."""
        people = self._people
        if not people.knows(of_person(person)):
            raise self._unknown(person)
        tables = tuple(held_about(people, self._engine.hot_file, person))
        mark = erasing.person_mark(self._engine.lake.tombstones, person)
        self._erasures.exported(mark, decider, len(tables), sum(len(table.rows) for table in tables))
        return tables

    def erase(self, person: str, decider: Decider, reason: str) -> Operation:
        """Begin to erase somebody, and return at once.

        Raises NotFound, NotAvailable, RequestError, OperationUnderWay; DiskFull or TooLittleMemory where the
        warehouse cannot be built anew, WarehouseError where a release is held back: nothing is erased then.
        """
        checked_words(decider.name, "name")
        checked_words(reason, "reason")
        found = self._found(self._people, person)
        require_room(self._engine)
        if not self._under_way.is_there:
            self._engine.refresh()

        def work(tell: Told) -> dict[str, Any]:
            stones = self._engine.lake.tombstones
            mark = erasing.person_mark(stones, person)
            self._under_way.begin()
            self._erasures.begin(mark, decider, reason, {each.table: each.rows for each in found.tables})
            stones.add([Tombstone(mark, PERSON_ID, self._clock.now())])
            return self._complete(tell)

        return self._operations.start(OperationKind.ERASE, work)

    def resume(self) -> Operation | None:
        """Take up an erasure that was cut off, if there is one."""
        if not self._under_way.is_there:
            return None
        return self._operations.start(OperationKind.ERASE, self._complete)

    def erasures(self) -> tuple[Erasure, ...]:
        """Everybody who was erased, the latest first."""
        return self._erasures.all()

    def _found(self, people: LakePeople, person: str) -> Traces:
        found = people.traces(of_person(person))
        if not found.is_known:
            raise self._unknown(person)
        return found

    def _unknown(self, person: str) -> NotFound:
        hot_file, near = self._engine.hot_file, None
        if hot_file.latest_release() is not None:
            with hot_file.read() as transaction:
                near = nearest_person(transaction, person)
        return NotFound(
            f"no source has a user {person!r}",
            expected="the id of a user, as gold.dim_customers has it",
            nearest=near,
            next_step="amalimart query order_count --by customer lists some, for whoever may see them",
        )

    def _complete(self, tell: Told) -> dict[str, Any]:
        engine, lake, database = self._engine, self._engine.lake, self._control.engine
        tell(0.0, "looking through the lake")
        found = erasing.traces_of_erased(lake, engine.mappings, self._clock)
        tell(_RECORDS, "records")
        files = forget_in_question_files(
            self._question_files,
            self._control.question_runs,
            erasing.person_dimensions(engine.project),
            found.words,
        )
        records = erasing.forget_in_records(engine, database, found, engine.project)
        for source in engine.mappings:
            tell(_LAKE, f"the lake of {source}")
            erasing.erase_in_lake(lake, source)
        tell(_WAREHOUSE, "the warehouse")
        taken = erasing.erase_in_warehouse(
            engine, self._clock, lambda share, what: tell(_WAREHOUSE + (_LEFT - _WAREHOUSE) * share, what)
        )
        if taken is not None and taken.report is not None:
            self._loop.took(taken.report)
        self._forget_answers()
        tell(_LEFT, "what is left behind")
        erasing.purge(lake)
        missed = lay_beside(database, lake.tombstones)
        project = engine.project
        quoting = erasing.files_quoting((project.logs, project.build, project.run), found)
        for stone in lake.tombstones.known().values():
            if stone.of == PERSON_ID:
                self._erasures.done(stone.mark)
        self._under_way.end()
        return {
            "tables": [
                {"table": each.table, "rows": each.rows, "files": each.files} for each in found.tables
            ],
            "records": records,
            "question_files": files,
            "release_id": taken.release_id if taken is not None else None,
            "backups": [each.folder for each in backups_of(database) if each.is_there],
            "backups_out_of_reach": [each.folder for each in missed],
            "files_quoting": list(quoting),
        }
