"""What a mapping compiles to, as plain files to read: golden/<case>/mapping.yml and its models beside it.

After a meant change write them anew by AMALIMART_GOLDEN=write and read the difference.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from amalimart.mapping.source_mapping import load_mapping
from amalimart.warehouse.staging.files import write_staging
from amalimart.warehouse.staging.landed import LandedSource

GOLDEN = Path(__file__).parent / "golden"
CASES = sorted(path.name for path in GOLDEN.iterdir() if path.is_dir())
WHOLE = {"id", "order_no", "line_no", "quantity"}
OWN = {"_op": "varchar", "_batch": "int64", "_sequence": "int64"}


@pytest.mark.parametrize("case", CASES)
def test_a_mapping_compiles_to_the_models_beside_it(case: str, tmp_path: Path) -> None:
    mapping = load_mapping(GOLDEN / case / "mapping.yml")
    tables = {
        table: {column: "int64" if column in WHOLE else "varchar" for column in columns} | OWN
        for table, columns in mapping.landed.items()
    }
    if case == "lookup":
        tables["lines"]["_unchanged"] = "list<item: string>"
    write_staging(tmp_path / "models", tmp_path / "tests", [LandedSource("shop", mapping, tables)], "UTC")
    mapped = {f"stg_{entity}" for entity in mapping.entities}
    written = {
        path.name: path.read_text()
        for path in (tmp_path / "models").glob("*.sql")
        if path.stem in mapped or path.stem.startswith(("rows_", "part_", "rec_"))
    }
    assert len(written) > len(mapped)
    if os.environ.get("AMALIMART_GOLDEN") == "write":
        for old in (GOLDEN / case).glob("*.sql"):
            old.unlink()
        for name, text in written.items():
            (GOLDEN / case / name).write_text(text)
    assert written == {path.name: path.read_text() for path in (GOLDEN / case).glob("*.sql")}


def test_every_case_says_what_it_shows() -> None:
    assert len(CASES) >= 4
    for case in CASES:
        assert (GOLDEN / case / "mapping.yml").read_text().startswith("# "), case
