"""Whatever happens to a shop, a release built step by step equals one built at once from the same lake."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings

from amalimart.mapping.source_mapping import load_mapping
from tests.warehouse.bazaar import EVERYTHING, MAPPING, PLAIN, STEPS, Bazaar, Row
from tests.warehouse.relations import contents


def hold(everything: dict[str, list[Row]], steps: list[tuple[str, Any]]) -> None:
    folder = Path(tempfile.mkdtemp(prefix="bazaar-"))
    mapping_file = folder / "bazaar.yml"
    mapping_file.write_text(MAPPING)
    bazaar = Bazaar(folder, load_mapping(mapping_file))
    try:
        bazaar.start(everything)
        bazaar.publish()
        for operation, given_rows in steps:
            bazaar.step(operation, given_rows)
        bazaar.publish()
        step_by_step, at_once = contents(bazaar.hot_file), bazaar.built_at_once()
        assert step_by_step.keys() == at_once.keys()
        assert len(at_once) > 60
        different = {name for name in at_once if step_by_step[name] != at_once[name]}
        assert {name: (step_by_step[name], at_once[name]) for name in different} == {}
    finally:
        bazaar.hot_file.close()
        shutil.rmtree(folder)


@pytest.mark.slow
@settings(max_examples=2, suppress_health_check=PLAIN, derandomize=True, phases=[Phase.generate])
@given(everything=EVERYTHING, steps=STEPS)
def test_step_by_step_equals_at_once(everything: dict[str, list[Row]], steps: list[tuple[str, Any]]) -> None:
    hold(everything, steps)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@settings(max_examples=int(os.environ.get("AMALIMART_EXAMPLES", "6")), suppress_health_check=PLAIN)
@given(everything=EVERYTHING, steps=STEPS)
def test_step_by_step_equals_at_once_in_many_ways(
    everything: dict[str, list[Row]], steps: list[tuple[str, Any]]
) -> None:
    hold(everything, steps)
