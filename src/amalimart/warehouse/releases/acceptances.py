"""Whether the checks of a build hold it back, given which of them may fail by somebody's word.

What was accepted is kept elsewhere; here it is only asked for. A check that is accepted, or that the last
release did not pass, is run whole in every build: that changed rows tell the verdict is true only after a
release that passed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import duckdb

from amalimart.core.errors import CheckFailed
from amalimart.core.names import quoted
from amalimart.core.releases import Acceptance, BlockedCheck, SampleRows
from amalimart.warehouse.graph import CompiledGraph, ValuesOf
from amalimart.warehouse.releases.blocked_builds import Attempt
from amalimart.warehouse.releases.release_log import CheckResult
from amalimart.warehouse.releases.release_records import CheckValues, failing_checks
from amalimart.warehouse.releases.samples import sampled


class Acceptances(Protocol):
    """Where it is kept what was accepted."""

    def standing(self) -> Sequence[Acceptance]:
        """Those that were neither revoked nor have lapsed."""
        ...

    def lapse(self, acceptance_ids: Collection[str]) -> None:
        """Their checks pass again: they hold no longer. Nothing happens to those that ended before."""
        ...


class StandingOnly:
    """What was accepted elsewhere, where nothing may end it."""

    def __init__(self, kept: Acceptances) -> None:
        self._kept = kept

    def standing(self) -> Sequence[Acceptance]:
        return self._kept.standing()

    def lapse(self, acceptance_ids: Collection[str]) -> None:
        del acceptance_ids


class NoAcceptances:
    """Nothing is ever accepted."""

    def standing(self) -> Sequence[Acceptance]:
        return ()

    def lapse(self, acceptance_ids: Collection[str]) -> None:
        del acceptance_ids


@dataclass(frozen=True, slots=True)
class Verdict:
    """A build that may be published: checks that fail by somebody's word, and whose word holds no longer."""

    accepted: Mapping[str, Acceptance]
    lapsed: Mapping[str, str]


class Judge:
    """Judges the checks of one build, in its transaction."""

    def __init__(
        self, cursor: duckdb.DuckDBPyConnection, graph: CompiledGraph, standing: Sequence[Acceptance]
    ) -> None:
        self._cursor = cursor
        self._graph = graph
        self._standing: dict[str, list[Acceptance]] = {}
        for acceptance in standing:
            self._standing.setdefault(acceptance.check, []).append(acceptance)
        self.failing: Mapping[str, CheckValues] = failing_checks(cursor)

    @property
    def whole(self) -> frozenset[str]:
        """Ids of the checks that changed rows alone do not tell the verdict of."""
        names = {name for name, (is_error, *_) in self.failing.items() if is_error} | self._standing.keys()
        if not names:
            return frozenset()
        return frozenset(check.unique_id for check in self._graph.checks if check.name in names)

    def verdict(self, results: list[CheckResult], attempt: Attempt) -> Verdict:
        """Raises CheckFailed where a check fails that may not; the attempt then knows which, and how."""
        broken = {result.name: result for result in results if result.is_error and result.failing_rows}
        passing = {result.name for result in results if result.is_whole and not result.failing_rows}
        accepted = {}
        for name, result in broken.items():
            ample = [
                each for each in self._standing.get(name, ()) if result.failing_rows <= each.failing_rows
            ]
            if ample:
                accepted[name] = max(ample, key=lambda each: each.accepted_at)
        if held := [result for name, result in broken.items() if name not in accepted]:
            attempt.checks = tuple(self._told(result) for result in held)
            raise _held_back(attempt.checks)
        lapsed = {
            name: ",".join(each.acceptance_id for each in self._standing[name])
            for name in passing & self._standing.keys()
        }
        return Verdict(accepted, lapsed)

    def _told(self, result: CheckResult) -> BlockedCheck:
        """How many of all rows break a check, whatever form found it, and some of them."""
        check = next(each for each in self._graph.checks if each.name == result.name)
        failing, sql = result.failing_rows, check.sql
        try:
            if not result.is_whole:
                found = self._cursor.execute(f"select count(*) from (\n{check.sql}\n) as failing").fetchone()
                if found and found[0]:
                    failing = int(found[0])
                elif check.delta is not None:
                    sql = next(piece.sql for piece in check.delta.pieces)
            rows = sampled(self._cursor, sql, self._graph.personal, self._meant(check.values, sql))
        except duckdb.Error:
            # A row that breaks a check may be one that cannot be shown. The verdict stands without it.
            rows = SampleRows((), (), ())
        return BlockedCheck(result.name, failing, rows)

    def _meant(self, values: ValuesOf | None, sql: str) -> str:
        """The rows that a check means where it shows values of theirs; empty where it shows rows."""
        table = next(
            (each.table for each in self._graph.models if values and each.unique_id == values.model), None
        )
        if values is None or table is None:
            return ""
        shown = f"select {quoted(values.shown)} as shown from (\n{sql}\n) as failing"
        return (
            f"select tested.* from {table.sql} as tested semi join ({shown}) as failing"
            f" on tested.{quoted(values.column)} = failing.shown"
        )


def _held_back(checks: Sequence[BlockedCheck]) -> CheckFailed:
    named = ", ".join(f"{check.name} ({check.failing_rows} rows)" for check in checks)
    return CheckFailed(
        f"the release is held back: {named}",
        expected="no row that breaks an error-level check",
        next_step="see amalimart release show blocked:latest; correct the data or the model, or accept it",
    )


def ended(cursor: duckdb.DuckDBPyConnection, standing: Collection[Acceptance]) -> frozenset[str]:
    """Which of these have lapsed by a published release, although nobody could be told before a crash."""
    found = cursor.execute("select lapsed from meta.release_checks where lapsed is not null").fetchall()
    lapsed = {each for (ids,) in found for each in ids.split(",")}
    return frozenset(each.acceptance_id for each in standing) & lapsed
