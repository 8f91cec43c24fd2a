"""The YAML shapes of a policy file, as a project writes it; policies.py makes a policy of them."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from amalimart.access.principal import Role
from amalimart.access.rules import DataClass, Mask, OwnIds, OwnRows, RowRule, RowsThrough
from amalimart.config.short_forms import WordForNone
from amalimart.config.strict_yaml import StrictModel
from amalimart.core.errors import ConfigError

RoleName = Annotated[
    Role,
    WithJsonSchema(
        {"type": "string", "pattern": "^[a-z_][a-z0-9_]{0,62}$", "examples": [role.value for role in Role]}
    ),
]


class RowsShape(StrictModel):
    """`{own: <column>, of: <kind of ids>}` or `{through: <dataset>, column: <column>}`."""

    own: str | None = None
    of: OwnIds | None = None
    through: str | None = None
    column: str | None = None

    @model_validator(mode="after")
    def one_kind(self) -> RowsShape:
        own = self.own is not None and self.of is not None and self.through is None and self.column is None
        through = (
            self.through is not None and self.column is not None and self.own is None and self.of is None
        )
        if not own and not through:
            raise ValueError("give own and of, or through and column")
        return self

    def rule(self) -> RowRule:
        """The rule these keys mean."""
        if self.own is not None and self.of is not None:
            return OwnRows(self.own, self.of)
        if self.through is not None and self.column is not None:
            return RowsThrough(self.through, self.column)
        raise ConfigError("a row rule names neither own ids nor another dataset")


def _none_for_all(value: Any) -> Any:
    """`all` as None. An empty value is refused: leaving something out must never permit everything."""
    if value is None:
        raise ValueError("say all, or what is permitted")
    return None if value == "all" else value


S = TypeVar("S")
OrAll = Annotated[S | None, BeforeValidator(_none_for_all), WordForNone("all")]


class DatasetShape(StrictModel):
    """Which rows and columns of one dataset. None stands for "all"."""

    rows: OrAll[RowsShape]
    columns: OrAll[tuple[str, ...]]


class PeersShape(StrictModel):
    """Which figures of others alike may be told of, as quartiles of many: see PeerRule."""

    of: str
    within: str
    metrics: tuple[str, ...] = Field(min_length=1)


class PolicyShape(StrictModel):
    """The policy of a role as a whole. None stands for "all"."""

    role: RoleName
    description: str
    classes: tuple[DataClass, ...] = Field(min_length=1)
    datasets: OrAll[dict[str, DatasetShape]]
    metrics: OrAll[tuple[str, ...]]
    dimensions: OrAll[tuple[str, ...]]
    masks: dict[str, dict[str, Mask]] = {}
    peers: PeersShape | None = None


class WithoutShape(StrictModel):
    """Names that a narrower copy leaves out."""

    datasets: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    dimensions: tuple[str, ...] = ()


class NarrowerShape(StrictModel):
    """A narrower copy of another role's policy: what is not given is as there, and nothing may be more."""

    role: RoleName
    extends: RoleName
    description: str
    classes: tuple[DataClass, ...] = Field(default=(), min_length=1)
    datasets: OrAll[dict[str, DatasetShape]] = None
    metrics: OrAll[tuple[str, ...]] = None
    dimensions: OrAll[tuple[str, ...]] = None
    masks: dict[str, dict[str, Mask]] = {}
    peers: PeersShape | None = None
    without: WithoutShape = WithoutShape()
