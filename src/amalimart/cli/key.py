"""key: what programs show instead of signing in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from amalimart.cli.control import LOCAL_OPERATOR, opened_control
from amalimart.cli.options import home_option, json_option
from amalimart.cli.output import print_json, print_table

if TYPE_CHECKING:
    pass


@click.group()
def key() -> None:
    """API keys: what programs show instead of signing in."""


@key.command("add")
@click.argument("name")
@click.option(
    "--role",
    help="The role that the key acts in, for itself: one of the product's, or of the project's own.",
)
@click.option("--user", "email", help="Whom the key acts as, with what that user may do at the moment.")
@click.option("--vendor-id", multiple=True, help="A vendor whose rows the key sees, or may embed.")
@click.option(
    "--business-id", multiple=True, help="A business the rows of whose vendors the key sees, or may embed."
)
@click.option("--delivery-partner-id", multiple=True, help="A delivery partner whose rows the key sees.")
@click.option("--expires-days", type=click.IntRange(1, 3650), help="Days after which it opens nothing.")
@home_option
@json_option
def add(
    name: str,
    role: str | None,
    email: str | None,
    vendor_id: tuple[str, ...],
    business_id: tuple[str, ...],
    delivery_partner_id: tuple[str, ...],
    expires_days: int | None,
    home: Path | None,
    as_json: bool,
) -> None:
    """Add a key; it is printed once."""
    from datetime import timedelta

    from amalimart.orchestrate.project.policy_files import known_role

    with opened_control(home) as (project, control):
        added, whole = control.api_keys.add(
            name,
            by=LOCAL_OPERATOR,
            role=known_role(project, role) if role else None,
            user=email,
            vendor_ids=vendor_id,
            business_ids=business_id,
            delivery_partner_ids=delivery_partner_id,
            expires_after=timedelta(days=expires_days) if expires_days else None,
        )
    if as_json:
        print_json(
            {"name": added.name, "role": added.role.value, "expires_at": added.expires_at, "key": whole}
        )
    else:
        click.echo(f"the key {added.name} acts as {added.user or added.role.value}; shown once:", err=True)
        click.echo(whole)


@key.command("list")
@home_option
@json_option
def list_(home: Path | None, as_json: bool) -> None:
    """List the keys, revoked ones too."""
    with opened_control(home) as (_, control):
        found = control.api_keys.list()
    if as_json:
        print_json(
            {
                "keys": [
                    {
                        "name": each.name,
                        "role": each.role.value,
                        "user": each.user,
                        "vendor_ids": sorted(each.vendor_ids),
                        "business_ids": sorted(each.business_ids),
                        "delivery_partner_ids": sorted(each.delivery_partner_ids),
                        "created_at": each.created_at,
                        "expires_at": each.expires_at,
                        "revoked_at": each.revoked_at,
                        "last_used_at": each.last_used_at,
                    }
                    for each in found
                ]
            }
        )
        return
    rows = [
        (each.name, each.user or each.role.value, each.expires_at, each.last_used_at, each.revoked_at)
        for each in found
    ]
    print_table(["key", "acts as", "expires", "last used", "revoked"], rows)


@key.command("embed")
@click.argument("name")
@click.option("--vendor-id", multiple=True, help="A vendor whose rows the dashboard shows.")
@click.option(
    "--business-id", multiple=True, help="A business the rows of whose vendors the dashboard shows."
)
@click.option("--dashboard", default="vendor", show_default=True, help="The one dashboard that it opens.")
@click.option(
    "--seconds", default=300, show_default=True, type=click.IntRange(30, 3600), help="How long it is valid."
)
@click.option("--viewer", default="", help="Who looks, for the audit.")
@click.option(
    "--role", default="vendor", show_default=True, help="As which: vendor, or a narrower copy of that role."
)
@home_option
@json_option
def embed(
    name: str,
    vendor_id: tuple[str, ...],
    business_id: tuple[str, ...],
    dashboard: str,
    seconds: int,
    viewer: str,
    role: str,
    home: Path | None,
    as_json: bool,
) -> None:
    """Mint an embed token with a key of the role service, to try it: as the server of a portal does."""
    from datetime import timedelta
    from functools import partial

    from amalimart.access.embed_tokens import EmbeddedIds
    from amalimart.access.principal import Role
    from amalimart.api.dashboards.library import load_dashboards
    from amalimart.core.clock import SystemClock
    from amalimart.core.errors import NotFound
    from amalimart.orchestrate.project.auditing import open_audit
    from amalimart.orchestrate.project.embedding import open_embedding
    from amalimart.orchestrate.project.policy_files import known_role, policies_of

    clock, embedded = SystemClock(), EmbeddedIds(frozenset(vendor_id), frozenset(business_id))
    with opened_control(home) as (project, control):
        policies, acting = policies_of(project), known_role(project, role)
        shown_to = embedded.principal("embed", acting)
        load_dashboards(project.overlay("dashboards"), roles=policies.roles).get(dashboard, shown_to)
        holder = control.api_keys.named(name)
        if holder is None:
            raise NotFound(f"there is no live key {name!r}", next_step="amalimart key list")
        audit = open_audit(project, control).log(clock)
        is_vendors = partial(policies.is_kind_of, other=Role.VENDOR)
        desk = open_embedding(project, control.api_keys, audit, clock, is_vendors)
        token, expires_at = desk.mint(
            holder.key,
            embedded,
            dashboard,
            life=timedelta(seconds=seconds),
            viewer=viewer,
            door="cli",
            role=acting,
        )
    if as_json:
        print_json({"token": token, "expires_at": expires_at})
    else:
        click.echo(token)


@key.command("revoke")
@click.argument("name")
@home_option
@json_option
def revoke(name: str, home: Path | None, as_json: bool) -> None:
    """Revoke a key: the next request with it is refused."""
    with opened_control(home) as (_, control):
        control.api_keys.revoke(name, by=LOCAL_OPERATOR)
    if as_json:
        print_json({"revoked": name})
    else:
        click.echo(f"revoked: {name}")
