"""docs/governance.md: who answers for what, who sees it and how long it is kept, as it is declared."""

from __future__ import annotations

from amalimart.access.policies import load_policies
from amalimart.config.project import Settings
from amalimart.governance.declaration import load_declaration
from amalimart.governance.definitions import judged, metric_definitions, model_definitions
from amalimart.governance.model_files import model_files
from amalimart.governance.report import GovernanceReport, TableEntry, governance_report
from amalimart.governance.retention import retention
from amalimart.mapping.source_mapping import SOURCES_FOLDER, load_mapping
from amalimart.semantic.loading import load_model
from tools.reference_pages.markdown import code, codes, page, section, table, text
from tools.reference_pages.semantic_content import MARKETPLACE

_INTRO = """
What the package declares; `amalimart governance report` tells the same of a project, with what it changes
and what is amiss. Owners and stewards are teams and roles. The owner of a table stands in the header of its
model, that of a metric beside its definition; an area of
[governance.yml](../src/amalimart/marketplace/governance.yml) holds some owners and names their steward. A
project's own `governance.yml` replaces areas by name, and single tables and metrics. Reviews and approvals
are told in [operations](operations.md#access-review).
"""
_CLASSES = """
A column is `public`, `internal` (unless said), `personal` or `secret`. Secret columns are never landed.
A role reads a personal column only if its [policy](reference/policies.md) says so, or if a dataset opens it
to be counted by, which has to be declared with a reason. In the rows that a failing check shows, personal
columns are masked for everybody. A column that is made of personal ones is personal, too: a test follows
their values from the sources to gold. Exceptions say why, in `governance.yml`.
"""
_RETENTION = """
"Nothing" is meant: what is kept for ever is removed by nobody, and whoever must delete earlier does it by
hand. Deleting a row in the source takes it out of every table at the next release, and leaves it in bronze
until a new snapshot replaces its files and `history_days` have passed. A person leaves all of it by
[`amalimart privacy erase`](privacy.md).
"""


def governance_page() -> str:
    """The page."""
    told = declared_report()
    areas = load_declaration(None).areas
    return page(
        "Governance",
        _INTRO,
        section(
            "Areas",
            table(
                ["Area", "What it is", "Owners", "Steward"],
                [
                    [name, text(area.about), ", ".join(area.owners), area.steward]
                    for name, area in areas.items()
                ],
            ),
        ),
        section(
            "Tables",
            "Owner and steward of each, and how many of its columns are internal.",
            table(
                ["Table", "Owner", "Steward", "Grain", "Internal columns"], [_table(e) for e in told.tables]
            ),
        ),
        section("Classes of columns", _CLASSES, _columns(told)),
        section(
            "Metrics",
            "`packaged` says that the definition stands on the release of the product.",
            table(
                ["Metric", "Owner", "Steward", "Certified", "Roles that may ask"],
                [
                    [
                        code(entry.metric),
                        entry.responsible.owner or "",
                        entry.responsible.steward or "",
                        entry.standing,
                        ", ".join(entry.seen_by),
                    ]
                    for entry in told.metrics
                ],
            ),
        ),
        section(
            "Retention",
            _RETENTION,
            table(
                ["Layer", "What", "Kept", "Setting", "Removed by"],
                [
                    [
                        each.layer,
                        text(each.what),
                        each.kept,
                        code(each.declared) if each.declared else "",
                        each.enforced_by or "nothing",
                    ]
                    for each in told.retention
                ],
            ),
        ),
    )


def declared_report() -> GovernanceReport:
    """The report of the package alone."""
    semantic = load_model([MARKETPLACE / "semantic"])
    models = model_files(None)
    nowhere = MARKETPLACE / "models"  # a project without models of its own
    return governance_report(
        load_declaration(None, [model.table for model in models.values()], semantic.metrics),
        models,
        semantic,
        load_policies([MARKETPLACE / "policies"]),
        {path.stem: load_mapping(path) for path in sorted(SOURCES_FOLDER.glob("*.yml"))},
        retention(Settings()),
        judged([*model_definitions(nowhere), *metric_definitions(semantic)], ()),
    )


def _table(entry: TableEntry) -> list[str]:
    return [
        code(entry.table),
        entry.responsible.owner or "",
        entry.responsible.steward or "",
        text(entry.grain or ""),
        str(entry.internal_columns),
    ]


def _columns(told: GovernanceReport) -> str:
    rows = [
        [
            code(f"{entry.table}.{column.name}"),
            column.data_class,
            ", ".join(column.seen_by) or "nobody",
            f"{', '.join(column.opened_to)}: {text(column.because)}" if column.opened_to else "",
        ]
        for entry in told.tables
        for column in entry.columns
    ]
    secret = [[f"`{each.source}`", code(each.table), codes(each.columns)] for each in told.secrets]
    reasons = [[code(name), text(why)] for name, why in load_declaration(None).not_personal.items()]
    return "\n\n".join(
        [
            table(["Column", "Class", "Roles whose questions may read it", "Opened to, and why"], rows),
            table(["Mapping", "Table", "Secret columns"], secret),
            table(["Made of personal columns, and not personal", "Because it"], reasons),
        ]
    )
