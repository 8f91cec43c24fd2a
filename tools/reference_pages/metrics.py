"""metrics.md: every metric with its names, definition, grain, additivity and what it needs of a source."""

from __future__ import annotations

from amalimart.semantic.defined import Metric, Needs
from amalimart.semantic.model import SemanticModel
from tools.reference_pages.markdown import code, codes, count, page, section, table, text
from tools.reference_pages.semantic_content import grains, grouping_words, packaged_model

_INTRO = """
Every metric by subject area. **Rows** names the [datasets](dimensions.md#datasets) whose rows it counts, each
at its own grain. **Adds up** says whether the values of groups may be added to a total; a ratio never does.
**Usual grouping** is the one the catalogue proposes. How a metric is defined and planned is told in
[semantic.md](../semantic.md); `amalimart metrics list` shows the ones you may ask.
"""


def metrics_page() -> str:
    """The page."""
    model = packaged_model()
    parts = []
    for subject, label in model.subjects.items():
        metrics = [metric for metric in model.metrics.values() if metric.subject == subject]
        rows = [_row(model, metric) for metric in metrics]
        headings = ["Metric", "Name", "Unit", "Rows", "Adds up", "Usual grouping", "Definition"]
        owners = sorted({metric.owner for metric in metrics})
        parts.append(
            section(
                f"{label.en}",
                f"{label.fr} · {count(len(metrics), 'metric')} · owned by {', '.join(owners)}",
                table(headings, rows),
            )
        )
    return page("Metrics", _INTRO, *parts, _aliases(model), _needs_section(model))


def _row(model: SemanticModel, metric: Metric) -> list[str]:
    also = f"<br>also {codes(metric.aliases)}" if metric.aliases else ""
    definition = text(metric.description)
    if metric.period is not None:
        definition += f" Over its own period: {metric.period.value.replace('_', ' ')}."
    return [
        f'<a id="{metric.name}"></a>{code(metric.name)}{also}',
        f"{text(metric.label.en)}<br>{text(metric.label.fr)}",
        metric.unit.value,
        codes(grains(model, metric)),
        _adds_up(metric),
        grouping_words(metric.default),
        definition,
    ]


def _adds_up(metric: Metric) -> str:
    if metric.non_additive is None:
        return "never"
    if metric.non_additive:
        return f"not over {codes(sorted(metric.non_additive))}"
    return "yes"


def _aliases(model: SemanticModel) -> str:
    rows = [
        [
            code(alias),
            f"[`{metric.name}`](#{metric.name})",
            grouping_words(grouping) if grouping != metric.default else "",
        ]
        for metric in model.metrics.values()
        for alias, grouping in metric.aliases.items()
    ]
    return section(
        "Other names",
        "An alias answers as its metric. One with a grouping answers in it when the question asks for none.",
        table(["Name", "Metric", "Answers by"], sorted(rows)),
    )


def _needs_section(model: SemanticModel) -> str:
    rows = [
        [f"[`{metric.name}`](#{metric.name})", "<br>".join(_need_words(needs))]
        for metric in model.metrics.values()
        if (needs := needs_of(model, metric))
    ]
    return section(
        "What each needs of a source",
        "Canonical columns that a mapping must fill, and the value of an enum where one is needed. Without "
        "one of them the answer is the error `not_available`, never 0.",
        table(["Metric", "Needs"], rows),
    )


def needs_of(model: SemanticModel, metric: Metric) -> Needs:
    """All that a source must provide for a value: of the metric, its datasets, fields and conditions."""
    found: list[Needs] = [metric.needs]
    for leaf in metric.leaves:
        measure = leaf.measure
        columns = [(measure.dataset, measure.field)]
        columns += [(each.column.dataset, each.column.field) for each in measure.where]
        for dataset, field in columns:
            found += [model.datasets[dataset].needs, model.field(dataset, field).needs]
    return tuple(dict.fromkeys(group for needs in found for group in needs))


def _need_words(needs: Needs) -> list[str]:
    return [" or ".join(code(need) for need in group) for group in needs]
