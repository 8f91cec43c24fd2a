"""Signing in by the identity provider of one project."""

from __future__ import annotations

import httpx

from amalimart.config.project import Project
from amalimart.config.sign_in_settings import OidcSettings
from amalimart.control.single_sign_on.exchange import Exchange
from amalimart.control.single_sign_on.flow import SingleSignOn
from amalimart.control.single_sign_on.linking import Linking
from amalimart.control.single_sign_on.provider import IdentityProvider
from amalimart.control.store import ControlStore
from amalimart.core.clock import Clock


def open_single_sign_on(
    project: Project, control: ControlStore, clock: Clock, transport: httpx.BaseTransport | None = None
) -> SingleSignOn | None:
    """Sign-ins by the provider, if the project names one. Raises ConfigError for a missing secret."""
    settings = project.settings.sign_in.oidc
    if settings is None:
        return None
    provider = open_provider(project, settings, clock, transport)
    linking = Linking(control.engine, clock, settings.maps_roles)
    return SingleSignOn(settings, provider, linking, clock)


def open_provider(
    project: Project, settings: OidcSettings, clock: Clock, transport: httpx.BaseTransport | None = None
) -> IdentityProvider:
    """The provider itself. Raises ConfigError for a missing secret."""
    secret = project.secret(settings.client_secret, f"{project.settings_file}: sign_in.oidc.client_secret")
    exchange = Exchange(settings.name, settings.timeout_seconds, transport)
    return IdentityProvider(settings, secret, clock, exchange)
