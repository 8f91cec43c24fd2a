"""Everything that is wrong with the dashboards of a project, told at once instead of one mistake at a time.

Beyond what reading refuses: names that the model lacks, what a role that opens a page may not see, what a
metric cannot be asked by under a filter, and texts that another language lacks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from amalimart.access.policies import Policies
from amalimart.api.dashboards.definition import (
    Dashboard,
    Measured,
    Tile,
    grouped_parts,
    measured_parts,
)
from amalimart.api.dashboards.library import (
    PACKAGED,
    NameUse,
    check_homes,
    dashboard_files,
    read_dashboard,
    read_texts,
    unknown_name,
)
from amalimart.config.strict_yaml import YamlDocument, read_yaml
from amalimart.core.errors import ConfigError
from amalimart.semantic.model import SemanticModel

_SHOWN = frozenset({"title", "description", "because", "label", "text"})


class Severity(StrEnum):
    """An error keeps the dashboard from being used or a tile from being shown; a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, and where."""

    severity: Severity
    dashboard: str
    where: str
    what: str
    nearest: str | None = None
    next_step: str | None = None


def check_dashboards(
    model: SemanticModel, policies: Policies, overlay: Path | None = None, packaged: Path = PACKAGED
) -> list[Finding]:
    """What is wrong with every dashboard, packaged ones that the project does not replace included."""
    found: list[Finding] = []
    read: dict[str, Dashboard] = {}
    texts: dict[str, dict[str, str]] = {}
    try:
        texts = read_texts([packaged, overlay])
    except ConfigError as error:
        found.append(_refused("texts", error))
    for name, path in dashboard_files(overlay, packaged).items():
        try:
            dashboard, uses = read_dashboard(name, path, roles=policies.roles)
        except ConfigError as error:
            found.append(_refused(name, error))
            continue
        read[name] = dashboard
        unknown = list(_unknown(name, uses, model))
        found += unknown
        document = read_yaml(path)
        if not unknown:
            found += _denied(dashboard, document, model, policies)
            found += _impossible(dashboard, document, model)
        found += _untold(dashboard, str(path), texts)
    try:
        check_homes(read)
    except ConfigError as error:
        found.append(_refused(error.where or "", error))
    return found


def texts_of(dashboard: Dashboard) -> list[str]:
    """Every text of a dashboard that a reader sees, once each."""
    return list(dict.fromkeys(_texts(dashboard.model_dump())))


def _texts(node: Any, key: str = "") -> Iterator[str]:
    if isinstance(node, dict):
        for name, value in node.items():
            if name == "labels" and isinstance(value, dict):
                yield from value.values()
            else:
                yield from _texts(value, name)
    elif isinstance(node, list | tuple):
        for each in node:
            yield from _texts(each, key)
    elif isinstance(node, str) and key in _SHOWN:
        yield node


def _refused(name: str, error: ConfigError) -> Finding:
    return Finding(Severity.ERROR, name, error.where or "", error.what, error.nearest, error.next_step)


def _unknown(name: str, uses: Iterable[NameUse], model: SemanticModel) -> Iterator[Finding]:
    known = {"metric": model.metric_names, "dimension": model.dimensions}
    for use in uses:
        if use.name not in known[use.kind]:
            yield _refused(name, unknown_name(use, known[use.kind]))


def _denied(
    dashboard: Dashboard, document: YamlDocument, model: SemanticModel, policies: Policies
) -> Iterator[Finding]:
    """What a role that opens the page may not see: its tile would be blank for that role."""
    for where, tile, part in _parts(dashboard, document):
        for role in dashboard.roles:
            for metric in filter(None, _metrics_of(part)):
                if not policies.may_use_metric(role, model.metric(metric).name):
                    yield Finding(
                        Severity.ERROR,
                        dashboard.name,
                        where,
                        f"the tile {tile.id} shows {metric}, which the role {role.value} may not see",
                        next_step="choose another metric, or add it to the policy of the role",
                    )
    for position, tile in enumerate(dashboard.tiles):
        for place, name in grouped_parts(tile):
            for role in dashboard.roles:
                if not policies.may_use_dimension(role, model.dimension(name).dimension.name):
                    yield Finding(
                        Severity.ERROR,
                        dashboard.name,
                        document.where("tiles", position, *place),
                        f"the tile {tile.id} groups by {name}, which the role {role.value} may not use",
                        next_step="choose another dimension, or add it to the policy of the role",
                    )


def _impossible(dashboard: Dashboard, document: YamlDocument, model: SemanticModel) -> Iterator[Finding]:
    """What a metric cannot be asked by, alone or while one filter of the page is set."""
    for where, tile, part in _parts(dashboard, document):
        groups = {name for _, name in grouped_parts(tile)}
        for filtered_by in (None, *sorted(dashboard.filter_names())):
            metric = _shown(part, filtered_by)
            if metric is None:
                continue
            reachable = {each.name for each in model.reachable(model.metric(metric))}
            needed = groups | ({filtered_by} if filtered_by else set())
            lacking = sorted(name for name in needed if model.dimension(name).dimension.name not in reachable)
            if lacking:
                under = f" while the page is filtered by {filtered_by}" if filtered_by in lacking else ""
                asked = f"asks {metric} by {', '.join(lacking)}"
                yield Finding(
                    Severity.ERROR,
                    dashboard.name,
                    where,
                    f"the tile {tile.id} {asked}, which it cannot be asked by{under}",
                    next_step="give it a substitute for that filter, or another dimension",
                )
                break


def _untold(dashboard: Dashboard, path: str, texts: Mapping[str, Mapping[str, str]]) -> Iterator[Finding]:
    for language, said in texts.items():
        for text in texts_of(dashboard):
            if text not in said:
                yield Finding(
                    Severity.WARNING,
                    dashboard.name,
                    path,
                    f"the text {text!r} is not said in {language}",
                    next_step=f"add it to texts/{language}.yml",
                )


def _parts(dashboard: Dashboard, document: YamlDocument) -> Iterator[tuple[str, Tile, Measured]]:
    for position, tile in enumerate(dashboard.tiles):
        for place, part in measured_parts(tile):
            yield document.where("tiles", position, *place, "metric"), tile, part


def _metrics_of(part: Measured) -> tuple[str | None, ...]:
    return (part.metric, part.substitute.metric if part.substitute else None)


def _shown(part: Measured, filtered_by: str | None) -> str | None:
    substitute = part.substitute
    return substitute.metric if substitute and filtered_by in substitute.when else part.metric
