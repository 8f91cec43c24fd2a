"""What every test may use: the sample of the AmaliMart source, where it lies beside the project."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.real_browser import browser

__all__ = ["browser"]

ROOT = Path(__file__).parent.parent
SAMPLE_VARIABLE = "AMALIMART_SAMPLE"

# No test is timed: on a busy machine an example may take a hundred times as long as on a quiet one.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Collect without looking for garbage, and never look through what was collected again.

    Thousands of tests are half a million objects that live to the end: looking through them costs a fifth
    of the collection, and then a second or so whenever all is looked through. What compiled projects and
    answers leave is as much again: it is looked through after ten thousand objects, not after 700.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()
        gc.set_threshold(10_000)


@pytest.fixture(scope="session")
def amalimart_sample() -> Path:
    """The folder of sample CSV files; without it the test is skipped, loudly."""
    folder = Path(os.environ.get(SAMPLE_VARIABLE, ROOT.parent / "shared" / "amalimart"))
    if not (folder / "orders.csv").is_file():
        pytest.skip(f"no AmaliMart sample at {folder}; set {SAMPLE_VARIABLE} to its folder to run this test")
    return folder


@pytest.fixture(scope="session", autouse=True)
def compiled_once(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[Path]:
    """Projects of one test run share what dbt made of them: most hold the same models."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "compiled-by-dbt"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AMALIMART_COMPILED", str(folder))
        yield folder


@pytest.fixture(autouse=True)
def no_project_of_the_developer(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test may find the project folder of whoever runs it."""
    monkeypatch.delenv("AMALIMART_HOME", raising=False)
