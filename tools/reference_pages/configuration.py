"""configuration.md: amalimart.yml key by key, the environment, and the folders of a project."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

import amalimart
from amalimart.config.project import COMPILED_VARIABLE, HOME_VARIABLE, SETTINGS_FILE, Settings
from amalimart.config.secrets import SECRET_PREFIX
from tools.reference_pages.markdown import code, codes, page, section, table

_INTRO = f"""
One file, `{SETTINGS_FILE}`, in the project folder. `amalimart init` writes it, `amalimart source add` extends
it, and you may edit it by hand: an unknown key, a wrong type or a key given twice is refused with its line.
Changes take effect when the project is started again.
"""
_MEANINGS = {
    "name": "Name of the marketplace, shown on the pages.",
    "time_zone": "Business time zone (IANA name): where days, weeks and months start.",
    "currency": "Business currency, ISO 4217.",
    "lake.prefix": "Where what was landed is kept for good, if not in `data/lake/`: `s3://bucket/prefix`. "
    "`lake: s3://bucket/prefix` is short for it.",
    "lake.endpoint": "With `lake.prefix`: address of the object store, where it is not AWS's own.",
    "lake.region": "With `lake.prefix`: region of the bucket, where the environment does not tell it.",
    "lake.credentials": "With `lake.prefix`: `secret:NAME`, whose value is `KEY_ID:SECRET_KEY`; without it "
    "they are looked for as every AWS program does.",
    "lake.cache_gb": "With `lake.prefix`: how many gigabytes of copies may lie in `data/lake/`; what was "
    "read within the last hour stays in any case.",
    "history_days": "Days that the lake keeps files which a new snapshot replaced; for ever, where not set.",
    "sla_days.express": "Calendar days until an express delivery is late, where the shop promised no date.",
    "sla_days.standard": "The same for any other delivery.",
    "fiscal_year_start_month": "Month (1 to 12) with which the fiscal year starts; it is named by the "
    "year in which it ends.",
    "country": "Country of ISO 3166 in two letters, such as `GH`: on its public holidays checks of volumes "
    "expect other numbers of rows than on ordinary days.",
    "week_starts_on": "Day on which weeks start in `dim_date`; ISO weeks start on Monday whatever this says.",
    "releases.keep_days": "Days that it is remembered what each release did; the newest always is.",
    "lineage.enabled": "Whether releases are told of as [OpenLineage events](../lineage.md#openlineage).",
    "lineage.namespace": "Namespace of the project's jobs and tables in them; `amalimart://` and its name, "
    "where not set.",
    "lineage.keep_mb": "Megabytes that the files in `logs/openlineage/` may take together.",
    "lineage.http_url": "Where events are sent as well, such as `http://127.0.0.1:5000`. An endpoint that is "
    "slow or away delays nothing.",
    "lineage.api_key": "With `lineage.http_url`: `secret:NAME`, sent as a bearer token.",
    "governance.require_approval": "Whether models that the project changes or adds are "
    "[published only with an approval](../operations.md#approvals).",
    "backups.folder": "Where the job `backup` keeps its backups, best on another disk; a relative one "
    "is seen from the project folder. Without it the job is off.",
    "backups.keep": "How many backups the job `backup` keeps.",
    "schedules.<name>.cron": "When the [job](../operations.md#schedules) runs, in the business time zone: "
    "minute, hour, day of the month, month, day of the week. What is not said of a job stays as packaged.",
    "schedules.<name>.enabled": "Whether it runs by itself.",
    "schedules.<name>.catch_up": "What becomes of moments that passed while nothing ran: one run for the "
    "`latest`, one for each (`all`, 100 at most), or `none`.",
    "schedules.<name>.retries": "How often a failed run is tried again.",
    "schedules.<name>.retry_after_seconds": "The pause before it is; it doubles each time, up to 6 hours.",
    "schedules.<name>.timeout_minutes": "When a run is told to stop.",
    "quality.keep_days": "Days that it is remembered what monitored checks found; each newest run is kept.",
    "audit.keep_days": "Days that it is kept [who asked what](../access.md#the-audit-log); the newest record "
    "is kept for ever.",
    "sign_in.passwords": "Whether people sign in with a password of this product, or by `oidc` alone.",
    "sign_in.oidc.name": "Name of the [identity provider](../access.md#signing-in-by-an-identity-provider), "
    "on the sign-in page.",
    "sign_in.oidc.issuer": "Its address, to the letter as it names itself; `https://`, or this machine.",
    "sign_in.oidc.client_id": "What this product is called there.",
    "sign_in.oidc.client_secret": "`secret:NAME`, whose value is the secret of this product there.",
    "sign_in.oidc.site_url": "Address of this site that browsers are sent back to, such as "
    "`https://numbers.example.com`; the one they asked for, where not set. "
    "Needed behind a proxy that ends TLS.",
    "sign_in.oidc.scopes": "What is asked of the provider; `openid` and `email` are needed.",
    "sign_in.oidc.allowed_domains": "Domains of e-mail addresses that may sign in; every one, where empty.",
    "sign_in.oidc.algorithms": "By which its ID tokens may be signed.",
    "sign_in.oidc.role_claim": "A claim whose value is the name of a role.",
    "sign_in.oidc.groups_claim": "A claim that lists groups, for `roles`.",
    "sign_in.oidc.roles": "Group to role; of several groups the first one here counts.",
    "sign_in.oidc.vendor_ids_claim": "A claim that lists the vendor ids of somebody in the role `vendor`.",
    "sign_in.oidc.business_ids_claim": "The same for business ids, instead of vendor ids or beside them.",
    "sign_in.oidc.delivery_partner_ids_claim": "The same for delivery partner ids and the role `delivery`.",
    "sign_in.oidc.timeout_seconds": "Seconds that one answer of the provider may take.",
    "serve.host": "Address that pages and API listen on; any but the loopback address opens them to others.",
    "serve.port": "Port that pages and API listen on.",
    "serve.allowed_hosts": "Host names the pages answer to; add yours when they are served under one.",
    "serve.limits.export_rows.admin": "Rows that an answer as a file may have for an admin.",
    "serve.limits.export_rows.analyst": "The same for an analyst.",
    "serve.limits.export_rows.executive": "The same for an executive.",
    "serve.limits.export_rows.vendor": "The same for a vendor.",
    "serve.limits.export_rows.support": "The same for support.",
    "serve.limits.export_rows.delivery": "The same for a delivery partner.",
    "serve.limits.export_rows.own_roles": "The same for a role of your own.",
    "serve.limits.questions_at_once": "Questions that the engine answers at a time.",
    "serve.limits.questions_waiting": "Questions that wait for a turn, 3 seconds at most; more are refused.",
    "serve.limits.question_seconds": "Seconds after which a question is stopped.",
    "serve.limits.exports_at_once": "Answers that are written to files at a time.",
    "serve.limits.export_seconds": "Seconds after which such an answer is stopped.",
    "serve.limits.requests_per_second": "Requests that one reader may send, over a time.",
    "serve.limits.requests_at_once": "Requests that one reader may send at once after a while without.",
    "serve.limits.cache_mb": "Megabytes of memory for answers that may be given again; 0 keeps none.",
    "serve.limits.engine_memory_mb": (
        "Mebibytes of memory that the warehouse's engine may take; what does not fit goes to the disk."
        " Left out: 60 % of the machine's memory, or of what its container may have."
    ),
    "telemetry.metrics_token": "`secret:NAME`: who brings its value as a bearer token reads `/metrics` "
    "over the network ([monitoring.md](../monitoring.md)). `amalimart init` makes one.",
    "telemetry.open_metrics": "Whether anybody who reaches the port reads `/metrics`, without a token.",
    "telemetry.otlp_endpoint": "Where traces and metrics are sent by OTLP over HTTP, such as "
    "`http://127.0.0.1:4318`; nowhere, where not set.",
    "notify.remind_after_hours": "Hours after which an incident that nobody has taken on is said again.",
    "notify.keep_days": "Days that incidents which are over, and messages, are kept.",
    "notify.channels.<name>.kind": "How people are reached: by e-mail, or a webhook of a chat or a pager.",
    "notify.channels.<name>.host": "Of e-mail: the server that letters are handed to.",
    "notify.channels.<name>.port": "Of e-mail: its port, where it is not 587 (starttls), 465 (implicit) or "
    "25 (none).",
    "notify.channels.<name>.tls": "Of e-mail: how the connection is encrypted; `none` only on this machine.",
    "notify.channels.<name>.credentials": "Of e-mail: `secret:NAME`, whose value is `USER:PASSWORD`.",
    "notify.channels.<name>.sender": "Of e-mail: the address that letters come from.",
    "notify.channels.<name>.recipients": "Of e-mail: the addresses that letters go to.",
    "notify.channels.<name>.digest_minutes": "Of e-mail: how long what is no error waits for others, to go "
    "with them as one letter; 0 for each on its own.",
    "notify.channels.<name>.url": "Of a webhook: its address, or `secret:NAME` where it holds a token.",
    "notify.channels.<name>.signing_key": "Of a webhook: `secret:NAME`; every body is then "
    "[signed](../notifications.md#the-body-of-a-webhook) with its value.",
    "notify.channels.<name>.allow_http": "Of a webhook: it may be without TLS.",
    "notify.channels.<name>.allow_hosts": "Of a webhook: hosts that may be in the private network or on this "
    "machine.",
    "notify.channels.<name>.severities": "What the channel wants to hear of.",
    "notify.channels.<name>.kinds": "Likewise; [what they mean](../notifications.md#what-is-watched).",
    "sources.<name>.kind": "A database to follow, or CSV and Parquet files that are dropped somewhere.",
    "sources.<name>.mapping": "A packaged mapping, one in the project's `sources/`, or the path of a file.",
    "sources.<name>.url": "Of a database: `secret:NAME`, never the address itself.",
    "sources.<name>.folder": "Of a files source: its folder; a relative one is seen from the project folder.",
    "sources.<name>.prefix": "Of a files source in an object store, for `folder`: `s3://bucket/prefix`.",
    "sources.<name>.endpoint": "With `prefix`: address of the object store, where it is not AWS's own.",
    "sources.<name>.region": "With `prefix`: region of the bucket, where the environment does not tell it.",
    "sources.<name>.credentials": "With `prefix`: `secret:NAME`, whose value is `KEY_ID:SECRET_KEY`; without "
    "it they are looked for as every AWS program does.",
    "sources.<name>.capture": "Of a database: `stream` has it tell every change, deletes too; `poll` asks "
    "for changes, for a PostgreSQL user without the right to replicate.",
    "sources.<name>.poll_seconds": "Seconds between two looks for changes, where they are asked for.",
    "sources.<name>.deletes_every_minutes": "With `capture: poll`: minutes between two comparisons of keys, "
    "the only way to see that rows were deleted. The pages say so.",
    "sources.<name>.stale_after_minutes": "Minutes after which the newest data is so old that "
    "[somebody is told](../notifications.md#what-is-watched). Where it is not set: 60 for `capture: stream`, "
    "else never.",
}
_VARIABLES = {
    HOME_VARIABLE: "The project folder, where `--home` is not given.",
    COMPILED_VARIABLE: "A folder where projects share what dbt compiled, as in CI; else each keeps its own.",
    f"{SECRET_PREFIX}<NAME>": "Value of `secret:NAME`; comes before a line `NAME=...` in `secrets.env`.",
    "AMALIMART_TRACEBACK": "Any value: a defect also prints its traceback.",
    "AMALIMART_DBT_DATABASE": "Set for dbt by the product: the database that an assembled project compiles "
    "against. Needed only [to run plain dbt](../models.md#running-plain-dbt).",
}
_FOLDERS = {
    SETTINGS_FILE: ("you", "The settings above."),
    "secrets.env": ("you", "`NAME=value` lines; must be readable by its owner only (mode 0600)."),
    "governance.yml": ("you", "[Owners and stewards](../governance.md) of your own, over the packaged ones."),
    "models/": ("you", "[dbt models](../models.md) of your own, and replacements of packaged ones."),
    "metric_versions.yml": (
        "you",
        "[What your metrics have meant](../semantic.md#versions), by `metrics accept`.",
    ),
    "schemas/": (
        "the product",
        "JSON Schemas of these files, for editors: `amalimart schema write schemas`.",
    ),
    "metrics/": ("you", "[Metrics](../semantic.md) of your own, and replacements."),
    "dashboards/": ("you", "Dashboards of your own, and replacements."),
    "policies/": ("you", "[Policies](../access.md) that replace a role's."),
    "sources/": ("you", "[Mappings](../mapping.md) of your own."),
    "data/": ("the product", "The lake, the warehouse file and the control database: what to back up."),
    "build/": ("the product", "The assembled and compiled dbt project, cached page assets. Can be deleted."),
    "run/": (
        "the product",
        "Reports, figures and the local socket of running processes. Can be deleted when stopped.",
    ),
    "logs/": ("the product", "One JSON object a line, one file a process, 5 files of 10 MB at most."),
}


def configuration_page() -> str:
    """The page. Raises ValueError where a setting or variable is not described, or no longer there."""
    settings = dict(_settings(Settings))
    _same("setting", set(settings), set(_MEANINGS))
    _same("environment variable", _variables_in_code(), {re.sub(r"<.*", "", name) for name in _VARIABLES})
    rows = [[code(key), _type(field), _default(field), _MEANINGS[key]] for key, field in settings.items()]
    return page(
        "Configuration",
        _INTRO,
        section(SETTINGS_FILE, table(["Key", "Type", "Default", "Meaning"], rows)),
        section("Environment", table(["Variable", "Meaning"], [[code(n), m] for n, m in _VARIABLES.items()])),
        section(
            "Folders of a project",
            table(
                ["Path", "Written by", "Holds"], [[code(p), who, what] for p, (who, what) in _FOLDERS.items()]
            ),
        ),
    )


def _same(what: str, real: set[str], described: set[str]) -> None:
    if real != described:
        raise ValueError(
            f"{what}: not described {sorted(real - described)}, not there {sorted(described - real)}"
        )


def _settings(shape: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    for name, field in shape.model_fields.items():
        nested, step = _nested(field.annotation)
        if nested is None:
            yield f"{prefix}{name}", field
        else:
            yield from _settings(nested, f"{prefix}{name}{step}.")


def _nested(annotation: Any) -> tuple[type[BaseModel] | None, str]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, ""
    if isinstance(annotation, UnionType):  # a part that may be left out
        return next((found for each in get_args(annotation) if (found := _nested(each))[0]), (None, ""))
    if get_origin(annotation) is dict:
        return _nested(get_args(annotation)[1])[0], ".<name>"
    return None, ""


def _type(field: FieldInfo) -> str:
    if get_origin(field.annotation) is tuple:
        return f"list of {_kind(get_args(field.annotation)[0])}"
    if get_origin(field.annotation) is dict:
        return f"names, each with {_kind(get_args(field.annotation)[1])}"
    kinds = (
        get_args(field.annotation)
        if get_origin(field.annotation) in {Union, UnionType}
        else (field.annotation,)
    )
    shown = " or ".join(_kind(kind) for kind in kinds if kind is not type(None))
    limits = {
        name: getattr(rule, name)
        for rule in field.metadata
        for name in ("ge", "le", "pattern")
        if getattr(rule, name, None) is not None
    }
    if "ge" in limits:
        return f"{shown}, {limits['ge']} to {limits['le']}"
    return f"{shown} like {code(limits['pattern'])}" if "pattern" in limits else shown


def _kind(kind: Any) -> str:
    if isinstance(kind, type) and issubclass(kind, Enum):
        return " or ".join(code(choice.value) for choice in kind)
    if isinstance(kind, type):
        names: dict[type, str] = {
            str: "text",
            int: "whole number",
            float: "number",
            bool: "`true` or `false`",
            Path: "folder",
        }
        return names[kind]
    return " or ".join(code(choice) for choice in get_args(kind))


def _default(field: FieldInfo) -> str:
    if field.default is PydanticUndefined:
        return "required"
    if field.default is None or field.default in ((), {}):
        return ""
    if isinstance(field.default, tuple) and isinstance(field.default[0], Enum):
        return "all"
    if isinstance(field.default, tuple):
        return codes(field.default)
    return code(str(field.default).lower() if isinstance(field.default, bool) else field.default)


def _variables_in_code() -> set[str]:
    sources = Path(amalimart.__file__).parent.rglob("*.py")
    return {
        name
        for path in sources
        for name in re.findall(r"AMALIMART_[A-Z_]+", path.read_text(encoding="utf-8"))
    }
