"""Signing in by the identity provider of one project."""

from __future__ import annotations

from collections.abc import Callable, Collection

import httpx

from amalimart.access.principal import Role
from amalimart.config.project import Project
from amalimart.config.sign_in_settings import OidcSettings
from amalimart.control.single_sign_on.exchange import Exchange
from amalimart.control.single_sign_on.flow import SingleSignOn
from amalimart.control.single_sign_on.linking import Linking
from amalimart.control.single_sign_on.provider import IdentityProvider
from amalimart.control.store import ControlStore
from amalimart.core.clock import Clock
from amalimart.core.errors import ConfigError
from amalimart.orchestrate.project.policy_files import known_role


def open_single_sign_on(
    project: Project,
    control: ControlStore,
    clock: Clock,
    roles: Callable[[], Collection[Role]],
    transport: httpx.BaseTransport | None = None,
) -> SingleSignOn | None:
    """Sign-ins by the provider, if the project names one; `roles` are those in force.

    Raises ConfigError for a missing secret, and for a role that there is not.
    """
    settings = project.settings.sign_in.oidc
    if settings is None:
        return None
    provider = open_provider(project, settings, clock, transport)
    refuse_unknown_roles(project, settings)
    linking = Linking(control.engine, clock, settings.maps_roles)
    return SingleSignOn(settings, provider, linking, clock, roles)


def refuse_unknown_roles(project: Project, settings: OidcSettings) -> None:
    """Raises ConfigError for a group whose role is neither the product's nor the project's own."""
    for group, role in settings.roles.items():
        try:
            known_role(project, role, of_person=True)
        except ConfigError as error:
            raise ConfigError(
                error.what,
                where=f"{project.settings_file}: sign_in.oidc.roles.{group}",
                expected=error.expected,
                nearest=error.nearest,
                next_step=error.next_step,
            ) from error


def open_provider(
    project: Project, settings: OidcSettings, clock: Clock, transport: httpx.BaseTransport | None = None
) -> IdentityProvider:
    """The provider itself. Raises ConfigError for a missing secret."""
    secret = project.secret(settings.client_secret, f"{project.settings_file}: sign_in.oidc.client_secret")
    exchange = Exchange(settings.name, settings.timeout_seconds, transport)
    return IdentityProvider(settings, secret, clock, exchange)
