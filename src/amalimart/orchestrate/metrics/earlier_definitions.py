"""The definitions of before: a project's metrics as they stand in a commit, or in another folder.

Git is asked for the files of one commit and nothing is checked out. What it says of a mistake is passed on.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from amalimart.core.errors import ConfigError, RequestError
from amalimart.core.names import nearest
from amalimart.semantic.definition_files import DefinitionFiles, files_of, kind_of

_SECONDS = 30
_LARGEST_FILE = 1_000_000
_FILE_MODES = frozenset({"100644", "100755"})  # neither links nor submodules


def earlier_definitions(overlay: Path, before: str) -> DefinitionFiles:
    """The files of a project's metrics folder at a git ref, or of a folder, which wins if there is one.

    A folder is another project, or a folder of metrics. Raises RequestError where it is neither, or git
    knows nothing of it; ConfigError for an unreadable file.
    """
    folder = Path(before)
    if before and folder.is_dir():
        own = folder / overlay.name
        return files_of(own if (folder / "amalimart.yml").is_file() else folder)
    return _at_commit(overlay, before)


def _at_commit(overlay: Path, ref: str) -> DefinitionFiles:
    home = overlay.parent
    if shutil.which("git") is None:
        raise RequestError("git is not installed", next_step="give a folder instead of a ref")
    if not _git(home, "rev-parse", "--is-inside-work-tree"):
        raise RequestError(
            f"the project is in no git repository, and {ref} is no folder",
            where=str(home),
            expected="a git ref of the project's repository, or a folder",
            next_step="git init, or give the folder of an earlier copy",
        )
    commit = _git(home, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    if commit is None:
        refs = (_git(home, "for-each-ref", "--format=%(refname:short)") or b"").decode().split()
        raise RequestError(
            f"no commit is called {ref!r}",
            where=str(home),
            expected="a branch, tag or commit of the project's repository, or a folder",
            nearest=nearest(ref[:100], refs),
            next_step="git log --oneline shows the commits",
        )
    found = commit.decode().strip()
    texts = {}
    listed = _git(home, "ls-tree", "-r", "-z", "--long", found, "--", overlay.name) or b""
    for line in listed.decode("utf-8", "replace").split("\0"):
        facts, _, path = line.partition("\t")
        inside = path.removeprefix(f"{overlay.name}/")
        if not path or inside == path or kind_of(inside) is None:
            continue
        mode, _, blob, size = facts.split()
        if mode in _FILE_MODES:
            texts[inside] = _text(home, blob, int(size), f"{ref}:{path}")
    return DefinitionFiles(f"{ref}:{overlay.name}", texts)


def _text(home: Path, blob: str, size: int, where: str) -> str:
    content = _git(home, "cat-file", "blob", blob) if size <= _LARGEST_FILE else None
    if content is None:
        raise ConfigError(f"the file is larger than {_LARGEST_FILE:,} bytes, or not there", where=where)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"cannot read the file: {error}", where=where) from error


def _git(home: Path, *arguments: str) -> bytes | None:
    """What git prints, or None where it fails. Raises RequestError where it refuses the repository."""
    try:
        ended = subprocess.run(  # noqa: S603 - no shell, and a ref cannot be taken for an option
            ["git", "-C", str(home), *arguments],  # noqa: S607 - the git of whoever runs the command
            capture_output=True,
            check=False,
            timeout=_SECONDS,
        )
    except (subprocess.TimeoutExpired, ValueError) as error:
        raise RequestError(f"git cannot be asked: {error}", where=str(home)) from error
    if ended.returncode == 0:
        return ended.stdout
    said = ended.stderr.decode("utf-8", "replace").strip().splitlines()
    if any("dubious ownership" in line for line in said):
        raise RequestError(said[0], where=str(home), next_step="git config --add safe.directory FOLDER")
    return None
