"""What pages written by hand claim is held against the repository: links, commands, targets, tests."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from amalimart.cli.application import application

_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"!?\[(?:[^\]]*)\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
_ANCHOR = re.compile(r'<a id="([^"]+)">')
_TARGET = re.compile(r"^([a-z][a-z-]*):", re.MULTILINE)
_MAKE = re.compile(r"^make ((?:[a-z][a-z-]*\s?)+)")
_TEST = re.compile(r"`(test_\w+)`")
_WRITTEN_BY_US = re.compile(r"(?:^|\s)(?:\.venv/bin/)?(amalimart\s.*)$")


def anchors_of(text: str) -> set[str]:
    """The anchors of a page, as the usual renderers make them from headings."""
    found: set[str] = set(_ANCHOR.findall(text))
    for heading in _HEADING.findall(_FENCE.sub("", text)):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower().replace("`", "").strip()
        slug = "".join(c for c in words.replace(" ", "-") if c.isalnum() or c in "-_")
        number, unique = 0, slug
        while unique in found:
            number += 1
            unique = f"{slug}-{number}"
        found.add(unique)
    return found


def broken_links(document: Path) -> list[str]:
    """Relative links of a page that lead to no file or no heading."""
    text = document.read_text(encoding="utf-8")
    prose = _INLINE.sub(lambda code: code[0] if "](" not in code[0] else "", _FENCE.sub("", text))
    broken = []
    for link in _LINK.findall(prose):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        if not target.exists() or (anchor and anchor not in anchors_of(target.read_text(encoding="utf-8"))):
            broken.append(link)
    return broken


def code_lines(text: str) -> Iterator[str]:
    """Every line of a shell block, continued lines joined, and every piece of inline code."""
    for language, block in _FENCED.findall(text):
        if language in {"", "sh", "bash", "shell", "console"}:
            yield from block.replace("\\\n", " ").splitlines()
    yield from _INLINE.findall(_FENCE.sub("", text))


def shown_commands(text: str) -> Iterator[str]:
    """Command lines that call amalimart, also behind a pipe or a path of the virtual environment."""
    for line in code_lines(text):
        found = _WRITTEN_BY_US.search(line.partition(" #")[0].rpartition("| ")[2].strip())
        if found and not line.strip().startswith(("├", "└", "amalimart [", "class ", "import ")):
            yield found[1]


def parsing_trouble(line: str) -> str | None:
    """Why a command line would be refused as usage, or None. Nothing is run."""
    arguments = shlex.split(line)[1:]
    command: click.Command = application
    context = click.Context(command)
    while isinstance(command, click.Group):
        if not arguments or arguments[0] in {"--help", "-h", "--version"}:
            return None
        child = command.get_command(context, arguments[0])
        if child is None:
            return f"no command {arguments[0]!r}"
        command, context, arguments = child, click.Context(child, parent=context), arguments[1:]
    if not arguments or arguments == ["--help"]:
        return None  # the bare name of a command
    try:
        command.make_context("documented", list(arguments), resilient_parsing=False)
    except click.exceptions.Exit:
        return None
    except click.UsageError as error:
        return error.format_message()
    return None


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
        for link in _LINK.findall(page.read_text(encoding="utf-8"))
        if not re.match(r"[a-z]+:", link)
    }
    pages = [page for page in documents if (root / "docs") in page.parents and page.name != "README.md"]
    assert [page.name for page in pages if page.resolve() not in linked] == []


def test_decisions_are_numbered_and_complete(root: Path) -> None:
    records = sorted((root / "docs" / "adr").glob("0*.md"))
    assert [path.name[:4] for path in records] == [f"{n:04d}" for n in range(1, len(records) + 1)]
    for path in records:
        headings = _HEADING.findall(path.read_text(encoding="utf-8"))
        assert headings[0].startswith(path.name[:4])
        assert headings[1:] == ["Context", "Decision", "Consequences"]


def test_commands_are_found_where_they_are_shown(root: Path) -> None:
    """The tests above would pass on any page if the commands on it were overlooked."""
    shown = list(shown_commands((root / "docs" / "getting-started.md").read_text(encoding="utf-8")))
    assert "amalimart metrics list" in shown
    assert "amalimart source add shop --kind postgres --mapping myshop --url-from-stdin" in shown
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
