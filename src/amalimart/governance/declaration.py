"""governance.yml: areas with their owners and stewards, and what single tables and metrics have otherwise."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import amalimart
from amalimart.config.strict_yaml import StrictModel, YamlDocument, read_yaml
from amalimart.core.errors import ConfigError
from amalimart.core.names import nearest

PACKAGED = Path(amalimart.__file__).parent / "marketplace" / "governance.yml"
FILE = "governance.yml"


class AreaShape(StrictModel):
    """A subject area: the teams that own something of it, and the role that looks after all of it."""

    about: str
    owners: tuple[str, ...]
    steward: str


class OverrideShape(StrictModel):
    """What one table or metric has otherwise; None leaves it as it is."""

    owner: str | None = None
    steward: str | None = None


class GovernanceFile(StrictModel):
    """One file.

    not_personal  columns that are made of personal ones and say nothing of a person, each with the reason
    opened        columns that their model calls personal, and that roles without personal data may ask for
    """

    areas: dict[str, AreaShape] = {}
    tables: dict[str, OverrideShape] = {}
    metrics: dict[str, OverrideShape] = {}
    not_personal: dict[str, str] = {}
    opened: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class Responsible:
    """Who answers for something; None where nobody is declared."""

    owner: str | None
    steward: str | None
    area: str | None


@dataclass(frozen=True)
class Declaration:
    """What all files say together."""

    areas: Mapping[str, AreaShape]
    tables: Mapping[str, OverrideShape]
    metrics: Mapping[str, OverrideShape]
    not_personal: Mapping[str, str]
    opened: Mapping[str, str]

    def of_table(self, table: str, owner: str | None) -> Responsible:
        """Who answers for `schema.name`, whose model names this owner."""
        return self._resolved(self.tables.get(table), owner)

    def of_metric(self, metric: str, owner: str | None) -> Responsible:
        """Who answers for a metric, whose definition names this owner."""
        return self._resolved(self.metrics.get(metric), owner)

    def _resolved(self, own: OverrideShape | None, named: str | None) -> Responsible:
        owner = own.owner if own is not None and own.owner else named
        area = next((name for name, each in self.areas.items() if owner in each.owners), None)
        steward = self.areas[area].steward if area is not None else None
        if own is not None and own.steward:
            steward = own.steward
        return Responsible(owner, steward, area)


def load_declaration(
    home: Path | None, tables: Collection[str] = (), metrics: Collection[str] = ()
) -> Declaration:
    """The packaged file with that of a project over it.

    Raises ConfigError for a wrong file, a team in two areas, and a table or metric that is not among these.
    """
    files = [read_yaml(PACKAGED)]
    if home is not None and (home / FILE).is_file():
        files.append(read_yaml(home / FILE))
    areas: dict[str, AreaShape] = {}
    of_tables: dict[str, OverrideShape] = {}
    of_metrics: dict[str, OverrideShape] = {}
    not_personal: dict[str, str] = {}
    opened: dict[str, str] = {}
    for document in files:
        shape = document.parse(GovernanceFile)
        for kind, named, known in (("tables", shape.tables, tables), ("metrics", shape.metrics, metrics)):
            _refuse_unknown(document, kind, named, known)
        areas |= shape.areas
        of_tables |= shape.tables
        of_metrics |= shape.metrics
        not_personal |= shape.not_personal
        opened |= shape.opened
        _refuse_two_areas(document, areas)
    return Declaration(areas, of_tables, of_metrics, not_personal, opened)


def _refuse_unknown(
    document: YamlDocument, kind: str, named: Collection[str], known: Collection[str]
) -> None:
    for name in named:
        if name not in known:
            raise ConfigError(
                f"no {kind.removesuffix('s')} is called {name!r}",
                where=document.where(kind, name),
                expected="schema.table of a model, such as gold.fact_orders"
                if kind == "tables"
                else "the name of a metric",
                nearest=nearest(name, known),
                next_step="correct the name and run the command again",
            )


def _refuse_two_areas(document: YamlDocument, areas: Mapping[str, AreaShape]) -> None:
    area_of: dict[str, str] = {}
    for area, shape in areas.items():
        for owner in shape.owners:
            if owner in area_of:
                raise ConfigError(
                    f"{owner!r} owns something of two areas: {area_of[owner]} and {area}",
                    where=document.where("areas", area, "owners"),
                    expected="each owner in one area",
                    next_step="take it out of one of the two",
                )
            area_of[owner] = area
