"""How much memory there is, as the machine and its container tell it."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from amalimart.core import memory
from amalimart.core.memory import free_memory_bytes, memory_bytes

GIB = 1024**3


@pytest.fixture
def container(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which a container would tell of itself; it tells nothing yet."""
    monkeypatch.setattr(memory, "CONTAINER", tmp_path)
    return tmp_path


def tell(container: Path, **files: str) -> None:
    for name, text in files.items():
        (container / f"memory.{name}").write_text(text)


def test_without_a_container_it_is_the_machines(container: Path) -> None:
    assert not list(container.iterdir())
    assert memory_bytes() == psutil.virtual_memory().total
    free = free_memory_bytes()
    assert free is not None
    assert abs(free - psutil.virtual_memory().available) < GIB // 2  # others ask for memory meanwhile


@pytest.mark.parametrize(("told", "most"), [(f"{GIB}\n", GIB), ("max\n", None), (f"{2**60}\n", None)])
def test_a_containers_limit_counts_where_it_is_the_lower(
    container: Path, told: str, most: int | None
) -> None:
    tell(container, max=told)
    assert memory_bytes() == (most or psutil.virtual_memory().total)


def test_what_a_container_can_still_have(container: Path) -> None:
    """Its limit without what it uses; what the kernel keeps of files, and gives back at once, is free."""
    stat = f"anon 1\nfile {GIB // 2}\ninactive_file {GIB // 4}\nactive_file {GIB // 4}\n"
    tell(container, max=f"{GIB}\n", current=f"{GIB // 2}\n", stat=stat)
    assert free_memory_bytes() == GIB - GIB // 2 + GIB // 4
    tell(container, current=f"{2 * GIB}\n")
    assert free_memory_bytes() == 0


@pytest.mark.parametrize("stat", ["", "anon 1\n", "inactive_file many\n"])
def test_what_a_container_tells_in_another_way_is_passed_over(container: Path, stat: str) -> None:
    tell(container, max="1\n", current="0\n", stat=stat)
    assert (free_memory_bytes() or 0) > 1


def test_a_system_that_tells_nothing_of_what_is_free(
    container: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "MACHINE", container / "nothing")
    assert free_memory_bytes() is None
