"""Reads lineage events: every line is held against the rules of the specification, version 2-0-2."""

from __future__ import annotations

import json
import pkgutil
import re
from collections import defaultdict
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import attr
import jsonschema
from openlineage.client import generated
from openlineage.client.generated.base import BaseFacet

_NAME = {"type": "string", "minLength": 1}
_NAMED = {
    "type": "object",
    "required": ["namespace", "name"],
    "properties": {
        "namespace": _NAME,
        "name": _NAME,
        "facets": {"$ref": "#/$defs/facets"},
        "inputFacets": {"$ref": "#/$defs/facets"},
        "outputFacets": {"$ref": "#/$defs/facets"},
    },
}
_MOMENT = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$"
RUN_EVENT = {
    "$defs": {
        "facets": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "required": ["_producer", "_schemaURL"],
                "properties": {
                    "_producer": {"type": "string", "format": "uri"},
                    "_schemaURL": {"type": "string", "format": "uri"},
                },
            },
        },
        "dataset": _NAMED,
    },
    "type": "object",
    "required": ["eventTime", "producer", "schemaURL", "run", "job"],
    "properties": {
        "eventTime": {"type": "string", "pattern": _MOMENT},
        "producer": {"type": "string", "pattern": r"^[a-z][a-z0-9+.-]*:\S+$"},
        "schemaURL": {"const": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"},
        "eventType": {"enum": ["START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER"]},
        "run": {
            "type": "object",
            "required": ["runId"],
            "properties": {
                "runId": {"pattern": r"^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$"},
                "facets": {"$ref": "#/$defs/facets"},
            },
        },
        "job": _NAMED,
        "inputs": {"type": "array", "items": {"$ref": "#/$defs/dataset"}},
        "outputs": {"type": "array", "items": {"$ref": "#/$defs/dataset"}},
    },
}
FACETS: dict[str, dict[str, Any]] = {
    "schema": {"required": ["fields"], "properties": {"fields": {"items": {"required": ["name"]}}}},
    "columnLineage": {
        "required": ["fields"],
        "properties": {
            "fields": {
                "additionalProperties": {
                    "required": ["inputFields"],
                    "properties": {"inputFields": {"items": {"required": ["namespace", "name", "field"]}}},
                }
            },
            "dataset": {"items": {"required": ["namespace", "name", "field"]}},
        },
    },
    "dataQualityAssertions": {
        "required": ["assertions"],
        "properties": {
            "assertions": {
                "items": {
                    "required": ["assertion", "success"],
                    "properties": {"success": {"type": "boolean"}},
                }
            }
        },
    },
    "outputStatistics": {"properties": {"rowCount": {"type": "integer", "minimum": 0}}},
    "errorMessage": {"required": ["message", "programmingLanguage"]},
    "parent": {
        "required": ["run", "job"],
        "properties": {"run": {"required": ["runId"]}, "job": {"required": ["namespace", "name"]}},
    },
    "amalimart_release": {"required": ["projectHash"]},
}
_RULES = jsonschema.Draft202012Validator(RUN_EVENT)
_OF_FACETS = {name: jsonschema.Draft202012Validator(rules) for name, rules in FACETS.items()}


def events_in(folder: Path) -> list[dict[str, Any]]:
    """Every event, the oldest first. Fails where one is not as the specification wants it."""
    found = []
    for path in sorted(folder.glob("events*.jsonl"), key=_age):
        for line in path.read_text().splitlines():
            event = json.loads(line)
            _RULES.validate(event)
            for name, facet in _facets(event):
                if name in _OF_FACETS:
                    _OF_FACETS[name].validate(facet)
                _hold_against_the_client(name, facet)
            found.append(event)
    return found


def _hold_against_the_client(name: str, facet: dict[str, Any]) -> None:
    """A facet of the specification has its keys and no others, under its name; ours says that it is ours."""
    schema = facet["_schemaURL"]
    if name.startswith("amalimart_"):
        assert schema.startswith("urn:amalimart:openlineage:"), schema
        return
    known = _client_classes()[schema]
    keys = attr.fields_dict(known)
    needed = {key for key, field in keys.items() if field.default is attr.NOTHING}
    assert needed <= facet.keys() <= keys.keys(), (name, sorted(facet))
    kind = re.sub(r"(Input|Output)?(Dataset|Job|Run)Facet$", "", schema.rpartition("/")[2])
    assert name.replace("_", "").lower() == kind.lower(), (name, schema)


@cache
def _client_classes() -> dict[str, type]:
    """Schema -> class, of every facet that the client knows."""
    found = {}
    for module in pkgutil.iter_modules(generated.__path__):
        for each in vars(import_module(f"{generated.__name__}.{module.name}")).values():
            if isinstance(each, type) and attr.has(each) and issubclass(each, BaseFacet):
                found[each._get_schema()] = each
    return found


def _age(path: Path) -> int:
    number = re.search(r"\.(\d+)\.", path.name)
    return -int(number[1]) if number else 0


def _facets(event: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    holders = [event["run"], event["job"], *event.get("inputs", ()), *event.get("outputs", ())]
    return [
        (name, facet)
        for holder in holders
        for kind in ("facets", "inputFacets", "outputFacets")
        for name, facet in holder.get(kind, {}).items()
    ]


def runs_of(events: list[dict[str, Any]], job: str = "release") -> dict[str, list[str]]:
    """Run id -> the types of its events, in their order."""
    found: dict[str, list[str]] = defaultdict(list)
    for event in events:
        if event["job"]["name"] == job:
            found[event["run"]["runId"]].append(event["eventType"])
    return dict(found)
