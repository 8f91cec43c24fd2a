"""The policies of a project as its files stand now, whatever is wrong with some of them.

A file that cannot be read, or names what is not there, closes the roles that it speaks of until it is mended:
it may have been meant to take something away, so neither what it replaces nor what held before may stand in
for it. The other roles go on.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path

import amalimart
from amalimart.access.policies import BrokenPolicy, Policies, Policy, ReadPolicies, read_policies
from amalimart.access.principal import Role
from amalimart.access.rules import Mask
from amalimart.access.signing_secrets import checked_secret, key_for, new_secret
from amalimart.config.project import Project
from amalimart.config.secret_reference import SECRET_REFERENCE
from amalimart.config.secrets import secrets_file, write_secret
from amalimart.config.watched_files import Stamp, WatchedFiles, stamp_of
from amalimart.core.errors import ConfigError
from amalimart.core.fiscal import Calendar
from amalimart.core.incidents import IncidentKind, Trouble
from amalimart.core.names import nearest
from amalimart.core.quality import Severity
from amalimart.semantic.loading import PACKAGED, load_model
from amalimart.semantic.model import SemanticModel
from amalimart.semantic.policy_check import check_policy

PACKAGED_POLICIES = Path(amalimart.__file__).parent / "marketplace" / "policies"
MASK_KEY = "MASK_KEY"

_log = logging.getLogger(__name__)


class PolicyFiles:
    """Reads the policies of one project and holds them against its metrics."""

    def __init__(self, project: Project, model: SemanticModel) -> None:
        self._project = project
        self._model = model
        self._folder = project.overlay("policies")

    @classmethod
    def of(cls, project: Project) -> PolicyFiles:
        """Those of a project whose metrics nobody has read yet. Raises ConfigError for a wrong one."""
        calendar = Calendar(project.settings.fiscal_year_start_month)
        return cls(project, load_model([PACKAGED, project.overlay("metrics")], calendar))

    def read(self) -> ReadPolicies:
        """What holds, and what is wrong. Raises ConfigError for a weak key of masks."""
        found = read_policies([PACKAGED_POLICIES, self._folder])
        policies, broken = found.policies, list(found.broken)
        for policy in list(policies):
            try:
                check_policy(self._model, policies, policy)
            except ConfigError as error:
                path = Path(policy.source)
                closed = frozenset(
                    each.role for each in policies if policy.role in {line.role for line in each.line}
                )
                broken.append(BrokenPolicy(path, closed, error))
        policies = policies.closing(role for each in broken for role in each.roles)
        if any(_masks_by_hash(policy) for policy in policies):
            policies = policies.keyed(mask_key(self._project))
        return ReadPolicies(policies, tuple(broken))

    def stamp(self) -> Stamp:
        """Another one as soon as a file was written, added or removed."""
        return stamp_of(self._folder)


def known_role(project: Project, name: str, *, of_person: bool = False) -> Role:
    """The role of a name, one of the product's or of the project's own.

    Raises ConfigError for another, and for one of programs where a person is meant.
    """
    known = {role.value: role for role in policies_of(project).roles}
    if of_person:
        del known[Role.SERVICE.value]
    if name not in known:
        raise ConfigError(
            f"there is no role {name[:80]!r}" + (" for a person" if of_person else ""),
            expected=", ".join(known),
            nearest=nearest(name[:80], known),
            next_step="choose one of these, or add its policy to policies/",
        )
    return known[name]


def policies_of(project: Project) -> Policies:
    """The policies of a project as its files stand, unheld against its metrics; broken ones closed."""
    return read_policies([PACKAGED_POLICIES, project.overlay("policies")]).policies


def broken_policies(project: Project) -> tuple[str, ...]:
    """What is wrong with the files of policies, in sentences; nothing where the metrics cannot be read."""
    try:
        return tuple(map(broken_in_words, PolicyFiles.of(project).read().broken))
    except ConfigError:
        return ()


class PolicyKeeper:
    """The policies in force: those of the files at the moment when somebody asks."""

    def __init__(self, files: PolicyFiles) -> None:
        """Raises ConfigError where a file is wrong: nothing is begun under policies that are in doubt."""
        self._files = files
        self._watched = WatchedFiles(files.stamp, self._read)
        for each in self._watched.current().broken:
            raise each.error

    def current(self) -> Policies:
        """The policies in force."""
        return self._watched.current().policies

    def broken(self) -> tuple[BrokenPolicy, ...]:
        """The files that are wrong at the moment."""
        return self._watched.current().broken

    def notes(self) -> tuple[str, ...]:
        """The same in sentences, for those who run the house."""
        return tuple(map(broken_in_words, self.broken()))

    def troubles(self) -> Iterable[Trouble]:
        """The same for those who watch; an error may quote the file, so it is not told of."""
        for each in self.broken():
            yield Trouble(
                key=f"policy_broken:{each.path.name}",
                kind=IncidentKind.POLICY_BROKEN,
                severity=Severity.ERROR,
                title=f"The policy file {each.path.name} cannot be read",
                details=f"Until it is mended, nothing is shown to: {roles_in_words(each)}.",
                where=f"policies/{each.path.name}",
                next_step="amalimart doctor",
            )

    def _read(self) -> ReadPolicies:
        found = self._files.read()
        _log.info("policies read", extra={"roles": len(found.policies.roles)})
        for each in found.broken:
            _log.error("policy file not read", extra={"error": each.error.as_dict()})
        return found


def roles_in_words(broken: BrokenPolicy) -> str:
    """The roles that a broken file closes."""
    return ", ".join(sorted(role.value for role in broken.roles)) or "every role but admin"


def broken_in_words(broken: BrokenPolicy) -> str:
    """What is wrong with a file, where, and whom it keeps out."""
    error = broken.error
    near = f"; nearest: {error.nearest}" if error.nearest else ""
    kept_out = f"until it is mended, nothing is shown to: {roles_in_words(broken)}"
    return f"policy file: {error.what} ({error.where or broken.path}{near}); {kept_out}"


def _masks_by_hash(policy: Policy) -> bool:
    return any(mask is Mask.HASH for masks in policy.masks.values() for mask in masks.values())


def mask_key(project: Project) -> str:
    """What masks by hash are made with; made where there is none. Raises ConfigError for a weak one."""
    if not project.has_secret(MASK_KEY):
        write_secret(project.home, MASK_KEY, new_secret())
    secret = project.secret(f"{SECRET_REFERENCE}{MASK_KEY}", str(secrets_file(project.home)))
    return key_for(checked_secret(secret, MASK_KEY), "masks 1").hex()
