"""Shops that name things otherwise than the canonical model, each with its mapping written by hand.

They stand in shops/*.yml; here they are read, and made into a PostgreSQL database.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent / "shops"
NAMES = tuple(sorted(path.stem for path in FOLDER.glob("*.yml")))

Pair = tuple[str, str, str, str]
"""Entity, canonical column, table, source column."""


@dataclass(frozen=True)
class ForeignShop:
    """One made-up shop; `pairs` is what a person maps its columns to."""

    name: str
    tables: Mapping[str, Mapping[str, str]]
    values: Mapping[str, list[str]]
    pairs: frozenset[Pair]
    secrets: frozenset[str]

    @property
    def statements(self) -> list[str]:
        """SQL that makes the shop, with a row for each value its enumerations hold."""
        created, filled, references = [], [], []
        for table, columns in self.tables.items():
            lines = [f'"{name}" {_type(spec)}' for name, spec in columns.items()]
            key = ", ".join(f'"{name}"' for name, spec in columns.items() if " pk" in spec)
            created.append(f'create table "{table}" ({", ".join(lines)}, primary key ({key}))')
            for name, spec in columns.items():
                if "-> " in spec:
                    to_table, to_column = spec.partition("-> ")[2].split(".")
                    references.append(
                        f'alter table "{table}" add foreign key ("{name}")'
                        f' references "{to_table}" ("{to_column}") not valid'
                    )
            filled += self._rows(table, columns)
        return [*created, *filled, *references]

    def _rows(self, table: str, columns: Mapping[str, str]) -> list[str]:
        held = {name: self.values[f"{table}.{name}"] for name in columns if f"{table}.{name}" in self.values}
        filled = []
        for row in range(max(map(len, held.values()), default=0)):
            of_row = {name: f"'{values[row % len(values)]}'" for name, values in held.items()}
            for name, spec in columns.items():
                if " pk" in spec:
                    of_row[name] = "gen_random_uuid()" if spec.startswith("uuid") else str(row + 1)
            names = ", ".join(f'"{name}"' for name in of_row)
            filled.append(f'insert into "{table}" ({names}) values ({", ".join(of_row.values())})')
        return filled


def foreign_shop(name: str) -> ForeignShop:
    """The shop of that name."""
    read: dict[str, Any] = yaml.safe_load((FOLDER / f"{name}.yml").read_text(encoding="utf-8"))
    pairs = frozenset(
        (entity, canonical, spec["table"], source)
        for entity, spec in read["oracle"].items()
        for canonical, source in spec["columns"].items()
    )
    return ForeignShop(read["name"], read["tables"], read["values"], pairs, frozenset(read["secrets"]))


def _type(spec: str) -> str:
    return spec.partition(" pk")[0].partition(" ->")[0]
