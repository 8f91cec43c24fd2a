"""Finds and reads dashboard files: the packaged ones, overridden by name by the project's own."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from amalimart.access.principal import Principal, Role
from amalimart.api.dashboards.definition import (
    TILE_TYPES,
    Dashboard,
    DashboardFile,
    DashboardTexts,
    Tile,
    grouped_parts,
    measured_parts,
)
from amalimart.api.known_roles import check_roles
from amalimart.api.openable import opened
from amalimart.api.overlaid import check_form, overlaid
from amalimart.config.strict_yaml import YamlDocument, YamlPath, read_yaml
from amalimart.core.errors import ConfigError, NotFound
from amalimart.core.names import nearest

PACKAGED = Path(__file__).parents[2] / "marketplace" / "dashboards"


@dataclass(frozen=True, slots=True)
class NameUse:
    """A metric or dimension named in a dashboard file, and where."""

    kind: str
    name: str
    where: str


def unknown_name(use: NameUse, known: Iterable[str]) -> ConfigError:
    """What is to be said of a name that the semantic model lacks."""
    return ConfigError(
        f"unknown {use.kind} {use.name!r}",
        where=use.where,
        expected=f"the name of a {use.kind} of the semantic model",
        nearest=nearest(use.name, known),
        next_step="correct the name; `amalimart metrics list` shows them all",
    )


@dataclass(frozen=True, slots=True)
class DashboardLibrary:
    """All dashboards by name, what each of them names, and their texts in other languages by language."""

    dashboards: dict[str, Dashboard]
    uses: dict[str, tuple[NameUse, ...]]
    texts: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def mistake(self) -> ConfigError | None:
        """None: what is here was read without one."""
        return None

    def for_principal(self, principal: Principal) -> list[Dashboard]:
        """The dashboards a principal may open, its home first."""
        allowed = [each for each in self.dashboards.values() if principal.role in each.roles]
        return sorted(allowed, key=lambda each: (principal.role not in each.home_of, each.title))

    def get(self, name: str, principal: Principal) -> Dashboard:
        """The dashboard of that name. Raises NotFound, also where the role may not open it."""
        return opened("dashboard", name, self.for_principal(principal))

    def home(self, principal: Principal) -> Dashboard:
        """Where a principal lands. Raises NotFound where the role has no dashboard."""
        if allowed := self.for_principal(principal):
            return allowed[0]
        raise NotFound(
            f"There is no dashboard for the role {principal.role.value}.",
            next_step="ask an administrator to add the role to a dashboard file",
        )

    def check_names(self, metrics: Iterable[str], dimensions: Iterable[str]) -> None:
        """Hold every name against the semantic model, aliases included. Raises ConfigError."""
        known = {"metric": set(metrics), "dimension": set(dimensions)}
        for use in chain.from_iterable(self.uses.values()):
            if use.name not in known[use.kind]:
                raise unknown_name(use, known[use.kind])


def load_dashboards(
    overlay: Path | None = None, packaged: Path = PACKAGED, roles: Iterable[Role] = tuple(Role)
) -> DashboardLibrary:
    """Read every dashboard file; one of the overlay folder replaces the packaged one of its name.

    `roles` are those that there are, the project's own among them.

    Raises ConfigError with file and line for the first mistake.
    """
    there_are = tuple(roles)
    texts = read_texts([packaged, overlay])
    known = repr(sorted((language, sorted(said.items())) for language, said in texts.items()))
    read = {
        name: read_dashboard(name, path, known, there_are)
        for name, path in dashboard_files(overlay, packaged).items()
    }
    dashboards = {name: dashboard for name, (dashboard, _) in read.items()}
    check_homes(dashboards)
    return DashboardLibrary(dashboards, {name: uses for name, (_, uses) in read.items()}, texts)


def dashboard_files(overlay: Path | None = None, packaged: Path = PACKAGED) -> dict[str, Path]:
    """The file of each dashboard by name; one of the overlay folder replaces the packaged one."""
    return overlaid(packaged, overlay)


def read_dashboard(
    name: str, path: Path, texts: str = "", roles: tuple[Role, ...] = tuple(Role)
) -> tuple[Dashboard, tuple[NameUse, ...]]:
    """One dashboard and what it names; `texts` are part of its fingerprint. Raises ConfigError."""
    document = read_yaml(path)
    dashboard = _read(name, document, texts)
    check_roles(document, "roles", dashboard.roles, roles)
    check_roles(document, "home_of", dashboard.home_of, roles)
    return dashboard, tuple(_uses(dashboard, document))


def read_texts(folders: Iterable[Path | None]) -> dict[str, dict[str, str]]:
    """What `texts/<language>.yml` of each folder say, the later ones over the earlier. Raises ConfigError."""
    texts: dict[str, dict[str, str]] = {}
    for folder in folders:
        if folder is not None:
            for path in sorted((folder / "texts").glob("*.yml")):
                texts.setdefault(path.stem, {}).update(read_yaml(path).parse(DashboardTexts).root)
    return texts


def _read(name: str, document: YamlDocument, texts: str) -> Dashboard:
    check_form("dashboard", name, document, "title, description, roles, tiles")
    top = document.parse(DashboardFile)
    tiles = tuple(_read_tile(document, position) for position in range(len(top.tiles)))
    _check_ids(tiles, document)
    fingerprint = hashlib.sha256(document.path.read_bytes() + texts.encode()).hexdigest()[:16]
    return Dashboard(
        name=name,
        fingerprint=fingerprint,
        tiles=tiles,
        **{key: getattr(top, key) for key in DashboardFile.model_fields if key != "tiles"},
    )


def _read_tile(document: YamlDocument, position: int) -> Tile:
    place: YamlPath = ("tiles", position)
    raw = document.data["tiles"][position]
    kind = raw.get("type") if isinstance(raw, dict) else None
    shape = TILE_TYPES.get(kind) if isinstance(kind, str) else None
    if shape is None:
        raise ConfigError(
            f"unknown tile type {kind!r}" if kind else "a tile needs a type",
            where=document.where(*place, "type"),
            expected=", ".join(sorted(TILE_TYPES)),
            nearest=nearest(str(kind), TILE_TYPES),
            next_step="choose one of the types",
        )
    return document.parse(shape, *place)


def _check_ids(tiles: tuple[Tile, ...], document: YamlDocument) -> None:
    seen: set[str] = set()
    for position, tile in enumerate(tiles):
        if tile.id in seen:
            raise ConfigError(
                f"the tile id {tile.id!r} is given twice",
                where=document.where("tiles", position, "id"),
                expected="each id once",
                next_step="rename one of the two",
            )
        seen.add(tile.id)


def check_homes(dashboards: dict[str, Dashboard]) -> None:
    """Each role has one home, and may open it. Raises ConfigError."""
    homes: dict[Role, str] = {}
    for dashboard in dashboards.values():
        for role in dashboard.home_of:
            if role not in dashboard.roles:
                raise ConfigError(
                    f"the dashboard {dashboard.name} is the home of {role.value}, which may not open it",
                    where=dashboard.name,
                    expected=f"{role.value} among its roles",
                    next_step="add the role, or take it out of home_of",
                )
            if role in homes:
                raise ConfigError(
                    f"the role {role.value} has two homes",
                    where=f"{homes[role]}, {dashboard.name}",
                    expected="one dashboard with the role in home_of",
                    next_step="take the role out of one of them",
                )
            homes[role] = dashboard.name


def _uses(dashboard: Dashboard, document: YamlDocument) -> Iterator[NameUse]:
    for position, page_filter in enumerate(dashboard.filters):
        where = document.where("filters", position, "dimension")
        yield NameUse("dimension", page_filter.dimension, where)
    for position, tile in enumerate(dashboard.tiles):
        place: YamlPath = ("tiles", position)
        for part, measured in measured_parts(tile):
            yield NameUse("metric", measured.metric, document.where(*place, *part, "metric"))
            if measured.substitute is not None and measured.substitute.metric is not None:
                where = document.where(*place, *part, "substitute", "metric")
                yield NameUse("metric", measured.substitute.metric, where)
        for part, name in grouped_parts(tile):
            yield NameUse("dimension", name, document.where(*place, *part))
