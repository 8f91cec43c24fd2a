from __future__ import annotations

import re
from pathlib import Path

import pytest

from amalimart.access.audit_record import Outcome
from amalimart.access.principal import Role
from amalimart.api.dashboards.definition import Dashboard
from amalimart.api.dashboards.library import load_dashboards
from amalimart.api.dashboards.state import RANGE_LABELS
from amalimart.api.language import Language, preferred
from amalimart.api.payouts.bridge import StepName
from amalimart.control.saved_questions import Sharing
from amalimart.core.calendar import Grain
from amalimart.core.question_files import FileEnd, RunOutcome
from amalimart.core.recurrence import Cadence
from amalimart.observe.metrics import CACHE
from amalimart.web.assets import STATIC
from amalimart.web.wording import wording

TEMPLATES = STATIC.parent / "templates"
SCRIPTS = sorted(STATIC.rglob("*.js"))
PLACES = re.compile(r"\{(\w+)\}")
# Names of the platform that look like words.
NO_TEXT = {"Accept", "Backspace", "Delete", "Enter", "Escape", "Tab", "Content-Type", "POST"}


def test_both_languages_have_the_same_keys_with_the_same_places() -> None:
    english, french = wording(Language.ENGLISH).texts, wording(Language.FRENCH).texts
    assert list(english) == list(french)
    differing = [
        key for key in english if set(PLACES.findall(english[key])) != set(PLACES.findall(french[key]))
    ]
    assert differing == []
    assert [key for key, text in french.items() if not text.strip()] == []


def test_french_is_french() -> None:
    """Words that are the same in both languages are few; a copied catalogue would be found."""
    english, french = wording(Language.ENGLISH).texts, wording(Language.FRENCH).texts
    same = [key for key in english if english[key] == french[key]]
    assert len(same) < len(english) / 6


@pytest.mark.parametrize("path", sorted(TEMPLATES.glob("*.html")), ids=lambda path: path.name)
def test_no_template_carries_a_text_of_its_own(path: Path) -> None:
    template = path.read_text(encoding="utf-8")
    source = re.sub(r"\{% block (body_class|early) %\}.*?\{% endblock %\}", "", template)
    text = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", "", source, flags=re.DOTALL)
    shown = re.sub(r"<script.*?</script>|<svg.*?</svg>|<!doctype html>", "", text, flags=re.DOTALL)
    spoken = re.findall(r'(?:aria-label|title|placeholder|alt|content)="([^"]*[a-z]{3}[^"]*)"', shown)
    assert [
        each for each in spoken if each not in {"width=device-width, initial-scale=1", "light dark"}
    ] == []
    assert re.findall(r"[A-Za-z]{2,}[^<>]*", re.sub(r"<[^>]*>", "", shown)) == []


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.relative_to(STATIC).as_posix())
def test_no_script_carries_a_text_of_its_own(path: Path) -> None:
    code = re.sub(r"^\s*//.*$|\s//\s.*$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    code = re.sub(r"console\.\w+\(.*", "", code)
    literals = [found[1] for found in re.findall(r"([\"`])((?:\\.|(?!\1).)*)\1", code)]
    plain = [re.sub(r"\$\{[^}]*\}", "", each).strip() for each in literals]
    looks_like_text = re.compile(r"[A-Z][a-z]+(?:$|[ .:,])|[a-z]+ [a-z]+ [a-z]+$")
    assert [each for each in plain if looks_like_text.match(each) and each not in NO_TEXT] == []


def test_every_key_that_a_page_asks_for_is_there() -> None:
    known = wording(Language.ENGLISH).texts
    asked = set()
    for path in [*SCRIPTS, *TEMPLATES.glob("*.html")]:
        text = path.read_text(encoding="utf-8")
        asked |= set(re.findall(r"\bt\(\s*[\"']([a-z_]+\.[a-z_.]+)[\"']\s*[,)]", text))
        asked |= {f"{key}.one" for key in re.findall(r"\bcounted\(\s*\"([a-z_.]+)\"", text)}
    assert len(asked) > 150
    assert asked - set(known) == set()


SAID_OF_VALUES = {
    "usage.kept_": CACHE.values,
    "usage.ended.": [each.value for each in Outcome if each is not Outcome.ANSWERED],
    "schedule.outcome.": list(RunOutcome),
    "schedule.file.": [*FileEnd, "gone", "other_rights"],
    "schedule.every_": list(Cadence),
    "explore.sharing_": list(Sharing),
    "door.": ["web", "api", "cli", "schedule"],
    "role.": list(Role),
    "grain.": list(Grain),
    "payouts.step.": [each.value for each in StepName],
}
"""Where a page puts a word together of a value that the interface tells, every such value."""


@pytest.mark.parametrize("beginning", SAID_OF_VALUES)
def test_every_value_that_a_page_tells_has_its_word(beginning: str) -> None:
    known = wording(Language.ENGLISH).texts
    lacking = [str(value) for value in SAID_OF_VALUES[beginning] if f"{beginning}{value}" not in known]
    assert SAID_OF_VALUES[beginning]
    assert lacking == []


def texts_of(dashboard: Dashboard) -> set[str]:
    """Every text of a dashboard that a reader sees, found in its plain form."""
    found: set[str] = set()

    def walk(node: object, key: str = "") -> None:
        if isinstance(node, dict):
            for name, value in node.items():
                if name == "labels" and isinstance(value, dict):
                    found.update(value.values())
                else:
                    walk(value, name)
        elif isinstance(node, list | tuple):
            for each in node:
                walk(each, key)
        elif isinstance(node, str) and key in {"title", "description", "because", "label"}:
            found.add(node)

    walk(dashboard.model_dump())
    return found


def test_every_text_of_the_packaged_dashboards_is_there_in_french() -> None:
    library = load_dashboards()
    french = library.texts["fr"]
    wanted = set(RANGE_LABELS.values()).union(*(texts_of(each) for each in library.dashboards.values()))
    assert wanted - set(french) == set()


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("fr-FR,fr;q=0.9,en;q=0.8", "fr"),
        ("en;q=0.3, fr;q=0.4", "fr"),
        ("de, fr;q=0.1", "fr"),
        ("fr;q=0, en", "en"),
        ("fr;q=much", "en"),
        ("zz" * 5000, "en"),
    ],
)
def test_the_browser_says_the_language(accepted: str, language: str) -> None:
    assert preferred(accepted).value == language
