"""An interpreter of questions over the rows of gold, in plain Python: no SQL, no plan, no YAML.

It takes what metrics and dimensions mean from metric_meanings, and computes with exact fractions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from amalimart.access.principal import Principal, Role
from amalimart.core.calendar import Grain
from amalimart.semantic.question import Filter, Question
from tests.semantic.metric_meanings import (
    ALIASES,
    ATOMS,
    DIMENSIONS,
    FORMULAS,
    GROWTHS,
    KEY_OF,
    LABELS,
    MONEY,
    POINTERS,
    SPANS,
    Atom,
    Line,
    Number,
    Others,
)
from tests.semantic.oracle_days import covered, months_on, start_of, step
from tests.semantic.oracle_names import (
    GRAINS,
    Group,
    Leaf,
    Tables,
    atom_of,
    dimension_of,
    grouping,
    has_time,
    leaves,
    place,
)
from tests.semantic.oracle_values import aggregate, compare, over_entities, typed


@dataclass(frozen=True)
class Expected:
    """The answer. Rows by group; a group is the bucket and the keys in the order of the question's groups."""

    groups: tuple[str, ...]
    rows: dict[Group, tuple[Any, ...]]
    currencies: dict[Group, frozenset[str]]


class Oracle:
    """Answers over what one principal may see of the tables."""

    def __init__(self, tables: Tables, principal: Principal) -> None:
        self._rows = _seen_by(tables, principal)
        self._by_key = {
            table: {row[key]: row for row in self._rows.get(table, [])} for table, key in KEY_OF.items()
        }
        self._lines = {name: [self._line(name, row) for row in rows] for name, rows in self._rows.items()}

    def answer(self, question: Question) -> Expected:
        return _Asked(self, question).answer()

    def lines(self, table: str) -> list[Line]:
        return self._lines.get(table, [])

    def known(self, table: str) -> dict[str, dict[str, Any]]:
        return self._by_key[table]

    def _line(self, table: str, row: dict[str, Any]) -> Line:
        return Line(row, self._parent, POINTERS[table])

    def _parent(self, table: str, key: Any) -> Line:
        return self._line(table, self._by_key[table].get(key, {}))


def _seen_by(tables: Tables, principal: Principal) -> Tables:
    if principal.role is Role.VENDOR:
        vendors = vendors_of(tables, principal)
        own = {
            name: [row for row in tables[name] if row["vendor_id"] in vendors]
            for name in (
                "items", "returns", "reviews", "products", "vendors", "inventory", "wishes", "payouts",
                "earnings",
            )
        }  # fmt: skip
        orders = {row["order_id"] for row in own["items"]}
        own["orders"] = [row for row in tables["orders"] if row["order_id"] in orders]
        return {**own, "categories": tables["categories"]}
    if principal.role is Role.DELIVERY:
        return {
            name: [
                row for row in tables[name] if row["delivery_partner_id"] in principal.delivery_partner_ids
            ]
            for name in ("shipments", "partners")
        }
    return tables


def vendors_of(tables: Tables, principal: Principal) -> frozenset[str]:
    """The vendors whose rows there are for a principal: its own, and those of its businesses."""
    behind = {
        row["vendor_id"] for row in tables["businesses"] if row["business_id"] in principal.business_ids
    }
    return principal.vendor_ids | behind


class _Asked:
    """One question, with the rows of each of its legs."""

    def __init__(self, oracle: Oracle, question: Question) -> None:
        self._oracle = oracle
        self._question = question
        by, grain = grouping(question)
        self._groups = [GRAINS.get(name) or dimension_of(name)[0] for name in by]
        if grain is not None and grain.value not in by:
            self._groups.insert(0, grain)
        self._grain = next((group for group in self._groups if isinstance(group, Grain)), None)
        self._legs: dict[tuple[Any, ...], dict[Group, list[tuple[Line, date | None]]]] = {}

    def answer(self) -> Expected:
        question = self._question
        metrics = [ALIASES.get(name, (name,))[0] for name in question.metrics]
        asked = [
            (leaf, compared)
            for name in metrics
            for leaf in sorted(leaves(name), key=repr)
            for compared in ((False, True) if question.compare and has_time(name) else (False,))
        ]
        groups: set[Group] = set() if self._groups else {()}
        for leaf, compared in asked:
            if not self._same(leaf):
                groups |= set(self._leg(leaf, compared))
        if question.fill:
            groups |= self._filled(groups)
        rows, currencies = {}, {}
        for group in groups:
            values: list[Any] = []
            for name in metrics:
                values.append(self._metric(name, group, compared=False))
                if question.compare:
                    values.append(self._metric(name, group, compared=True) if has_time(name) else None)
            rows[group] = tuple(values)
            currencies[group] = max((self._currencies(name, group) for name in metrics), key=len)
        names = tuple(each.value if isinstance(each, Grain) else each for each in self._groups)
        return Expected(names, rows, currencies)

    def _currencies(self, name: str, group: Group) -> frozenset[str]:
        """The currencies of the rows behind a metric that is money, or made of money."""
        found: set[str] = set()
        for leaf in leaves(name):
            if atom_of(leaf.atom).column in MONEY and atom_of(leaf.atom).how in {"sum", "mean"}:
                for compared in (False, True) if self._question.compare and has_time(name) else (False,):
                    lines = self._leg(leaf, compared).get(self._project(leaf, group), [])
                    found |= {line["currency"] for line, _ in lines} - {None}
        return frozenset(found)

    def _metric(
        self, name: str, group: Group, *, compared: bool, span: str | None = None, back: bool = False
    ) -> Any:
        def other(called: str) -> Any:
            return self._metric(called, group, compared=compared, span=span, back=back)

        if name in ATOMS:
            return self._atom(Leaf(name, span, back), group, compared)
        if name in SPANS:
            return self._metric(SPANS[name][0], group, compared=compared, span=SPANS[name][1], back=back)
        if name in GROWTHS:
            now = Number(self._metric(GROWTHS[name], group, compared=compared, span=span))
            before = Number(self._metric(GROWTHS[name], group, compared=compared, span=span, back=True))
            return ((now - before) / before).value
        return FORMULAS[name](Others(other)).value

    def _atom(self, leaf: Leaf, group: Group, compared: bool) -> Any:
        atom = atom_of(leaf.atom)
        lines = self._leg(leaf, compared).get(self._project(leaf, group), [])
        kept = [line for line, start in lines if atom.only(line, start)]
        if atom.per is None:
            return aggregate(atom.how, [line[atom.column] for line in kept])
        entity, over = atom.per
        values = []
        for key in {line[entity] for line, _ in lines}:
            value = aggregate(
                atom.how, [line[atom.column] for line in kept if line[entity] == key], whole=False
            )
            if value is not None and (atom.keep is None or atom.keep(value)):
                values.append(value)
        return over_entities(over, values)

    def _same(self, leaf: Leaf) -> list[int]:
        """The positions of the groups for whose values the leaf is all the same."""
        same = atom_of(leaf.atom).same
        return [position for position, group in enumerate(self._groups) if group in same]

    def _project(self, leaf: Leaf, group: Group) -> Group:
        same = self._same(leaf)
        return tuple(value for position, value in enumerate(group) if position not in same)

    def _leg(self, leaf: Leaf, compared: bool) -> dict[Group, list[tuple[Line, date | None]]]:
        atom = atom_of(leaf.atom)
        entity = atom.per[0] if atom.per else None
        key = (atom.table, atom.day, leaf.span, leaf.back, compared, entity, atom.same, atom.of_period)
        if key not in self._legs:
            found: dict[Group, list[tuple[Line, date | None]]] = {}
            for line in self._oracle.lines(atom.table):
                if entity is not None and line[entity] is None:
                    continue
                for group, start in self._placed(atom, leaf, line, compared):
                    found.setdefault(group, []).append((line, start))
            self._legs[key] = found
        return self._legs[key]

    def _placed(
        self, atom: Atom, leaf: Leaf, line: Line, compared: bool
    ) -> Iterator[tuple[Group, date | None]]:
        """The group of a row and the start of its period, where it counts at all."""
        question, grain = self._question, self._grain
        moves = leaf.back and grain is not None
        back = int(compared) + int(leaf.back and grain is None)
        raw: date | None = line[atom.day] if atom.day else None
        day = raw
        if moves and raw is not None and grain is not None:
            day = step(raw, {"year": Grain.YEAR, "month": Grain.MONTH}.get(leaf.span or "", grain))
        bucket = None if day is None or grain is None else start_of(grain, day)
        if atom.day is not None:
            days = covered(leaf.span, question, back)
            if days is None:
                if moves and (day is None or day > question.today):
                    return
            elif day is None or not days.first <= day <= days.last:
                return
            if compared and grain is not None and bucket is not None:
                bucket = self._aligned(bucket, grain, leaf.span)
                now = covered(leaf.span, question, 0)
                if now is None or bucket > now.last:
                    return
        if not self._passes(atom, line, raw, day):
            return
        start = covered(leaf.span, question, back)
        first = start.first if start else None
        if grain is not None:
            first = None if raw is None else start_of(grain, raw)
        yield (
            tuple(
                bucket if isinstance(group, Grain) else self._value(atom, line, group, raw)
                for group in self._groups
                if group not in atom.same
            ),
            first,
        )

    def _aligned(self, bucket: date, grain: Grain, span: str | None) -> date:
        now, before = covered(span, self._question, 0), covered(span, self._question, 1)
        assert now is not None
        assert before is not None
        here, there = start_of(grain, now.first), start_of(grain, before.first)
        if grain in {Grain.DAY, Grain.WEEK}:
            return here + (bucket - there)
        return months_on(here, (bucket.year - there.year) * 12 + bucket.month - there.month)

    def _value(self, atom: Atom, line: Line, dimension: str, day: date | None) -> Any:
        found = place(atom.table, dimension)
        assert found is not None
        path, column = found
        for table in path:
            line = line.up(table)
        value, kind = line[column], DIMENSIONS[dimension][0]
        if kind == "text" and value == "unknown":
            value = None
        if value is None:
            return {"entity": "unknown", "code": "UNKNOWN", "text": "Unknown"}.get(kind)
        if kind == "month":
            return value.replace(day=1)
        if kind == "months":
            return None if day is None else (day.year - value.year) * 12 + day.month - value.month
        return value

    def _passes(self, atom: Atom, line: Line, raw: date | None, day: date | None) -> bool:
        either: dict[int, list[bool]] = {}
        for wanted in self._question.filters:
            if wanted.dimension in atom.same:
                continue
            holds = self._holds(wanted, atom, line, raw, day)
            if wanted.either is None:
                if not holds:
                    return False
            else:
                either.setdefault(wanted.either, []).append(holds)
        return all(any(each) for each in either.values())

    def _holds(self, wanted: Filter, atom: Atom, line: Line, raw: date | None, day: date | None) -> bool:
        if wanted.dimension in GRAINS:
            grain = GRAINS[wanted.dimension]
            starts = [typed(grain, text) for text in wanted.values]
            return compare(None if day is None else start_of(grain, day), wanted.operator, starts)
        dimension, bare = dimension_of(wanted.dimension)
        value = self._value(atom, line, dimension, raw)
        if dimension in LABELS and not bare:
            return compare(value, wanted.operator, sorted(self._keys(dimension, set(wanted.values))))
        return compare(value, wanted.operator, [typed(dimension, text) for text in wanted.values])

    def _keys(self, dimension: str, named: set[str]) -> set[str]:
        """What a text means: the key where there is such a key, else all that bear the label."""
        table, column = LABELS[dimension]
        known = self._oracle.known(table)
        keys = {key for key in named if key in known}
        for key, row in known.items():
            label = row[column] if row[column] is not None else key
            if label in named and label not in known:
                keys.add(key)
        return keys | ({"unknown"} if named & {"unknown", "Unknown"} else set())

    def _filled(self, groups: set[Group]) -> set[Group]:
        grain = self._grain
        assert grain is not None
        at = self._groups.index(grain)
        seen = {group[at] for group in groups} - {None}
        days = self._question.days
        if days is None and not seen:
            return set()
        first, last = (start_of(grain, days.first), days.last) if days else (min(seen), max(seen))
        buckets = []
        while first <= last:
            buckets.append(first)
            first = step(first, grain)
        others = {(group[:at], group[at + 1 :]) for group in groups}
        if len(self._groups) == 1:
            others = {((), ())}
        return {(*before, bucket, *after) for before, after in others for bucket in buckets}
