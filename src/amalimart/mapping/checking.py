"""A mapping file held against the canonical entities: names, types, keys, ids, and what is ambiguous.

Knows no source: whether the tables and columns are really there is `catalog_check`'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

from amalimart.config.strict_yaml import YamlDocument
from amalimart.core.errors import ConfigError
from amalimart.core.names import is_identifier, nearest
from amalimart.mapping.entities import ColumnType, Entity, load_entities
from amalimart.mapping.namespaces import namespaces_of
from amalimart.mapping.parts import EntityPart, MappedEntity, filter_columns, read_columns
from amalimart.mapping.scalar_sql import scalar_sql
from amalimart.mapping.shape import (
    ColumnMapping,
    Deduplicate,
    Lookup,
    MappingFile,
    PartMapping,
    RowFilter,
    TableMapping,
)
from amalimart.mapping.written import refuse_secret

_FROM_TEXT = {ColumnType.TIMESTAMP, ColumnType.DATE}


def checked_parts(document: YamlDocument, parsed: MappingFile) -> Mapping[str, MappedEntity]:
    """Every entity's parts. Raises ConfigError with file and line for what cannot be."""
    known = load_entities()
    _check_tables(document, parsed.tables)
    entities: dict[str, MappedEntity] = {}
    for name, parts in parsed.entities.items():
        where = document.where("entities", name)
        if name not in known:
            raise ConfigError(
                f"no canonical entity {name!r}",
                where=where,
                expected=", ".join(sorted(known)),
                nearest=nearest(name, known),
            )
        if not parts:
            raise ConfigError(f"{name} has no part", where=where, expected="a table and its columns")
        entities[name] = MappedEntity(
            tuple(
                _Part(document, parsed, name, index, part, known[name]).checked()
                for index, part in enumerate(parts)
            )
        )
        refuse_ambiguous(entities[name].parts)
    return entities


def _own_namespace(part: EntityPart) -> tuple[str | None, ...]:
    return tuple(part.namespaces.get(column) for column in load_entities()[part.entity].key)


def refuse_ambiguous(parts: Sequence[EntityPart]) -> None:
    """Raises ConfigError where two parts of one entity could give different rows the same id."""
    for one, other in combinations(parts, 2):
        own, others = _own_namespace(one), _own_namespace(other)
        apart = any(a is not None and b is not None and a != b for a, b in zip(own, others, strict=True))
        ranked = None not in {one.precedence, other.precedence} and one.precedence != other.precedence
        if not apart and not ranked:
            raise ConfigError(
                f"two parts fill {one.entity}, and an id of one may be an id of the other: "
                f"{one.table} ({one.where}) and {other.table} ({other.where})",
                where=other.where,
                expected="a `namespace` of its own for each, or a `precedence` for each where equal ids mean "
                "the same thing",
                next_step="say which of the two holds, or remove one part",
            )


def check_row_keys(parts: Iterable[EntityPart], key_columns: Mapping[str, tuple[str, ...]]) -> None:
    """Raises ConfigError where several rows of a table may become one row of an entity without a rule."""
    known = load_entities()
    for part in parts:
        row_key = key_columns[part.table]
        if not row_key:
            raise ConfigError(
                f"nothing tells one row of {part.table!r} from another",
                where=part.where,
                expected=f"`tables.{part.table}.key`, the columns that do",
                next_step="list the key columns of the table",
            )
        entity_key = {
            column for canonical in known[part.entity].key for column in part.own_columns(canonical)
        }
        if part.deduplicate is None and not set(row_key) <= entity_key:
            made_of = ", ".join(sorted(entity_key)) or "no column of the table"
            raise ConfigError(
                f"several rows of {part.table!r} can be one row of {part.entity}: a row is told by "
                f"{', '.join(row_key)}, the key of {part.entity} is made of {made_of}",
                where=part.where,
                expected="`deduplicate: {keep: latest, by: <column>}`, or another `key` of the table",
                next_step="say which of the rows stays",
            )


def _check_tables(document: YamlDocument, tables: Mapping[str, TableMapping]) -> None:
    seen: set[str] = set()
    for table, spec in tables.items():
        for name in (table, *spec.also):
            if name in seen:
                raise ConfigError(
                    f"the table name {name!r} is listed twice",
                    where=document.where("tables", table),
                    expected="each name once, as a table or under one `also`",
                    next_step="remove one of the two",
                )
            seen.add(name)
        refuse_secret(document.where("tables", table, "key"), table, spec, spec.key or ())


def _check_formula(where: str, label: str, text: str) -> None:
    """Raises ConfigError for a formula that may not run, or that reads no column."""
    try:
        formula = scalar_sql(text)
    except ConfigError as error:
        raise ConfigError(
            f"{label}: {error.what}", where=where, expected=error.expected, next_step=error.next_step
        ) from error
    if not formula.columns:
        raise ConfigError(
            f"{label}: the formula {text[:100]!r} reads no column",
            where=where,
            expected="a formula over columns of the table; a `constant` is the same for every row",
        )


class _Part:
    """The check of one part."""

    def __init__(
        self,
        document: YamlDocument,
        parsed: MappingFile,
        entity_name: str,
        index: int,
        part: PartMapping,
        entity: Entity,
    ) -> None:
        self._document, self._parsed, self._part = document, parsed, part
        self._name, self._index, self._entity = entity_name, index, entity

    def checked(self) -> EntityPart:
        """The part. Raises ConfigError."""
        part, table = self._part, self._table(self._part.table, "table")
        for name, lookup in part.lookup.items():
            self._check_lookup(name, lookup, table)
        columns = self._columns()
        for column, origin in columns.items():
            self._check_column(column, origin, table)
        self._check_filter(part.row_filter, table)
        self._check_rule(part.deduplicate, part.table, table, "deduplicate")
        missing = [key for key, spec in self._entity.columns.items() if spec.required and key not in columns]
        if missing:
            raise ConfigError(
                f"{self._name} lacks its required column {missing[0]!r}",
                where=self._where("columns"),
                expected=f"an origin for {', '.join(missing)}",
            )
        return EntityPart(
            entity=self._name,
            number=self._index + 1,
            table=part.table,
            columns=columns,
            row_filter=part.row_filter,
            deduplicate=part.deduplicate,
            lookups=part.lookup,
            precedence=part.precedence,
            namespaces=namespaces_of(self._name, part, columns, self._parsed, self._where),
            where=self._where(),
        )

    def _where(self, *path: str) -> str:
        return self._document.where("entities", self._name, self._index, *path)

    def _table(self, name: str, *path: str) -> TableMapping:
        table = self._parsed.tables.get(name)
        if table is None or table.unmapped:
            others = {other: spec.also for other, spec in self._parsed.tables.items()}
            meant = next((other for other, also in others.items() if name in also), None)
            raise ConfigError(
                f"{self._name} reads the table {name!r}, which `tables` does not list as mapped",
                where=self._where(*path),
                nearest=meant or nearest(name, self._parsed.tables),
                next_step=f"name the table {meant!r}, as `tables` does"
                if meant
                else f"add `{name}:` under `tables`",
            )
        return table

    def _columns(self) -> dict[str, ColumnMapping]:
        """Every canonical column, with `same` and the short form of a lookup spelled out."""
        if self._part.columns is None:
            return {column: ColumnMapping.model_validate({"from": column}) for column in self._entity.columns}
        spelled = {}
        for column, origin in self._part.columns.items():
            prefix, dot, rest = (origin.source or "").partition(".")
            if dot and prefix in self._part.lookup and origin.lookup is None:
                spelled[column] = origin.model_copy(update={"lookup": prefix, "source": rest})
            else:
                spelled[column] = origin
        return spelled

    def _check_column(self, column: str, origin: ColumnMapping, table: TableMapping) -> None:
        where, label = self._where("columns", column), f"{self._name}.{column}"
        if column not in self._entity.columns:
            raise ConfigError(
                f"{self._name} has no canonical column {column!r}",
                where=where,
                expected=", ".join(self._entity.columns),
                nearest=nearest(column, self._entity.columns),
            )
        kind = self._entity.columns[column].type
        _check_values(where, label, origin, self._entity, column)
        if origin.join is not None and kind is not ColumnType.ID:
            raise ConfigError(
                f"{label} is not an id, so it takes no join",
                where=where,
                expected="`sql: \"concat_ws(' ', a, b)\"` for a text",
            )
        if origin.format is not None and kind not in _FROM_TEXT:
            raise ConfigError(f"{label} is not a date or time, so it takes no format", where=where)
        table_name = self._part.table
        if origin.lookup is not None:
            if origin.lookup not in self._part.lookup:
                raise ConfigError(
                    f"{label} reads the lookup {origin.lookup!r}, which the part does not have",
                    where=where,
                    expected=", ".join(self._part.lookup) or "a `lookup` of that name",
                    nearest=nearest(origin.lookup, self._part.lookup),
                )
            table_name = self._part.lookup[origin.lookup].table
            table = self._table(table_name, "lookup", origin.lookup)
        if origin.sql is not None:
            _check_formula(where, label, origin.sql)
        refuse_secret(where, table_name, table, read_columns(origin))

    def _check_lookup(self, name: str, lookup: Lookup, table: TableMapping) -> None:
        where = self._where("lookup", name)
        if not is_identifier(name):
            raise ConfigError(f"the lookup name {name!r} is not a plain name", where=where)
        other = self._table(lookup.table, "lookup", name)
        refuse_secret(where, self._part.table, table, lookup.match)
        refuse_secret(where, lookup.table, other, lookup.match.values())
        self._check_rule(lookup.deduplicate, lookup.table, other, "lookup", name)

    def _check_filter(self, row_filter: RowFilter, table: TableMapping) -> None:
        if row_filter.sql is not None:
            _check_formula(self._where("where"), f"the filter of {self._name}", row_filter.sql)
        for column in filter_columns(row_filter):
            prefix, dot, _ = column.partition(".")
            if dot and prefix in self._part.lookup:
                raise ConfigError(
                    f"the filter of {self._name} reads {column!r}, a column of a lookup",
                    where=self._where("where", column),
                    expected="columns of the part's own table",
                )
            refuse_secret(self._where("where", column), self._part.table, table, (column,))

    def _check_rule(self, rule: Deduplicate | None, table_name: str, table: TableMapping, *path: str) -> None:
        if rule is not None and rule.by is not None:
            refuse_secret(self._where(*path), table_name, table, (rule.by,))


def _check_values(where: str, label: str, origin: ColumnMapping, entity: Entity, column: str) -> None:
    spec = entity.columns[column]
    if spec.type is not ColumnType.ENUM:
        if origin.values or origin.default:
            raise ConfigError(f"{label} is not an enum, so it takes no values or default", where=where)
        return
    targets = [*(origin.values or {}).values()]
    targets += [target for target in (origin.constant, origin.default) if target is not None]
    for target in targets:
        if target not in spec.values:
            raise ConfigError(
                f"{label} has no value {target!r}",
                where=where,
                expected=", ".join(spec.values),
                nearest=nearest(target, spec.values),
            )
