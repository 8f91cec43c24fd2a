"""A draft as the YAML of a mapping: what is sure enough as lines, the rest as comments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import yaml

from amalimart.mapping.drafting.draft import ColumnProposal, Draft, EntityProposal, TableProposal

_OPENING = """\
# A draft, to be read line by line before anybody trusts a number: `amalimart map check {name}` tells what
# is missing. Beside each line stands how sure it is, from 0 to 1, and why. What is less sure than 0.6 is a
# comment; to take such a line, remove its `#` and what stands about its column under `ignored`. Enums list
# the values that were seen: add the others that the shop writes. Decide what is `to be decided`.
"""
_LONGEST_COMMENT = 100


def render(draft: Draft) -> str:
    """The text of the mapping file."""
    return "".join(f"{line}\n" for line in _lines(draft))


def _lines(draft: Draft) -> Iterator[str]:
    yield from _OPENING.format(name=draft.name).splitlines()
    yield f"mapping: {_scalar(draft.name)}"
    yield f"description: {_scalar(draft.description)}"
    yield f"time_zone: {_scalar(draft.time_zone)}  # of times that carry no zone: is it the shop's?"
    for name in draft.unwritable:
        yield f"# left out, because a mapping cannot hold its name: {_plain(repr(name))}"
    yield "tables:" if draft.tables else "tables: {}"
    for table in draft.tables:
        yield from _table(table)
    proposed = [entity for entity in draft.entities if entity.proposed]
    yield "entities:" if proposed else "entities: {}"
    for entity in proposed:
        yield from _entity(entity)
    for entity in draft.entities:
        if not entity.proposed:
            yield from (f"  # {line.removeprefix('  ')}" for line in _entity(entity))


def _table(table: TableProposal) -> Iterator[str]:
    lines = []
    if table.cursor:
        lines.append(f"cursor: {{column: {_scalar(table.cursor)}, key: {_list(table.key)}}}")
    elif table.key:
        lines.append(f"key: {_list(table.key)}")
    if table.secret:
        lines.append(f"secret: {_list(table.secret)}")
    if table.unmapped:
        lines.append(f"unmapped: {_scalar(table.unmapped)}")
    if table.ignored:
        lines.append("ignored:")
        lines += [f"  {_scalar(column)}: {_scalar(why)}" for column, why in table.ignored.items()]
    yield f"  {_scalar(table.table)}:" if lines else f"  {_scalar(table.table)}: {{}}"
    for line in lines:
        yield f"    {line}"


def _entity(entity: EntityProposal) -> Iterator[str]:
    lacks = f"; lacks {', '.join(entity.lacking)}" if entity.lacking else ""
    yield f"  {entity.entity}:  # {_beside(entity.confidence, entity.why)}{lacks}"
    yield f"    table: {_scalar(entity.table)}"
    if entity.keeps_latest:
        yield "    deduplicate: {keep: latest}  # the table's own key lets several rows be one: which stays?"
    yield "    columns:"
    for column in entity.columns:
        comment = "" if column.proposed or not entity.proposed else "# "
        for line in _column(column):
            yield f"      {comment}{line}"


def _column(column: ColumnProposal) -> Iterator[str]:
    beside = f"  # {_beside(column.confidence, column.why)}"
    if column.constant is not None:
        yield f"{column.canonical}: {{constant: {_scalar(column.constant)}}}{beside}"
        return
    source = _scalar(column.source or "")
    if column.sql:
        yield f"{column.canonical}: {{sql: {_scalar(column.sql)}}}{beside}"
    elif column.format:
        yield f"{column.canonical}: {{from: {source}, format: {_scalar(column.format)}}}{beside}"
    elif column.values is None:
        shape = f"{{from: {source}}}" if column.undecided else source
        yield f"{column.canonical}: {shape}{beside}"
    else:
        yield f"{column.canonical}:{beside}"
        yield f"  from: {source}"
        yield f"  values: {_flow(column.values)}"
    for value, rows in (column.undecided or {}).items():
        yield f"  # what does {_plain(_scalar(value))} mean? seen in {rows:,} rows"


def _list(names: Sequence[str]) -> str:
    return f"[{', '.join(map(_scalar, names))}]"


def _flow(values: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{_scalar(text)}: {_scalar(value)}" for text, value in values.items()) + "}"


def _beside(confidence: float, why: str) -> str:
    return f"{confidence:.2f} {_plain(why)}".rstrip()


def _plain(text: str) -> str:
    """A text that ends no comment: printable and not too long."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text)
    return shown if len(shown) <= _LONGEST_COMMENT else shown[: _LONGEST_COMMENT - 1] + "…"


def _scalar(text: str) -> str:
    """A text as YAML, quoted where it must be, on one line and safe inside a flow."""
    dumped: str = yaml.safe_dump([text], default_flow_style=True, allow_unicode=True, width=float("inf"))
    return dumped.strip()[1:-1]
