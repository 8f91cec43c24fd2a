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
    RankingTile,
    TableTile,
    Tile,
    TrendTile,
    measured_parts,
)
from amalimart.config.strict_yaml import YamlDocument, YamlPath, read_yaml
from amalimart.core.errors import ConfigError, NotFound
from amalimart.core.names import is_identifier, nearest

PACKAGED = Path(__file__).parents[2] / "marketplace" / "dashboards"


@dataclass(frozen=True, slots=True)
class NameUse:
    """A metric or dimension named in a dashboard file, and where."""

    kind: str
    name: str
    where: str


@dataclass(frozen=True, slots=True)
class DashboardLibrary:
    """All dashboards by name, what each of them names, and their texts in other languages by language."""

    dashboards: dict[str, Dashboard]
    uses: dict[str, tuple[NameUse, ...]]
    texts: dict[str, dict[str, str]] = field(default_factory=dict)

    def for_principal(self, principal: Principal) -> list[Dashboard]:
        """The dashboards a principal may open, its home first."""
        allowed = [each for each in self.dashboards.values() if principal.role in each.roles]
        return sorted(allowed, key=lambda each: (principal.role not in each.home_of, each.title))

    def get(self, name: str, principal: Principal) -> Dashboard:
        """The dashboard of that name. Raises NotFound, also where the role may not open it."""
        allowed = {each.name: each for each in self.for_principal(principal)}
        if name in allowed:
            return allowed[name]
        raise NotFound(
            f"There is no dashboard {name!r} for you.",
            expected=", ".join(allowed) or None,
            nearest=nearest(name, allowed),
            next_step="open one of yours from the menu",
        )

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
                raise ConfigError(
                    f"unknown {use.kind} {use.name!r}",
                    where=use.where,
                    expected=f"the name of a {use.kind} of the semantic model",
                    nearest=nearest(use.name, known[use.kind]),
                    next_step="correct the name; `amalimart metrics list` shows them all",
                )


def load_dashboards(
    overlay: Path | None = None, packaged: Path = PACKAGED, roles: Iterable[Role] = tuple(Role)
) -> DashboardLibrary:
    """Read every dashboard file; one of the overlay folder replaces the packaged one of its name.

    `roles` are those that there are, the project's own among them.

    Raises ConfigError with file and line for the first mistake.
    """
    paths: dict[str, Path] = {}
    for folder in (packaged, overlay):
        if folder is not None and folder.is_dir():
            paths |= {path.stem: path for path in sorted(folder.glob("*.yml"))}
    dashboards: dict[str, Dashboard] = {}
    uses: dict[str, tuple[NameUse, ...]] = {}
    known = tuple(roles)
    for name, path in sorted(paths.items()):
        document = read_yaml(path)
        dashboards[name] = _read(name, document)
        _check_roles(dashboards[name], document, known)
        uses[name] = tuple(_uses(dashboards[name], document))
    _check_homes(dashboards)
    return DashboardLibrary(dashboards, uses, _read_texts([packaged, overlay]))


def _read_texts(folders: Iterable[Path | None]) -> dict[str, dict[str, str]]:
    """What `texts/<language>.yml` of each folder say, the later ones over the earlier."""
    texts: dict[str, dict[str, str]] = {}
    for folder in folders:
        if folder is not None:
            for path in sorted((folder / "texts").glob("*.yml")):
                texts.setdefault(path.stem, {}).update(read_yaml(path).parse(DashboardTexts).root)
    return texts


def _read(name: str, document: YamlDocument) -> Dashboard:
    if not is_identifier(name):
        raise ConfigError(
            f"a dashboard cannot be named {name!r}",
            where=str(document.path),
            expected="lower-case letters, digits and underscores",
            next_step="rename the file",
        )
    if not isinstance(document.data, dict):
        raise ConfigError(
            "a dashboard file holds keys and values",
            where=document.where(),
            expected="title, description, roles, tiles",
            next_step="see the packaged dashboards for examples",
        )
    top = document.parse(DashboardFile)
    tiles = tuple(_read_tile(document, position) for position in range(len(top.tiles)))
    _check_ids(tiles, document)
    fingerprint = hashlib.sha256(document.path.read_bytes()).hexdigest()[:16]
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


def _check_roles(dashboard: Dashboard, document: YamlDocument, known: tuple[Role, ...]) -> None:
    for key, roles in (("roles", dashboard.roles), ("home_of", dashboard.home_of)):
        for position, role in enumerate(roles):
            if role not in known:
                raise ConfigError(
                    f"{key}: there is no role {role.value!r}",
                    where=document.where(key, position),
                    expected=", ".join(known),
                    nearest=nearest(role.value, known),
                    next_step="correct it, or add its policy to policies/",
                )


def _check_homes(dashboards: dict[str, Dashboard]) -> None:
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
        if isinstance(tile, TrendTile) and tile.by is not None:
            yield NameUse("dimension", tile.by, document.where(*place, "by"))
        if isinstance(tile, RankingTile | TableTile):
            for step, level in enumerate(tile.levels):
                yield NameUse("dimension", level.by, document.where(*place, "levels", step, "by"))
        if isinstance(tile, TableTile):
            for step, name in enumerate(tile.also):
                yield NameUse("dimension", name, document.where(*place, "also", step))
