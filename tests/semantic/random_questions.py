"""Random questions for the fuzz tests: most can be answered, and every form of question is among them."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from amalimart.access.policies import Policy
from amalimart.core.calendar import DayRange, Grain
from amalimart.semantic.question import Filter, Having, Operator, Question
from tests.semantic.metric_meanings import ALIASES, DIMENSIONS, LABELS, SYNONYMS
from tests.semantic.oracle_names import GRAINS, Tables, components, leaves, reaches
from tests.semantic.stated_refusals import METRICS

_EQUALITY = (Operator.EQ, Operator.NE, Operator.IN, Operator.NOT_IN)
_STRANGE = ("nope", "unknown", "Unknown", "' or 1=1 --", "", "vA", "c1", "2024-02-30", "-1", "%")
# With a third decimal no sum of cents, and hardly a ratio, is equal by rounding alone.
_NUMBERS = (Decimal(0), Decimal(1), Decimal(2), Decimal("0.123"), Decimal("150.003"))
_TODAYS = (date(2024, 3, 31), date(2024, 2, 29), date(2024, 3, 20), date(2024, 1, 1), date(2023, 12, 31))


class Questioner:
    """Asks about one shop, mostly what a role may ask."""

    def __init__(self, seed: int, tables: Tables, policy: Policy) -> None:
        self._dice = random.Random(f"{seed} {policy.role}")  # noqa: S311 - the same questions each time
        self._tables = tables
        self._seen: dict[str, list[str]] = {}
        self._metrics = [name for name in METRICS if policy.metrics is None or policy.metrics
                         >= components(ALIASES.get(name, (name,))[0])]  # fmt: skip
        self._dimensions = [name for name in DIMENSIONS if policy.dimensions is None
                            or SYNONYMS.get(name, name) in policy.dimensions]  # fmt: skip

    def question(self) -> Question:
        dice = self._dice
        metrics = self._some_metrics()
        dimensions = self._shared(metrics)
        by = [dice.choice(dimensions) for _ in range(dice.choice((0, 0, 1, 1, 2, 3))) if dimensions]
        if dice.random() < 0.9:
            by = list(dict.fromkeys(by))
        grain = dice.choice((None, None, *GRAINS.values())) if dice.random() < 0.6 else None
        if grain is not None and dice.random() < 0.3:
            by.insert(dice.randrange(len(by) + 1), grain.value)
            grain = dice.choice((None, grain)) if dice.random() < 0.9 else Grain.DAY
        filters = self._filters(dimensions)
        compare = dice.random() < (0.05 if any(each.dimension in GRAINS for each in filters) else 0.2)
        days = self._days() if compare or dice.random() < 0.5 else None
        named = [*metrics, *by, *([grain.value] if grain else []), *(f"-{name}" for name in metrics)]
        timed = grain is not None or any(name in GRAINS for name in by)
        return Question(
            metrics,
            dice.choice(_TODAYS),
            tuple(by),
            grain,
            days,
            filters,
            order_by=dice.choice((*named, "gmw")) if dice.random() < 0.3 else None,
            limit=dice.choice((1, 2, 5, 1_000_000, 0)) if dice.random() < 0.2 else None,
            compare=compare,
            fill=dice.random() < (0.3 if timed else 0.02),
            having=self._having(metrics),
        )

    def varied(self, question: Question) -> Question:
        """The same question with other values: other days, another today, others to filter by."""
        filters = tuple(
            replace(each, values=tuple(self._value(each.dimension) for _ in each.values))
            for each in question.filters
        )
        return replace(
            question,
            today=self._dice.choice(_TODAYS),
            days=self._days() if question.days is not None else None,
            filters=filters,
            having=tuple(replace(each, value=self._dice.choice(_NUMBERS)) for each in question.having),
        )

    def _some_metrics(self) -> tuple[str, ...]:
        dice = self._dice
        names = dice.sample(self._metrics, dice.choice((1, 1, 2, 3)))
        if dice.random() < 0.03:
            names.append(dice.choice((*METRICS, "gmw", names[0])))
        return tuple(names)

    def _shared(self, metrics: tuple[str, ...]) -> list[str]:
        """Dimensions that all of the metrics reach; now and then one that they may not."""
        dice = self._dice
        found = [leaf for name in metrics if name != "gmw" for leaf in leaves(ALIASES.get(name, (name,))[0])]
        shared = [name for name in self._dimensions if all(reaches(leaf, name) for leaf in found)]
        shared += [f"{name}_id" for name in shared if name in LABELS and dice.random() < 0.5]
        if dice.random() < 0.06:
            shared.append(dice.choice((*DIMENSIONS, "vendor_id", "nope", "week")))
        return shared

    def _days(self) -> DayRange:
        dice = self._dice
        first = date(2023, 10, 1) + timedelta(days=dice.randrange(200))
        if dice.random() < 0.4:
            first = first.replace(day=1)
        return DayRange(first, first + timedelta(days=dice.choice((0, 6, 28, 29, 30, 59, 90, 365))))

    def _filters(self, dimensions: list[str]) -> tuple[Filter, ...]:
        dice = self._dice
        filters: list[Filter] = []
        for _ in range(dice.choice((0, 0, 0, 1, 1, 2))):
            count = 1 if dice.random() < 0.7 else dice.choice((2, 3))
            either = len(filters) if count > 1 else None
            filters += [self._filter(dimensions, either) for _ in range(count)]
        return tuple(filters)

    def _filter(self, dimensions: list[str], either: int | None) -> Filter:
        dice = self._dice
        name = dice.choice(dimensions) if dimensions and dice.random() < 0.85 else dice.choice([*GRAINS])
        kind = DIMENSIONS[name][0] if name in DIMENSIONS else "month" if name in GRAINS else "entity"
        ordered = kind in {"number", "month", "months"} or dice.random() < 0.02
        operator = dice.choice(tuple(Operator) if ordered else _EQUALITY)
        several = operator in {Operator.IN, Operator.NOT_IN} or dice.random() < 0.01
        values = tuple(self._value(name) for _ in range(dice.choice((1, 2, 3)) if several else 1))
        return Filter(name, operator, values, either)

    def _value(self, name: str) -> str:
        if self._dice.random() < 0.02:
            return self._dice.choice(_STRANGE)
        if name in GRAINS:
            return (date(2023, 10, 1) + timedelta(days=self._dice.randrange(200))).isoformat()
        if name not in self._seen:
            self._seen[name] = self._values(name)
        return self._dice.choice(self._seen[name])

    def _values(self, name: str) -> list[str]:
        dimension = name if name in DIMENSIONS else name.removesuffix("_id")
        if dimension not in DIMENSIONS:
            return ["nope"]
        kind, sources = DIMENSIONS[dimension]
        if kind == "months":
            return ["0", "1", "2", "-1"]
        found = {row.get(column) for table, column in sources for row in self._tables[table]} - {None}
        if kind == "flag":
            return ["true", "false"]
        texts = sorted(
            str(value.replace(day=1)) if isinstance(value, date) else str(value) for value in found
        )
        if dimension in LABELS:
            texts.append("unknown")
            if name == dimension:
                table, column = LABELS[dimension]
                texts += sorted({str(row[column]) for row in self._tables[table] if row[column] is not None})
        return texts

    def _having(self, metrics: tuple[str, ...]) -> tuple[Having, ...]:
        dice = self._dice
        if dice.random() > 0.15:
            return ()
        operators = (Operator.GT, Operator.GE, Operator.LT, Operator.LE, Operator.NE, Operator.EQ)
        name = "gmv" if dice.random() < 0.03 else dice.choice(metrics)
        return (Having(name, dice.choice(operators), dice.choice(_NUMBERS)),)


def described(question: Question) -> dict[str, Any]:
    """What a failing question asked, without what it did not ask."""
    return {name: value for name in question.__slots__ if (value := getattr(question, name))}
