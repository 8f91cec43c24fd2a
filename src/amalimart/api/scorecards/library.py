"""Finds and reads scorecard files: the packaged ones, replaced by name by the project's own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from amalimart.access.principal import Principal, Role
from amalimart.api.known_roles import check_roles
from amalimart.api.openable import opened
from amalimart.api.overlaid import check_form, overlaid
from amalimart.api.scorecards.definition import Scorecard, ScorecardFile
from amalimart.config.strict_yaml import YamlDocument, read_yaml
from amalimart.core.errors import ConfigError
from amalimart.core.names import nearest

PACKAGED = Path(__file__).parents[2] / "marketplace" / "scorecards"


@dataclass(frozen=True, slots=True)
class ScorecardLibrary:
    """All scorecards by name, and the files they were read from."""

    scorecards: dict[str, Scorecard] = field(default_factory=dict)
    documents: dict[str, YamlDocument] = field(default_factory=dict)

    @property
    def uses(self) -> dict[str, frozenset[str]]:
        """The metrics and dimensions that each of them names."""
        return {
            name: frozenset(
                [each.dimension for each in scorecard.filters]
                + [metric for each in scorecard.measures for metric in (each.metric, each.sample.metric)]
            )
            for name, scorecard in self.scorecards.items()
        }

    @property
    def mistake(self) -> ConfigError | None:
        """None: what is here was read without one."""
        return None

    def for_principal(self, principal: Principal) -> list[Scorecard]:
        """The scorecards that a principal may open."""
        return [each for each in self.scorecards.values() if principal.role in each.roles]

    def get(self, name: str, principal: Principal) -> Scorecard:
        """The scorecard of that name. Raises NotFound, also where the role may not open it."""
        return opened("scorecard", name, self.for_principal(principal))

    def check_names(self, metrics: Iterable[str]) -> None:
        """Hold every metric against the semantic model, aliases included. Raises ConfigError."""
        known = set(metrics)
        for name, scorecard in self.scorecards.items():
            for position, measure in enumerate(scorecard.measures):
                for metric, place in (
                    (measure.metric, ("metric",)),
                    (measure.sample.metric, ("sample", "metric")),
                ):
                    if metric not in known:
                        raise ConfigError(
                            f"unknown metric {metric!r}",
                            where=self.documents[name].where("measures", position, *place),
                            expected="the name of a metric of the semantic model",
                            nearest=nearest(metric, known),
                            next_step="correct the name; `amalimart metrics list` shows them all",
                        )


def load_scorecards(
    overlay: Path | None = None, packaged: Path = PACKAGED, roles: Iterable[Role] = tuple(Role)
) -> ScorecardLibrary:
    """Read every scorecard file; `roles` are those that there are.

    Raises ConfigError with file and line for the first mistake.
    """
    known = tuple(roles)
    documents = {name: read_yaml(path) for name, path in overlaid(packaged, overlay).items()}
    return ScorecardLibrary({name: _read(name, each, known) for name, each in documents.items()}, documents)


def _read(name: str, document: YamlDocument, roles: tuple[Role, ...]) -> Scorecard:
    check_form("scorecard", name, document, "title, description, roles, measures")
    read = document.parse(ScorecardFile)
    check_roles(document, "roles", read.roles, roles)
    return Scorecard(name=name, **{key: getattr(read, key) for key in ScorecardFile.model_fields})
