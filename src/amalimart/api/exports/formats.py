"""Which form an answer is asked in: by the parameter `format`, or by what the request accepts."""

from __future__ import annotations

from enum import StrEnum

from starlette.requests import Request

from amalimart.core.errors import NotAcceptable


class Format(StrEnum):
    """A form in which an answer is given."""

    JSON = "json"
    CSV = "csv"
    XLSX = "xlsx"
    ARROW = "arrow"
    PARQUET = "parquet"

    @property
    def media_type(self) -> str:
        return _MEDIA_TYPES[self]


_MEDIA_TYPES = {
    Format.JSON: "application/json",
    Format.CSV: "text/csv",
    Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Format.ARROW: "application/vnd.apache.arrow.stream",
    Format.PARQUET: "application/vnd.apache.parquet",
}
PACKED = tuple(_MEDIA_TYPES[each] for each in (Format.XLSX, Format.PARQUET))
"""Media types that are compressed by themselves."""


def format_of(request: Request, named: Format | None) -> Format:
    """The form that is asked for; JSON where nothing is. Raises NotAcceptable."""
    if named is not None:
        return named
    accepted = request.headers.get("accept")
    if accepted is None:
        return Format.JSON
    scored = {each: _quality(accepted, each.media_type) for each in Format}
    best = max(scored, key=lambda each: scored[each])
    if scored[best] <= 0:
        raise NotAcceptable(
            "An answer is given in none of the forms that the request accepts.",
            where="Accept",
            expected=", ".join(_MEDIA_TYPES.values()),
            next_step="ask for one of them, or add format=csv",
        )
    return best


def _quality(accepted: str, media_type: str) -> float:
    """How much an Accept header wants a media type, by its most specific range (RFC 9110, 12.5.1)."""
    best = (-1, 0.0)
    for part in accepted.split(","):
        wanted, *parameters = (piece.strip().lower() for piece in part.split(";"))
        if wanted not in {media_type, f"{media_type.partition('/')[0]}/*", "*/*"}:
            continue
        specificity = 0 if wanted == "*/*" else 1 if wanted.endswith("/*") else 2
        best = max(best, (specificity, _weight(parameters)))
    return best[1]


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return min(1.0, max(0.0, float(value)))
            except ValueError:
                return 0.0
    return 1.0
