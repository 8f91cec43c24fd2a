"""What the published release holds, model by model: read in one transaction, for whoever plans a change."""

from __future__ import annotations

import json

from amalimart.core.models import Column, PublishedModel, PublishedProject
from amalimart.core.names import TableRef
from amalimart.warehouse.file.reading import Reader


def published_project(reader: Reader) -> PublishedProject:
    """The project of the published release. Raises NothingPublished."""
    with reader.read() as transaction:
        recorded = transaction.rows(
            "select unique_id, relation, is_view, columns, built_in from meta.models order by unique_id"
        ).rows
        tables = [relation for _, relation, is_view, *_ in recorded if not is_view]
        counted = " union all ".join(
            f"select '{relation}' as relation, count(*) as rows from {_place(relation).sql}"
            for relation in tables
        )
        rows = dict(transaction.rows(counted).rows) if tables else {}
        models = tuple(
            PublishedModel(
                unique_id,
                relation,
                is_view,
                tuple(Column(name, kind) for name, kind in json.loads(columns)),
                built_in,
                rows.get(relation),
            )
            for unique_id, relation, is_view, columns, built_in in recorded
        )
        checks = dict(transaction.rows("select unique_id, fingerprint from meta.checks").rows)
        release = transaction.release
        return PublishedProject(release.release_id, release.project_hash, models, checks)


def published_columns(reader: Reader, unique_id: str) -> tuple[Column, ...]:
    """The columns of one model as it is published; none where it is not. Raises NothingPublished."""
    with reader.read() as transaction:
        found = transaction.rows("select columns from meta.models where unique_id = ?", [unique_id]).rows
    return tuple(Column(name, kind) for (listed,) in found for name, kind in json.loads(listed))


def _place(relation: str) -> TableRef:
    schema, _, name = relation.partition(".")
    return TableRef(schema, name)
