"""api.md: the JSON interface, from the application's own description of itself."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from amalimart.api.addresses import PREFIX
from amalimart.api.app import create_app
from amalimart.api.services import AppServices
from amalimart.core.errors import (
    AmalimartError,
    AuditUnavailable,
    Busy,
    ConfigError,
    Denied,
    DiskFull,
    EngineUnavailable,
    Internal,
    InvalidFilter,
    LastAdmin,
    Masked,
    MixedCurrencies,
    NotAcceptable,
    NotAvailable,
    NotFound,
    NotGroupable,
    NothingPublished,
    NotSignedIn,
    QueryError,
    QueryTooLarge,
    RateLimited,
    RequestError,
    RequestRefused,
    UnknownName,
    UserInvalid,
)
from tools.reference_pages.markdown import code, codes, page, section, summary, table, text

_INTRO = f"""
JSON over HTTP under `{PREFIX}`. A browser is known by the session cookie that `POST /sign-in` sets (form
fields `email` and `password`). Every such request but GET and HEAD must carry an `Origin` header that names
the site, as a page's own requests do. A program shows [a key](../access.md#programs-api-keys) instead, as
`Authorization: Bearer KEY`, and needs neither. The command line uses the same routes through the engine's
local socket and needs no cookie.

Decimals are strings, days and instants are ISO 8601. Every answer carries `X-Request-ID`. Every error is
`{{"error": {{...}}}}` as described in [errors.md](errors.md). `{PREFIX}/openapi.json` is the same description
as OpenAPI.

```
site=http://127.0.0.1:8000
curl -c jar -H "Origin: $site" --data-urlencode "email=$EMAIL" \\
  --data-urlencode "password=$PASSWORD" $site/sign-in
curl -b jar -H "Origin: $site" -H "Content-Type: application/json" \\
  -d '{{"metrics": ["gmv"], "grain": "month"}}' $site{PREFIX}/query
```
"""
_FIELDS = {
    "metrics": "names or aliases, at least one",
    "by": "dimensions or a grain of time to group by",
    "grain": "bucket of time to group by, on each fact's own date",
    "from": "first day; both days or neither",
    "to": "last day",
    "filters": "conditions, all of which hold",
    "having": "conditions on metrics of the question; rows that do not meet them are left out",
    "either": "conditions with the same number: one of them holds",
    "metric": "a metric of the question",
    "value": "a number",
    "order_by": "a metric or dimension of the question; a leading `-` means descending",
    "limit": "rows at most; with totals, of ordinary rows and of each level of totals",
    "today": "the day that this year and this month count from; without it the current business day",
    "compare": "also answer each metric for the preceding range of the same length",
    "compare_with": "the same, with these days: the range before, the same days of last year, or any others",
    "changes": "when comparing: also the difference, and its share of the value before, empty after 0",
    "time": "role of the date to count by, such as `delivered`, instead of each fact's own date",
    "totals": "rows that add up the last groups, each computed from the facts and marked in `totalled`",
    "top": "the best members of a dimension, and one row for all others, marked in `others`",
    "as_of": "the release to answer from: its number or `current`; earlier ones are not kept",
    "count": "how many",
    "fill": "with a grain: give every bucket of the range a row, empty ones too",
    "dimension": "a dimension, or a grain of time",
    "operator": "`in` and `not in` take several values, the others exactly one",
    "values": "as texts, whatever the type",
    "reason": "why",
    "every": (
        "of checks the schedule word of those that are run, all without it and without `check`; "
        "of a question `day`, `week` or `month`"
    ),
    "at": "time of day, `hh:mm`, in the business time zone",
    "weekdays": "with `week`: `monday` to `sunday`",
    "day": "with `month`: 1 to 28, or `last`",
    "format": "`csv` or `xlsx`",
    "language": "of the file, `en` or `fr`; that of the request, without it",
    "paused": "whether its moments pass without a run",
    "check": "the one check that is run",
    "subject": "what the check looked at, as its result says",
    "period": "the period of the result; none for the present",
    "with_children": "whether what reads the model is built anew, too",
    "date_column": "the column of the model that says its day, where the days are given",
    "vendor_ids": "the vendors whose rows are shown",
    "business_ids": "the businesses the rows of whose vendors are shown",
    "delivery_partner_ids": "the delivery partners whose rows are shown",
    "email": "by which somebody signs in",
    "dashboard": "the one that it opens, of those that vendors may open",
    "seconds": "how long it is valid",
    "viewer": "who looks, in the portal's own words, for the audit",
    "filtered": "dimensions with a filter; their values do not matter here",
    "days": "whether the question will have days",
    "name": "to show; of a kept question one line, as people will find it",
    "sharing": "who else may find it, of those who see at least what its owner sees",
    "question": "what is asked",
    "questions": "ids of kept questions, in the order of the board",
    "range": "days that move on, instead of `from` and `to`",
    "chart": "how it is drawn; chosen by its shape, without it",
    "role": "of a user, or as which vendors are shown their rows: `vendor`, or a narrower copy of it",
    "who": "who says so, where that is not who is signed in",
}
_OF_EVERY_ROUTE = (NotSignedIn, RequestRefused, RateLimited, Busy, QueryError, Internal)
_PUBLIC = {"/health"}
_ERRORS: dict[str, tuple[type[AmalimartError], ...]] = {
    "GET /health": (),
    "POST /query": (
        UnknownName, NotGroupable, InvalidFilter, NotAvailable, MixedCurrencies, QueryTooLarge, Denied,
        Masked, NothingPublished, NotAcceptable, DiskFull, AuditUnavailable,
    ),
    "GET /query": (
        UnknownName, NotGroupable, InvalidFilter, NotAvailable, MixedCurrencies, QueryTooLarge, Denied,
        Masked, NothingPublished, NotAcceptable, DiskFull, AuditUnavailable,
    ),
    "POST /compatible": (InvalidFilter,),
    "GET /questions": (InvalidFilter,),
    "POST /questions": (Denied, RequestError),
    "GET /questions/{question_id}": (NotFound,),
    "PUT /questions/{question_id}": (NotFound,),
    "DELETE /questions/{question_id}": (NotFound,),
    "GET /questions/{question_id}/schedule": (NotFound,),
    "PUT /questions/{question_id}/schedule": (NotFound, Denied, RequestError, EngineUnavailable),
    "DELETE /questions/{question_id}/schedule": (NotFound,),
    "POST /questions/{question_id}/schedule/run": (NotFound, EngineUnavailable),
    "GET /questions/{question_id}/schedule/runs/{run_id}/file": (
        NotFound, Denied, EngineUnavailable, AuditUnavailable,
    ),
    "GET /board": (NothingPublished, AuditUnavailable),
    "PUT /board": (NotFound, Denied),
    "GET /metrics": (),
    "GET /metrics/{name}": (UnknownName,),
    "GET /dimensions": (),
    "GET /catalog": (InvalidFilter,),
    "GET /lineage/{name}": (NotFound, Denied, InvalidFilter, NotAvailable, NothingPublished),
    "GET /dimensions/{name}/values": (
        UnknownName, Denied, Masked, InvalidFilter, NothingPublished, AuditUnavailable,
    ),
    "GET /peers/{metric}": (
        Denied, InvalidFilter, NotAvailable, MixedCurrencies, QueryTooLarge, NothingPublished,
        AuditUnavailable,
    ),
    "GET /dashboards": (),
    "GET /dashboards/{name}": (NotFound, InvalidFilter, NothingPublished, AuditUnavailable),
    "GET /dashboards/{name}/tiles/{tile}/receipt": (
        NotFound, InvalidFilter, NotAvailable, NothingPublished, AuditUnavailable,
    ),
    "GET /work": (Denied, NothingPublished, AuditUnavailable),
    "GET /orders/{order_id}/timeline": (Denied, NotFound, NothingPublished, AuditUnavailable),
    "GET /dashboards/{name}/orders": (
        NotFound, InvalidFilter, Denied, NotAvailable, NothingPublished, AuditUnavailable,
    ),
    "GET /scorecards": (),
    "GET /scorecards/{name}": (NotFound, InvalidFilter, NothingPublished, AuditUnavailable),
    "GET /payouts": (Denied, NotAvailable, NothingPublished, AuditUnavailable),
    "GET /payouts/{payout_id}": (Denied, NotFound, NotAvailable, NothingPublished, AuditUnavailable),
    "GET /glossary": (NothingPublished,),
    "GET /lineage/{name}/graph": (NotFound, Denied, NotAvailable, NothingPublished),
    "GET /metrics/{name}/lineage": (UnknownName, NotAvailable, NothingPublished),
    "POST /embed-tokens": (Denied, NotFound, AuditUnavailable),
    "GET /status": (),
    "GET /status/detail": (Denied, EngineUnavailable),
    "GET /status/start": (Denied, EngineUnavailable),
    "GET /usage": (Denied, EngineUnavailable),
    "GET /schedules": (Denied, EngineUnavailable),
    "GET /schedules/runs": (Denied, NotFound, EngineUnavailable),
    "GET /schedules/questions": (Denied, InvalidFilter),
    "POST /schedules/{job}/run": (Denied, NotFound, RequestError, EngineUnavailable),
    "GET /releases/latest": (NothingPublished,),
    "GET /releases": (),
    "GET /releases/{release_id}": (NotFound,),
    "GET /releases/difference": (NotFound, Denied),
    "GET /releases/blocked": (Denied,),
    "GET /releases/blocked/{number}": (NotFound, Denied),
    "GET /releases/accepted": (Denied,),
    "POST /releases/blocked/{number}/accept": (NotFound, RequestError, Denied),
    "POST /releases/blocked/{number}/revoke": (NotFound, RequestError, Denied),
    "GET /models": (Denied, NotFound, NothingPublished),
    "POST /models/{name}/rebuild": (
        UnknownName, InvalidFilter, NotAvailable, Denied, NotFound, NothingPublished,
    ),
    "GET /rollups": (Denied, NotFound, NothingPublished),
    "GET /rollups/advice": (Denied, NotFound, NothingPublished),
    "GET /quality": (Denied, NotFound),
    "POST /quality/run": (NotFound, ConfigError, Denied, NothingPublished),
    "GET /quality/{check}/history": (NotFound, Denied),
    "POST /quality/{check}/acknowledge": (NotFound, RequestError, Denied),
    "GET /quality/profile/{table}": (UnknownName, Denied, NotFound, NothingPublished),
    "GET /incidents": (Denied, NotFound),
    "GET /incidents/{number}": (Denied, NotFound),
    "POST /incidents/{number}/acknowledge": (Denied, NotFound, RequestError),
    "GET /users": (Denied, InvalidFilter),
    "POST /users": (Denied, UserInvalid),
    "GET /users/{user_id}": (Denied, NotFound),
    "POST /users/{user_id}/edit": (Denied, NotFound, UserInvalid, LastAdmin),
    "POST /users/{user_id}/disable": (Denied, NotFound, LastAdmin),
    "POST /users/{user_id}/enable": (Denied, NotFound),
    "POST /users/{user_id}/sign-out": (Denied, NotFound),
    "POST /users/{user_id}/password": (Denied, NotFound),
    "POST /users/{user_id}/unlink": (Denied, NotFound),
    "GET /policies": (Denied,),
    "GET /openapi.json": (),
}  # fmt: skip


def api_page() -> str:
    """The page. Raises ValueError where a route has no errors listed here, or is no longer there."""
    document = described_interface()
    routes = {
        f"{method.upper()} {path.removeprefix(PREFIX)}": spec
        for path, methods in document["paths"].items()
        for method, spec in methods.items()
    }
    if set(routes) != set(_ERRORS):
        raise ValueError(f"the errors of routes need care: {sorted(set(routes) ^ set(_ERRORS))}")
    overview = table(
        ["Route", "What it answers"],
        [[f"[`{name}`](#{_anchor(name)})", text(_summary(spec))] for name, spec in routes.items()],
    )
    return page(
        "API",
        _INTRO,
        overview,
        section("Errors of every route", _error_table(_OF_EVERY_ROUTE)),
        *(_route(name, spec, document) for name, spec in routes.items()),
    )


def described_interface() -> dict[str, Any]:
    """The OpenAPI document of the application; describing it calls no service."""
    services = SimpleNamespace(
        settings=SimpleNamespace(marketplace_name="Amalimart", allowed_hosts=()), control=None, embed=None
    )
    return create_app(cast(AppServices, services)).openapi()


def _route(name: str, spec: dict[str, Any], document: dict[str, Any]) -> str:
    needs = "Needs no session." if name.split()[1] in _PUBLIC else ""
    described = "\n\n".join(text(part) for part in spec["description"].split("\n\n"))
    schemas = document["components"]["schemas"]
    parameters = [_parameter(each, schemas) for each in spec.get("parameters", ())]
    return section(
        name,
        described,
        needs,
        table(["Parameter", "In", "Type", "Given"], parameters) if parameters else "",
        _body(spec, document),
        _error_table(_ERRORS[name]) if _ERRORS[name] else "",
    )


def _summary(spec: dict[str, Any]) -> str:
    return str(spec["description"]).split("\n\n", maxsplit=1)[0]


def _parameter(parameter: dict[str, Any], schemas: dict[str, Any]) -> list[str]:
    schema = parameter["schema"]
    need = (
        "required" if parameter.get("required") else f"default {code(schema.get('default', '')) or 'empty'}"
    )
    return [code(parameter["name"]), parameter["in"], _type(schema, schemas), need]


def _body(spec: dict[str, Any], document: dict[str, Any]) -> str:
    if "requestBody" not in spec:
        return ""
    schemas = document["components"]["schemas"]
    parts = []
    pending = [spec["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]]
    while pending:
        shape = schemas[pending.pop(0)]
        rows = []
        for name, field in shape["properties"].items():
            given = "required" if name in shape.get("required", ()) else _default(field)
            rows.append([code(name), _type(field, schemas), given, _FIELDS[name]])
            pending += [each for each in _references(field) if "properties" in schemas[each]]
        parts += [f"`{shape['title']}`:", table(["Field", "Type", "Given", "Meaning"], rows)]
    return "\n\n".join(parts)


def _references(field: dict[str, Any]) -> list[str]:
    """The schemas that a field names: itself, as the entries of a list, or as one of several."""
    named = [field, field.get("items", {}), *field.get("anyOf", [])]
    return [each["$ref"].rpartition("/")[2] for each in named if "$ref" in each]


def _default(field: dict[str, Any]) -> str:
    default = field.get("default")
    return "optional" if default in (None, []) else f"default {code(str(default).lower())}"


def _type(schema: dict[str, Any], schemas: dict[str, Any]) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        choices = schemas[name].get("enum")
        return f"one of {codes(choices)}" if choices else code(name)
    if "anyOf" in schema:
        return " or ".join(_type(each, schemas) for each in schema["anyOf"] if each.get("type") != "null")
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'], schemas)}" + _limits(
            schema, "minItems", "maxItems", "entries"
        )
    if schema.get("format") == "date":
        return "day"
    kind = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false"}[
        schema["type"]
    ]
    sizes = _limits(schema, "minLength", "maxLength", "characters")
    return kind + _limits(schema, "minimum", "maximum", "") + sizes


def _limits(schema: dict[str, Any], low: str, high: str, what: str) -> str:
    if high not in schema:
        return ""
    most = f"{schema[high]:,.0f}"
    span = f"{schema[low]:.0f} to {most}" if low in schema else f"at most {most}"
    return f", {span} {what}".rstrip()


def _error_table(kinds: tuple[type[AmalimartError], ...]) -> str:
    return table(
        ["Status", "Code", "When"],
        [[str(kind.http_status), code(kind.code), text(summary(kind))] for kind in kinds],
    )


def _anchor(heading: str) -> str:
    return "".join(c for c in heading.lower().replace(" ", "-") if c.isalnum() or c in "-_")
