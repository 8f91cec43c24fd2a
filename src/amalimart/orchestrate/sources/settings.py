"""The sources in a project's amalimart.yml: one added, one taken out, every other line of the user's kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import yaml

from amalimart.config.project import Project, open_project
from amalimart.config.secrets import forget_secret, write_secret
from amalimart.config.source_settings import SourceSettings
from amalimart.core.errors import ConfigError
from amalimart.core.names import is_identifier, nearest
from amalimart.mapping.source_mapping import find_mapping, load_mapping

_LONGEST = 40


def check_new_name(project: Project, name: str) -> None:
    """Refuse a name that is taken, or cannot be one. Raises ConfigError."""
    if not is_identifier(name) or "__" in name or len(name) > _LONGEST:
        plain = "".join(c if c.isalnum() and c.isascii() else "_" for c in name.lower()).strip("_")
        raise ConfigError(
            f"{name[:60]!r} cannot be the name of a source",
            expected=f"at most {_LONGEST} lower-case letters, digits and single underscores, a letter first",
            nearest=plain[:_LONGEST] if is_identifier(plain) and "__" not in plain else None,
            next_step="choose another name",
        )
    if name in project.settings.sources:
        raise ConfigError(
            f"there is a source named {name!r} already",
            where=str(project.settings_file),
            next_step=f"choose another name, or amalimart source remove {name}",
        )


def known_source(project: Project, name: str) -> SourceSettings:
    """The settings of a source. Raises ConfigError that names the nearest one."""
    settings = project.settings.sources.get(name)
    if settings is None:
        known = project.settings.sources
        raise ConfigError(
            f"this project has no source {name!r}",
            where=str(project.settings_file),
            expected=", ".join(known) or "a source",
            nearest=nearest(name, known),
            next_step="amalimart source list" if known else "amalimart source add NAME URL",
        )
    return settings


def check_tables(project: Project, name: str, tables: Sequence[str]) -> None:
    """Refuse tables that a source's mapping does not land. Raises ConfigError."""
    settings = known_source(project, name)
    landed = load_mapping(find_mapping(settings.mapping, (project.overlay("sources"),))).names
    known = {table for names in landed.values() for table in names}
    for table in tables:
        if table not in known:
            raise ConfigError(
                f"the mapping of {name} does not land a table {table!r}",
                where=settings.mapping,
                expected=", ".join(sorted(known)),
                nearest=nearest(table, known),
                next_step="name one of these, or leave --table out",
            )


def write_source(
    project: Project, name: str, source: SourceSettings, secrets: Mapping[str, str] | None = None
) -> Project:
    """Write a source into amalimart.yml, then its secrets. Raises ConfigError; changes nothing then."""
    check_new_name(project, name)
    before = project.settings_file.read_text(encoding="utf-8")
    entry = source.model_dump(mode="json", exclude_defaults=True)
    by_hand = f"add it by hand:\n{yaml.safe_dump({'sources': {name: entry}}, sort_keys=False)}"
    wanted = {**project.settings.sources, name: source}
    reopened = _rewritten(project, before, _with_source(before, name, entry), wanted, by_hand)
    try:
        for secret, value in (secrets or {}).items():
            write_secret(project.home, secret, value)
    except (ConfigError, OSError):
        project.settings_file.write_text(before, encoding="utf-8")
        raise
    return reopened


def erase_source(project: Project, name: str) -> Project:
    """Take a source out of amalimart.yml, and its secrets where no other source uses them.

    Raises ConfigError; changes nothing then.
    """
    source = known_source(project, name)
    before = project.settings_file.read_text(encoding="utf-8")
    wanted = {other: kept for other, kept in project.settings.sources.items() if other != name}
    by_hand = f"remove `sources.{name}` by hand"
    after = _without_source(before, name)
    reopened = _rewritten(project, before, after if after is not None else before, wanted, by_hand)
    for reference in (source.url, source.credentials):
        used = {kept for other in wanted.values() for kept in (other.url, other.credentials)}
        if reference is not None and reference not in used:
            forget_secret(project.home, reference.removeprefix("secret:"))
    return reopened


def _rewritten(
    project: Project, before: str, after: str, wanted: Mapping[str, SourceSettings], by_hand: str
) -> Project:
    """Replace the file; where it does not then say what is wanted, put back what was there."""
    project.settings_file.write_text(after, encoding="utf-8")
    try:
        reopened = open_project(project.home)
        if dict(reopened.settings.sources) != dict(wanted):
            raise ConfigError(
                "amalimart.yml is written in a way that cannot be changed safely",
                where=str(project.settings_file),
                expected="`sources:` on a line of its own, and each source below it",
                next_step=by_hand,
            )
    except ConfigError:
        project.settings_file.write_text(before, encoding="utf-8")
        raise
    return reopened


def _with_source(text: str, name: str, entry: dict[str, object]) -> str:
    lines = text.splitlines()
    if "sources:" not in lines:
        return text.rstrip("\n") + "\n" + yaml.safe_dump({"sources": {name: entry}}, sort_keys=False)
    at = lines.index("sources:") + 1
    following = next((line for line in lines[at:] if line.strip()), "")
    indent = " " * (len(following) - len(following.lstrip()) or 2)
    block = yaml.safe_dump({name: entry}, sort_keys=False).splitlines()
    return "\n".join([*lines[:at], *(indent + line for line in block), *lines[at:]]) + "\n"


def _without_source(text: str, name: str) -> str | None:
    """The settings without one source's lines; None where they cannot be told from the others'."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    pairs = root.value if isinstance(root, yaml.MappingNode) else []
    found = next(((key, value) for key, value in pairs if key.value == "sources"), None)
    if found is None or not isinstance(found[1], yaml.MappingNode) or found[1].flow_style:
        return None
    key, sources = found
    lines = text.splitlines(keepends=True)
    own, entry = next(pair for pair in sources.value if pair[0].value == name)
    first = key.start_mark.line if len(sources.value) == 1 else own.start_mark.line
    return "".join([*lines[:first], *lines[_last_line(entry) + 1 :]])


def _last_line(node: yaml.Node) -> int:
    """The line of a node's last character; a block's own end is where the next thing begins."""
    if isinstance(node, yaml.MappingNode) and not node.flow_style and node.value:
        return _last_line(node.value[-1][1])
    if isinstance(node, yaml.SequenceNode) and not node.flow_style and node.value:
        return _last_line(node.value[-1])
    is_block_text = isinstance(node, yaml.ScalarNode) and node.style in {"|", ">"}
    return int(node.end_mark.line) - (1 if is_block_text else 0)
