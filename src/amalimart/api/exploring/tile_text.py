"""A kept question as tiles of a dashboard file: YAML to paste, and what such a tile leaves to its page."""

from __future__ import annotations

import re
from typing import Any

import yaml

from amalimart.api.dashboards.definition import TILE_TYPES
from amalimart.api.exploring.kept_question import KeptQuestion
from amalimart.core.names import is_identifier

Json = dict[str, Any]

_MOST_RANKED, _MOST_LISTED = 50, 100
_LONGEST_ID = 63


def tile_text(name: str, kept: KeptQuestion) -> Json:
    """`yaml` to paste below `tiles:`, None where no tile shows it; `notes` name what the page decides."""
    notes = ["days"] if kept.range is None else []
    if kept.filters:
        notes.append("filters")
    if kept.totals != "none" or kept.compare_with is not None or kept.time is not None:
        notes.append("parts")
    tiles = _tiles(name, kept)
    if not tiles:
        return {"yaml": None, "notes": ["shape"]}
    for tile in tiles:
        TILE_TYPES[tile["type"]].model_validate(tile)
    text = yaml.safe_dump(tiles, sort_keys=False, allow_unicode=True, width=10_000)
    return {"yaml": text, "notes": notes}


def _tiles(name: str, kept: KeptQuestion) -> list[Json]:
    head = {"id": _id_of(name), "title": name}
    if kept.grain is None and not kept.by:
        return [_one(head, "kpi", metric, kept) for metric in kept.metrics]
    if kept.grain is not None:
        if len(kept.by) > 1:
            return []
        by = {"by": kept.by[0]} if kept.by else {}
        return [_one(head, "trend", metric, kept) | by for metric in kept.metrics]
    first, *others = kept.by
    levels = [{"by": first, "title": name}]
    if not others and len(kept.metrics) == 1:
        count = min(kept.top.count, _MOST_RANKED) if kept.top else 10
        return [
            {"id": head["id"], "type": "ranking", "metric": kept.metrics[0], "levels": levels, "limit": count}
        ]
    table: Json = {"id": head["id"], "type": "table", "width": "full", "levels": levels}
    if others:
        table["also"] = others
    count = min(kept.top.count, _MOST_LISTED) if kept.top else 12
    return [table | {"columns": [{"metric": metric} for metric in kept.metrics], "limit": count}]


def _one(head: Json, kind: str, metric: str, kept: KeptQuestion) -> Json:
    """The tile of one metric; of several, each has an id of its own."""
    name = head["id"] if len(kept.metrics) == 1 else f"{head['id']}_{metric}"[:_LONGEST_ID]
    title = head["title"] if len(kept.metrics) == 1 else "{metric}"
    return {"id": name, "type": kind, "title": title, "metric": metric}


def _id_of(name: str) -> str:
    plain = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:40].strip("_")
    return plain if is_identifier(plain) else f"tile_{plain}".strip("_")
