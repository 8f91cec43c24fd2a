"""Governance of one project: the report, the access review and its sign-off, approvals and what lacks one."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, closing

from amalimart import __version__
from amalimart.access.policies import Policies, load_policies
from amalimart.catalog.lineage import Lineage
from amalimart.config.project import Project
from amalimart.control.deciding import Decider
from amalimart.control.store import ControlStore, open_control_store
from amalimart.core.approvals import Approval, KeptReview, SignOff
from amalimart.core.clock import Clock
from amalimart.core.errors import RequestError
from amalimart.core.fiscal import Calendar
from amalimart.core.models import PublishedProject
from amalimart.governance.access_review import AccessReview, access_review
from amalimart.governance.declaration import Declaration, load_declaration
from amalimart.governance.definitions import (
    Definition,
    Judged,
    find_definition,
    judged,
    metric_definitions,
    model_definitions,
)
from amalimart.governance.model_files import model_files
from amalimart.governance.personal_flow import PersonalFlow, unmarked_personal_columns
from amalimart.governance.report import GovernanceReport, governance_report
from amalimart.governance.retention import retention
from amalimart.mapping.entities import load_entities
from amalimart.mapping.source_mapping import SourceMapping
from amalimart.orchestrate.lineage.tracing import published_lineage
from amalimart.orchestrate.project.mapping_files import load_mappings
from amalimart.orchestrate.project.policy_files import PACKAGED_POLICIES
from amalimart.orchestrate.releases.published_graph import published_graph
from amalimart.semantic.loading import PACKAGED, load_model
from amalimart.semantic.model import SemanticModel
from amalimart.warehouse.graph import CompiledGraph


class Governance:
    """What the commands ask. Every call reads the project's files anew and opens the control database."""

    def __init__(self, project: Project, clock: Clock) -> None:
        self._project = project
        self._clock = clock

    def report(self) -> GovernanceReport:
        """The report of what is declared. Raises ConfigError for a wrong file."""
        semantic = self._semantic()
        models = model_files(self._project.overlay("models"))
        return governance_report(
            self._declaration(semantic),
            models,
            semantic,
            self._policies(),
            load_mappings(self._project),
            retention(self._project.settings),
            self._judged(semantic),
        )

    def personal_flow(self, published: PublishedProject) -> tuple[PersonalFlow, ...]:
        """Published columns that carry personal values and are not classified so.

        Raises WarehouseError where what is published is not known any more, ConfigError for a wrong file.
        """
        lineage = published_lineage(self._project, self._clock, published, {})
        return self.planned_personal_flow(lineage, published_graph(self._project, published))

    def planned_personal_flow(self, lineage: Lineage, graph: CompiledGraph) -> tuple[PersonalFlow, ...]:
        """The same of any compiled project, with the lineage of its columns. Raises ConfigError."""
        return unmarked_personal_columns(
            lineage,
            personal_columns(load_mappings(self._project)),
            {f"{model.table}.{column}" for model in graph.models for column in model.personal},
            self._declaration(self._semantic()).not_personal,
        )

    def changes(self) -> list[Judged]:
        """Models and metrics whose definition, as it is, nobody approved. Raises ConfigError."""
        return [each for each in self._judged(self._semantic()) if not each.is_approved]

    def approve(self, names: Sequence[str], decider: Decider, reason: str) -> tuple[Approval, ...]:
        """Approve models and metrics as they are now, all of them or none.

        Raises NotFound for an unknown name, RequestError for what needs no approval, or without a reason.
        """
        definitions = self._definitions(self._semantic())
        found = [find_definition(definitions, name) for name in dict.fromkeys(names)]
        for each in found:
            if each.hash == each.packaged:
                raise RequestError(
                    f"the {each.kind} {each.name} is the packaged one, which its release approved",
                    expected="a model or metric that the project changed or added",
                    next_step="amalimart governance changes lists those that lack an approval",
                )
        with self._control() as control:
            return tuple(
                control.governance.approve(
                    each.kind.value, each.name, each.hash, __version__, decider, reason
                )
                for each in found
            )

    def review(self) -> AccessReview:
        """Who may see what, as of now. Raises ConfigError for a wrong file."""
        with self._control() as control:
            users, keys = control.users.uses(), control.api_keys.list()
        return access_review(users, self._policies(), self._semantic(), self._clock.now(), keys)

    def kept_reviews(self) -> tuple[KeptReview, ...]:
        """The reviews that were made by themselves, the newest first."""
        with self._control() as control:
            return control.access_reviews.list()

    def kept_review(self, number: int) -> KeptReview:
        """One of them. Raises NotFound."""
        with self._control() as control:
            return control.access_reviews.get(number)

    def sign_offs(self) -> tuple[SignOff, ...]:
        """The sign-offs of access reviews, the oldest first."""
        with self._control() as control:
            return control.governance.sign_offs()

    def sign_off(self, decider: Decider, reason: str, report_hash: str | None) -> SignOff:
        """Sign off the access review as it is now.

        Raises RequestError where `report_hash` is of another one, or without a reason.
        """
        review = self.review()
        if report_hash is not None and report_hash != review.report_hash:
            raise RequestError(
                "access has changed since that review",
                where=report_hash,
                expected=review.report_hash,
                next_step="amalimart governance access-review, then sign that one off",
            )
        with self._control() as control:
            return control.governance.sign_off(review.report_hash, len(review.users), decider, reason)

    def _judged(self, semantic: SemanticModel) -> list[Judged]:
        with self._control() as control:
            return judged(self._definitions(semantic), control.governance.approvals())

    def _definitions(self, semantic: SemanticModel) -> list[Definition]:
        return [*model_definitions(self._project.overlay("models")), *metric_definitions(semantic)]

    def _declaration(self, semantic: SemanticModel) -> Declaration:
        tables = [model.table for model in model_files(self._project.overlay("models")).values()]
        return load_declaration(self._project.home, tables, semantic.metrics)

    def _semantic(self) -> SemanticModel:
        calendar = Calendar(self._project.settings.fiscal_year_start_month)
        return load_model([PACKAGED, self._project.overlay("metrics")], calendar)

    def _policies(self) -> Policies:
        return load_policies([PACKAGED_POLICIES, self._project.overlay("policies")])

    def _control(self) -> AbstractContextManager[ControlStore]:
        return closing(open_control_store(self._project.control_database, self._clock))


def personal_columns(mappings: dict[str, SourceMapping]) -> set[str]:
    """`source.table.column` of everything that an entity calls personal."""
    entities = load_entities()
    return {
        f"{source}.{table}.{column}"
        for source, mapping in mappings.items()
        for part in mapping.parts
        for canonical, table, column in part.origins()
        if entities[part.entity].columns[canonical].sensitivity == "personal"
    }
