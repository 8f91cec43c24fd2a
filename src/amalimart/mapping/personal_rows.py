"""Which rows of a source belong to one person, and which of their columns are personal, as declared.

A row belongs to whom its entity refers to: a user by its key, any other row by its reference to users, or, of
several references, by the one that the entity names as `person`. Reads no row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from amalimart.core.errors import NotAvailable
from amalimart.mapping.entities import ColumnType, Entity, load_entities
from amalimart.mapping.parts import EntityPart, filter_columns, read_columns
from amalimart.mapping.shape import ColumnMapping
from amalimart.mapping.source_mapping import SourceMapping

PEOPLE = "users"
PERSON_ID = "users.user_id"


@dataclass(frozen=True, slots=True)
class IdOrigin:
    """The source columns that a canonical id is made of.

    columns    several are joined with the separator between them
    namespace  what stands before the id with a colon; None where nothing does
    """

    columns: tuple[str, ...]
    separator: str
    namespace: str | None


@dataclass(frozen=True, slots=True)
class PersonalPart:
    """What one part of an entity makes personal in one table.

    person      the id of whom a row belongs to
    cleared     columns whose values go
    filled      columns that every row must have: a fixed word takes the place of the value
    pseudonyms  column -> the name of a person that it is, as an id: counted by, so another id takes its place
    telling     of all these the columns whose values are words or names, by which a person may be found
    """

    entity: str
    person: IdOrigin
    cleared: tuple[str, ...] = ()
    filled: tuple[str, ...] = ()
    pseudonyms: Mapping[str, tuple[str, IdOrigin]] = field(default_factory=dict)
    telling: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RelatedPart:
    """Rows of one table that refer to a person in any way."""

    entity: str
    canonical: str
    person: IdOrigin


@dataclass(frozen=True)
class PersonalRows:
    """What of a source concerns single people, by its mapping."""

    mapping: SourceMapping

    @cached_property
    def personal(self) -> Mapping[str, tuple[PersonalPart, ...]]:
        """Table -> its personal parts. Raises NotAvailable where they cannot be told or taken out."""
        found: dict[str, list[PersonalPart]] = {}
        for part in self.mapping.parts:
            for table, one in self._personal(part):
                for name in self._names(table):
                    found.setdefault(name, []).append(one)
        return {table: tuple(parts) for table, parts in found.items()}

    @cached_property
    def related(self) -> Mapping[str, tuple[RelatedPart, ...]]:
        """Table -> how its rows refer to people, personal or not; an id that is computed is not told."""
        found: dict[str, list[RelatedPart]] = {}
        for part in self.mapping.parts:
            entity = load_entities()[part.entity]
            for canonical in _person_columns(part.entity, entity):
                origin = part.columns.get(canonical)
                if origin is not None and origin.lookup is None and _is_read(origin):
                    one = RelatedPart(part.entity, canonical, _id_origin(part, canonical, origin))
                    for name in self._names(part.table):
                        found.setdefault(name, []).append(one)
        return {table: tuple(parts) for table, parts in found.items()}

    @cached_property
    def out_of_reach(self) -> tuple[str, ...]:
        """Entities with personal columns whose rows name no user, as far as the source has them."""
        return tuple(
            sorted(
                {
                    part.entity
                    for part in self.mapping.parts
                    if _personal_columns(part) and person_column(part.entity) is None
                }
            )
        )

    @cached_property
    def landed(self) -> Mapping[str, frozenset[str]]:
        """Table, by any of its names -> the columns that the mapping reads now."""
        return {
            name: frozenset(columns)
            for table, columns in self.mapping.landed.items()
            for name in self._names(table)
        }

    def _names(self, table: str) -> tuple[str, ...]:
        return tuple(self.mapping.names.get(table, (table,)))

    def _personal(self, part: EntityPart) -> Iterator[tuple[str, PersonalPart]]:
        owner = person_column(part.entity)
        by_table: dict[str, list[str]] = {}
        for canonical in _personal_columns(part):
            by_table.setdefault(part.table_of(part.columns[canonical]), []).append(canonical)
        if owner is None or (not by_table and part.entity != PEOPLE):
            return
        by_table.setdefault(part.table, [])
        for table, canonicals in by_table.items():
            yield table, self._part(part, table, canonicals, self._person(part, owner, table))

    def _person(self, part: EntityPart, owner: str, table: str) -> IdOrigin:
        """Whom a row of the part's table belongs to, or of a table that is looked up by the same id."""
        origin = part.columns.get(owner)
        if origin is not None and origin.lookup is None and _is_read(origin):
            known = _id_origin(part, owner, origin)
            if table == part.table:
                return known
            matches = [look.match for look in part.lookups.values() if look.table == table]
            for match in matches:
                if all(column in match for column in known.columns):
                    columns = tuple(match[column] for column in known.columns)
                    return IdOrigin(columns, known.separator, known.namespace)
        raise NotAvailable(
            f"the mapping does not tell by a column of {table} whose personal values these are",
            where=part.where,
            expected=f"{part.entity}.{owner} read from columns of {table}, or {table} looked up by them",
            next_step="correct the mapping; until then nobody can be erased",
        )

    def _part(self, part: EntityPart, table: str, canonicals: list[str], person: IdOrigin) -> PersonalPart:
        entity = load_entities()[part.entity]
        bound = self._bound(table)
        cleared: dict[str, None] = {}
        filled: dict[str, None] = {}
        pseudonyms: dict[str, tuple[str, IdOrigin]] = {}
        telling: dict[str, None] = {}
        for canonical in canonicals:
            spec, origin = entity.columns[canonical], part.columns[canonical]
            columns = read_columns(origin)
            for column in columns:
                if column in bound or column in person.columns:
                    raise NotAvailable(
                        f"{table}.{column} is personal, and something that counts is made of it",
                        where=part.where,
                        expected=f"{part.entity}.{canonical} from a column that nothing else is read from",
                        next_step="correct the mapping; until then nobody can be erased without a change of"
                        " numbers",
                    )
            if spec.type in {ColumnType.TEXT, ColumnType.ID}:
                telling.update(dict.fromkeys(columns))
            if spec.type is ColumnType.ID and len(columns) == 1 and origin.sql is None:
                named = f"{part.entity}.{canonical}"
                pseudonyms[columns[0]] = (named, _id_origin(part, canonical, origin))
            elif spec.required and spec.type is ColumnType.TEXT:
                filled.update(dict.fromkeys(columns))
            elif not spec.required:
                cleared.update(dict.fromkeys(columns))
            else:
                raise NotAvailable(
                    f"{part.entity}.{canonical} is personal, and no row may be without it",
                    where=part.where,
                    expected="a text or an id, or a column that need not be there",
                )
        return PersonalPart(part.entity, person, tuple(cleared), tuple(filled), pseudonyms, tuple(telling))

    def _bound(self, table: str) -> frozenset[str]:
        """Columns of a table that decide which rows there are, or what is counted.

        A name in words that is made of a personal column, such as a vendor's, goes with it.
        """
        bound: set[str] = set(self.mapping.key_columns(table))
        if cursor := self.mapping.cursor(table):
            bound |= {cursor.column, *cursor.key}
        for part in self.mapping.parts:
            loose = {*_personal_columns(part), *_names_in_words(part)}
            for canonical, origin in part.columns.items():
                if canonical not in loose and part.table_of(origin) == table:
                    bound |= set(read_columns(origin))
            for needed, columns in part.needed.items():
                if needed == table:
                    bound |= set(columns)
            if part.table == table:
                bound |= set(filter_columns(part.row_filter))
        return frozenset(bound)


def person_column(entity: str) -> str | None:
    """The column of an entity that says whose a row is; None where its rows are nobody's."""
    spec = load_entities()[entity]
    if entity == PEOPLE:
        return PERSON_ID.partition(".")[2]
    if spec.person is not None:
        return spec.person
    referring = _person_columns(entity, spec)
    return referring[0] if len(referring) == 1 else None


def columns_naming_people() -> frozenset[str]:
    """Canonical columns that hold the id of a user, whatever the entity; models keep their names."""
    return frozenset(
        column for name, entity in load_entities().items() for column in _person_columns(name, entity)
    )


def _person_columns(name: str, entity: Entity) -> tuple[str, ...]:
    if name == PEOPLE:
        return (PERSON_ID.partition(".")[2],)
    return tuple(column for column, spec in entity.columns.items() if spec.references == PERSON_ID)


def _personal_columns(part: EntityPart) -> tuple[str, ...]:
    """Canonical columns of a part that are personal and read from somewhere."""
    entity = load_entities()[part.entity]
    return tuple(
        column
        for column, origin in part.columns.items()
        if entity.columns[column].sensitivity == "personal" and read_columns(origin)
    )


def _names_in_words(part: EntityPart) -> tuple[str, ...]:
    """Canonical texts of a part that need not be there and are what a source column holds."""
    entity = load_entities()[part.entity]
    return tuple(
        column
        for column, origin in part.columns.items()
        if entity.columns[column].type is ColumnType.TEXT
        and not entity.columns[column].required
        and origin.source is not None
        and origin.values is None
    )


def _is_read(origin: ColumnMapping) -> bool:
    return origin.source is not None or origin.join is not None


def _id_origin(part: EntityPart, canonical: str, origin: ColumnMapping) -> IdOrigin:
    return IdOrigin(read_columns(origin), origin.separator, part.namespaces.get(canonical))
