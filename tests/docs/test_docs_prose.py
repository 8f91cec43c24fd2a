"""What pages written by hand claim is held against the repository: links, commands, targets, tests."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.document_reading import (
    HEADING,
    LINK,
    broken_links,
    code_lines,
    parsing_trouble,
    shown_commands,
)

_TARGET = re.compile(r"^([a-z][a-z-]*):", re.MULTILINE)
_MAKE = re.compile(r"^make ((?:[a-z][a-z-]*\s?)+)")
_TEST = re.compile(r"`(test_\w+)`")


def test_every_relative_link_leads_somewhere(document: Path) -> None:
    assert broken_links(document) == []


def test_every_command_shown_would_be_understood(document: Path) -> None:
    shown = list(shown_commands(document.read_text(encoding="utf-8")))
    if "reference" in document.parts:
        shown = [line for line in shown if "[OPTIONS]" not in line]
    troubles = {line: trouble for line in shown if (trouble := parsing_trouble(line))}
    assert troubles == {}


def test_every_make_target_shown_exists(document: Path, root: Path) -> None:
    targets = set(_TARGET.findall((root / "Makefile").read_text(encoding="utf-8")))
    shown = [
        target
        for line in code_lines(document.read_text(encoding="utf-8"))
        if (found := _MAKE.match(line.strip()))
        for target in found[1].split()
    ]
    assert [target for target in shown if target not in targets] == []


def test_every_test_named_exists(document: Path, root: Path) -> None:
    named = set(_TEST.findall(document.read_text(encoding="utf-8")))
    if not named:
        return
    sources = "\n".join(path.read_text(encoding="utf-8") for path in (root / "tests").rglob("test_*.py"))
    assert {name for name in named if f"def {name}(" not in sources} == set()


def test_no_page_holds_what_belongs_to_one_machine_or_is_unfinished(document: Path, root: Path) -> None:
    text = document.read_text(encoding="utf-8")
    unwanted = [
        "TODO",
        "FIXME",
        "/simple/",
        "index-url",
        "pythonhosted",
        "/root/",
        "/home/",
        str(root.parent) + "/",
    ]
    assert [word for word in unwanted if word in text] == []


def test_every_page_of_docs_is_reached_from_its_index(documents: list[Path], root: Path) -> None:
    """A page nobody links to is a page nobody reads."""
    linked = {
        (page.parent / link.partition("#")[0]).resolve()
        for page in documents
        for link in LINK.findall(page.read_text(encoding="utf-8"))
        if not re.match(r"[a-z]+:", link)
    }
    pages = [page for page in documents if (root / "docs") in page.parents and page.name != "README.md"]
    assert [page.name for page in pages if page.resolve() not in linked] == []


def test_decisions_are_numbered_and_complete(root: Path) -> None:
    records = sorted((root / "docs" / "adr").glob("0*.md"))
    assert [path.name[:4] for path in records] == [f"{n:04d}" for n in range(1, len(records) + 1)]
    for path in records:
        headings = HEADING.findall(path.read_text(encoding="utf-8"))
        assert headings[0].startswith(path.name[:4])
        assert headings[1:] == ["Context", "Decision", "Consequences"]


def test_commands_are_found_where_they_are_shown(root: Path) -> None:
    """The tests above would pass on any page if the commands on it were overlooked."""
    shown = list(shown_commands((root / "docs" / "getting-started.md").read_text(encoding="utf-8")))
    assert "amalimart metrics list" in shown
    assert "amalimart source add shop --url-from-stdin" in shown
    assert len(shown) > 15


@pytest.mark.parametrize(
    ("line", "trouble"),
    [
        ("amalimart query gmv --by month", None),
        ("amalimart query gmv --bye month", "No such option"),
        ("amalimart querry gmv", "no command"),
        ("amalimart init", None),
        ("amalimart source add shop --kind oracle --mapping x", "oracle"),
        ("amalimart user add someone@example.com", "Missing option"),
    ],
)
def test_a_wrong_command_would_be_noticed(line: str, trouble: str | None) -> None:
    found = parsing_trouble(line)
    assert (found is None) if trouble is None else (found is not None and trouble in found)


def test_a_broken_link_would_be_noticed(tmp_path: Path) -> None:
    (tmp_path / "other.md").write_text("# A title\n\n## Two words\n")
    page = tmp_path / "page.md"
    page.write_text(
        "[a](other.md#two-words) [b](other.md#three) [c](none.md) [d](#here) `[e](code.md)`\n## Here\n"
    )
    assert broken_links(page) == ["other.md#three", "none.md"]
