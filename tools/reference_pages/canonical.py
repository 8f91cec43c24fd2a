"""entities.md: the canonical entities, their columns, and which packaged mapping fills them."""

from __future__ import annotations

from collections.abc import Mapping

from amalimart.config.strict_yaml import read_yaml
from amalimart.mapping.entities import ENTITIES_FOLDER, Entity, EntityColumn, load_entities
from amalimart.mapping.source_mapping import SOURCES_FOLDER, SourceMapping, load_mapping
from tools.reference_pages.markdown import code, codes, page, section, table, text

_INTRO = """
The canonical entities are the contract between mappings and models: a mapping says which table of your shop
fills an entity ([how to write one](../mapping.md)), every model reads only entities. Ids are text, money is
`DECIMAL(18,2)`, timestamps are in the business time zone without an offset. A row that lacks a **required**
column goes to quarantine with its reason. The class says how sensitive a column is: `public`, `internal` or
`personal`; secrets are in no entity.
"""


def entities_page() -> str:
    """The page."""
    entities = load_entities()
    mappings = {path.stem: load_mapping(path) for path in sorted(SOURCES_FOLDER.glob("*.yml"))}
    parts = []
    for path in sorted(ENTITIES_FOLDER.glob("*.yml")):
        names = list(read_yaml(path).data)
        parts.append(
            section(
                f"{path.stem.capitalize()} ({len(names)} entities)",
                *(_entity(name, entities[name], mappings) for name in names),
            )
        )
    return page("Canonical entities", _INTRO, _overview(entities, mappings), *parts)


def _overview(entities: Mapping[str, Entity], mappings: Mapping[str, SourceMapping]) -> str:
    rows = [
        [
            f"[`{name}`](#{name})",
            codes(entity.key),
            *(_share(name, entity, mapping) for mapping in mappings.values()),
            text(entity.description),
        ]
        for name, entity in entities.items()
    ]
    headings = ["Entity", "Key", *(f"`{name}`" for name in mappings), "Meaning"]
    legend = "The columns named after a packaged mapping say how many of an entity's columns it fills."
    return section(
        "Overview",
        f"{len(entities)} entities. {legend}",
        table(headings, rows),
    )


def _share(name: str, entity: Entity, mapping: SourceMapping) -> str:
    if name not in mapping.entities:
        return "–"
    return f"{len(mapping.columns_of(name))} of {len(entity.columns)}"


def _entity(name: str, entity: Entity, mappings: Mapping[str, SourceMapping]) -> str:
    lacking = [each for each, mapping in mappings.items() if name not in mapping.entities]
    note = f"Not filled by {codes(lacking)}." if lacking else ""
    rows = [_column(column, spec) for column, spec in entity.columns.items()]
    return section(
        name,
        f"{text(entity.description)} Key: {codes(entity.key)}. {note}",
        table(["Column", "Type", "Required", "Class", "Meaning"], rows),
        level=3,
    )


def _column(name: str, spec: EntityColumn) -> list[str]:
    meaning = [text(spec.description)]
    if spec.values:
        meaning.append(f"One of {codes(spec.values)}.")
    if spec.default:
        meaning.append(f"Unmapped values become {code(spec.default)}.")
    if spec.references:
        meaning.append(f"Refers to {code(spec.references)}.")
    return [code(name), spec.type.value, "yes" if spec.required else "", spec.sensitivity, " ".join(meaning)]
