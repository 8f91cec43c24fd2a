"""Which table fills which entity: one table each, all of them decided together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from amalimart.mapping.drafting.columns import MOST, ColumnGuesser, Guess, Surroundings
from amalimart.mapping.drafting.draft import PROPOSED
from amalimart.mapping.drafting.facts import TableFacts
from amalimart.mapping.drafting.naming import Naming
from amalimart.mapping.entities import Entity

LEAST_NAME = 0.45
"""A table whose name is less like an entity's is not tried as one."""
_ROUNDS = 3
_ENOUGH_COLUMNS = 0.6
_COLUMNS_OF_A_LINK = 6
_LIKE_BY_ITS_LINKS = 0.85
_ALMOST_EVERYWHERE = frozenset({"created_at", "updated_at", "currency"})


@dataclass(frozen=True, slots=True)
class Pairings:
    """The pairs that were chosen, the surest first, and for each table without one its best lost pair."""

    chosen: tuple[Pairing, ...]
    lost: Mapping[str, Pairing]


@dataclass(frozen=True, slots=True)
class Pairing:
    """A table taken for an entity.

    strength  the confidence without its upper limit: what the pairs compete by
    lacking   required canonical columns that no column of the table fills
    """

    table: str
    entity: str
    confidence: float
    strength: float
    name: float
    columns: Mapping[str, Guess]
    lacking: tuple[str, ...]

    @property
    def is_sure(self) -> bool:
        """Whether it can be proposed."""
        return not self.lacking and self.confidence >= PROPOSED


def pair_tables(
    tables: Sequence[TableFacts],
    entities: Mapping[str, Entity],
    naming: Naming,
    guesser: ColumnGuesser,
    constants: frozenset[str],
) -> Pairings:
    """The best pairs, each table and each entity at most once, the surest first.

    References are worth something only once it is known what other tables are, so it takes rounds.
    `constants` are canonical columns that need no column of the source.
    """
    likeness = {
        (table.name, name): found
        for table in tables
        if table.followable
        for name in entities
        if (found := naming.table_likeness(table.name, name)) >= LEAST_NAME
    }
    known_references = {table.name: len(table.references) for table in tables}
    chosen: tuple[Pairing, ...] = ()
    pairs: list[Pairing] = []
    for _ in range(_ROUNDS):
        around = Surroundings({pair.entity: pair.table for pair in chosen if pair.is_sure})
        votes = _votes(chosen, tables, entities)
        pairs = []
        linked = _links(tables, entities, around)
        for table in tables:
            for name, entity in entities.items():
                key = (table.name, name)
                if key in likeness or key in linked:
                    alike = max(likeness.get(key, 0.0), linked.get(key, 0.0))
                    columns = guesser.guesses(table, name, entity, around)
                    pairs.append(_pairing(table.name, name, entity, alike, columns, constants, votes))
        best = _assigned(pairs, known_references)
        if best == chosen:
            break
        chosen = best
    taken = {pair.table for pair in chosen}
    lost: dict[str, Pairing] = {}
    for pair in sorted(pairs, key=lambda p: -p.confidence):
        if pair.table not in taken and not pair.lacking:
            lost.setdefault(pair.table, pair)
    return Pairings(chosen, lost)


def _links(
    tables: Sequence[TableFacts], entities: Mapping[str, Entity], around: Surroundings
) -> Mapping[tuple[str, str], float]:
    """Tables that hold little but the references an entity's key is made of, whatever they are called."""
    found = {}
    for name, entity in entities.items():
        meant = [entity.columns[column].references for column in entity.key]
        targets = {around.tables.get(target.partition(".")[0]) for target in meant if target}
        if len(entity.key) < 2 or len(targets) < len(entity.key) or None in targets:
            continue
        for table in tables:
            if len(table.columns) <= _COLUMNS_OF_A_LINK and {r.table for r in table.references} == targets:
                found[table.name, name] = _LIKE_BY_ITS_LINKS
    return found


def _pairing(
    table: str,
    entity_name: str,
    entity: Entity,
    name: float,
    columns: Mapping[str, Guess],
    constants: frozenset[str],
    votes: Mapping[tuple[str, str], float],
) -> Pairing:
    lacking = tuple(
        column
        for column, spec in entity.columns.items()
        if spec.required and column not in columns and column not in constants
    )
    weights = {
        column: 2.0 if column in entity.key else 1.5 if spec.required else 1.0 if spec.references else 0.5
        for column, spec in entity.columns.items()
        if column not in _ALMOST_EVERYWHERE and entity.key != (column,)
    }
    covered = sum(weights[column] * columns[column].confidence for column in weights if column in columns)
    share = min(1.0, covered / (sum(weights.values()) or 1.0) / _ENOUGH_COLUMNS)
    confidence = 0.6 * name**1.5 + 0.4 * share + votes.get((table, entity_name), 0.0)
    if lacking:
        confidence *= 0.6
    return Pairing(table, entity_name, min(MOST, round(confidence, 2)), confidence, name, columns, lacking)


def _assigned(pairs: Sequence[Pairing], references: Mapping[str, int]) -> tuple[Pairing, ...]:
    """Greedy, the surest first.

    Of two tables equally like an entity the better connected one is chosen, but before that the one of
    the address's own database; another's is written with a dot. What cannot be proposed is then told of
    by its name: a table of orders without a total is one still, whatever else its columns would do for.
    """
    chosen: list[Pairing] = []
    tables: set[str] = set()
    entities: set[str] = set()

    def choose(pair: Pairing) -> None:
        if pair.table not in tables and pair.entity not in entities:
            chosen.append(pair)
            tables.add(pair.table)
            entities.add(pair.entity)

    def rank(pair: Pairing) -> tuple[object, ...]:
        return (
            -pair.strength,
            -pair.name,
            "." in pair.table,
            -references[pair.table],
            pair.entity,
            pair.table,
        )

    for pair in sorted(pairs, key=rank):
        if pair.is_sure:
            choose(pair)
    by_name: dict[str, Pairing] = {}
    for pair in sorted(pairs, key=lambda p: (-p.name, -p.confidence, p.entity)):
        by_name.setdefault(pair.table, pair)
    for pair in sorted(by_name.values(), key=lambda p: (-p.name, -p.confidence, p.table)):
        choose(pair)
    return tuple(chosen)


def _votes(
    chosen: Sequence[Pairing], tables: Sequence[TableFacts], entities: Mapping[str, Entity]
) -> Mapping[tuple[str, str], float]:
    """Which table the others refer to as an entity; of two tables of customers, the one orders know."""
    facts = {table.name: table for table in tables}
    counted: Counter[tuple[str, str]] = Counter()
    totals: Counter[str] = Counter()
    for pair in chosen:
        for canonical, guess in pair.columns.items():
            spec = entities[pair.entity].columns[canonical]
            reference = facts[pair.table].reference(guess.source)
            if spec.references and reference:
                meant = spec.references.partition(".")[0]
                counted[reference.table, meant] += 1
                totals[meant] += 1
    return {key: 0.1 * count / totals[key[1]] for key, count in counted.items()}
