"""user: the people who may sign in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from amalimart.cli.control import LOCAL_OPERATOR, opened_control
from amalimart.cli.options import home_option, json_option
from amalimart.cli.output import print_json, print_table

if TYPE_CHECKING:
    from amalimart.access.principal import Role
    from amalimart.control.users.accounts import UserAccount
    from amalimart.control.users.administration import UserAdministration

_ROLES = "admin, executive, vendor, support, delivery, analyst, or a role of the project's own"
_vendors = click.option("--vendor-id", multiple=True, help="A vendor whose rows this person sees.")
_businesses = click.option(
    "--business-id", multiple=True, help="A business the rows of whose vendors this person sees."
)
_partners = click.option(
    "--delivery-partner-id", multiple=True, help="A delivery partner whose rows this person sees."
)


def _about_one(command: Callable[..., None]) -> Callable[..., None]:
    """A command about one person, known by the address."""
    return click.argument("email")(home_option(json_option(command)))


@contextmanager
def _opened(home: Path | None) -> Iterator[UserAdministration]:
    with opened_control(home) as (_, control):
        yield control.administration


def _id(administration: UserAdministration, email: str) -> int:
    return administration.named(email).user.user_id


def _role(home: Path | None, name: str) -> Role:
    from amalimart.config.project import find_home, open_project
    from amalimart.orchestrate.project.policy_files import known_role

    return known_role(open_project(find_home(home)), name, of_person=True)


@click.group()
def user() -> None:
    """The people who may sign in."""


@user.command("add")
@click.argument("email")
@click.option("--role", required=True, help=f"{_ROLES}.")
@click.option("--name", "display_name", default="", help="Name to show.")
@_vendors
@_businesses
@_partners
@home_option
@json_option
def add(
    email: str,
    role: str,
    display_name: str,
    vendor_id: tuple[str, ...],
    business_id: tuple[str, ...],
    delivery_partner_id: tuple[str, ...],
    home: Path | None,
    as_json: bool,
) -> None:
    """Add a person; the generated password is printed once."""
    acting = _role(home, role)
    with _opened(home) as administration:
        added, password = administration.add(
            email,
            by=LOCAL_OPERATOR,
            role=acting,
            display_name=display_name,
            vendor_ids=vendor_id,
            business_ids=business_id,
            delivery_partner_ids=delivery_partner_id,
        )
    if as_json:
        print_json({"email": added.user.email, "role": added.user.role.value, "password": password})
    else:
        click.echo(f"{added.user.email} may sign in as {role}; the password, shown once:", err=True)
        click.echo(password)


@user.command("list")
@home_option
@json_option
def list_(home: Path | None, as_json: bool) -> None:
    """List the people, disabled ones too, with their sessions and keys."""
    from amalimart.access.rules import OwnIds

    with _opened(home) as administration:
        found = administration.list()
    if as_json:
        print_json({"users": [_told(each) for each in found]})
        return
    rows = [
        (
            each.user.email,
            each.user.role.value,
            ", ".join(ids for kind in OwnIds for ids in kind.of(each.user.principal)) or None,
            "yes" if each.user.enabled else "no",
            each.last_signed_in_at,
            len(each.sessions),
            len(each.keys),
        )
        for each in found
    ]
    print_table(["person", "role", "ids", "may sign in", "last signed in", "sessions", "keys"], rows)


@user.command("edit")
@click.argument("email")
@click.option("--role", help=f"The new role, {_ROLES}; the ids of the former one go.")
@click.option("--name", "display_name", help="Name to show.")
@_vendors
@_businesses
@_partners
@click.option("--unlink", is_flag=True, help="Forget who this person is to the identity provider.")
@home_option
@json_option
def edit(
    email: str,
    role: str | None,
    display_name: str | None,
    vendor_id: tuple[str, ...],
    business_id: tuple[str, ...],
    delivery_partner_id: tuple[str, ...],
    unlink: bool,
    home: Path | None,
    as_json: bool,
) -> None:
    """Change a person's role, ids or name, from the next request on. Given ids replace the former."""
    acting = _role(home, role) if role else None
    with _opened(home) as administration:
        user_id = _id(administration, email)
        changed = administration.edit(
            user_id,
            by=LOCAL_OPERATOR,
            display_name=display_name,
            role=acting,
            vendor_ids=vendor_id or None,
            business_ids=business_id or None,
            delivery_partner_ids=delivery_partner_id or None,
        )
        if unlink:
            changed = administration.unlink(user_id, by=LOCAL_OPERATOR)
    _say(changed, f"{changed.user.email} is {changed.user.role.value}", as_json=as_json)


@user.command("disable")
@_about_one
def disable(email: str, home: Path | None, as_json: bool) -> None:
    """Let a person in no more: sessions end, and keys that act as this person open nothing."""
    with _opened(home) as administration:
        changed = administration.disable(_id(administration, email), by=LOCAL_OPERATOR)
    _say(changed, f"disabled: {changed.user.email}", as_json=as_json)


@user.command("enable")
@_about_one
def enable(email: str, home: Path | None, as_json: bool) -> None:
    """Let a person in again."""
    with _opened(home) as administration:
        changed = administration.enable(_id(administration, email), by=LOCAL_OPERATOR)
    _say(changed, f"enabled: {changed.user.email}", as_json=as_json)


@user.command("password")
@_about_one
def password(email: str, home: Path | None, as_json: bool) -> None:
    """Give a person a new password, which is printed once; sessions end."""
    with _opened(home) as administration:
        changed, fresh = administration.reset_password(_id(administration, email), by=LOCAL_OPERATOR)
    if as_json:
        print_json({"email": changed.user.email, "password": fresh})
    else:
        click.echo(f"the new password of {changed.user.email}, shown once:", err=True)
        click.echo(fresh)


@user.command("sign-out")
@_about_one
def sign_out(email: str, home: Path | None, as_json: bool) -> None:
    """End every session of a person, who may sign in again."""
    with _opened(home) as administration:
        changed = administration.end_sessions(_id(administration, email), by=LOCAL_OPERATOR)
    _say(changed, f"signed out: {changed.user.email}", as_json=as_json)


def _say(account: UserAccount, words: str, *, as_json: bool) -> None:
    if as_json:
        print_json(_told(account))
    else:
        click.echo(words)


def _told(account: UserAccount) -> dict[str, Any]:
    return {
        "email": account.user.email,
        "name": account.user.display_name,
        "role": account.user.role.value,
        "vendor_ids": sorted(account.user.vendor_ids),
        "business_ids": sorted(account.user.business_ids),
        "delivery_partner_ids": sorted(account.user.delivery_partner_ids),
        "enabled": account.user.enabled,
        "last_signed_in_at": account.last_signed_in_at,
        "issuer": account.issuer,
        "sessions": len(account.sessions),
        "keys": [each.name for each in account.keys],
    }
