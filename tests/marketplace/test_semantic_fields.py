"""What the semantic layer reads is there: each dataset's columns in its gold table, each of its type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amalimart.semantic.loading import PACKAGED, load_model
from amalimart.semantic.shapes import FieldType

if TYPE_CHECKING:
    from tests.marketplace.conftest import ModelBench

NUMBERS = ("TINYINT", "INTEGER", "BIGINT", "HUGEINT", "DOUBLE", "DECIMAL")
KINDS = {
    FieldType.DATE: ("DATE",),
    FieldType.BOOLEAN: ("BOOLEAN",),
    FieldType.INTEGER: NUMBERS,
    FieldType.DECIMAL: NUMBERS,
    FieldType.MONEY: ("DECIMAL",),
}


def test_every_column_of_a_dataset_is_in_its_table(bench: ModelBench) -> None:
    datasets = load_model([PACKAGED]).datasets.values()
    assert len(datasets) > 10
    for dataset in datasets:
        assert bench.rows(str(dataset.table)) == []
        kinds = {
            column: kind.partition("(")[0] for column, kind, *_ in bench.execute(f"describe {dataset.table}")
        }
        wrong = [
            (field.name, kinds.get(field.name))
            for field in dataset.fields.values()
            if kinds.get(field.name) not in KINDS.get(field.type, ("VARCHAR",))
        ]
        assert wrong == [], dataset.name
