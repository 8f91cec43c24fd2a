"""Reading policies: YAML, one file per role, the project's own after the packaged ones.

A policy file of a later folder replaces the whole policy of the same role, so that what a role may
see is always read in one place. That names exist in the semantic model is checked by that room.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from amalimart.access.policy import Policies, Policy
from amalimart.access.policy_shapes import DatasetShape, NarrowerShape, PeersShape, PolicyShape
from amalimart.access.principal import Role
from amalimart.access.rules import AllRows, DataClass, Mask, PeerRule, RowsThrough, ScanRule
from amalimart.config.strict_yaml import YamlDocument, read_yaml, read_yaml_text
from amalimart.core.errors import ConfigError
from amalimart.core.names import nearest

__all__ = ["BrokenPolicy", "Policies", "Policy", "ReadPolicies", "load_policies", "read_policies"]

_ROLE_LINE = re.compile(r"^role\s*:\s*[\"']?([a-z_][a-z0-9_]{0,62})[\"']?\s*(?:#.*)?$", re.MULTILINE)

Masks = Mapping[str, Mapping[str, Mask]]


@dataclass(frozen=True, slots=True)
class BrokenPolicy:
    """A file that cannot be read, the roles that it speaks of, and why. Without roles it may be of any."""

    path: Path
    roles: frozenset[Role]
    error: ConfigError


@dataclass(frozen=True, slots=True)
class ReadPolicies:
    """What can be read, the roles of broken files closed; and what cannot."""

    policies: Policies
    broken: tuple[BrokenPolicy, ...]


@dataclass(frozen=True, slots=True)
class _Narrower:
    """A narrower copy, before what it is a copy of is known."""

    shape: NarrowerShape
    document: YamlDocument
    replaced: Policy | None


def load_policies(folders: Sequence[Path]) -> Policies:
    """Read `*.yml` of every folder; later folders replace roles of earlier ones.

    Raises ConfigError for the first file that is wrong, or a role given twice in one folder.
    """
    read = read_policies(folders)
    for broken in read.broken:
        raise broken.error
    return read.policies


def read_policies(folders: Sequence[Path]) -> ReadPolicies:
    """The same, but that a file that is wrong closes the roles that it speaks of, and no others.

    Of which role a file speaks that cannot even be parsed is told by its line `role:` and by its name. Where
    neither tells, every role is closed but that of the admin.
    """
    reading = _Reading()
    for folder in folders:
        reading.folder(folder)
    return reading.ended()


class _Reading:
    """Files one after the other, then the narrower copies, as soon as what they are of is known."""

    def __init__(self) -> None:
        self._whole: dict[Role, Policy] = {}
        self._narrower: dict[Role, _Narrower] = {}
        self._broken: list[BrokenPolicy] = []

    def folder(self, folder: Path) -> None:
        here: dict[Role, Path] = {}
        for path in sorted(folder.glob("*.yml")):
            try:
                self._file(path, here)
            except ConfigError as error:
                self._broken.append(BrokenPolicy(path, _spoken_of(path), error))

    def _file(self, path: Path, here: dict[Role, Path]) -> None:
        document = read_yaml(path)
        shape = _shape_of(document)
        role = shape.role
        if not role.is_packaged and path.stem != role.value:
            raise ConfigError(
                f"the role {role.value} is not one of the product's, and its file is not named after it",
                where=document.where("role"),
                expected=f"{role.value}.yml for a role of your own, or one of {', '.join(Role)}",
                nearest=nearest(role.value, [*Role, path.stem]),
                next_step="correct the name of the role or of the file",
            )
        if role in here:
            raise ConfigError(
                f"the role {role.value} has two policies",
                where=document.where("role"),
                expected=f"one, and {here[role]} is there already",
                next_step="remove one of the two files",
            )
        here[role] = path
        replaced = self._whole.pop(role, None)
        if isinstance(shape, NarrowerShape):
            self._narrower[role] = _Narrower(shape, document, replaced)
        else:
            self._narrower.pop(role, None)
            self._whole[role] = _policy(shape, document)

    def ended(self) -> ReadPolicies:
        while self._narrower:
            self._complete(next(iter(self._narrower)), ())
        closed = {role for broken in self._broken for role in broken.roles}
        if any(not broken.roles for broken in self._broken):
            closed |= {*Role, *self._whole} - {Role.ADMIN}
        closed |= {
            role for role, policy in self._whole.items() if any(each.role in closed for each in policy.line)
        }
        return ReadPolicies(Policies(self._whole.values(), closed), tuple(self._broken))

    def _complete(self, role: Role, waiting: tuple[Role, ...]) -> None:
        """Make the policy of a narrower copy, and first that of which it is one."""
        copy = self._narrower.pop(role)
        of = copy.shape.extends
        if of in self._narrower and of is not role:
            self._complete(of, (*waiting, role))
        parent = copy.replaced if of is role else self._whole.get(of)
        try:
            if parent is None:
                raise self._unknown(copy, leads_back=of in (*waiting, role))
            self._whole[role] = _narrowed(parent, copy)
        except ConfigError as error:
            self._broken.append(BrokenPolicy(copy.document.path, frozenset({role}), error))

    def _unknown(self, copy: _Narrower, *, leads_back: bool) -> ConfigError:
        role, of = copy.shape.role.value, copy.shape.extends.value
        known = [each.value for each in self._whole]
        return ConfigError(
            f"the policy of {role} extends {of}, which "
            + ("leads back to itself" if leads_back else "has no policy that can be read"),
            where=copy.document.where("extends"),
            expected=", ".join(known),
            nearest=nearest(of, known),
        )


def _shape_of(document: YamlDocument) -> PolicyShape | NarrowerShape:
    if isinstance(document.data, dict) and "extends" in document.data:
        return document.parse(NarrowerShape)
    return document.parse(PolicyShape)


def _spoken_of(path: Path) -> frozenset[Role]:
    """The roles that a broken file may be of: what its line says, and what its name says."""
    found: set[str] = set()
    with suppress(ConfigError):
        found |= set(_ROLE_LINE.findall(read_yaml_text(path)))
    if path.stem in [*Role]:
        found.add(path.stem)
    return frozenset(map(Role, found))


def _policy(shape: PolicyShape, document: YamlDocument) -> Policy:
    classes, masks = frozenset(shape.classes), shape.masks
    made = Policy(
        shape.role,
        shape.description,
        classes,
        None if shape.datasets is None else _rules(shape.datasets, classes, masks),
        None if shape.metrics is None else frozenset(shape.metrics),
        None if shape.dimensions is None else frozenset(shape.dimensions),
        str(document.path),
        masks,
        _peers(shape.peers),
        where=document.where,
    )
    _refuse_loose_ends(made)
    return made


def _narrowed(parent: Policy, copy: _Narrower) -> Policy:
    """The parent's policy, what is given in its place."""
    shape, given = copy.shape, copy.shape.model_fields_set
    classes = frozenset(shape.classes) if "classes" in given else parent.classes
    masks = {
        name: {**parent.masks.get(name, {}), **shape.masks.get(name, {})}
        for name in (*parent.masks, *(name for name in shape.masks if name not in parent.masks))
    }
    rules = parent.rules
    if "datasets" in given:
        rules = None if shape.datasets is None else _rules(shape.datasets, classes, masks)
    elif rules is not None:
        rules = {
            name: replace(rule, classes=classes, masks=masks.get(name, {})) for name, rule in rules.items()
        }
    place = partial(_without, copy)
    made = Policy(
        shape.role,
        shape.description,
        classes,
        _rest(rules, place("datasets", rules)),
        _names(shape.metrics if "metrics" in given else parent.metrics, place("metrics", parent.metrics)),
        _names(
            shape.dimensions if "dimensions" in given else parent.dimensions,
            place("dimensions", parent.dimensions),
        ),
        str(copy.document.path),
        masks,
        _peers(shape.peers) if "peers" in given else parent.peers,
        parent,
        copy.document.where,
    )
    _refuse_loose_ends(made)
    return made


def _without(copy: _Narrower, kind: str, known: Any) -> frozenset[str]:
    """What is left out of one kind. Raises ConfigError for a name that is not there to be left out."""
    names: tuple[str, ...] = getattr(copy.shape.without, kind)
    for position, name in enumerate(names):
        if known is None:
            raise ConfigError(
                f"all {kind} are permitted by {copy.shape.extends.value}, so none can be left out by name",
                where=copy.document.where("without", kind),
                expected=f"{kind}: with what is permitted",
            )
        if name not in known:
            raise ConfigError(
                f"{copy.shape.extends.value} does not permit {name!r}, so it cannot be left out",
                where=copy.document.where("without", kind, position),
                nearest=nearest(name, known),
            )
    return frozenset(names)


def _names(names: Any, without: frozenset[str]) -> frozenset[str] | None:
    return None if names is None else frozenset(names) - without


def _rest(rules: dict[str, ScanRule] | None, without: frozenset[str]) -> dict[str, ScanRule] | None:
    return None if rules is None else {name: rule for name, rule in rules.items() if name not in without}


def _rules(
    datasets: Mapping[str, DatasetShape], classes: frozenset[DataClass], masks: Masks
) -> dict[str, ScanRule]:
    return {
        name: ScanRule(
            name,
            AllRows() if dataset.rows is None else dataset.rows.rule(),
            None if dataset.columns is None else frozenset(dataset.columns),
            classes,
            masks.get(name, {}),
        )
        for name, dataset in datasets.items()
    }


def _peers(shape: PeersShape | None) -> PeerRule | None:
    return None if shape is None else PeerRule(shape.of, shape.within, frozenset(shape.metrics))


def _refuse_loose_ends(policy: Policy) -> None:
    """A mask needs its dataset; a chain of `through` must end at a dataset with its own rule."""
    rules = policy.rules
    if rules is None:
        return
    for name in policy.masks:
        if name not in rules:
            raise ConfigError(
                f"columns of {name} are masked, which the policy does not let be read",
                where=policy.where("masks", name),
                expected="a dataset of the same policy",
                nearest=nearest(name, rules),
            )
    for name, rule in rules.items():
        seen, rows = {name}, rule.rows
        while isinstance(rows, RowsThrough):
            following = rules.get(rows.dataset)
            if following is None or rows.dataset in seen:
                raise ConfigError(
                    f"the rows of {name} are given through {rows.dataset}, which "
                    + ("leads back to itself" if following else "has no rule here"),
                    where=policy.where("datasets", name),
                    expected="a dataset of the same policy whose rows are all or own",
                )
            seen.add(rows.dataset)
            rows = following.rows
