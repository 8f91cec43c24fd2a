"""policies.md: what each role may see, in plain words, from the policy files."""

from __future__ import annotations

from collections.abc import Iterable

from amalimart.access.policies import Policy
from amalimart.access.rules import AllRows, DataClass, OwnIds, OwnRows, RowRule, RowsThrough, ScanRule
from amalimart.semantic.model import SemanticModel
from tools.reference_pages.markdown import code, codes, page, section, table, text
from tools.reference_pages.semantic_content import packaged_model, packaged_policies

_INTRO = """
One policy a role, one file a policy; a role without one sees nothing. A policy limits four things, and a
question must pass all of them: the rows and columns of each dataset, the classes of columns (`public`,
`internal`, `personal`), the metrics, and the dimensions. How they are enforced is told in
[access.md](../access.md).
"""
_OWN = {
    OwnIds.VENDOR: "the vendors of the account",
    OwnIds.DELIVERY_PARTNER: "the delivery partners of the account",
}


def policies_page() -> str:
    """The page."""
    model = packaged_model()
    return page("Policies", _INTRO, *(_policy(policy, model) for policy in packaged_policies()))


def _policy(policy: Policy, model: SemanticModel) -> str:
    withheld = [each.value for each in DataClass if each not in policy.classes]
    rows = [
        ["Rows", "only its own" if policy.is_scoped else "all that its datasets hold"],
        ["Column classes", codes(each.value for each in DataClass if each in policy.classes)
         + (f"; never {codes(withheld)}" if withheld else "")],
        ["Datasets", "all" if policy.rules is None else codes(policy.rules)],
        ["Metrics", _named(policy.metrics, model.metrics)],
        ["Dimensions", _named(policy.dimensions, model.dimensions)],
        ["Shown masked", codes(f"{name}.{column}" for name in policy.masks for column in policy.masks[name])
         or "nothing"],
        ["Told of others alike", _peers(policy, model)],
        ["SQL on the receipt", "no" if policy.is_scoped else "yes"],
    ]  # fmt: skip
    return section(
        policy.role.value,
        text(policy.description),
        table(["", "May see"], rows),
        _datasets(policy.rules, model) if policy.rules is not None else "",
    )


def _peers(policy: Policy, model: SemanticModel) -> str:
    peers = policy.peers
    if peers is None:
        return "nothing"
    within = f"{code(peers.of)} within {code(peers.within)} and month"
    return f"how {_named(peers.metrics, model.metrics)} are spread by {within}"


def _named(permitted: frozenset[str] | None, order: Iterable[str]) -> str:
    if permitted is None:
        return "all"
    return codes(name for name in order if name in permitted)


def _datasets(rules: dict[str, ScanRule], model: SemanticModel) -> str:
    rows = []
    for name, rule in rules.items():
        fields = model.datasets[name].fields.values()
        hidden = [field.name for field in fields if not rule.allows(field.name, field.data_class)]
        rows.append([code(name), _rows(rule.rows), codes(hidden) or "none"])
    return table(["Dataset", "Rows", "Columns withheld"], rows)


def _rows(rule: RowRule) -> str:
    match rule:
        case AllRows():
            return "all"
        case OwnRows(column, ids):
            return f"whose {code(column)} is one of {_OWN[ids]}"
        case RowsThrough(dataset, column):
            return f"whose {code(column)} is among the {code(dataset)} it may see"
