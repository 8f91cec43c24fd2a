"""An answered page in its reader's language: titles, headings and notes; numbers and members stay.

Dashboard files are written in English. `texts/<language>.yml` beside them says each of their texts in
another language; metrics and dimensions bring their own labels. What has no translation stays English.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from amalimart.api.dashboards.definition import Dashboard, RankingTile, TableTile, Tile

Json = dict[str, Any]

_PREVIOUS = "__previous"


class Sayings:
    """The texts of dashboards in one language, and the labels of metrics and dimensions by name."""

    def __init__(self, texts: Mapping[str, str], labels: Mapping[str, str]) -> None:
        self._texts = texts
        self._labels = labels

    def say(self, text: str) -> str:
        """A text of a dashboard file."""
        return self._texts.get(text, text)

    def name(self, name: str, label: str) -> str:
        """The label of a metric or dimension; `label` is its English one, or a heading of a file."""
        if label in self._texts:
            return self._texts[label]
        if name.endswith(_PREVIOUS) and (base := self._labels.get(name.removesuffix(_PREVIOUS))):
            return f"{base}, {self.say('previous')}"
        return self._labels.get(name, label)

    def page(self, document: Json, dashboard: Dashboard) -> Json:
        """A copy of an answered page with its texts in this language."""
        tiles = {tile.id: tile for tile in dashboard.tiles}
        return document | {
            "title": self.say(document["title"]),
            "description": self.say(document["description"]),
            "state": self.state(document["state"]),
            "tiles": [self._tile(each, tiles[each["id"]]) for each in document["tiles"]],
        }

    def state(self, state: Json) -> Json:
        """The state of a page."""
        filters = [each | {"label": self.say(each["label"])} for each in state["filters"]]
        return state | {"range_label": self.say(state["range_label"]), "filters": filters}

    def _tile(self, shown: Json, tile: Tile) -> Json:
        told = shown | {
            "title": self._title(shown, tile),
            "description": self.say(shown["description"]) if shown["description"] else None,
            "labels": {key: self.say(label) for key, label in shown["labels"].items()},
            "range_label": self.say(shown["range_label"]) if shown["range_label"] else None,
            "notes": [self.say(note) for note in shown["notes"]],
        }
        if "text" in shown:
            links = [each | {"label": self.say(each["label"])} for each in shown["links"]]
            told |= {"text": self.say(shown["text"]), "links": links}
        if "steps" in shown:
            told["steps"] = [
                each | {"label": self.name(each["metric"], each["label"])} for each in shown["steps"]
            ]
        if "columns" in shown:
            told["columns"] = [
                each | {"label": self.name(each["name"], each["label"])} for each in shown["columns"]
            ]
        if "lacking" in shown:
            told["lacking"] = [
                each
                | {"label": self.name(each["metric"], each["label"]), "message": self.say(each["message"])}
                for each in shown["lacking"]
            ]
        if "metric" in shown:
            told["label"] = self.name(shown["metric"], shown["label"])
        if shown["status"] != "ok" and "message" in shown:
            told["message"] = self.say(shown["message"])
        return told

    def _title(self, shown: Json, tile: Tile) -> str:
        title: str = shown["title"]
        metric = next((each for each in shown.get("columns", ()) if each["kind"] == "metric"), None)
        if "metric" in shown:
            name, label = shown["metric"], shown["label"]
        else:
            name, label = (metric["name"], metric["label"]) if metric else ("", "")
        for template in _templates(tile):
            if title == template.replace("{metric}", label):
                return self.say(template).replace("{metric}", self.name(name, label))
        return self.name(name, title)


def _templates(tile: Tile) -> list[str]:
    if isinstance(tile, RankingTile | TableTile):
        return [level.title for level in tile.levels]
    return [tile.title] if tile.title else []
