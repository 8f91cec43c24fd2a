"""The words in which a formula is told, in each language of the product."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from amalimart.semantic.shapes import Aggregate, Over, Period

Language = Literal["en", "fr"]


@dataclass(frozen=True, slots=True)
class Phrases:
    """Phrases of one language. `{field}`, `{entity}` and the like are names of columns and datasets.

    within     where rows are, and `where` and `both` which of them count
    same_date  by which date, if not by the usual one
    """

    aggregates: Mapping[Aggregate, str]
    over: Mapping[Over, str]
    periods: Mapping[Period, str]
    operators: Mapping[str, str]
    within: str
    where: str
    both: str
    by: str
    previous: str
    whatever: str
    there: str
    period_start: str
    otherwise: str


PHRASES: Mapping[Language, Phrases] = {
    "en": Phrases(
        aggregates={
            Aggregate.SUM: "sum of {field}",
            Aggregate.COUNT: "number of {field}",
            Aggregate.COUNT_DISTINCT: "number of distinct {field}",
            Aggregate.AVG: "mean of {field}",
            Aggregate.MIN: "least {field}",
            Aggregate.MAX: "greatest {field}",
            Aggregate.SPAN: "days from the first to the last {field}",
        },
        over={
            Over.COUNT: "number of {entity} whose {value} is",
            Over.SUM: "sum over {entity} of the {value}",
            Over.AVG: "mean over {entity} of the {value}",
            Over.MIN: "least over {entity} of the {value}",
            Over.MAX: "greatest over {entity} of the {value}",
            Over.MEDIAN: "median over {entity} of the {value}",
            Over.P90: "90th percentile over {entity} of the {value}",
        },
        periods={
            Period.YEAR_TO_DATE: "from the first day of the year to today",
            Period.QUARTER_TO_DATE: "from the first day of the quarter to today",
            Period.CURRENT_MONTH: "from the first of the month to today",
            Period.LAST_30_DAYS: "from 29 days ago to today",
        },
        operators={},
        within="in {dataset}",
        where="where {conditions}",
        both=" and ",
        by="by {date}",
        previous="in the period before",
        whatever="whatever the {dimensions}",
        there="{value} there",
        period_start="the first day of the period",
        otherwise="else",
    ),
    "fr": Phrases(
        aggregates={
            Aggregate.SUM: "somme de {field}",
            Aggregate.COUNT: "nombre de {field}",
            Aggregate.COUNT_DISTINCT: "nombre de {field} différents",
            Aggregate.AVG: "moyenne de {field}",
            Aggregate.MIN: "minimum de {field}",
            Aggregate.MAX: "maximum de {field}",
            Aggregate.SPAN: "jours entre le premier et le dernier {field}",
        },
        over={
            Over.COUNT: "nombre de {entity} avec {value}",
            Over.SUM: "somme, sur les {entity}, de : {value}",
            Over.AVG: "moyenne, sur les {entity}, de : {value}",
            Over.MIN: "minimum, sur les {entity}, de : {value}",
            Over.MAX: "maximum, sur les {entity}, de : {value}",
            Over.MEDIAN: "médiane, sur les {entity}, de : {value}",
            Over.P90: "90e centile, sur les {entity}, de : {value}",
        },
        periods={
            Period.YEAR_TO_DATE: "du premier jour de l'année à aujourd'hui",
            Period.QUARTER_TO_DATE: "du premier jour du trimestre à aujourd'hui",
            Period.CURRENT_MONTH: "du premier du mois à aujourd'hui",
            Period.LAST_30_DAYS: "sur les 30 derniers jours, aujourd'hui compris",
        },
        operators={"in": "parmi", "not in": "hors de"},
        within="dans {dataset}",
        where="où {conditions}",
        both=" et ",
        by="selon {date}",
        previous="sur la période précédente",
        whatever="quels que soient : {dimensions}",
        there="{value}",
        period_start="le premier jour de la période",
        otherwise="sinon",
    ),
}
