"""Embed tokens of one project: minted with a service's API key, and worth as much as that key is now."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from amalimart.access.audit_record import Asked, Outcome
from amalimart.access.embed_tokens import EmbeddedIds, EmbedTokens, embed_key
from amalimart.access.principal import Principal, Role
from amalimart.access.signing_secrets import new_secret
from amalimart.config.project import Project
from amalimart.config.secret_reference import SECRET_REFERENCE
from amalimart.config.secrets import secrets_file, write_secret
from amalimart.control.users.api_keys import ApiKey, ApiKeys
from amalimart.core.clock import Clock
from amalimart.core.errors import Denied, NotSignedIn
from amalimart.semantic.audited import Recorder

EMBED_KEY = "EMBED_KEY"

IsVendors = Callable[[Role], bool]
"""Whether a role is a vendor's, or a narrower copy of it."""


def _only_vendors(role: Role) -> bool:
    return role is Role.VENDOR


class EmbedDesk:
    """Mints tokens, each recorded in the audit log first, and says whom one stands for."""

    def __init__(
        self,
        tokens: EmbedTokens,
        keys: ApiKeys,
        audit: Recorder,
        clock: Clock,
        is_vendors: IsVendors = _only_vendors,
    ) -> None:
        self._tokens = tokens
        self._keys = keys
        self._audit = audit
        self._clock = clock
        self._is_vendors = is_vendors

    def mint(
        self,
        key: ApiKey,
        ids: EmbeddedIds,
        dashboard: str,
        *,
        life: timedelta,
        viewer: str = "",
        door: str,
        role: Role = Role.VENDOR,
    ) -> tuple[str, datetime]:
        """A token and its end; `dashboard` is one that the role may open, a vendor's or a narrower one.

        Raises Denied for a key of another role or with other ids, or another role; AuditUnavailable.
        """
        permitted = _may_embed(key, ids) and self._is_vendors(role)
        shape: dict[str, str | int] = {"embed": dashboard, "vendors": len(ids.vendor_ids)}
        if ids.business_ids:
            shape["businesses"] = len(ids.business_ids)
        if role is not Role.VENDOR:
            shape["role"] = role.value
        outcome = Outcome.ANSWERED if permitted else Outcome.DENIED
        codes = () if permitted else (Denied.code,)
        subject = f"key:{key.name}"
        self._audit.record(
            Asked(self._clock.now(), subject, key.role.value, door, "embed", shape, "", None, outcome, codes)
        )
        if not permitted:
            raise Denied(
                "This key may not mint an embed token for these vendors.",
                expected=f"a key of the role {Role.SERVICE.value}, with these ids or without any",
                next_step="amalimart key add NAME --role service",
            )
        token, grant = self._tokens.sign(ids, dashboard, key.key_id, viewer, life, role)
        return token, grant.expires_at

    def opened(self, token: str) -> tuple[Principal, str]:
        """Whom a token stands for, and the one dashboard that it opens. Raises NotSignedIn."""
        grant = self._tokens.verify(token)
        holder = self._keys.find(grant.key_id)
        permitted = holder is not None and _may_embed(holder.key, grant.ids)
        if holder is None or not permitted or not self._is_vendors(grant.role):
            raise NotSignedIn(
                "This embed token was minted with a key that is revoked, expired or not for this any more.",
                next_step="ask the portal for a new one",
            )
        subject = f"embed:{holder.key.name}:{grant.viewer}"
        return grant.ids.principal(subject, grant.role, grant.viewer), grant.dashboard


def begin_embedding(project: Project) -> None:
    """Make the key, where there is none."""
    if not project.has_secret(EMBED_KEY):
        write_secret(project.home, EMBED_KEY, new_secret())


def open_embedding(
    project: Project,
    keys: ApiKeys,
    audit: Recorder,
    clock: Clock,
    is_vendors: IsVendors = _only_vendors,
) -> EmbedDesk:
    """The desk of a project. One that was made before there were tokens gets its key now.

    Raises ConfigError for a weak key.
    """
    begin_embedding(project)
    secret = project.secret(f"{SECRET_REFERENCE}{EMBED_KEY}", str(secrets_file(project.home)))
    audience = f"amalimart embed {project.settings.name}"
    return EmbedDesk(
        EmbedTokens(embed_key(secret, EMBED_KEY), audience, clock), keys, audit, clock, is_vendors
    )


def _may_embed(key: ApiKey, ids: EmbeddedIds) -> bool:
    """A service without vendors and businesses of its own may embed for all of them."""
    is_for_all = not key.vendor_ids and not key.business_ids
    is_within = ids.vendor_ids <= key.vendor_ids and ids.business_ids <= key.business_ids
    return key.role is Role.SERVICE and bool(ids) and (is_for_all or is_within)
