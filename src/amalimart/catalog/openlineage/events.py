"""Values to events of OpenLineage, made of the client's own classes. Sends nothing.

Three kinds of job: `release`, one run a release; `checks`, its child, which reads the tables that were
checked; and one a model, a child of the release that took up a project, with the lineage of its columns.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime

import attr
from openlineage.client.generated import (
    column_lineage_dataset,
    data_quality_assertions_dataset,
    error_message_run,
    job_type_job,
    output_statistics_output_dataset,
    ownership_dataset,
    parent_run,
    processing_engine_run,
    schema_dataset,
)
from openlineage.client.generated.base import (
    DatasetFacet,
    EventType,
    InputDataset,
    InputDatasetFacet,
    Job,
    JobFacet,
    OutputDataset,
    Run,
    RunEvent,
    RunFacet,
    set_producer,
)

from amalimart import __version__
from amalimart.catalog.openlineage.values import (
    Assertion,
    BuildRun,
    BuiltRelease,
    ColumnOf,
    Dataset,
    DescribedModel,
    Written,
)

PRODUCER = f"urn:amalimart:analytics:{__version__}"
RELEASE_FACET = "amalimart_release"
RELEASE_FACET_SCHEMA = "urn:amalimart:openlineage:ReleaseRunFacet:1-0-0"
RELEASE_JOB = "release"
CHECKS_JOB = "release.checks"
set_producer(PRODUCER)  # the client's facets have no other way to be told


@attr.define
class ReleaseRunFacet(RunFacet):
    """Which release a run is of. docs/lineage.md describes it."""

    projectHash: str  # noqa: N815 - names of OpenLineage
    releaseId: int | None = None  # noqa: N815
    freshAsOf: str | None = None  # noqa: N815

    @staticmethod
    def _get_schema() -> str:
        return RELEASE_FACET_SCHEMA


class Events:
    """Makes the events of one project, whose jobs are in `namespace`; `inputs` are the tables it reads."""

    def __init__(self, namespace: str, inputs: Iterable[Dataset]) -> None:
        self._namespace = namespace
        self._inputs = tuple(sorted(inputs))

    def started(self, run: BuildRun) -> RunEvent:
        """There is something to build."""
        return self._of_release(EventType.START, run, run.started_at)

    def completed(self, run: BuildRun, release: BuiltRelease) -> RunEvent:
        """It was published."""
        return self._of_release(EventType.COMPLETE, run, release.published_at, release)

    def failed(self, run: BuildRun, at: datetime, message: str) -> RunEvent:
        """Everything was rolled back. The message may hold no value of a row."""
        told = error_message_run.ErrorMessageRunFacet(message=message, programmingLanguage="PYTHON")
        return self._of_release(EventType.FAIL, run, at, None, {"errorMessage": told})

    def aborted(self, run: BuildRun, at: datetime) -> RunEvent:
        """Somebody stopped it; everything was rolled back."""
        return self._of_release(EventType.ABORT, run, at)

    def checks(self, run: BuildRun, release: BuiltRelease) -> list[RunEvent]:
        """The checks that ran in a release; nothing where none did."""
        checked = release.checked or {}
        if not checked:
            return []
        inputs = [
            InputDataset(
                dataset.namespace, dataset.name, inputFacets={"dataQualityAssertions": _assertions(told)}
            )
            for dataset, told in sorted(checked.items())
        ]
        return self._child(CHECKS_JOB, "CHECKS", run, release, inputs, [])

    def models(
        self, run: BuildRun, release: BuiltRelease, models: Iterable[DescribedModel]
    ) -> list[RunEvent]:
        """Every model of the project that a release took up."""
        rows = {written.dataset: written.rows for written in release.written}
        events = []
        for model in models:
            facets: dict[str, DatasetFacet] = {"schema": _schema(model), "columnLineage": _lineage(model)}
            if model.owner is not None:
                facets["ownership"] = _ownership(model.owner)
            output = _output(Written(model.dataset, rows.get(model.dataset)), facets)
            inputs = [InputDataset(each.namespace, each.name) for each in model.inputs]
            events += self._child(f"model.{model.dataset.name}", "MODEL", run, release, inputs, [output])
        return events

    def _of_release(
        self,
        kind: EventType,
        run: BuildRun,
        at: datetime,
        release: BuiltRelease | None = None,
        facets: Mapping[str, RunFacet] | None = None,
    ) -> RunEvent:
        written = release.written if release is not None else ()
        return RunEvent(
            eventTime=at.isoformat(),
            eventType=kind,
            producer=PRODUCER,
            run=Run(run.run_id, facets={**_run_facets(run, release), **(facets or {})}),
            job=self._job(RELEASE_JOB, "RELEASE"),
            inputs=[InputDataset(each.namespace, each.name) for each in self._inputs],
            outputs=[_output(each, {}) for each in written],
        )

    def _child(
        self,
        name: str,
        kind: str,
        run: BuildRun,
        release: BuiltRelease,
        inputs: list[InputDataset],
        outputs: list[OutputDataset],
    ) -> list[RunEvent]:
        parent = parent_run.ParentRunFacet(
            run=parent_run.Run(runId=run.run_id),
            job=parent_run.Job(namespace=self._namespace, name=RELEASE_JOB),
        )
        own = Run(str(uuid.uuid4()), facets={**_run_facets(run, release), "parent": parent})
        job = self._job(name, kind)
        return [
            RunEvent(
                eventTime=at.isoformat(),
                eventType=event,
                producer=PRODUCER,
                run=own,
                job=job,
                inputs=inputs if event is EventType.COMPLETE else [],
                outputs=outputs if event is EventType.COMPLETE else [],
            )
            for event, at in (
                (EventType.START, run.started_at),
                (EventType.COMPLETE, release.published_at),
            )
        ]

    def _job(self, name: str, kind: str) -> Job:
        facets: dict[str, JobFacet] = {
            "jobType": job_type_job.JobTypeJobFacet(
                processingType="BATCH", integration="AMALIMART", jobType=kind
            )
        }
        return Job(self._namespace, name, facets=facets)


def _run_facets(run: BuildRun, release: BuiltRelease | None) -> dict[str, RunFacet]:
    fresh = release.fresh_as_of if release is not None else None
    return {
        RELEASE_FACET: ReleaseRunFacet(
            projectHash=run.project_hash,
            releaseId=release.release_id if release is not None else None,
            freshAsOf=fresh.isoformat() if fresh is not None else None,
        ),
        "processing_engine": processing_engine_run.ProcessingEngineRunFacet(
            version=__version__, name="Amalimart"
        ),
    }


def _output(written: Written, facets: dict[str, DatasetFacet]) -> OutputDataset:
    output = OutputDataset(written.dataset.namespace, written.dataset.name, facets=facets)
    if written.rows is not None:
        statistics = output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(
            rowCount=written.rows
        )
        output.outputFacets = {"outputStatistics": statistics}
    return output


def _assertions(told: tuple[Assertion, ...]) -> InputDatasetFacet:
    return data_quality_assertions_dataset.DataQualityAssertionsDatasetFacet(
        assertions=[
            data_quality_assertions_dataset.Assertion(
                assertion=each.check,
                success=each.failing_rows == 0,
                column=each.column,
                severity="error" if each.is_error else "warn",
                expected="0 rows",
                actual=f"{each.failing_rows} {'rows' if each.is_whole else 'of the rows that changed'}",
                params=None,
            )
            for each in told
        ]
    )


def _schema(model: DescribedModel) -> DatasetFacet:
    fields = schema_dataset.SchemaDatasetFacetFields
    return schema_dataset.SchemaDatasetFacet(
        fields=[
            fields(name=name, type=kind, ordinal_position=number, fields=None)
            for number, (name, kind) in enumerate(model.columns, start=1)
        ]
    )


def _lineage(model: DescribedModel) -> DatasetFacet:
    return column_lineage_dataset.ColumnLineageDatasetFacet(
        fields={
            column: column_lineage_dataset.Fields(inputFields=[_field(each, None) for each in reads])
            for column, reads in model.made_of.items()
        },
        dataset=[_field(each, "INDIRECT") for each in model.decided_by],
    )


def _field(column: ColumnOf, kind: str | None) -> column_lineage_dataset.InputField:
    how = [column_lineage_dataset.Transformation(type=kind)] if kind else None
    return column_lineage_dataset.InputField(
        namespace=column.dataset.namespace,
        name=column.dataset.name,
        field=column.name,
        transformations=how,
    )


def _ownership(owner: str) -> DatasetFacet:
    return ownership_dataset.OwnershipDatasetFacet(
        owners=[ownership_dataset.Owner(name=f"team:{owner}", type="OWNER")]
    )
