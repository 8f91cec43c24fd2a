"""A tiny shop over a tiny dbt project, made anew for each test; compiled once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from amalimart.mapping.source_mapping import SourceMapping, load_mapping
from tests.warehouse.tiny_shop import MAPPING, PROJECT_FILES, Shop


@pytest.fixture
def mapping(tmp_path: Path) -> SourceMapping:
    path = tmp_path / "shop.yml"
    path.write_text(MAPPING)
    return load_mapping(path)


@pytest.fixture(scope="session")
def tiny_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dbt")
    for name, text in PROJECT_FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.fixture(scope="session")
def compile_cache(compiled_once: Path) -> Path:
    return compiled_once


@pytest.fixture
def shop(tmp_path: Path, mapping: SourceMapping, tiny_project: Path, compile_cache: Path) -> Iterator[Shop]:
    opened = Shop(tmp_path, mapping, tiny_project, compile_cache)
    yield opened
    opened.hot_file.close()
