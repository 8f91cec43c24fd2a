"""What a page says of the engine and its sources, and how the site of this marketplace behaves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from zoneinfo import ZoneInfo

from amalimart.access.principal import Principal, Role
from amalimart.core.fiscal import Calendar


class Phase(StrEnum):
    """What the engine is doing, as far as a reader cares."""

    PREPARING = "preparing"  # no release yet
    LIVE = "live"
    HELD = "held"  # publication is held back; the last good release keeps serving


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the preparation. `done` is the finished share from 0 to 1; None where it is unknown."""

    label: str
    done: float | None


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """The engine in a sentence, and the steps of the preparation while there is no release."""

    phase: Phase
    message: str
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceNote:
    """What a reader should know about the data behind the numbers.

    text    for everybody; empty where it is for operators alone
    detail  for operators: names sources and tables
    """

    text: str
    detail: str


@dataclass(frozen=True, slots=True)
class SiteSettings:
    """How this marketplace's site behaves.

    zone           the business time zone
    currency       ISO 4217 code of the business currency
    calendar       when a year of this marketplace begins
    cache_folder   where files that can be made again are kept
    poll_seconds   how often an open page asks for news
    allowed_hosts  host names the site answers to; empty means any
    export_rows    how many rows an exported answer may have, by role; of a role that is not in it, none
    """

    marketplace_name: str
    zone: ZoneInfo
    currency: str
    cache_folder: Path
    locale: str = "en-GB"
    calendar: Calendar = field(default_factory=Calendar)
    poll_seconds: int = 5
    allowed_hosts: tuple[str, ...] = ()
    export_rows: Mapping[str, int] = field(
        default_factory=lambda: dict.fromkeys([*Role, "own_roles"], 100_000)
    )

    def export_rows_of(self, principal: Principal) -> int:
        """How many rows an exported answer may have for this reader."""
        role = principal.role
        return self.export_rows.get(role.value if role.is_packaged else "own_roles", 0)


@dataclass(frozen=True, slots=True)
class Figures:
    """What the product has counted, and who may read it over the network.

    exposition  all of it, as text for Prometheus
    token       who brings it may read; None where nobody can
    is_open     anybody may
    """

    exposition: Callable[[], str]
    token: str | None = field(default=None, repr=False)
    is_open: bool = False
