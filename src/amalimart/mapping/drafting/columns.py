"""Which columns of a table could fill which canonical columns of an entity, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from amalimart.mapping.drafting.draft import PROPOSED
from amalimart.mapping.drafting.facts import ColumnFacts, Kind, TableFacts
from amalimart.mapping.drafting.naming import Naming
from amalimart.mapping.drafting.values import ValueMatch, match_values
from amalimart.mapping.drafting.vocabulary import Vocabulary
from amalimart.mapping.entities import ColumnType, Entity, EntityColumn

LEAST = 0.3
"""Below this a guess is not worth a line."""
MOST = 0.99

_FITS: Mapping[ColumnType, Mapping[Kind, float]] = {
    ColumnType.ID: {Kind.INTEGER: 1, Kind.TEXT: 1, Kind.DECIMAL: 0.6},
    ColumnType.TEXT: {Kind.TEXT: 1, Kind.INTEGER: 0.75, Kind.DECIMAL: 0.3, Kind.BOOLEAN: 0.3},
    ColumnType.ENUM: {Kind.TEXT: 1, Kind.INTEGER: 0.6, Kind.BOOLEAN: 0.4},
    ColumnType.INTEGER: {Kind.INTEGER: 1, Kind.DECIMAL: 0.6},
    ColumnType.DECIMAL: {Kind.DECIMAL: 1, Kind.INTEGER: 0.9},
    ColumnType.MONEY: {Kind.DECIMAL: 1, Kind.INTEGER: 0.85},
    ColumnType.BOOLEAN: {Kind.BOOLEAN: 1, Kind.INTEGER: 0.5},
    ColumnType.TIMESTAMP: {Kind.TIMESTAMP: 1, Kind.DATE: 0.9},
    ColumnType.DATE: {Kind.DATE: 1, Kind.TIMESTAMP: 0.9},
}
_IN_HUNDREDTHS = 0.8
_A_NAME = 0.6
_WORDS_OF_AN_ID = frozenset({"id", "number", "reference", "code", "key"})
_ZERO_ONE = frozenset({"0", "1"})


@dataclass(frozen=True, slots=True)
class Guess:
    """One source column for one canonical column; `why` in a few words.

    in_hundredths  whether it holds money in hundredths, to be divided
    """

    canonical: str
    source: str
    confidence: float
    why: str
    values: ValueMatch | None = None
    in_hundredths: bool = False


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the other tables are taken for so far: entity -> table. Says what a reference means."""

    tables: Mapping[str, str]


class ColumnGuesser:
    """Guesses the columns of any table as those of any entity."""

    def __init__(self, naming: Naming, vocabulary: Vocabulary) -> None:
        self._naming = naming
        self._vocabulary = vocabulary

    def guesses(
        self, table: TableFacts, entity_name: str, entity: Entity, around: Surroundings
    ) -> Mapping[str, Guess]:
        """Canonical column -> its best source column; each source column once.

        Only a required column shares: an order without a date of its own is dated by its row.
        """
        found = [
            guess
            for canonical, spec in entity.columns.items()
            for column in table.columns
            if (guess := self._guess(table, column, entity_name, entity, canonical, spec, around))
        ]
        found = _enums_first(found)
        found.sort(key=lambda guess: -guess.confidence)
        chosen: dict[str, Guess] = {}
        used: set[str] = set()
        for guess in found:
            if guess.canonical not in chosen and guess.source not in used:
                chosen[guess.canonical] = guess
                used.add(guess.source)
        for guess in found:
            own = chosen.get(guess.canonical)
            if entity.columns[guess.canonical].required and (own is None or own.confidence < PROPOSED):
                chosen[guess.canonical] = max(own or guess, guess, key=lambda each: each.confidence)
        return {canonical: chosen[canonical] for canonical in entity.columns if canonical in chosen}

    def _guess(
        self,
        table: TableFacts,
        column: ColumnFacts,
        entity_name: str,
        entity: Entity,
        canonical: str,
        spec: EntityColumn,
        around: Surroundings,
    ) -> Guess | None:
        fit = _fit(spec, column)
        in_hundredths = self._in_hundredths(column, spec)
        if not fit or (in_hundredths and column.kind is not Kind.INTEGER):
            return None
        name = self._naming.column_likeness(table, column.name, entity_name, canonical)
        score, reasons = name * fit, [_name_reason(name)] if name >= LEAST else []
        if spec.type is ColumnType.ID and column.kind is Kind.DECIMAL:
            reasons.append("written with decimals, so 3.0 would not be the id 3")
        if self._is_a_name(table, column, spec):
            score *= _A_NAME
        score = _by_key(score, reasons, table, column, entity, canonical)
        score = self._by_reference(score, reasons, table, column, spec, around)
        values = None
        if spec.type is ColumnType.ENUM:
            values = match_values(self._vocabulary, entity_name, canonical, spec.values, column.values)
            score = _by_values(score, reasons, column, values)
        if in_hundredths:
            reasons.append("in hundredths, so divided by 100")
            score *= _IN_HUNDREDTHS
        if score < LEAST:
            return None
        confidence = min(round(score, 2), MOST)
        return Guess(canonical, column.name, confidence, ", ".join(reasons), values, in_hundredths)

    def _is_a_name(self, table: TableFacts, column: ColumnFacts, spec: EntityColumn) -> bool:
        """Whether a text meant for an id is told by nothing to be one: a carrier's name, say."""
        if spec.type is not ColumnType.ID or column.kind is not Kind.TEXT or "uuid" in column.type.lower():
            return False
        told = column.name in table.primary_key or table.reference(column.name) is not None
        return not told and not _WORDS_OF_AN_ID & set(self._naming.words(column.name))

    def _in_hundredths(self, column: ColumnFacts, spec: EntityColumn) -> bool:
        return spec.type is ColumnType.MONEY and self._naming.has_word(
            column.name, self._vocabulary.words.minor_units
        )

    def _by_reference(
        self,
        score: float,
        reasons: list[str],
        table: TableFacts,
        column: ColumnFacts,
        spec: EntityColumn,
        around: Surroundings,
    ) -> float:
        """A foreign key to the table that fills the entity meant is worth more than a name."""
        if spec.type is not ColumnType.ID:
            return score
        reference = table.reference(column.name)
        meant = around.tables.get(spec.references.partition(".")[0]) if spec.references else None
        if reference is not None:
            if meant is None:
                return score
            if reference.table != meant:
                return score * 0.4
            only = sum(each.table == meant for each in table.references) == 1
            reasons.append(f"refers to {meant}")
            return max(score + 0.2 * (1 - score), 0.65 if only else 0.0)
        if meant is not None and score < 1 and self._naming.same_thing(column.name, meant):
            reasons.append(f"named after {meant}")
            return max(score, 0.8)
        return score


def _enums_first(found: Sequence[Guess]) -> list[Guess]:
    """A column that writes the values of an enum is that, whatever else it may be called: a `state`, say."""
    enums = {
        guess.source: guess.canonical
        for guess in found
        if guess.values and guess.values.share >= 0.5 and guess.confidence >= PROPOSED
    }
    return [
        replace(guess, confidence=round(guess.confidence * 0.6, 2))
        if guess.values is None and guess.source in enums
        else guess
        for guess in found
    ]


def _fit(spec: EntityColumn, column: ColumnFacts) -> float:
    fit = _FITS[spec.type].get(column.kind, 0.0)
    if spec.type is ColumnType.BOOLEAN and column.kind is Kind.INTEGER and column.values:
        return 0.95 if set(column.values) <= _ZERO_ONE else 0.0
    return fit * 0.6 if column.doubtful_format else fit


def _name_reason(name: float) -> str:
    if name >= 0.98:
        return "its name"
    return "a name for it" if name >= 0.7 else "part of its name"


def _by_key(
    score: float,
    reasons: list[str],
    table: TableFacts,
    column: ColumnFacts,
    entity: Entity,
    canonical: str,
) -> float:
    """The primary key of a table is the key of its entity, and hardly anything else."""
    is_key = entity.key == (canonical,)
    is_primary = table.primary_key == (column.name,)
    if is_key and is_primary:
        reasons.append("primary key")
        return max(0.9, score)
    if is_key and len(table.primary_key) == 1:
        return score * 0.5
    if is_primary and table.reference(column.name) is None:
        return score * 0.4
    return score


def _by_values(score: float, reasons: list[str], column: ColumnFacts, match: ValueMatch) -> float:
    if not column.values:
        reasons.append("no values seen")
        return score * 0.8
    share = match.share
    if share >= 0.5:
        reasons.append("its values")
    if share == 0:
        return score * 0.5
    return score * (0.7 + 0.3 * share) + (0.2 * (1 - score) if share >= 0.8 and score >= 0.4 else 0.0)
